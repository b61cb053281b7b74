//! Look-up of users, groups and applications that the configuration names as members of tenants or owners of
//! authorizations.

use identity_core::entity::{AuditEntity, EntityKind, Party};
use identity_core::port::DirectoryError;
use identity_core::value::{ClientId, GroupId, Name, Username};
use serde::Deserialize;

use super::{Pass, RealmPlan};
use crate::Keycloak;
use crate::call::Call;
use crate::wire::{ClientRep, UserRep, unfit};

/// Reason to refuse a username in a realm with self-registration, with advice for the operator.
const REGISTERED: &str = "self-registration is enabled in this realm, so a username does not prove an identity; \
    configure the user by `user-id`, or below `keycloak.users`";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Registration {
    #[serde(default)]
    registration_allowed: bool,
}

impl Keycloak {
    /// Returns the user with this username, ignoring case. A user of the plan must be the account that the plan
    /// identifies. Any other user is accepted only if self-registration is disabled in the realm.
    ///
    /// # Errors
    /// [`DirectoryError::Missing`] if there is no such user, [`DirectoryError::Protected`] if the username does not
    /// prove the identity of the user, or an error if Keycloak is unavailable.
    pub async fn user_named(&self, plan: &RealmPlan, username: &Name) -> Result<Party, DirectoryError> {
        let missing = || DirectoryError::missing(EntityKind::User, username);
        let call = Call::get(&["users"]).query("username", username).query("exact", true);
        let found: Vec<UserRep> = self.read(call).await?;
        let same = |one: &UserRep| one.username().to_lowercase() == username.as_str().to_lowercase();
        let account = found.into_iter().find(same).ok_or_else(missing)?;
        let id = Username::parse(&account.id).map_err(unfit)?;
        let proven = match plan
            .people
            .iter()
            .find(|person| person.new.username.as_str().eq_ignore_ascii_case(username.as_str()))
        {
            Some(seed) => {
                let keycloak = self.for_start();
                let scope = keycloak.scope_id().await?;
                Pass::looking(&keycloak).is_proven(seed, &id, scope.as_deref()).await?
            }
            None => !self.read::<Registration>(Call::get(&[])).await?.registration_allowed,
        };
        if !proven {
            let entity = AuditEntity { kind: EntityKind::User, key: username.to_string() };
            return Err(DirectoryError::Protected { entity, reason: REGISTERED });
        }
        Ok(Party::User(id))
    }

    /// Returns the group with this path, such as `/division/admins`, or the top-level group with this name.
    ///
    /// # Errors
    /// [`DirectoryError::Missing`] if there is no such group, or an error if Keycloak is unavailable.
    pub async fn group_named(&self, name: &Name) -> Result<Party, DirectoryError> {
        let found: Option<GroupId> = Pass::looking(self).found_group(name).await?;
        found.map(Party::Group).ok_or_else(|| DirectoryError::missing(EntityKind::Group, name))
    }

    /// Returns the application with this client id. Clients that Identity does not manage count as missing.
    ///
    /// # Errors
    /// [`DirectoryError::Missing`] if there is no such application, or an error if Keycloak is unavailable.
    pub async fn application_named(&self, id: &ClientId) -> Result<Party, DirectoryError> {
        let found = self.client_rep(id.as_str()).await?.filter(ClientRep::is_application);
        found.map(|_| Party::Client(id.clone())).ok_or_else(|| DirectoryError::missing(EntityKind::Client, id))
    }
}
