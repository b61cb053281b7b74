//! Directories of users, groups, roles and clients over the Keycloak Admin REST API (management reference §8).
//!
//! [`Keycloak`] is all directory ports at once. It touches what it owns: realm roles with the attribute `camunda_role`, and
//! clients that have the client scope `camunda-identity`.

mod admin;
mod apis;
mod bounds;
mod call;
mod change;
mod circuit;
mod clients;
mod complaint;
mod composites;
mod coordination;
mod groups;
mod guard;
mod installation;
mod membership;
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
