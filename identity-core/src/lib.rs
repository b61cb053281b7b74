//! Domain model of Identity: access control for a platform of applications.
//!
//! The [`World`](world::World) holds all policy data at one revision and is immutable. The functions below are pure and
//! synchronous. They use no I/O, no clock and no randomness.
//!
//! | function | result |
//! |---|---|
//! | [`resolve`](resolve::resolve) | the *subject*: the matching mapping rules, groups, roles and tenants of a caller |
//! | [`decide`](decide::decide) | an allow or deny decision, and [its explanation](decide::Decision::explain) |
//! | [`apply`](apply::apply) | the next world and its changes, or a typed refusal |
//! | [`search`] | pages of entities; [who can](search::who_can) act; [what a subject can do](search::what_can) |
//! | [`diff`](diff::diff) | the changes between two worlds, and the access that each party gains or loses |
//!
//! [`service::access`] exposes decisions, explanations, searches and simulation to applications.
//!
//! The [`Engine`](engine::Engine) holds the current world, commits the next one and applies the commits of other
//! replicas. The HTTP APIs call the [services](service). Each service calls [`decide`](decide::decide) itself. A write
//! needs a [`Permit`](decide::Permit), which an allow decision issues. The [ports](port) are the interfaces to stores,
//! directories, the clock and cryptography.
//!
//! The crate depends on no async runtime, network stack, database or web framework.
//!
//! # Custom types, conditions, explanations, searches and simulation
//!
//! ```
//! use identity_core::apply::{Command, NewAuthorization, apply};
//! use identity_core::decide::{Authority, Explanation, Facts, Question, Remedy, Target, decide};
//! use identity_core::diff::diff;
//! use identity_core::entity::{Comparison, Condition, CustomType, Party, Principal, Scope};
//! use identity_core::catalog::ResourceCatalog;
//! use identity_core::resolve::{ResolveInput, resolve};
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
//! let own = Condition::new(vec![Comparison::contains_caller("resource.owner")?])?;
//! let grant = NewAuthorization {
//!     owner: Party::from(ann.clone()),
//!     resource_type: invoice.name.clone(),
//!     scope: Scope::Any,
//!     permissions: invoice.permissions.clone(),
//!     condition: Some(own),
//! };
//! let empty = World::new(Sources::Provider { groups_claimed: false }, ResourceCatalog::standard());
//! let commands = [Command::CreateResourceType(invoice), Command::CreateAuthorization(grant)];
//! let world = apply(&empty, &commands, Authority::Administrator)?.world;
//!
//! // Properties of the invoice, which the application supplies.
//! let of = |owner: &str| json!({"owner": owner}).as_object().cloned().unwrap_or_default();
//! let (hers, anothers) = (of("ann"), of("eve"));
//! let access = world.catalog().access("invoice", "approve")?;
//! let facts = Facts { resource: Some(&hers), ..Facts::default() };
//! let question = Question::Resource { access, target: Target::Described(Some("7"), &facts) };
//! let subject = resolve(&world, ResolveInput::from(&ann));
//! assert!(decide(&world, &subject, &question).allowed());
//!
//! // The other invoice is denied. The explanation lists the changes that would allow the request, nearest first.
//! let other = Facts { resource: Some(&anothers), ..Facts::default() };
//! let asked = Question::Resource { access, target: Target::Described(Some("8"), &other) };
//! let Explanation::Deny(missing) = decide(&world, &subject, &asked).explain(&world, &subject) else { panic!("yes?") };
//! assert!(matches!(missing.first().map(|first| &first.remedy), Some(Remedy::SatisfyCondition { .. })));
//!
//! // Searches for the principals that have access, and for the resources that a subject can access.
//! let budget = SearchBudget::default();
//! assert_eq!(principals_who_can(&world, &question, false, None, &budget).collect::<Vec<_>>(), [ann]);
//! assert!(resources_that(&world, &subject, access, &Facts::default(), &budget).is_empty());
//!
//! // Simulates a change: compares the world before and after it, without a commit.
//! let key = world.authorizations().next().map(|held| held.key).ok_or("none")?;
//! let after = apply(&world, &[Command::DeleteAuthorization(key)], Authority::Administrator)?.world;
//! assert_eq!(diff(&world, &after).effects.len(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! # Usage in a service
//!
//! The example uses the in-memory fake of a store from the feature `test-support`. The adapter crates provide real
//! stores. The README of the repository shows the functions without an engine.
//!
//! ```
//! # #[cfg(feature = "test-support")]
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//!
//! use identity_core::apply::missing_defaults;
//! use identity_core::engine::{Engine, ServerRequest};
//! use identity_core::entity::{AuditDraft, AuditEntity, AuditOperation, EntityKind};
//! use identity_core::fake::{FixedClock, MemoryPolicyStore};
//! use identity_core::catalog::ResourceCatalog;
//! use identity_core::world::Sources;
//!
//! let store = Arc::new(MemoryPolicyStore::default());
//! let audit = Arc::new(store.audit_log());
//! let clock = Arc::new(FixedClock::new(time::OffsetDateTime::UNIX_EPOCH));
//! let engine = Engine::start(store, audit, clock, Sources::BuiltIn, ResourceCatalog::standard()).await?;
//!
//! let defaults = AuditEntity { kind: EntityKind::Role, key: "defaults".to_owned() };
//! let attempt = AuditDraft::new(AuditOperation::Create, defaults);
//! let done = engine.execute(&ServerRequest, attempt, |world| Ok(missing_defaults(world))).await?;
//! assert_eq!(engine.world().revision(), done.revision);
//! # Ok(())
//! # }
//! ```

pub mod apply;
pub mod cancellation;
pub mod catalog;
pub mod decide;
pub mod diff;
pub mod document;
pub mod engine;
pub mod entity;
pub mod port;
pub mod preset;
pub mod resolve;
pub mod search;
pub mod service;
pub mod value;
pub mod world;

#[cfg(feature = "test-support")]
pub mod fake;

/// Runs the README example as a doc test.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
