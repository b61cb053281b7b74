//! Identity and access control to embed in a service.
//!
//! This crate is the entry point to the crates of Identity. [`prelude`] contains what most services need; the other modules
//! are those of `identity-core` and, by cargo feature, the adapters.
//!
//! # Decide
//!
//! ```
//! use identity::prelude::*;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let world = PolicyDocument::from_json(
//!     r#"{"authorizations": [{"owner-type": "USER", "owner-id": "ann", "resource-type": "ROLE", "resource-id": "*",
//!         "permissions": ["READ"]}]}"#,
//! )?.world()?;
//! let ann = resolve(&world, ResolveInput::from(&Principal::user("ann")?));
//! let question = Question::resource(world.catalog(), "ROLE", "READ", "admin")?;
//! assert!(decide(&world, &ann, &question).allowed());
//! # Ok(())
//! # }
//! ```
//!
//! # Verify, resolve, decide
//!
#![cfg_attr(
    all(feature = "system", feature = "oidc", feature = "sqlite"),
    doc = r#"
[`Identity`] verifies a token, resolves its bearer with the policies of a store, and decides:

```no_run
use identity::prelude::*;

# async fn example(token: &str) -> Result<(), Box<dyn std::error::Error>> {
let stores = SqliteStores::open(".identity/identity.db").await?;
let claims = PrincipalClaims::by("preferred_username")?;
let issuer = IssuerSettings::new("https://login.example.com/realms/a", vec!["my-api".to_owned()], claims);
let identity = Identity::on(stores.policy, stores.audit).trusting(vec![issuer])?.start().await?;

let caller = identity.authenticate(token).await?;
if caller.may("READ", "PROCESS_DEFINITION", "order")? { /* … */ }
# Ok(())
# }
```
"#
)]
//! # Features
//!
//! | feature | content |
//! |---|---|
//! | none | the domain: worlds, decisions, services, the engine, ports; no I/O |
//! | `system` | [`Identity`], and production implementations of the clock, ids, cryptography and password hashing |
//! | `oidc` | tokens, sign-in and service tokens at OpenID Connect providers |
//! | `sqlite`, `postgres` | stores |
//! | `keycloak` | directories in Keycloak |
//! | `actix` | the HTTP APIs, and extractors for actix-web |
//! | `tower` | a layer for tower services, such as those of axum |
//! | `mocks` | mocks of the ports, for unit tests that assert how a port is called, or make it fail |
//! | `test-support` | working in-memory implementations of the ports, for tests that assert results |

#[cfg(feature = "system")]
mod embedded;
pub mod prelude;

#[cfg(feature = "system")]
pub use embedded::{Identity, IdentityBuilder};
#[cfg(feature = "keycloak")]
pub use identity_adapters_keycloak as keycloak;
#[cfg(feature = "oidc")]
pub use identity_adapters_oidc as oidc;
#[cfg(feature = "postgres")]
pub use identity_adapters_postgres as postgres;
#[cfg(feature = "sqlite")]
pub use identity_adapters_sqlite as sqlite;
#[cfg(feature = "system")]
pub use identity_adapters_system as system;
#[cfg(feature = "test-support")]
pub use identity_core::fake;
pub use identity_core::{
    apply, cancellation, catalog, decide, diff, document, engine, entity, port, preset, resolve, search, service,
    value, world,
};
#[cfg(feature = "actix")]
pub use identity_http as http;
#[cfg(feature = "tower")]
pub use identity_tower as tower;
