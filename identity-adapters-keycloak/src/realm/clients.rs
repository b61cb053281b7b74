//! The clients of a realm: those that the configuration names, and this server's own.

use identity_core::entity::{ClientChange, EntityKind, Permission};
use identity_core::port::{ClientDirectory, DirectoryError};
use identity_core::value::ClientKey;
use serde_json::{Map, Value, json};

use super::{ClientSeed, Pass, RealmPlan, SignOutUrls};
use crate::admin::Call;
use crate::clients::{PKCE, foreign};
use crate::settings::Credentials;
use crate::wire::unfit;

impl Pass<'_> {
    pub(super) async fn client(&mut self, seed: &ClientSeed) -> Result<(), DirectoryError> {
        let id = &seed.new.client_id;
        let (mut narrow, mut prove) = (false, false);
        let client = match self.keycloak.client_rep(id.as_str()).await? {
            None => {
                if !self.change(format!("client {id}")) {
                    return Ok(());
                }
                let made = ClientDirectory::create(self.keycloak, &seed.new).await?;
                self.made();
                made
            }
            Some(found) if !found.is_application() => return Err(foreign(id.as_str())),
            Some(found) => {
                narrow = found.has_full_scope();
                prove = found.public() && found.attributes.get(PKCE).and_then(Value::as_str) != Some("S256");
                found.client()?
            }
        };
        if (narrow || prove) && self.change(format!("scope and proof of client {id}")) {
            let set = |body: &mut Map<String, Value>| {
                body.insert("fullScopeAllowed".to_owned(), json!(false));
                if let (true, Value::Object(attributes)) =
                    (prove, body.entry("attributes").or_insert_with(|| json!({})))
                {
                    attributes.insert(PKCE.to_owned(), json!("S256"));
                }
            };
            self.keycloak.change_client(&client.key, set).await?;
            self.made();
        }
        let mut wanted = client.clone();
        wanted.root_url = seed.new.root_url.clone().or(wanted.root_url);
        let uris = seed.new.redirect_uris.iter().filter(|uri| !client.redirect_uris.contains(uri));
        wanted.redirect_uris.extend(uris.cloned());
        let differs = wanted.redirect_uris != client.redirect_uris
            || (wanted.root_url != client.root_url && !wanted.redirect_uris.is_empty());
        if differs && self.change(format!("urls of client {id}")) {
            let change = ClientChange {
                name: wanted.name.clone(),
                root_url: wanted.root_url.clone(),
                redirect_uris: wanted.redirect_uris.clone(),
            };
            ClientDirectory::update(self.keycloak, &client.key, &change).await?;
            self.made();
        }
        if client.kind.has_secret()
            && let Some(secret) = &seed.new.secret
            && self.keycloak.secret(&client.key).await?.as_ref() != Some(secret)
            && self.change(format!("secret of client {id}"))
        {
            let set = |body: &mut Map<String, Value>| drop(body.insert("secret".to_owned(), json!(secret.expose())));
            self.keycloak.change_client(&client.key, set).await?;
            self.made();
        }
        if !client.kind.has_secret() || seed.permissions.is_empty() {
            return Ok(());
        }
        let held = ClientDirectory::permissions(self.keycloak, &client.key).await?;
        for permission in seed.permissions.iter().filter(|wanted| !held.contains(wanted)) {
            let Permission { audience, definition } = permission;
            if self.change(format!("permission {definition} of {audience} for client {id}")) {
                ClientDirectory::change_permission(self.keycloak, &client.key, permission, true).await?;
                self.made();
            }
        }
        Ok(())
    }

    /// Browsers sign in at this client, and the scope lets its users' tokens say what they may do.
    pub(super) async fn own_client(&mut self, plan: &RealmPlan, scope: Option<&str>) -> Result<(), DirectoryError> {
        let id = plan.own.new.client_id.as_str();
        let found = self.keycloak.client_rep(id).await?;
        let administrator = matches!(self.keycloak.shared.settings.credentials, Credentials::Administrator { .. });
        match found {
            // An operator made it, for this server to ask Keycloak with: it lacks no more than the mark.
            Some(found) if !administrator => {
                if let (false, Some(scope)) = (found.is_ours(), scope)
                    && self.change(format!("client scope of client {id}"))
                {
                    let path = ["clients", &found.id, "default-client-scopes", scope];
                    self.keycloak.send(Call::put(&path, json!({}))).await?;
                    self.made();
                }
                Ok(())
            }
            _ if administrator => {
                self.client(&plan.own.clone().into()).await?;
                match &plan.own.sign_out {
                    Some(urls) => self.sign_out(id, urls).await,
                    None => Ok(()),
                }
            }
            _ => Err(DirectoryError::missing(EntityKind::Client, id)),
        }
    }

    /// Keycloak tells of sign-outs at these addresses. Other attributes stay.
    pub(super) async fn sign_out(&mut self, id: &str, urls: &SignOutUrls) -> Result<(), DirectoryError> {
        // One that is only planned has none yet.
        let Some(client) = self.keycloak.client_rep(id).await? else { return Ok(()) };
        let wanted = [
            ("post.logout.redirect.uris", urls.signed_out.as_str()),
            ("backchannel.logout.url", urls.back_channel.as_str()),
            ("backchannel.logout.session.required", "true"),
        ];
        let differs = wanted.iter().any(|(name, value)| client.attributes.get(*name) != Some(&json!(value)));
        if differs && self.change(format!("sign-out addresses of client {id}")) {
            let key = ClientKey::parse(&client.id).map_err(unfit)?;
            let set = |body: &mut Map<String, Value>| {
                let attributes = body.entry("attributes").or_insert_with(|| json!({}));
                if let Value::Object(attributes) = attributes {
                    attributes.extend(wanted.iter().map(|(name, value)| ((*name).to_owned(), json!(value))));
                }
            };
            self.keycloak.change_client(&key, set).await?;
            self.made();
        }
        Ok(())
    }
}
