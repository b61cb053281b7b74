//! Client registration: which principals other than realm administrators can create clients, and which claims such
//! clients can add to tokens.

use std::collections::BTreeMap;

use identity_core::port::DirectoryError;
use serde::Deserialize;

use crate::Keycloak;
use crate::call::Call;

/// Type of the Keycloak components that are client registration policies.
const POLICY: &str = "org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy";
/// Protocol mappers that write only claims that this server does not read, or values that cannot be chosen.
const HARMLESS: [&str; 4] = [
    "oidc-address-mapper",
    "oidc-full-name-mapper",
    "oidc-organization-membership-mapper",
    "oidc-sha256-pairwise-sub-mapper",
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Policy {
    provider_id: String,
    #[serde(default)]
    sub_type: String,
    #[serde(default)]
    config: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Realm {
    #[serde(default)]
    admin_permissions_enabled: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InitialAccess {
    #[serde(default)]
    remaining_count: i64,
}

impl Keycloak {
    /// Returns advice on settings of the realm that let principals other than its administrators choose the claims of
    /// tokens. Changes nothing.
    ///
    /// # Errors
    /// When Keycloak is unavailable or rejects the request.
    pub async fn registration_advice(&self) -> Result<Vec<String>, DirectoryError> {
        let call = Call::get(&["components"]).query("type", POLICY);
        let policies: Vec<Policy> = self.read(call).await?;
        let tokens: Vec<InitialAccess> = self.read(Call::get(&["clients-initial-access"])).await?;
        let realm: Realm = self.read(Call::get(&[])).await?;
        Ok(advice(&policies, tokens.iter().filter(|token| token.remaining_count > 0).count(), &realm))
    }
}

fn advice(policies: &[Policy], tokens: usize, realm: &Realm) -> Vec<String> {
    let mut advice = Vec::new();
    if can_register_anonymously(policies) {
        advice.push(
            "clients can be registered without any token; add the policy `trusted-hosts`, with no hosts, to anonymous client registration"
                .to_owned(),
        );
    }
    let open = mappers(policies, "authenticated");
    if let Some(open) = open.filter(|open| !open.is_empty()) {
        advice.push(format!(
            "holders of initial access tokens, registration access tokens or the role `create-client` can create \
             clients whose tokens carry arbitrary claims, with {open}; remove these from the policy \
             `allowed-protocol-mappers` of authenticated client registration"
        ));
    }
    if tokens > 0 {
        advice.push(format!("{tokens} initial access tokens can create clients; revoke those that are not needed"));
    }
    if realm.admin_permissions_enabled {
        advice.push(
            "fine-grained admin permissions are enabled; users who administer only through them are not protected by this server"
                .to_owned(),
        );
    }
    advice
}

fn can_register_anonymously(policies: &[Policy]) -> bool {
    let hosts = policies.iter().find(|policy| policy.sub_type == "anonymous" && policy.provider_id == "trusted-hosts");
    let Some(hosts) = hosts else { return true };
    let is_on =
        |name: &str| hosts.config.get(name).and_then(|values| values.first()).is_some_and(|value| value == "true");
    let named = hosts.config.get("trusted-hosts").is_some_and(|hosts| hosts.iter().any(|host| !host.is_empty()));
    named || !is_on("host-sending-registration-request-must-match")
}

/// Returns the protocol mappers with which a registered client can write claims of its choice, as text; `None` if there
/// are none. `kind` is the kind of registration: `anonymous` or `authenticated`.
fn mappers(policies: &[Policy], kind: &str) -> Option<String> {
    let policy =
        policies.iter().find(|policy| policy.sub_type == kind && policy.provider_id == "allowed-protocol-mappers");
    let Some(policy) = policy else { return Some("mappers of every kind".to_owned()) };
    let allowed = policy.config.get("allowed-protocol-mapper-types").map_or(&[][..], Vec::as_slice);
    let mut open: Vec<&str> = allowed
        .iter()
        .map(String::as_str)
        .filter(|mapper| mapper.starts_with("oidc-") && !HARMLESS.contains(mapper))
        .collect();
    open.sort_unstable();
    (!open.is_empty()).then(|| open.iter().map(|mapper| format!("`{mapper}`")).collect::<Vec<_>>().join(" and "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(sub_type: &str, provider_id: &str, config: &[(&str, &[&str])]) -> Policy {
        let config = config
            .iter()
            .map(|(name, values)| ((*name).to_owned(), values.iter().map(|value| (*value).to_owned()).collect()));
        Policy { provider_id: provider_id.to_owned(), sub_type: sub_type.to_owned(), config: config.collect() }
    }

    #[test]
    fn names_what_lets_others_than_administrators_choose_claims() {
        let closed = || {
            vec![
                policy("anonymous", "trusted-hosts", &[("host-sending-registration-request-must-match", &["true"])]),
                policy(
                    "authenticated",
                    "allowed-protocol-mappers",
                    &[("allowed-protocol-mapper-types", &["oidc-full-name-mapper", "saml-role-list-mapper"])],
                ),
            ]
        };
        let quiet = Realm { admin_permissions_enabled: false };
        assert_eq!(advice(&closed(), 0, &quiet), Vec::<String>::new());
        assert_eq!(advice(&closed(), 2, &Realm { admin_permissions_enabled: true }).len(), 2);
        assert_eq!(advice(&[], 0, &quiet).len(), 2);
        let mut open = closed();
        open.push(policy("anonymous", "trusted-hosts", &[("trusted-hosts", &["example.com"])]));
        open.swap(0, 2);
        assert!(advice(&open, 0, &quiet).concat().contains("without any token"));
        let types: &[&str] = &["oidc-usermodel-attribute-mapper", "oidc-hardcoded-claim-mapper"];
        open = closed();
        open[1] = policy("authenticated", "allowed-protocol-mappers", &[("allowed-protocol-mapper-types", types)]);
        let said = advice(&open, 0, &quiet).concat();
        assert!(said.contains("`oidc-hardcoded-claim-mapper` and `oidc-usermodel-attribute-mapper`"), "{said}");
    }
}
