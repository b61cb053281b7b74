//! Endpoints outside of identity that clients of the Orchestration Cluster require
//! (docs/reference/orchestration-cluster.md §1.10): license, status, topology and configuration.
//!
//! The responses describe a single node that runs no processes.

use actix_web::HttpResponse;
use actix_web::web::{Data, ServiceConfig};
use serde_json::json;

use crate::route::resource;

/// Data about the installation that clients of the Orchestration Cluster query.
#[derive(Clone, Debug)]
pub struct About {
    /// Version of this server, reported as the broker and gateway version.
    pub version: &'static str,
    /// Host that the server listens on, reported in the topology.
    pub host: String,
    /// Port that the server listens on, reported in the topology.
    pub port: u16,
    /// Whether callers have browser sessions, so that clients can offer sign-out.
    pub can_logout: bool,
    /// Whether sign-in is delegated to an identity provider.
    pub is_login_delegated: bool,
    /// Whether multi-tenancy is enabled, reported in `/v2/system/configuration`.
    pub is_multi_tenancy_enabled: bool,
    /// Maximum size of a request body in bytes, reported in `/v2/system/configuration`.
    pub max_request_size: usize,
}

pub(super) fn mount_public(v2: &mut ServiceConfig) {
    v2.service(resource("/license").get(license)).service(resource("/status").get(status));
}

pub(super) fn mount(v2: &mut ServiceConfig) {
    v2.service(resource("/topology").get(topology)).service(resource("/system/configuration").get(configuration));
}

/// Reports a valid license without expiry, because this server needs no license.
async fn license() -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "validLicense": true, "licenseType": "unknown", "isCommercial": false, "expiresAt": null
    }))
}

async fn status() -> HttpResponse {
    crate::done()
}

/// Reports a single node without partitions.
async fn topology(about: Data<About>) -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "brokers": [{
            "nodeId": 0, "brokerId": "0", "host": about.host, "port": about.port, "partitions": [], "version": about.version
        }],
        "clusterId": null,
        "clusterSize": 1,
        "partitionsCount": 0,
        "replicationFactor": 1,
        "gatewayVersion": about.version,
        "lastCompletedChangeId": "",
    }))
}

async fn configuration(about: Data<About>) -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "jobMetrics": {
            "enabled": false, "exportInterval": "PT0S", "maxWorkerNameLength": 0, "maxJobTypeLength": 0,
            "maxTenantIdLength": 0, "maxUniqueKeys": 0
        },
        "components": { "active": ["admin"] },
        "deployment": {
            "isMultiTenancyEnabled": about.is_multi_tenancy_enabled, "maxRequestSize": about.max_request_size
        },
        "authentication": { "canLogout": about.can_logout, "isLoginDelegated": about.is_login_delegated },
        "cloud": { "stage": null },
    }))
}
