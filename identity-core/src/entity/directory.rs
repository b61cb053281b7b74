//! Entities that an external directory stores: users, clients and APIs.

use super::Permission;
use crate::value::{
    Audience, ClientId, ClientKey, Description, Email, InvalidValue, Name, PermissionName, RedirectUri, Secret,
    Username,
};

/// A directory user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryUser {
    /// Key of the user, which also identifies the user in tokens. Immutable.
    pub id: Username,
    /// Name to sign in with. Mutable.
    pub username: Name,
    /// First name.
    pub first_name: Option<Name>,
    /// Last name.
    pub last_name: Option<Name>,
    /// E-mail address as stored in the directory, which may accept addresses that [`Email`] rejects.
    pub email: Option<String>,
    /// Whether the user can sign in.
    pub enabled: bool,
}

impl DirectoryUser {
    /// Display name: first and last name, or else the username.
    #[must_use]
    pub fn display_name(&self) -> String {
        let names = [&self.first_name, &self.last_name].into_iter().flatten().map(Name::as_str);
        let name = names.collect::<Vec<_>>().join(" ");
        if name.is_empty() { self.username.to_string() } else { name }
    }
}

/// A directory user to create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDirectoryUser {
    /// Name to sign in with.
    pub username: Name,
    /// First name.
    pub first_name: Option<Name>,
    /// Last name.
    pub last_name: Option<Name>,
    /// E-mail address.
    pub email: Option<Email>,
    /// Whether the user can sign in.
    pub enabled: bool,
    /// Initial password, if the directory checks passwords itself.
    pub password: Option<Secret>,
}

/// Changes to a directory user. `None` keeps a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DirectoryUserChange {
    /// First name. `Some(None)` removes it.
    pub first_name: Option<Option<Name>>,
    /// Last name. `Some(None)` removes it.
    pub last_name: Option<Option<Name>>,
    /// E-mail address. `Some(None)` removes it. A new address must be a valid [`Email`]; an unchanged address is not
    /// validated.
    pub email: Option<Option<String>>,
    /// Whether the user can sign in.
    pub enabled: Option<bool>,
}

impl DirectoryUserChange {
    /// Returns the e-mail address to write, or `None` if it equals `known`. `Some(None)` removes the address.
    /// Surrounding white space is ignored, and an empty text counts as no address.
    ///
    /// # Errors
    /// If the new address is not a valid [`Email`].
    pub fn new_email(&self, known: Option<&str>) -> Result<Option<Option<&str>>, InvalidValue> {
        let Some(wanted) = &self.email else { return Ok(None) };
        let filled = |text: &&str| !text.is_empty();
        let wanted = wanted.as_deref().map(str::trim).filter(filled);
        if wanted == known.map(str::trim).filter(filled) {
            return Ok(None);
        }
        wanted.map(Email::parse).transpose()?;
        Ok(Some(wanted))
    }
}

/// Type of an OAuth client (docs/reference/management-api.md §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientKind {
    /// A client with a secret, which signs in users and also acts on its own behalf.
    Confidential,
    /// A client with a secret, which acts on its own behalf only.
    MachineToMachine,
    /// A client without a secret, which signs in users.
    Public,
}

names!(ClientKind { Confidential => "CONFIDENTIAL", MachineToMachine => "M2M", Public => "PUBLIC" });

impl ClientKind {
    /// Returns true if users sign in through the client.
    #[must_use]
    pub fn signs_in(self) -> bool {
        self != Self::MachineToMachine
    }

    /// Returns true if the client has a secret, and therefore a service account.
    #[must_use]
    pub fn has_secret(self) -> bool {
        self != Self::Public
    }
}

/// An application: an OAuth client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Key of the client in the directory.
    pub key: ClientKey,
    /// OAuth client id.
    pub client_id: ClientId,
    /// Display name.
    pub name: Name,
    /// Type of the client.
    pub kind: ClientKind,
    /// Base of relative redirect URIs, as stored in the directory.
    pub root_url: Option<String>,
    /// Redirect URIs as stored in the directory, which may accept URIs that [`RedirectUri`] rejects.
    pub redirect_uris: Vec<String>,
}

/// An application to create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewClient {
    /// OAuth client id.
    pub client_id: ClientId,
    /// Display name.
    pub name: Name,
    /// Type of the client.
    pub kind: ClientKind,
    /// Client secret. The directory generates one if the type requires a secret and none is given.
    pub secret: Option<Secret>,
    /// Base of relative redirect URIs. Not stored if there are no redirect URIs.
    pub root_url: Option<RedirectUri>,
    /// Redirect URIs.
    pub redirect_uris: Vec<RedirectUri>,
}

/// Changes to an application. `None` keeps a value. New URIs must be valid [`RedirectUri`]s; unchanged URIs are not
/// validated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientChange {
    /// Display name.
    pub name: Option<Name>,
    /// Base of relative redirect URIs. `Some(None)` removes it. It is also removed with the last redirect URI.
    pub root_url: Option<Option<String>>,
    /// Redirect URIs.
    pub redirect_uris: Option<Vec<String>>,
}

/// Root URL and redirect URIs of an application after a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientAddresses {
    /// Base of relative redirect URIs.
    pub root_url: Option<String>,
    /// Redirect URIs.
    pub redirect_uris: Vec<String>,
}

impl ClientChange {
    /// Returns the root URL and redirect URIs to write, or `None` if they equal the known ones. The order of redirect
    /// URIs is ignored.
    ///
    /// # Errors
    /// If a new root URL or redirect URI is not valid. The error contains the member name (`rootUrl` or `redirectUris`)
    /// and the violated rule.
    pub fn new_addresses(
        &self,
        known_root: Option<&str>,
        known: &[String],
    ) -> Result<Option<ClientAddresses>, (&'static str, InvalidValue)> {
        let filled = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        let known_root = filled(known_root);
        let root = self.root_url.as_ref().map_or_else(|| known_root.clone(), |root| filled(root.as_deref()));
        let uris = self.redirect_uris.as_deref().unwrap_or(known);
        for uri in uris.iter().filter(|uri| !known.contains(uri)) {
            RedirectUri::parse(uri).map_err(|error| ("redirectUris", error))?;
        }
        if let Some(root) = root.as_ref().filter(|_| root != known_root) {
            RedirectUri::parse(root).map_err(|error| ("rootUrl", error))?;
        }
        let same = uris.len() == known.len() && uris.iter().all(|uri| known.contains(uri));
        if same && root == known_root {
            return Ok(None);
        }
        // Without redirect URIs, a root URL would permit redirects to any path below it.
        let root_url = root.filter(|_| !uris.is_empty());
        Ok(Some(ClientAddresses { root_url, redirect_uris: uris.to_vec() }))
    }
}

/// An API with permissions: a resource server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Api {
    /// Key of the API in the directory.
    pub key: ClientKey,
    /// Audience of the API's tokens.
    pub audience: Audience,
    /// Display name.
    pub name: Name,
}

/// A permission that an API defines.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ApiPermission {
    /// Name of the permission.
    pub definition: PermissionName,
    /// Purpose of the permission.
    pub description: Description,
}

impl ApiPermission {
    /// Returns the permission qualified by the audience, as assigned to roles and clients.
    #[must_use]
    pub fn of(&self, audience: &Audience) -> Permission {
        Permission { audience: audience.clone(), definition: self.definition.clone() }
    }
}
