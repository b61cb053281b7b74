//! Use cases of the identity service, called by its APIs. Each file contains one family of use cases.
//!
//! Each service checks the caller's permission before it reads or changes the [`World`](crate::world::World), the
//! policy data. An API cannot skip the check: reads go through the [`Authorizer`], and the engine decides a change
//! again when it applies it.

pub mod access;
mod audit_logs;
mod authentication;
mod authorizations;
mod authorizer;
pub mod bulk;
mod caller;
mod clients;
pub mod cluster;
mod credential;
mod cutoffs;
mod deletions;
mod error;
mod expected_version;
mod groups;
mod leftovers;
mod lists;
mod mapping_rules;
mod me;
mod member_directories;
mod memberships;
mod names;
mod orphans;
mod people;
pub mod recent_callers;
mod recipients;
mod resource_types;
mod roles;
pub mod session;
mod summary;
mod tenants;
mod throttle;
mod token_buckets;

pub use audit_logs::{AuditExport, AuditLogs};
pub use authentication::{Authentication, AuthenticationError};
pub use authorizations::{AuthorizationList, Authorizations, EntityAuthorization, GrantedOn, Resource, ResourceKind};
pub use authorizer::{Authorizer, forgetting};
pub use caller::{Caller, Written};
pub use clients::{Apis, Clients};
pub use credential::{Authenticated, CheckedCredential, Credential};
pub use cutoffs::Cutoffs;
pub use deletions::{Deletions, Settled};
pub use error::ServiceError;
pub use groups::{DirectoryGroups, Groups, StoredGroups};
pub use leftovers::Leftovers;
pub use mapping_rules::{MappingRules, RuleTargets, RuleWithTargets, creation, replacement};
pub use member_directories::MemberDirectories;
pub use memberships::{MemberOf, Memberships};
pub use names::Names;
pub use orphans::Orphans;
pub use people::People;
pub use recipients::DirectoryRecipients;
pub use roles::{DirectoryRoles, Roles, StoredRoles};
pub use summary::{ApplicationSummary, UserSummary};
pub use tenants::Tenants;

pub use crate::apply::user_creation;
pub use crate::search::ListRequest;
