use std::sync::Arc;

use identity_core::service::{Apis, Clients, Deletions, Groups, Memberships, Names, People, Roles, Tenants};
use identity_http::{BulkChanges, Cluster};

/// Services for entities that either a directory or the store holds. A service is `None` if the profile does not offer
/// it.
pub(super) struct Entities {
    pub(super) people: Option<Arc<People>>,
    pub(super) clients: Option<Arc<Clients>>,
    pub(super) apis: Option<Arc<Apis>>,
    pub(super) groups: Arc<dyn Groups>,
    pub(super) roles: Arc<dyn Roles>,
    pub(super) tenants: Arc<Tenants>,
    pub(super) memberships: Option<Arc<Memberships>>,
    pub(super) names: Arc<Names>,
    /// The Orchestration Cluster API, which manages stored entities only.
    pub(super) cluster: Option<Cluster>,
    pub(super) bulk: Option<BulkChanges>,
    /// Deletions in a directory, including those that were interrupted; `None` without a directory.
    pub(super) deletions: Option<Arc<Deletions>>,
}
