//! What Keycloak sends, as far as it is read here.

use identity_core::entity::{Api, Client, ClientKind, Group, Person, Role};
use identity_core::port::DirectoryError;
use identity_core::value::{
    Audience, ClientId, ClientKey, Description, GroupId, InvalidValue, Name, RoleId, Username, nearest, nearest_name,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::admin::unreadable;

/// The client scope that makes a client Identity's, and brings the claims that its applications read.
pub(crate) const SCOPE: &str = "camunda-identity";
/// The attribute that makes a realm role Identity's.
pub(crate) const ROLE_ATTRIBUTE: &str = "camunda_role";

/// A key of Keycloak that is none here.
pub(crate) fn unfit(error: InvalidValue) -> DirectoryError {
    unreadable(&format!("it holds something that cannot be used here: {error}"))
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
    /// The user storage that it comes from, if it is another than the realm's.
    federation_link: Option<String>,
}

impl UserRep {
    pub(crate) fn username(&self) -> &str {
        &self.username
    }

    /// Whether it comes from another user storage. Service accounts are the realm's own.
    pub(crate) fn is_federated(&self) -> bool {
        self.federation_link.is_some() || self.id.starts_with("f:")
    }

    /// Whether it may be the account of a client, by its name.
    pub(crate) fn is_named_as_service_account(&self) -> bool {
        self.username.starts_with("service-account-")
    }

    pub(crate) fn person(self) -> Result<Person, InvalidValue> {
        Ok(Person {
            id: Username::parse(&self.id)?,
            username: nearest_name(&self.username)?,
            first_name: shown_name(self.first_name.as_deref()),
            last_name: shown_name(self.last_name.as_deref()),
            email: self.email.filter(|email| !email.is_empty()),
            enabled: self.enabled,
        })
    }
}

/// A name as it is shown; none for white space.
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
    /// Whether it lies in no other group.
    pub(crate) fn is_top(&self) -> bool {
        self.parent_id.is_none()
    }

    /// The path of a subgroup, with which it is shown; the name of any other.
    pub(crate) fn shown(&self) -> Result<Name, InvalidValue> {
        match self.path.as_deref().filter(|_| !self.is_top()) {
            Some(path) if path.chars().nth(256).is_none() => nearest_name(path),
            Some(_) => nearest_name(&format!("…/{}", self.name)),
            None => nearest_name(&self.name),
        }
    }

    /// The path of the group that a subgroup lies in, with a `/` at its end.
    pub(crate) fn parent_path(&self) -> Option<&str> {
        self.path.as_deref().filter(|_| !self.is_top())?.strip_suffix(&self.name)
    }

    pub(crate) fn group(self) -> Result<Group, InvalidValue> {
        let (id, name) = (GroupId::parse(&self.id)?, self.shown()?);
        Ok(Group { id, name, description: description(self.description.as_deref()) })
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
    /// Whether it is one of Identity's roles.
    pub(crate) fn is_ours(&self) -> bool {
        self.attributes.get(ROLE_ATTRIBUTE).is_some_and(|values| values.iter().any(|value| value == "true"))
    }

    pub(crate) fn role(self) -> Result<Role, InvalidValue> {
        let id = nearest(&self.name, RoleId::parse)?;
        let description = description(self.description.as_deref());
        Ok(Role { name: Name::from(&id), id, description, permissions: Default::default() })
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
    /// Whether it is Identity's.
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

    /// Whether its tokens carry every role of their user.
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

/// A client's name as it is shown: its client id, where it has none.
pub(crate) fn shown_client_name(name: Option<&str>, client_id: &str) -> Result<Name, InvalidValue> {
    nearest_name(name.filter(|name| !name.trim().is_empty()).unwrap_or(client_id))
}

/// What is remembered of a client.
#[derive(Clone)]
pub(crate) struct ClientRef {
    pub(crate) client_id: String,
    pub(crate) api: bool,
}

pub(crate) fn description(text: Option<&str>) -> Description {
    text.and_then(|text| Description::parse(text).ok()).unwrap_or_default()
}
