//! Required content of a realm, built from the configuration.

use identity_core::entity::{ApiPermission, ClientKind, NewClient, NewDirectoryUser, Permission, Role};
use identity_core::value::{Audience, Description, InvalidValue, Name, RoleId, Username};

/// Content that a realm must have, in addition to the client scope and the default role of every realm.
#[derive(Clone, Debug)]
pub struct RealmPlan {
    /// The client with which browsers sign in to this server.
    pub own: OwnClient,
    /// APIs, each with audience, display name and permissions.
    pub apis: Vec<(Audience, Name, Vec<ApiPermission>)>,
    /// Roles with their permissions. These belong to APIs of the plan or to existing APIs.
    pub roles: Vec<Role>,
    /// Applications to create, including the clients of components.
    pub clients: Vec<ClientSeed>,
    /// Groups, by path (such as `/division/admins`) or by top-level name.
    pub groups: Vec<Name>,
    /// Users to create, with their roles and groups.
    pub people: Vec<PersonSeed>,
}

/// This server's own client, with which browsers sign in. A client that an operator created is not changed, except that
/// the client scope is added.
#[derive(Clone, Debug)]
pub struct OwnClient {
    /// The client to create if it is missing.
    pub new: NewClient,
    /// Logout URLs to register; `None` if the public URL of this server is unknown.
    pub sign_out: Option<SignOutUrls>,
}

/// URLs of this server that Keycloak uses for logout.
#[derive(Clone, Debug)]
pub struct SignOutUrls {
    /// URL to which Keycloak redirects browsers after logout (post-logout redirect URI).
    pub signed_out: String,
    /// URL to which Keycloak sends logout tokens (OpenID Connect Back-Channel Logout 1.0).
    pub back_channel: String,
}

/// An application to provision, and the permissions of its service account.
#[derive(Clone, Debug)]
pub struct ClientSeed {
    /// The application to create if it is missing.
    pub new: NewClient,
    /// Permissions to grant to its service account. Others that it holds are kept.
    pub permissions: Vec<Permission>,
}

/// A user to provision, with roles and groups.
#[derive(Clone, Debug)]
pub struct PersonSeed {
    /// The user to create if it is missing. An existing user keeps its values, including the password.
    pub new: NewDirectoryUser,
    /// Internal id of an existing account, if configured. The account must exist.
    pub id: Option<Username>,
    /// Alias of an identity provider and the user's id there, if configured. Only an account with this link gets roles
    /// and groups.
    pub link: Option<(String, String)>,
    /// Ids of the roles to assign. Other roles of the user stay.
    pub roles: Vec<RoleId>,
    /// Groups to add the user to, by path or top-level name.
    pub groups: Vec<Name>,
}

impl From<OwnClient> for ClientSeed {
    fn from(own: OwnClient) -> Self {
        Self { new: NewClient { kind: ClientKind::Confidential, ..own.new }, permissions: Vec::new() }
    }
}

impl RealmPlan {
    /// Adds the APIs and roles of a component. Entries with the same audience or role id are kept unchanged.
    pub fn add(&mut self, preset: super::Preset) {
        for (audience, name, permissions) in preset.apis {
            if self.apis.iter().all(|(known, ..)| *known != audience) {
                self.apis.push((audience, name, permissions));
            }
        }
        for role in preset.roles {
            if self.roles.iter().all(|known| known.id != role.id) {
                self.roles.push(role);
            }
        }
    }
}

pub(super) fn role(name: &str, description: &str) -> Result<Role, InvalidValue> {
    let id = RoleId::parse(name)?;
    let description = Description::parse(description)?;
    Ok(Role { description, ..Role::new(id.clone(), Name::from(&id)) })
}
