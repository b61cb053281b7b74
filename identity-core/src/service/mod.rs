//! Services: what surfaces call. One file for each family of use cases.
//!
//! Each takes the caller, asks whether they may, and reads the world or writes it. A surface cannot skip the question: reads go
//! through the [`Gate`], and the engine decides writes again where they are applied.

pub mod access;
mod audit_logs;
mod authentication;
mod authorizations;
mod buckets;
mod caller;
mod clients;
pub mod cluster;
mod credential;
mod cutoffs;
mod deletions;
mod error;
mod gate;
mod groups;
mod leftovers;
mod mapping_rules;
mod me;
mod memberships;
mod orphans;
mod people;
mod recipients;
mod resource_types;
mod roles;
pub mod session;
mod summary;
mod tenants;
mod throttle;
mod users;

pub use audit_logs::AuditLogs;
pub use authentication::{Authentication, AuthenticationError};
pub use authorizations::{AuthorizationList, Authorizations, EntityAuthorization, GrantedOn, Resource, ResourceKind};
pub use caller::{Caller, Written};
pub use clients::{Apis, Clients};
pub use credential::{Authenticated, Credential};
pub use cutoffs::Cutoffs;
pub use deletions::{Deletions, Settled};
pub use error::ServiceError;
pub use gate::{Gate, forgetting};
pub use groups::Groups;
pub use leftovers::Leftovers;
pub use mapping_rules::{MappingRules, RuleTargets, RuleWithTargets, creation, replacement};
pub use memberships::{MemberOf, Memberships};
pub use orphans::Orphans;
pub use people::People;
pub use recipients::DirectoryRecipients;
pub use roles::Roles;
pub use summary::{ApplicationSummary, UserSummary};
pub use tenants::{MemberDirectories, Tenants};
pub use users::user_creation;

pub use crate::search::ListRequest;
