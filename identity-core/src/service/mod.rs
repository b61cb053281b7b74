//! Services: what surfaces call. One file for each family of use cases.
//!
//! Each takes the caller, asks whether they may, and reads the world or writes it. A surface cannot skip the question: reads go
//! through the [`Gate`] and writes need its permit.

pub mod access;
mod audit_logs;
mod authentication;
mod authorizations;
mod buckets;
pub mod cluster;
mod gate;
mod groups;
mod mapping_rules;
mod me;
mod resource_types;
mod roles;
mod tenants;
mod throttle;
mod users;

pub use audit_logs::AuditLogs;
pub use authentication::{Authentication, AuthenticationError};
pub use authorizations::{Authorizations, EntityAuthorization, GrantedOn, Resource, ResourceKind};
pub use gate::{Caller, Gate, ServiceError, Written};
pub use groups::Groups;
pub use mapping_rules::{MappingRules, RuleTargets, RuleWithTargets, creation, replacement};
pub use roles::Roles;
pub use tenants::Tenants;
pub use users::user_creation;

use crate::search::PageRequest;

/// Which part of a list somebody wants.
#[derive(Clone, Debug)]
pub struct ListRequest {
    /// Only what has this in its id or name, whatever the case.
    pub search: Option<String>,
    /// Which page.
    pub page: PageRequest,
}
