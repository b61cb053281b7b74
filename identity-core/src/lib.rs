//! The domain of Identity: who may do what, for a platform of applications.
//!
//! All policy data is one immutable value, the [`World`](world::World), numbered by a revision. What thinks is a pure,
//! synchronous function of it, without I/O, clock or randomness:
//!
//! | function | answers |
//! |---|---|
//! | [`resolve`](resolve::resolve) | which rules a token's claims match, and so which groups, roles and tenants: the *subject* |
//! | [`decide`](decide::decide) | yes or no, and [why](decide::Decision::explain) |
//! | [`apply`](apply::apply) | the next world and its changes, or a typed refusal |
//! | [`search`] | pages; [who can](search::who_can) do something, [what can](search::what_can) somebody do |
//! | [`diff`](diff::diff) | what is between two worlds, and who gains or loses which access by it |
//!
//! Others ask through [`service::access`]: yes or no, why, who, and what if.
//!
//! The [`Engine`](engine::Engine) holds the current world, writes the next one and follows the store. The
//! [services](service) are what surfaces call; they ask [`decide`](decide::decide) themselves, and a write needs a
//! [`Permit`](decide::Permit) that only a yes makes. What the core needs of the outside are the [ports](port).
//!
//! This crate knows no runtime, network, database or web framework.
//!
//! # Types of one's own, conditions, why, who and what if
//!
//! ```
//! use identity_core::apply::{Command, NewAuthorization, apply};
//! use identity_core::decide::{Authority, Explanation, Facts, Question, Remedy, Target, decide};
//! use identity_core::diff::diff;
//! use identity_core::entity::{Condition, CustomType, Party, Principal, Scope};
//! use identity_core::matrix::Matrix;
//! use identity_core::resolve::{Presented, resolve};
//! use identity_core::search::{SearchBudget, principals_who_can, resources_that};
//! use identity_core::value::{PermissionName, PropertyName, ResourceTypeName, Username};
//! use identity_core::world::{Sources, World};
//! use serde_json::json;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let invoice = CustomType {
//!     name: ResourceTypeName::parse("invoice")?,
//!     permissions: [PermissionName::parse("approve")?].into(),
//!     properties: [PropertyName::parse("owner")?].into(),
//! };
//! let ann = Principal::User(Username::parse("ann")?);
//! let own = r#"[{"property": "resource.owner", "operator": "CONTAINS_CALLER"}]"#;
//! let grant = NewAuthorization {
//!     owner: Party::from(ann.clone()),
//!     resource_type: invoice.name.clone(),
//!     scope: Scope::Any,
//!     permissions: invoice.permissions.clone(),
//!     condition: Some(Condition::from_column(own)?),
//! };
//! let empty = World::new(Sources::Provider { groups_claimed: false }, Matrix::standard());
//! let commands = [Command::CreateResourceType(invoice), Command::CreateAuthorization(grant)];
//! let world = apply(&empty, &commands, Authority::Administrator)?.world;
//!
//! // What is said about the invoice.
//! let of = |owner: &str| json!({"owner": owner}).as_object().cloned().unwrap_or_default();
//! let (hers, anothers) = (of("ann"), of("eve"));
//! let access = world.matrix().access("invoice", "approve")?;
//! let facts = Facts { resource: Some(&hers), ..Facts::default() };
//! let question = Question::Resource { access, target: Target::Described(Some("7"), &facts) };
//! let subject = resolve(&world, Presented::from(&ann));
//! assert!(decide(&world, &subject, &question).allowed());
//!
//! // Why not the other one: what is missing, the likeliest first.
//! let other = Facts { resource: Some(&anothers), ..Facts::default() };
//! let asked = Question::Resource { access, target: Target::Described(Some("8"), &other) };
//! let Explanation::Deny(missing) = decide(&world, &subject, &asked).explain(&world, &subject) else { panic!("yes?") };
//! assert!(matches!(missing.first().map(|first| &first.remedy), Some(Remedy::SatisfyCondition { .. })));
//!
//! // Who can, and with which resources.
//! let budget = SearchBudget::default();
//! assert_eq!(principals_who_can(&world, &question, false, None, &budget).collect::<Vec<_>>(), [ann]);
//! assert!(resources_that(&world, &subject, access, &Facts::default(), &budget).is_empty());
//!
//! // What if: nothing has happened yet.
//! let key = world.authorizations().next().map(|held| held.key).ok_or("none")?;
//! let after = apply(&world, &[Command::DeleteAuthorization(key)], Authority::Administrator)?.world;
//! assert_eq!(diff(&world, &after).effects.len(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! # Inside a service
//!
//! With the fakes of the feature `test-support` in place of a store; an adapter crate brings real ones. The readme of the
//! repository shows the functions without an engine.
//!
//! ```
//! # #[cfg(feature = "test-support")]
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//!
//! use identity_core::engine::ServerRequest;
//! use identity_core::engine::Engine;
//! use identity_core::entity::{AuditEntity, AuditOperation, EntityKind};
//! use identity_core::fake::{FixedClock, MemoryPolicyStore};
//! use identity_core::matrix::Matrix;
//! use identity_core::port::AuditDraft;
//! use identity_core::preset;
//! use identity_core::world::Sources;
//!
//! let store = Arc::new(MemoryPolicyStore::default());
//! let audit = Arc::new(store.audit_log());
//! let clock = Arc::new(FixedClock::new(time::OffsetDateTime::UNIX_EPOCH));
//! let engine = Engine::start(store, audit, clock, Sources::BuiltIn, Matrix::standard()).await?;
//!
//! let defaults = AuditEntity { kind: EntityKind::Role, key: "defaults".to_owned() };
//! let attempt = AuditDraft { operation: AuditOperation::Create, entity: defaults, related: None };
//! let done = engine.execute(&ServerRequest, attempt, |world| Ok(preset::missing(world))).await?;
//! assert_eq!(engine.world().revision(), done.revision);
//! # Ok(())
//! # }
//! ```

pub mod apply;
pub mod decide;
pub mod diff;
pub mod engine;
pub mod entity;
pub mod matrix;
pub mod port;
pub mod preset;
pub mod resolve;
pub mod search;
pub mod service;
pub mod value;
pub mod world;

#[cfg(feature = "test-support")]
pub mod fake;

/// The example of the readme compiles and holds.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
