//! Metrics and warnings about requests of a client to its provider. Metric labels have a closed set of values.

use std::sync::Arc;

use metrics::counter;
use time::OffsetDateTime;
use tracing::warn;
use url::Url;

use super::authentication::Credentials;
use crate::discovery::{Endpoint, Endpoints};
use crate::http::FetchError;
use crate::telemetry::Warning;
use crate::user_info::without_query;

/// Counters and warnings of one client. Each kind of warning is logged at most once per minute.
pub(crate) struct ClientTelemetry {
    issuer: Arc<str>,
    outage: Warning,
    refusal: Warning,
}

impl ClientTelemetry {
    pub(crate) fn new(issuer: Arc<str>) -> Self {
        Self { issuer, outage: Warning::default(), refusal: Warning::default() }
    }

    pub(crate) fn asked(&self, request: &'static str, outcome: &'static str) {
        counter!("identity_provider_requests_total", "issuer" => Arc::clone(&self.issuer), "request" => request, "outcome" => outcome)
            .increment(1);
    }

    pub(crate) fn warn_of_outage(&self, now: OffsetDateTime, request: &'static str, url: &Url, error: &FetchError) {
        if self.outage.is_due(now) {
            let url = without_query(url.clone());
            warn!(issuer = %self.issuer, request, reason = %format!("{url} {error}"), "the request to the provider failed");
        }
    }

    pub(crate) fn warn_of_endpoint(&self, now: OffsetDateTime, endpoint: Endpoint, rule: &'static str) {
        if self.outage.is_due(now) {
            warn!(issuer = %self.issuer, endpoint = endpoint.name(), rule, "the provider's endpoint cannot be used");
        }
    }

    /// Warns that the provider rejects this server's credentials. Names the authentication methods that the provider
    /// supports.
    pub(crate) fn warn_of_refusal(&self, now: OffsetDateTime, credentials: &Credentials, endpoints: &Endpoints) {
        if self.refusal.is_due(now) {
            let (client_id, method) = (credentials.client_id(), credentials.method());
            let takes = &endpoints.client_authentication;
            warn!(issuer = %self.issuer, client_id, method, ?takes, "the provider rejected this server's client credentials");
        }
    }
}
