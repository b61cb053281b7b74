//! Directories of users, groups, roles and clients over the Keycloak Admin REST API: nothing of it is here yet, and the server
//! refuses to start with the profile `keycloak`.
