//! Directories of users, groups, roles and clients over the Keycloak Admin REST API. Nothing is here yet.
