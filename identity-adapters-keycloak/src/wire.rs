//! What Keycloak sends, as far as it is read here.

use identity_core::entity::{Api, Client, ClientKind, Group, Person, Role};
use identity_core::port::DirectoryError;
use identity_core::value::{
    Audience, ClientId, ClientKey, Description, Email, GroupId, InvalidValue, Name, RedirectUri, RoleId, Username,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::admin::unreadable;

/// The client scope that makes a client Identity's, and brings the claims that its applications read.
pub(crate) const SCOPE: &str = "camunda-identity";
/// The attribute that makes a realm role Identity's.
pub(crate) const ROLE_ATTRIBUTE: &str = "camunda_role";

/// A value that Keycloak keeps and that is none here. Nothing that comes from here is.
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

    pub(crate) fn person(self) -> Result<Person, DirectoryError> {
        let name = |text: Option<String>| text.and_then(|text| Name::parse(text.trim()).ok());
        Ok(Person {
            id: Username::parse(&self.id).map_err(unfit)?,
            username: Name::parse(&self.username).map_err(unfit)?,
            first_name: name(self.first_name),
            last_name: name(self.last_name),
            email: self.email.and_then(|email| Email::parse(&email).ok()),
            enabled: self.enabled,
        })
    }
}

#[derive(Deserialize)]
pub(crate) struct GroupRep {
    id: String,
    name: String,
    description: Option<String>,
}

impl GroupRep {
    pub(crate) fn group(self) -> Result<Group, DirectoryError> {
        Ok(Group {
            id: GroupId::parse(&self.id).map_err(unfit)?,
            name: Name::parse(&self.name).map_err(unfit)?,
            description: description(self.description.as_deref()),
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoleRep {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    #[serde(default)]
    pub(crate) client_role: bool,
    pub(crate) container_id: Option<String>,
    #[serde(default)]
    attributes: std::collections::BTreeMap<String, Vec<String>>,
}

impl RoleRep {
    /// Whether it is one of Identity's roles.
    pub(crate) fn is_ours(&self) -> bool {
        self.attributes.get(ROLE_ATTRIBUTE).is_some_and(|values| values.iter().any(|value| value == "true"))
    }

    pub(crate) fn role(self) -> Result<Role, DirectoryError> {
        let id = RoleId::parse(&self.name).map_err(unfit)?;
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
    redirect_uris: Vec<String>,
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

    fn name(&self) -> Result<Name, DirectoryError> {
        let name = self.name.as_deref().map(str::trim).filter(|name| !name.is_empty()).unwrap_or(&self.client_id);
        Name::parse(name).map_err(unfit)
    }

    pub(crate) fn client(self) -> Result<Client, DirectoryError> {
        let uri = |text: &str| RedirectUri::parse(text).ok();
        Ok(Client {
            key: ClientKey::parse(&self.id).map_err(unfit)?,
            client_id: ClientId::parse(&self.client_id).map_err(unfit)?,
            name: self.name()?,
            kind: match (self.public_client, self.standard_flow_enabled) {
                (true, _) => ClientKind::Public,
                (false, true) => ClientKind::Confidential,
                (false, false) => ClientKind::MachineToMachine,
            },
            root_url: self.root_url.as_deref().and_then(uri),
            redirect_uris: self.redirect_uris.iter().filter_map(|text| uri(text)).collect(),
        })
    }

    pub(crate) fn api(self) -> Result<Api, DirectoryError> {
        Ok(Api {
            key: ClientKey::parse(&self.id).map_err(unfit)?,
            audience: Audience::parse(&self.client_id).map_err(unfit)?,
            name: self.name()?,
        })
    }
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
