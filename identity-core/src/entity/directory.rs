//! Users, clients and APIs that an external directory, such as Keycloak, stores instead of this service.

use super::{Field, FieldChanges, Fields, Permission};
use crate::value::{
    Audience, ClientId, ClientKey, Description, Email, InvalidValue, Name, PermissionName, RedirectUri, Secret,
    Username, Version,
};

/// A user as stored in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryUser {
    /// Key in the directory, which also identifies the user in tokens. Immutable, unlike the username.
    pub id: Username,
    /// Name to sign in with. Unique, but may change.
    pub username: Name,
    /// First name. `None` if the directory has none.
    pub first_name: Option<Name>,
    /// Last name. `None` if the directory has none.
    pub last_name: Option<Name>,
    /// E-mail address as stored in the directory. It may be an address that [`Email`] rejects.
    pub email: Option<String>,
    /// Whether the user can sign in. False for a disabled account.
    pub enabled: bool,
}

impl DirectoryUser {
    /// First and last name, joined by a space. The username if both are missing.
    #[must_use]
    pub fn display_name(&self) -> String {
        let names = [&self.first_name, &self.last_name].into_iter().flatten().map(Name::as_str);
        let name = names.collect::<Vec<_>>().join(" ");
        if name.is_empty() { self.username.to_string() } else { name }
    }

    /// Version of the user: a digest of all fields.
    #[must_use]
    pub fn version(&self) -> Version {
        Version::of(&(&self.id, &self.username, &self.first_name, &self.last_name, &self.email, self.enabled))
    }
}

/// Values of a directory user to create. The directory assigns the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDirectoryUser {
    /// Name to sign in with, which must be unique in the directory.
    pub username: Name,
    /// First name, if any.
    pub first_name: Option<Name>,
    /// Last name, if any.
    pub last_name: Option<Name>,
    /// E-mail address, if any.
    pub email: Option<Email>,
    /// Whether the user can sign in immediately.
    pub enabled: bool,
    /// Initial password, for a directory that verifies passwords itself. `None` sets no password.
    pub password: Option<Secret>,
}

impl NewDirectoryUser {
    /// Fields as the audit log records them.
    pub(crate) fn fields(&self) -> Fields<'_> {
        let Self { username, first_name, last_name, email, enabled, password } = self;
        vec![
            ("username", Field::text(username.as_str())),
            ("firstName", Field::optional(first_name.as_ref().map(Name::as_str))),
            ("lastName", Field::optional(last_name.as_ref().map(Name::as_str))),
            ("email", Field::optional(email.as_ref().map(Email::as_str))),
            ("enabled", Field::flag(*enabled)),
            ("password", Field::Secret(password.as_ref().map(Secret::expose))),
        ]
    }
}

/// Changes to a directory user. `None` keeps the stored value; the default changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DirectoryUserChange {
    /// New first name. `Some(None)` removes it.
    pub first_name: Option<Option<Name>>,
    /// New last name. `Some(None)` removes it.
    pub last_name: Option<Option<Name>>,
    /// New e-mail address; `Some(None)` removes it. It must be a valid [`Email`], unless it equals the stored address.
    pub email: Option<Option<String>>,
    /// Enables (`true`) or disables (`false`) sign-in.
    pub enabled: Option<bool>,
}

impl DirectoryUserChange {
    /// Fields to write, as the audit log records them. Their values before are unknown.
    pub(crate) fn changes(&self) -> FieldChanges {
        let Self { first_name, last_name, email, enabled } = self;
        let fields = [
            ("firstName", first_name.as_ref().map(|name| Field::optional(name.as_ref().map(Name::as_str)))),
            ("lastName", last_name.as_ref().map(|name| Field::optional(name.as_ref().map(Name::as_str)))),
            ("email", email.as_ref().map(|email| Field::optional(email.as_deref()))),
            ("enabled", enabled.map(Field::flag)),
        ];
        FieldChanges::replaced(&given(fields))
    }

    /// Returns the e-mail address to write (`Some(None)` to remove it). `None` if the address is unchanged, compared
    /// with the stored address `known`. Surrounding white space is ignored, and an empty text counts as no address.
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
    /// A client with a secret. Users sign in through it, and it can also act on its own behalf.
    Confidential,
    /// A client with a secret that acts only on its own behalf (client credentials grant).
    MachineToMachine,
    /// A client without a secret, such as a single-page application, through which users sign in.
    Public,
}

names!(ClientKind { Confidential => "CONFIDENTIAL", MachineToMachine => "M2M", Public => "PUBLIC" });

impl ClientKind {
    /// Returns true if users sign in through the client: for all types except machine-to-machine.
    #[must_use]
    pub fn signs_in(self) -> bool {
        self != Self::MachineToMachine
    }

    /// Returns true if the client has a secret, and therefore a service account: for all types except public.
    #[must_use]
    pub fn has_secret(self) -> bool {
        self != Self::Public
    }
}

