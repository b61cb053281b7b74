//! Use cases of the Orchestration Cluster's identity API (docs/reference/orchestration-cluster.md §1). Access requires
//! authorizations. Searches take a filter, a sort order and a window of results.

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

/// Parameters of a search, with a filter of type `F` and sort fields of type `S`.
#[derive(Clone, Debug)]
pub struct Search<F, S> {
    /// Conditions that all results satisfy.
    pub filter: F,
    /// Fields to sort by, in order of precedence.
    pub sort: Vec<SortBy<S>>,
    /// The part of the results to return, by offset or by cursor.
    pub window: Window,
}

pub(super) fn attempt(operation: AuditOperation, kind: EntityKind, key: &str) -> AuditDraft {
    AuditDraft::new(operation, AuditEntity { kind, key: key.to_owned() })
}
