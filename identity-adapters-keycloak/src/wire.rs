//! Representations of Keycloak's entities, reduced to the members that this server reads.

use identity_core::entity::{Api, Client, ClientKind, DirectoryUser, Group, Role};
use identity_core::port::DirectoryError;
use identity_core::value::{
    Audience, ClientId, ClientKey, Description, GroupId, InvalidValue, Name, RoleId, Username, nearest, nearest_name,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::error::unreadable;

/// Name of the client scope that marks a client as managed by Identity. It also adds the claims that applications read.
pub(crate) const SCOPE: &str = "camunda-identity";
/// Attribute with the value `true` that marks a realm role as managed by Identity.
pub(crate) const ROLE_ATTRIBUTE: &str = "camunda_role";

/// Error for a value in a response, such as a key, that is not valid in this server.
pub(crate) fn unfit(error: InvalidValue) -> DirectoryError {
    unreadable(&format!("the response contains an unsupported value: {error}"))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserRep {
    pub(crate) id: String,
    username: String,
    first_name: Option<String>,
    last_name: Option<String>,
    email: Option<String>,
    #[serde(default)]
    enabled: bool,
    /// Id of the external user storage of the user, if any.
    federation_link: Option<String>,
}

impl UserRep {
    pub(crate) fn username(&self) -> &str {
        &self.username
    }

    pub(crate) fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// Whether the user comes from an external user storage. Service accounts are always stored in the realm.
    pub(crate) fn is_federated(&self) -> bool {
        self.federation_link.is_some() || self.id.starts_with("f:")
    }

    /// Whether the username begins like that of a service account. Other users may have such usernames, too.
    pub(crate) fn is_named_as_service_account(&self) -> bool {
        self.username.starts_with("service-account-")
    }

    pub(crate) fn person(self) -> Result<DirectoryUser, InvalidValue> {
        Ok(DirectoryUser {
            id: Username::parse(&self.id)?,
            username: nearest_name(&self.username)?,
            first_name: shown_name(self.first_name.as_deref()),
            last_name: shown_name(self.last_name.as_deref()),
            email: self.email.filter(|email| !email.is_empty()),
            enabled: self.enabled,
        })
    }
}

/// Returns the displayed form of a name; `None` if it is missing, blank or cannot be displayed.
pub(crate) fn shown_name(text: Option<&str>) -> Option<Name> {
    text.filter(|text| !text.trim().is_empty()).and_then(|text| nearest_name(text).ok())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GroupRep {
    pub(crate) id: String,
    pub(crate) name: String,
    path: Option<String>,
    parent_id: Option<String>,
    description: Option<String>,
}

impl GroupRep {
    /// Whether the group is a top-level group, that is, has no parent.
    pub(crate) fn is_top(&self) -> bool {
        self.parent_id.is_none()
    }

    /// Returns the displayed name: the path of a subgroup, or `…/NAME` if it is too long; the name of a top-level
    /// group.
    pub(crate) fn shown(&self) -> Result<Name, InvalidValue> {
        match self.path.as_deref().filter(|_| !self.is_top()) {
            Some(path) if path.chars().nth(256).is_none() => nearest_name(path),
            Some(_) => nearest_name(&format!("…/{}", self.name)),
            None => nearest_name(&self.name),
        }
    }

    /// Returns the path of the parent of a subgroup, with a trailing `/`. `None` for a top-level group.
    pub(crate) fn parent_path(&self) -> Option<&str> {
        self.path.as_deref().filter(|_| !self.is_top())?.strip_suffix(&self.name)
    }

    pub(crate) fn group(self) -> Result<Group, InvalidValue> {
        let (id, name) = (GroupId::parse(&self.id)?, self.shown()?);
        Ok(Group { description: description(self.description.as_deref()), ..Group::new(id, name) })
    }
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoleRep {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    #[serde(default)]
    pub(crate) client_role: bool,
    #[serde(default)]
    pub(crate) composite: bool,
    pub(crate) container_id: Option<String>,
    #[serde(default)]
    attributes: std::collections::BTreeMap<String, Vec<String>>,
}

impl RoleRep {
    /// Whether Identity manages the role: its attribute [`ROLE_ATTRIBUTE`] is `true`.
    pub(crate) fn is_ours(&self) -> bool {
        self.attributes.get(ROLE_ATTRIBUTE).is_some_and(|values| values.iter().any(|value| value == "true"))
    }

    pub(crate) fn role(self) -> Result<Role, InvalidValue> {
        let id = nearest(&self.name, RoleId::parse)?;
        let description = description(self.description.as_deref());
        Ok(Role { description, ..Role::new(id.clone(), Name::from(&id)) })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClientRep {
    pub(crate) id: String,
    pub(crate) client_id: String,
    name: Option<String>,
    root_url: Option<String>,
    #[serde(default)]
    pub(crate) redirect_uris: Vec<String>,
    #[serde(default)]
    public_client: bool,
    #[serde(default)]
    standard_flow_enabled: bool,
    #[serde(default)]
    authorization_services_enabled: bool,
    #[serde(default)]
    enabled: bool,
    #[serde(default)]
    full_scope_allowed: bool,
    #[serde(default)]
    default_client_scopes: Vec<String>,
    #[serde(default)]
    pub(crate) attributes: Map<String, Value>,
}

impl ClientRep {
    /// Whether Identity manages the client: the default client scopes include [`SCOPE`].
    pub(crate) fn is_ours(&self) -> bool {
        self.default_client_scopes.iter().any(|scope| scope == SCOPE)
    }

    pub(crate) fn is_application(&self) -> bool {
        self.is_ours() && !self.authorization_services_enabled
    }

    pub(crate) fn is_api(&self) -> bool {
        self.is_ours() && self.authorization_services_enabled
    }

    pub(crate) fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// Whether tokens of the client carry all roles of the user (`fullScopeAllowed`), not only mapped ones.
    pub(crate) fn has_full_scope(&self) -> bool {
        self.full_scope_allowed
    }

    pub(crate) fn public(&self) -> bool {
        self.public_client
    }

    pub(crate) fn reference(&self) -> ClientRef {
        ClientRef { client_id: self.client_id.clone(), api: self.is_api() }
    }

    fn name(&self) -> Result<Name, InvalidValue> {
        shown_client_name(self.name.as_deref(), &self.client_id)
    }

    pub(crate) fn client(self) -> Result<Client, InvalidValue> {
        Ok(Client {
            key: ClientKey::parse(&self.id)?,
            client_id: nearest(&self.client_id, ClientId::parse)?,
            name: self.name()?,
            kind: match (self.public_client, self.standard_flow_enabled) {
                (true, _) => ClientKind::Public,
                (false, true) => ClientKind::Confidential,
                (false, false) => ClientKind::MachineToMachine,
            },
            root_url: self.root_url.filter(|url| !url.is_empty()),
            redirect_uris: self.redirect_uris,
        })
    }

    pub(crate) fn api(self) -> Result<Api, InvalidValue> {
        Ok(Api {
            key: ClientKey::parse(&self.id)?,
            audience: nearest(&self.client_id, Audience::parse)?,
            name: self.name()?,
        })
    }
}

/// Returns the displayed name of a client: its name or, if that is blank, its client id.
pub(crate) fn shown_client_name(name: Option<&str>, client_id: &str) -> Result<Name, InvalidValue> {
    nearest_name(name.filter(|name| !name.trim().is_empty()).unwrap_or(client_id))
}

/// Cached members of a client: its client id, and whether it is an API of Identity.
#[derive(Clone)]
pub(crate) struct ClientRef {
    pub(crate) client_id: String,
    pub(crate) api: bool,
}

pub(crate) fn description(text: Option<&str>) -> Description {
    text.and_then(|text| Description::parse(text).ok()).unwrap_or_default()
}
