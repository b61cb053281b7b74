//! A mock of Keycloak's Admin REST API, with the representations that a test defines.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use identity_core::fake::{FixedClock, MemoryInstallation};
use identity_core::port::LocalLocks;
use identity_core::service::Cutoffs;
use identity_core::value::{ClientId, Secret};
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use crate::{Coordination, Credentials, Keycloak, KeycloakSettings};

/// The key of the client `realm-management`.
const MANAGEMENT: &str = "management";

type Entries = Arc<Mutex<BTreeMap<String, Value>>>;

/// Representations by path below the realm. Lists support the query parameters `first` and `max`.
#[derive(Clone, Default)]
pub(super) struct Fake {
    entries: Entries,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    pub(super) fn with(self, path: &str, value: Value) -> Self {
        self.entries.lock().unwrap().insert(path.to_owned(), value);
        self
    }

    pub(super) fn at(&self, path: &str) -> Value {
        self.entries.lock().unwrap().get(path).cloned().unwrap_or_default()
    }

    /// The targets of the requests since the last call.
    pub(super) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    /// Starts the server, which runs as long as the returned value exists, and returns the directories on it.
    pub(super) async fn start(&self) -> (Keycloak, MockServer) {
        let server = MockServer::start().await;
        Mock::given(any()).respond_with(self.clone()).mount(&server).await;
        let own = ClientId::parse("identity").unwrap();
        let credentials = Credentials::Client { client_id: own.clone(), secret: Secret::new("s3cret".to_owned()) };
        let settings = KeycloakSettings::new(server.uri().parse().unwrap(), "r", own, credentials);
        let clock = FixedClock::new(time::OffsetDateTime::UNIX_EPOCH);
        let cutoffs = Arc::new(Cutoffs::new(Arc::new(MemoryInstallation::default()), Arc::new(clock)));
        let coordination = Coordination { locks: Arc::new(LocalLocks::default()), cutoffs, installation: None };
        (Keycloak::new(settings, coordination).unwrap(), server)
    }

    fn get(&self, path: &str, query: &BTreeMap<String, String>) -> Option<Value> {
        if path == "/clients" && query.get("clientId").is_some_and(|id| id == "realm-management") {
            return Some(json!([{"id": MANAGEMENT, "clientId": "realm-management"}]));
        }
        let entries = self.entries.lock().unwrap();
        let found = entries.get(path).cloned();
        let powerless = path.ends_with(&format!("/{MANAGEMENT}/composite"));
        let found =
            found.or_else(|| (powerless || path == "/clients" || path.ends_with("/composites")).then(|| json!([])))?;
        let number = |name: &str| query.get(name).and_then(|text| text.parse::<usize>().ok());
        let Value::Array(list) = found else { return Some(found) };
        let (first, max) = (number("first").unwrap_or(0), number("max").unwrap_or(usize::MAX));
        Some(Value::Array(list.into_iter().skip(first).take(max).collect()))
    }
}

impl Respond for Fake {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let path = request.url.path();
        if path.ends_with("/openid-connect/token") {
            return ResponseTemplate::new(200).set_body_json(json!({"access_token": "t", "expires_in": 300}));
        }
        let path = path.strip_prefix("/admin/realms/r").unwrap_or(path).to_owned();
        let query: BTreeMap<String, String> = request.url.query_pairs().into_owned().collect();
        self.asked.lock().unwrap().push(format!(
            "{} {path}?{}",
            request.method,
            request.url.query().unwrap_or_default()
        ));
        match request.method.as_str() {
            "GET" => match self.get(&path, &query) {
                Some(found) => ResponseTemplate::new(200).set_body_json(found),
                None => ResponseTemplate::new(404).set_body_json(json!({"error": "not found"})),
            },
            "PUT" => {
                let mut new: Value = request.body_json().unwrap();
                let mut entries = self.entries.lock().unwrap();
                // As in Keycloak, members that are left out keep their values.
                if let (Some(new), Some(Value::Object(old))) = (new.as_object_mut(), entries.get(&path)) {
                    for (name, value) in old {
                        let _ = new.entry(name.clone()).or_insert_with(|| value.clone());
                    }
                }
                entries.insert(path, new);
                ResponseTemplate::new(204)
            }
            _ => ResponseTemplate::new(204),
        }
    }
}
