//! Services for stored entities, in profiles without a directory.

use std::sync::Arc;

use identity_core::engine::Engine;
use identity_core::port::{AuditLog, Ids, InstallationStore, PasswordHasher};
use identity_core::service::bulk::{Bulk, Offers};
use identity_core::service::cluster::{
    ClusterAuthorizations, ClusterGroups, ClusterMappingRules, ClusterRoles, ClusterTenants, ClusterUsers, Members,
    Setup,
};
use identity_core::service::{AuditLogs, Authorizer, Memberships, Names, StoredGroups, StoredRoles, Tenants};
use identity_core::world::Sources;
use identity_http::{About, BulkChanges, Cluster, IdRules};

use super::entities::Entities;
use crate::config::Config;

/// Builds the services for groups, roles, tenants and memberships in this server's store.
pub(super) fn entities(
    config: &Config,
    engine: &Arc<Engine>,
    audit: &Arc<dyn AuditLog>,
    installation: &Arc<dyn InstallationStore>,
    hasher: Option<&Arc<dyn PasswordHasher>>,
    ids: &Arc<dyn Ids>,
) -> Entities {
    let authorizer = || Authorizer::management(Arc::clone(engine));
    let cluster = cluster(config, engine, audit, hasher);
    Entities {
        people: None,
        clients: None,
        apis: None,
        groups: Arc::new(StoredGroups::new(authorizer(), Arc::clone(ids))),
        roles: Arc::new(StoredRoles::new(authorizer())),
        tenants: Arc::new(Tenants::new(authorizer())),
        memberships: Some(Arc::new(Memberships::new(authorizer()))),
        names: Arc::new(Names::new(authorizer(), None)),
        bulk: Some(bulk(config, engine, installation, hasher.cloned(), &cluster)),
        cluster: Some(cluster),
        deletions: None,
    }
}

/// Builds bulk changes, which follow the authorization rules of both APIs.
fn bulk(
    config: &Config,
    engine: &Arc<Engine>,
    installation: &Arc<dyn InstallationStore>,
    hasher: Option<Arc<dyn PasswordHasher>>,
    cluster: &Cluster,
) -> BulkChanges {
    let features = config.features;
    let offers = Offers { tenants: features.tenants, resource_authorizations: features.resource_authorizations };
    let of_cluster = Authorizer::cluster(Arc::clone(engine), config.switches.authorizations_enabled);
    let bulk = Bulk::new(Authorizer::management(Arc::clone(engine)), of_cluster, hasher, offers)
        .keeping_documents_in(Arc::clone(installation));
    BulkChanges { bulk: Arc::new(bulk), ids: cluster.ids.clone() }
}

/// Builds the services of the Orchestration Cluster API, depending on its switches.
fn cluster(
    config: &Config,
    engine: &Arc<Engine>,
    audit: &Arc<dyn AuditLog>,
    hasher: Option<&Arc<dyn PasswordHasher>>,
) -> Cluster {
    let switches = &config.switches;
    let authorizer = || Authorizer::cluster(Arc::clone(engine), switches.authorizations_enabled);
    let users = hasher.map(|hasher| Arc::new(ClusterUsers::new(authorizer(), Arc::clone(hasher))));
    let setup = hasher.map(|hasher| Arc::new(Setup::new(Arc::clone(engine), Arc::clone(hasher))));
    let groups_stored = engine.world().sources() != Sources::Provider { groups_claimed: true };
    let about = About {
        version: env!("CARGO_PKG_VERSION"),
        host: config.server.address.ip().to_string(),
        port: config.server.address.port(),
        can_logout: true,
        is_login_delegated: users.is_none(),
        is_multi_tenancy_enabled: switches.tenant_checks_enabled,
        max_request_size: config.server.max_body_bytes,
    };
    Cluster {
        users,
        setup,
        groups: groups_stored.then(|| Arc::new(ClusterGroups::new(authorizer()))),
        roles: Arc::new(ClusterRoles::new(authorizer())),
        tenants: switches.tenant_api_enabled.then(|| Arc::new(ClusterTenants::new(authorizer()))),
        mapping_rules: Arc::new(ClusterMappingRules::new(authorizer())),
        members: Arc::new(Members::new(authorizer())),
        authorizations: Arc::new(ClusterAuthorizations::new(authorizer())),
        audit_logs: Arc::new(AuditLogs::new(authorizer(), Arc::clone(audit))),
        ids: IdRules::new(switches.id_pattern.whole().clone(), switches.id_pattern.source()),
        about,
    }
}
