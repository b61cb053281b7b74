//! What a realm shall hold.

use identity_core::entity::{ApiPermission, ClientKind, NewClient, NewPerson, Permission, Role};
use identity_core::value::{Audience, Description, InvalidValue, Name, RoleId, Username};

/// What a realm shall hold, beside the client scope and the role of all users that every realm gets.
#[derive(Clone, Debug)]
pub struct RealmPlan {
    /// This server's own client.
    pub own: OwnClient,
    /// APIs: audience, name, permissions.
    pub apis: Vec<(Audience, Name, Vec<ApiPermission>)>,
    /// Roles, whose permissions are of these APIs or of others that there are.
    pub roles: Vec<Role>,
    /// Applications.
    pub clients: Vec<ClientSeed>,
    /// Groups.
    pub groups: Vec<Name>,
    /// Users.
    pub people: Vec<PersonSeed>,
}

/// This server's own client, at which browsers sign in. Where an operator made it, it is left as it is.
#[derive(Clone, Debug)]
pub struct OwnClient {
    /// The client.
    pub new: NewClient,
    /// How its browsers sign out, where it is known how they reach this server.
    pub sign_out: Option<SignOutUrls>,
}

/// Where Keycloak tells of sign-outs.
#[derive(Clone, Debug)]
pub struct SignOutUrls {
    /// Where browsers go after they signed out at Keycloak.
    pub signed_out: String,
    /// Where logout tokens go (OpenID Connect Back-Channel Logout 1.0).
    pub back_channel: String,
}

/// An application, and what it may do for itself.
#[derive(Clone, Debug)]
pub struct ClientSeed {
    /// The application.
    pub new: NewClient,
    /// What it may do for itself.
    pub permissions: Vec<Permission>,
}

/// A user, and what they have and are in.
#[derive(Clone, Debug)]
pub struct PersonSeed {
    /// The user. The password of one who is there already stays.
    pub new: NewPerson,
    /// The account's id, where the configuration names it.
    pub id: Option<Username>,
    /// An identity provider's alias and the user's id there, to which the account must be linked, where the configuration names
    /// them.
    pub link: Option<(String, String)>,
    /// Their roles.
    pub roles: Vec<RoleId>,
    /// Their groups, by name.
    pub groups: Vec<Name>,
}

impl From<OwnClient> for ClientSeed {
    fn from(own: OwnClient) -> Self {
        Self { new: NewClient { kind: ClientKind::Confidential, ..own.new }, permissions: Vec::new() }
    }
}

impl RealmPlan {
    /// Adds what a component has; what is there already stays.
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
    Ok(Role { name: Name::from(&id), id, description, permissions: Default::default() })
}
