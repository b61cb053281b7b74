//! Adapter for Keycloak: directories of users, groups, roles and clients over the Admin REST API
//! (docs/reference/management-api.md §8).
//!
//! [`Keycloak`] implements all directory ports. It manages only realm roles with the attribute `camunda_role` and
//! clients with the client scope `camunda-identity`.

mod admin;
mod apis;
mod bounds;
mod call;
mod change;
mod circuit;
mod cleared;
mod clients;
mod complaint;
mod composites;
mod coordination;
mod error;
mod groups;
mod guard;
mod held_rights;
mod installation;
mod known_rights;
mod membership;
mod permission_holders;
mod readable;
mod realm;
mod remarks;
mod rights;
mod roles;
mod settings;
#[cfg(test)]
mod tests;
mod token;
mod users;
mod wire;

pub use admin::Keycloak;
pub use coordination::{Coordination, Installation};
pub use membership::WithDirectory;
pub use realm::{
    ClientPreset, ClientSeed, Component, Done, OwnClient, PersonSeed, Preset, RealmPlan, RealmProblem, SignOutUrls,
    preset,
};
pub use settings::{Credentials, KeycloakSettings, MASTER_REALM, SettingsProblem};
