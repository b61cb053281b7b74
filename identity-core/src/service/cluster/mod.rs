//! The use cases of the Orchestration Cluster's identity API (orchestration reference §1): authorized by authorizations,
//! searched by filter, order and window.

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

use crate::entity::{AuditEntity, AuditOperation, EntityKind};
use crate::port::AuditDraft;
use crate::search::{SortBy, Window};

/// What to search for.
#[derive(Clone, Debug)]
pub struct Search<F, S> {
    /// Which.
    pub filter: F,
    /// In which order.
    pub sort: Vec<SortBy<S>>,
    /// Which part.
    pub window: Window,
}

fn attempt(operation: AuditOperation, kind: EntityKind, key: &str) -> AuditDraft {
    AuditDraft { operation, entity: AuditEntity { kind, key: key.to_owned() }, related: None }
}
