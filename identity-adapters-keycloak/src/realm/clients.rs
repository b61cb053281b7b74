//! Provisioning of clients: those of the configuration, and this server's own.

use identity_core::entity::{EntityKind, Permission};
use identity_core::port::{ClientDirectory, DirectoryError};
use identity_core::value::ClientKey;
use serde_json::{Map, Value, json};
use tracing::info;

use super::{ClientSeed, Pass, RealmPlan, SignOutUrls};
use crate::call::Call;
use crate::change::{set, set_attributes};
use crate::clients::foreign;
use crate::readable::unshown;
use crate::settings::Credentials;
use crate::wire::unfit;

impl Pass<'_> {
    pub(super) async fn client(&mut self, seed: &ClientSeed) -> Result<(), DirectoryError> {
        let id = &seed.new.client_id;
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
            // Only configured members are corrected: another program may have created the client and rely on the
            // others.
            Some(found) => {
                if found.has_full_scope() {
                    info!(client = id.as_str(), "keycloak.client.full_scope");
                }
                found.client().map_err(unshown)?
            }
        };
        // Redirect URIs that are not configured stay, whatever their form.
        let configured = seed.new.redirect_uris.iter().map(ToString::to_string);
        let missing: Vec<String> = configured.filter(|uri| !client.redirect_uris.contains(uri)).collect();
        let root = seed.new.root_url.as_ref().map(ToString::to_string);
        let has_uris = !missing.is_empty() || !client.redirect_uris.is_empty();
        let root = root.filter(|root| has_uris && client.root_url.as_ref() != Some(root));
        if (!missing.is_empty() || root.is_some()) && self.change(format!("URLs of client {id}")) {
            let set = |body: &mut Map<String, Value>| {
                if let Value::Array(uris) = body.entry("redirectUris").or_insert_with(|| json!([])) {
                    let added = missing.iter().map(|uri| json!(uri)).filter(|uri| !uris.contains(uri));
                    let added: Vec<Value> = added.collect();
                    uris.extend(added);
                }
                if let Some(root) = &root {
                    set(body, "rootUrl", root.as_str());
                }
                Ok(())
            };
            self.keycloak.change_client(&client.key, set).await?;
            self.made();
        }
        if client.kind.has_secret()
            && let Some(secret) = &seed.new.secret
            && self.keycloak.secret(&client.key).await?.as_ref() != Some(secret)
            && self.change(format!("secret of client {id}"))
        {
            let set = |body: &mut Map<String, Value>| {
                set(body, "secret", secret.expose());
                Ok(())
            };
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
                ClientDirectory::grant_permission(self.keycloak, &client.key, permission).await?;
                self.made();
            }
        }
        Ok(())
    }

    /// Ensures that this server's own client exists and has the client scope, which adds the permissions of users to
    /// their tokens. Browsers sign in with this client.
    pub(super) async fn own_client(&mut self, plan: &RealmPlan, scope: Option<&str>) -> Result<(), DirectoryError> {
        let id = plan.own.new.client_id.as_str();
        let found = self.keycloak.client_rep(id).await?;
        let administrator = matches!(self.keycloak.shared.settings.credentials, Credentials::Administrator { .. });
        match found {
            // An operator created the client for this server's requests to Keycloak: only the client scope is added.
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

    /// Adds the logout URLs of this server to a client. URLs that others configured stay.
    pub(super) async fn sign_out(&mut self, id: &str, urls: &SignOutUrls) -> Result<(), DirectoryError> {
        // In a dry run, the client may not exist yet.
        let Some(client) = self.keycloak.client_rep(id).await? else { return Ok(()) };
        let changes = sign_out_changes(&client.attributes, urls);
        if !changes.is_empty() && self.change(format!("sign-out addresses of client {id}")) {
            let key = ClientKey::parse(&client.id).map_err(unfit)?;
            let set = |body: &mut Map<String, Value>| {
                let known = body.get("attributes").and_then(Value::as_object).cloned().unwrap_or_default();
                set_attributes(body, sign_out_changes(&known, urls));
                Ok(())
            };
            self.keycloak.change_client(&key, set).await?;
            self.made();
        }
        Ok(())
    }
}

/// Separator of several URLs in one attribute of a client.
const SEPARATOR: &str = "##";
/// Client attribute with the post-logout redirect URIs, separated by `##`.
const SIGNED_OUT: &str = "post.logout.redirect.uris";
/// Client attributes with the back-channel logout URL, and with the flag that logout tokens must contain `sid`.
const BACK_CHANNEL: [&str; 2] = ["backchannel.logout.url", "backchannel.logout.session.required"];

/// Returns the attribute changes that add the logout URLs of this server to a client. The post-logout redirect URI is
/// added unless the first value is `+` (all redirect URIs) or `-` (none). The back-channel logout URL is set only if
/// there is none, or if the existing one has the same path.
fn sign_out_changes(known: &Map<String, Value>, urls: &SignOutUrls) -> Vec<(&'static str, String)> {
    let text = |name: &str| known.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut changes = Vec::new();
    let mut signed_out: Vec<&str> = text(SIGNED_OUT).split(SEPARATOR).filter(|uri| !uri.is_empty()).collect();
    let decided = matches!(signed_out.first(), Some(&"+" | &"-"));
    if !decided && !signed_out.contains(&urls.signed_out.as_str()) {
        signed_out.push(&urls.signed_out);
        changes.push((SIGNED_OUT, signed_out.join(SEPARATOR)));
    }
    let path = |url: &str| url::Url::parse(url).map(|url| url.path().to_owned()).unwrap_or_default();
    let [back_channel, session] = BACK_CHANNEL;
    let is_ours = text(back_channel).is_empty() || path(text(back_channel)) == path(&urls.back_channel);
    if is_ours && text(back_channel) != urls.back_channel {
        changes.push((back_channel, urls.back_channel.clone()));
    }
    if is_ours && text(session) != "true" {
        changes.push((session, "true".to_owned()));
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(known: &[(&str, &str)]) -> Vec<(&'static str, String)> {
        let known = known.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let urls = SignOutUrls {
            signed_out: "https://id.example/auth/logged-out".to_owned(),
            back_channel: "https://id.example/auth/back-channel-logout".to_owned(),
        };
        sign_out_changes(&known, &urls)
    }

    #[test]
    fn adds_its_addresses_of_sign_outs_and_keeps_those_of_others() {
        let ours = "https://id.example/auth/back-channel-logout";
        assert_eq!(
            changes(&[]),
            [
                (SIGNED_OUT, "https://id.example/auth/logged-out".to_owned()),
                (BACK_CHANNEL[0], ours.to_owned()),
                (BACK_CHANNEL[1], "true".to_owned()),
            ]
        );
        let theirs =
            [(SIGNED_OUT, "https://a.example/*##https://b.example/out"), (BACK_CHANNEL[0], "https://a.example/bc")];
        let both = "https://a.example/*##https://b.example/out##https://id.example/auth/logged-out";
        assert_eq!(changes(&theirs), [(SIGNED_OUT, both.to_owned())]);
        assert_eq!(changes(&[(SIGNED_OUT, both), (BACK_CHANNEL[0], ours), (BACK_CHANNEL[1], "true")]), []);
        for word in ["+", "-", "+##https://a.example/"] {
            assert_eq!(changes(&[(SIGNED_OUT, word), (BACK_CHANNEL[0], ours), (BACK_CHANNEL[1], "true")]), []);
        }
        let moved = "https://earlier.example/auth/back-channel-logout";
        let known = [(SIGNED_OUT, "+"), (BACK_CHANNEL[0], moved), (BACK_CHANNEL[1], "true")];
        assert_eq!(changes(&known), [(BACK_CHANNEL[0], ours.to_owned())]);
    }
}
