//! The client scope `camunda-identity`, which marks Identity's clients, and its four mappers
//! (docs/reference/management-api.md §8.3).

use identity_core::entity::EntityKind;
use identity_core::port::DirectoryError;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Pass;
use crate::call::Call;
use crate::wire::SCOPE;

#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    id: String,
    name: String,
}

impl Pass<'_> {
    /// Ensures that the client scope exists with all its mappers, and returns its id. In a dry run, returns `None` if
    /// it does not exist.
    pub(super) async fn client_scope(&mut self) -> Result<Option<String>, DirectoryError> {
        let scopes: Vec<Named> = self.keycloak.read(Call::get(&["client-scopes"])).await?;
        let Some(Named { id, .. }) = scopes.into_iter().find(|scope| scope.name == SCOPE) else {
            if !self.change(format!("client scope {SCOPE}")) {
                return Ok(None);
            }
            let body = json!({
                "name": SCOPE, "protocol": "openid-connect", "protocolMappers": mappers(),
                "description": "Belongs to clients that Identity manages",
                "attributes": {"include.in.token.scope": "false", "display.on.consent.screen": "false"},
            });
            let answer = self.keycloak.send(Call::post(&["client-scopes"], body).about(EntityKind::Resource, SCOPE));
            let answer = answer.await?;
            self.made();
            return answer.created().map(|id| Some(id.to_owned()));
        };
        let path = ["client-scopes", &id, "protocol-mappers", "models"];
        let known: Vec<Named> = self.keycloak.read(Call::get(&path)).await?;
        for mapper in mappers() {
            let name = mapper.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
            if known.iter().all(|known| known.name != name)
                && self.change(format!("mapper {name} of client scope {SCOPE}"))
            {
                self.keycloak.send(Call::post(&path, mapper).about(EntityKind::Resource, &name)).await?;
                self.made();
            }
        }
        Ok(Some(id))
    }
}

fn mappers() -> Vec<Value> {
    let everywhere = |mut config: Value| {
        if let Value::Object(config) = &mut config {
            for token in ["id.token.claim", "access.token.claim", "userinfo.token.claim"] {
                config.insert(token.to_owned(), json!("true"));
            }
        }
        config
    };
    let mapper = |name: &str, kind: &str, config: Value| json!({"name": name, "protocol": "openid-connect", "protocolMapper": kind, "config": config});
    vec![
        mapper(
            "email",
            "oidc-usermodel-property-mapper",
            everywhere(json!({"user.attribute": "email", "claim.name": "email", "jsonType.label": "String"})),
        ),
        mapper("full name", "oidc-full-name-mapper", everywhere(json!({}))),
        mapper(
            "permissions",
            "oidc-usermodel-client-role-mapper",
            json!({
                "claim.name": "permissions.${client_id}", "jsonType.label": "String", "multivalued": "true",
                "access.token.claim": "true",
            }),
        ),
        mapper("audience resolve", "oidc-audience-resolve-mapper", json!({"access.token.claim": "true"})),
    ]
}
