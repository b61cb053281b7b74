//! Required content of a realm.

use identity_core::entity::{ApiPermission, ClientKind, NewClient, NewDirectoryUser, Permission, Role};
use identity_core::value::{Audience, Description, InvalidValue, Name, RoleId, Username};

/// Required content of a realm, in addition to the client scope and the default role that every realm gets.
#[derive(Clone, Debug)]
pub struct RealmPlan {
    /// This server's own client.
    pub own: OwnClient,
    /// APIs, each with audience, name and permissions.
    pub apis: Vec<(Audience, Name, Vec<ApiPermission>)>,
    /// Roles. Their permissions belong to these APIs or to existing ones.
    pub roles: Vec<Role>,
    /// Applications.
    pub clients: Vec<ClientSeed>,
    /// Groups.
    pub groups: Vec<Name>,
    /// Users.
    pub people: Vec<PersonSeed>,
}

/// This server's own client, with which browsers sign in. A client that an operator created is not changed, except for
/// the client scope.
#[derive(Clone, Debug)]
pub struct OwnClient {
    /// The client.
    pub new: NewClient,
    /// The logout addresses; `None` if the public address of this server is unknown.
    pub sign_out: Option<SignOutUrls>,
}

/// The addresses of this server for logout.
#[derive(Clone, Debug)]
pub struct SignOutUrls {
    /// The address that browsers are redirected to after logout at Keycloak.
    pub signed_out: String,
    /// The address that logout tokens are sent to (OpenID Connect Back-Channel Logout 1.0).
    pub back_channel: String,
}

/// An application, and the permissions of its service account.
#[derive(Clone, Debug)]
pub struct ClientSeed {
    /// The application.
    pub new: NewClient,
    /// The permissions that its service account holds.
    pub permissions: Vec<Permission>,
}

/// A user, with roles and groups.
#[derive(Clone, Debug)]
pub struct PersonSeed {
    /// The user. The password of an existing user stays.
    pub new: NewDirectoryUser,
    /// The id of the account, if configured.
    pub id: Option<Username>,
    /// The alias of an identity provider and the id of the user there, if configured. The account must be linked to
    /// that user.
    pub link: Option<(String, String)>,
    /// The roles of the user.
    pub roles: Vec<RoleId>,
    /// The groups of the user, by name.
    pub groups: Vec<Name>,
}

impl From<OwnClient> for ClientSeed {
    fn from(own: OwnClient) -> Self {
        Self { new: NewClient { kind: ClientKind::Confidential, ..own.new }, permissions: Vec::new() }
    }
}

impl RealmPlan {
    /// Adds the APIs and roles of a component. Existing entries stay.
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