/// An application: an OAuth client as stored in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Key in the directory. Unlike the client id, it is never reused.
    pub key: ClientKey,
    /// OAuth client id (RFC 6749 §2.2), unique across clients and APIs.
    pub client_id: ClientId,
    /// Display name of the application.
    pub name: Name,
    /// Type of the client, which is immutable.
    pub kind: ClientKind,
    /// Base URL to which relative redirect URIs are resolved, as stored in the directory.
    pub root_url: Option<String>,
    /// Redirect URIs as stored in the directory. They may include URIs that [`RedirectUri`] rejects.
    pub redirect_uris: Vec<String>,
}

impl Client {
    /// Version of the application: a digest of all fields.
    #[must_use]
    pub fn version(&self) -> Version {
        let (key, kind) = (self.key.as_str(), self.kind.as_str());
        Version::of(&(key, &self.client_id, &self.name, kind, &self.root_url, &self.redirect_uris))
    }
}

/// Values of an application to create. The directory assigns the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewClient {
    /// OAuth client id. Must be unique across the clients and APIs of the directory.
    pub client_id: ClientId,
    /// Display name of the application.
    pub name: Name,
    /// Type of the client, which cannot be changed later.
    pub kind: ClientKind,
    /// Client secret. If `None`, the directory generates one, unless the type has no secret.
    pub secret: Option<Secret>,
    /// Base URL to which relative redirect URIs are resolved. Not stored if there are no redirect URIs.
    pub root_url: Option<RedirectUri>,
    /// URIs to which users may be redirected after sign-in. May be empty.
    pub redirect_uris: Vec<RedirectUri>,
}

impl NewClient {
    /// Fields as the audit log records them.
    pub(crate) fn fields(&self) -> Fields<'_> {
        let Self { client_id, name, kind, secret, root_url, redirect_uris } = self;
        vec![
            ("clientId", Field::text(client_id.as_str())),
            ("name", Field::text(name.as_str())),
            ("type", Field::text(kind.as_str())),
            ("secret", Field::Secret(secret.as_ref().map(Secret::expose))),
            ("rootUrl", Field::optional(root_url.as_ref().map(RedirectUri::as_str))),
            ("redirectUris", Field::set(redirect_uris.iter().map(RedirectUri::as_str))),
        ]
    }
}

/// Changes to an application. `None` keeps the stored value. New URIs must be valid [`RedirectUri`]s; unchanged URIs
/// are not validated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientChange {
    /// New display name.
    pub name: Option<Name>,
    /// New base URL of relative redirect URIs; `Some(None)` removes it. Removed with the last redirect URI in any case.
    pub root_url: Option<Option<String>>,
    /// Complete new list of redirect URIs.
    pub redirect_uris: Option<Vec<String>>,
}

/// Root URL and redirect URIs to store after a [`ClientChange`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientAddresses {
    /// Base URL of relative redirect URIs. Always `None` if there are no redirect URIs.
    pub root_url: Option<String>,
    /// Complete list of redirect URIs.
    pub redirect_uris: Vec<String>,
}

impl ClientChange {
    /// Fields to write, as the audit log records them. Their values before are unknown.
    pub(crate) fn changes(&self) -> FieldChanges {
        let Self { name, root_url, redirect_uris } = self;
        let fields = [
            ("name", name.as_ref().map(|name| Field::text(name.as_str()))),
            ("rootUrl", root_url.as_ref().map(|url| Field::optional(url.as_deref()))),
            ("redirectUris", redirect_uris.as_ref().map(|uris| Field::Text(Some(uris.join(" ").into())))),
        ];
        FieldChanges::replaced(&given(fields))
    }

    /// Returns the root URL and redirect URIs to write. `None` if they equal the stored ones (`known_root`, `known`),
    /// regardless of the order of redirect URIs.
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
        // A root URL without redirect URIs would permit redirects to any path below it.
        let root_url = root.filter(|_| !uris.is_empty());
        Ok(Some(ClientAddresses { root_url, redirect_uris: uris.to_vec() }))
    }
}

/// An API (OAuth resource server) that defines permissions, as stored in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Api {
    /// Key in the directory.
    pub key: ClientKey,
    /// Audience (`aud`) of tokens for the API. Immutable.
    pub audience: Audience,
    /// Display name of the API.
    pub name: Name,
}

impl Api {
    /// Version of the API: a digest of all fields. Its permissions are not included.
    #[must_use]
    pub fn version(&self) -> Version {
        Version::of(&(self.key.as_str(), &self.audience, &self.name))
    }
}

/// A permission as defined by an API, without the audience of the API.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ApiPermission {
    /// Name of the permission, unique within the API, such as `write:*`.
    pub definition: PermissionName,
    /// Purpose of the permission: at most 4096 characters, may be empty.
    pub description: Description,
}

impl ApiPermission {
    /// Returns the permission with the audience of its API, in the form in which roles and clients hold it.
    #[must_use]
    pub fn of(&self, audience: &Audience) -> Permission {
        Permission { audience: audience.clone(), definition: self.definition.clone() }
    }
}

/// Returns the fields that a change sets.
fn given<'a, const N: usize>(fields: [(&'static str, Option<Field<'a>>); N]) -> Fields<'a> {
    fields.into_iter().filter_map(|(name, field)| Some((name, field?))).collect()
}
