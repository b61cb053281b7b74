//! Use cases of the Orchestration Cluster's identity API (docs/reference/orchestration-cluster.md §1). Authorizations
//! control access; searches take a filter, a sort order and a window.

mod authorizations;
mod entities;
mod members;
mod setup;
mod users;

pub use authorizations::ClusterAuthorizations;
pub use entities::{ClusterGroups, ClusterMappingRules, ClusterRoles, ClusterTenants, Naming};
pub use members::Members;
pub use setup::Setup;
pub use users::{ClusterUsers, NewUser};

use crate::entity::{AuditDraft, AuditEntity, AuditOperation, EntityKind};
use crate::search::{SortBy, Window};

/// Search parameters.
#[derive(Clone, Debug)]
pub struct Search<F, S> {
    /// The filter.
    pub filter: F,
    /// The sort order.
    pub sort: Vec<SortBy<S>>,
    /// The window of results.
    pub window: Window,
}

pub(super) fn attempt(operation: AuditOperation, kind: EntityKind, key: &str) -> AuditDraft {
    AuditDraft { operation, entity: AuditEntity { kind, key: key.to_owned() }, related: None }
}
