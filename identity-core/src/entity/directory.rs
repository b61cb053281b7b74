//! What lives in a directory and not in the world: people, clients, APIs.

use super::Permission;
use crate::value::{
    Audience, ClientId, ClientKey, Description, Email, InvalidValue, Name, PermissionName, RedirectUri, Secret,
    Username,
};

/// A person, as their directory knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Their key, which is also what their tokens call them by. Never changes.
    pub id: Username,
    /// What they sign in with. May change.
    pub username: Name,
    /// Their first name.
    pub first_name: Option<Name>,
    /// Their last name.
    pub last_name: Option<Name>,
    /// Their e-mail address, as the directory has it: it may take other addresses than [`Email`] does.
    pub email: Option<String>,
    /// Whether they can sign in.
    pub enabled: bool,
}

impl Person {
    /// What to call them.
    #[must_use]
    pub fn display_name(&self) -> String {
        let names = [&self.first_name, &self.last_name].into_iter().flatten().map(Name::as_str);
        let name = names.collect::<Vec<_>>().join(" ");
        if name.is_empty() { self.username.to_string() } else { name }
    }
}

/// A person to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPerson {
    /// What they sign in with.
    pub username: Name,
    /// Their first name.
    pub first_name: Option<Name>,
    /// Their last name.
    pub last_name: Option<Name>,
    /// Where to write to them.
    pub email: Option<Email>,
    /// Whether they can sign in.
    pub enabled: bool,
    /// Their password, when the directory is to check one itself.
    pub password: Option<Secret>,
}

/// A change of a person; `None` keeps the value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersonChange {
    /// Their first name; an inner `None` removes it.
    pub first_name: Option<Option<Name>>,
    /// Their last name; an inner `None` removes it.
    pub last_name: Option<Option<Name>>,
    /// Their e-mail address; an inner `None` removes it. A new one must be an [`Email`]; the address that they have may stay,
    /// whatever it is.
    pub email: Option<Option<String>>,
    /// Whether they can sign in.
    pub enabled: Option<bool>,
}

impl PersonChange {
    /// The e-mail address to write, where it changes from `known`.
    ///
    /// # Errors
    /// When it changes to something that is no address.
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

/// What an OAuth client can do (management reference §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientKind {
    /// Has a secret, signs users in and acts for itself.
    Confidential,
    /// Has a secret and acts for itself only.
    MachineToMachine,
    /// Has no secret and signs users in.
    Public,
}

names!(ClientKind { Confidential => "CONFIDENTIAL", MachineToMachine => "M2M", Public => "PUBLIC" });

impl ClientKind {
    /// Whether users sign in at it.
    #[must_use]
    pub fn signs_in(self) -> bool {
        self != Self::MachineToMachine
    }

    /// Whether it has a secret, and so an account of its own.
    #[must_use]
    pub fn has_secret(self) -> bool {
        self != Self::Public
    }
}

/// An application: an OAuth client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The directory's key for it.
    pub key: ClientKey,
    /// What it calls itself in OAuth.
    pub client_id: ClientId,
    /// What to call it.
    pub name: Name,
    /// What it can do.
    pub kind: ClientKind,
    /// The base of its relative redirect URIs, as the directory has it.
    pub root_url: Option<String>,
    /// Where browsers may be sent back to, as the directory has it: it may take other URIs than [`RedirectUri`] does.
    pub redirect_uris: Vec<String>,
}

/// An application to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewClient {
    /// What it calls itself in OAuth.
    pub client_id: ClientId,
    /// What to call it.
    pub name: Name,
    /// What it can do.
    pub kind: ClientKind,
    /// Its secret; the directory makes one when there must be one and none is given.
    pub secret: Option<Secret>,
    /// What its relative redirect URIs are relative to. Not kept without any.
    pub root_url: Option<RedirectUri>,
    /// Where browsers may be sent back to.
    pub redirect_uris: Vec<RedirectUri>,
}

/// A change of an application; `None` keeps the value. URIs that it has may stay, whatever they are; new ones must be
/// [`RedirectUri`]s.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientChange {
    /// What to call it.
    pub name: Option<Name>,
    /// The base of its relative redirect URIs; an inner `None` removes it. Removed, too, with the last redirect URI.
    pub root_url: Option<Option<String>>,
    /// Where browsers may be sent back to.
    pub redirect_uris: Option<Vec<String>>,
}

/// The addresses of an application after a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientAddresses {
    /// The base of its relative redirect URIs.
    pub root_url: Option<String>,
    /// Where browsers may be sent back to.
    pub redirect_uris: Vec<String>,
}

impl ClientChange {
    /// The addresses to write, where they change from those known.
    ///
    /// # Errors
    /// When one that is new is not a redirect URI: the name of its member, and the rule.
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
        // A root URL without redirect URIs would let browsers be sent anywhere below it.
        let root_url = root.filter(|_| !uris.is_empty());
        Ok(Some(ClientAddresses { root_url, redirect_uris: uris.to_vec() }))
    }
}

/// An API that has permissions: a resource server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Api {
    /// The directory's key for it.
    pub key: ClientKey,
    /// The audience of its tokens.
    pub audience: Audience,
    /// What to call it.
    pub name: Name,
}

/// A permission that an API knows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ApiPermission {
    /// Its name.
    pub definition: PermissionName,
    /// What it is for.
    pub description: Description,
}

impl ApiPermission {
    /// The permission, as roles and clients hold it.
    #[must_use]
    pub fn of(&self, audience: &Audience) -> Permission {
        Permission { audience: audience.clone(), definition: self.definition.clone() }
    }
}
