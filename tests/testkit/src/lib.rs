//! Services and clients for tests: an OpenID provider, Keycloak, an LDAP server, the real server, an HTTP client and a
//! browser with cookies.
//!
//! Nothing here waits for a fixed time: a process is ready when it reports so, and has ended when its output has ended.

#![expect(missing_docs, reason = "the names of helpers describe them")]
#![expect(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test library reports by panicking")]

mod browser;
mod chromium;
mod disk;
mod fake_clock;
mod http;
mod keycloak;
mod ldap;
mod pgbouncer;
pub mod postgres;
mod process;
mod provider;
mod proxy;
pub mod random;
mod raw;
mod refusing;
mod relay;
mod server;
mod shapes;
mod skip;
mod standby;

pub use browser::Browser;
pub use chromium::{in_a_browser, output_in_a_browser};
pub use disk::Disk;
pub use fake_clock::FakeClock;
pub use http::{Api, Reply};
pub use keycloak::{KEYCLOAK_ADMIN, Keycloak, Realm, Stopped};
pub use ldap::Ldap;
pub use pgbouncer::PgBouncer;
pub use process::Exited;
pub use provider::OidcProvider;
pub use proxy::Proxy;
pub use raw::Raw;
pub use refusing::RefusingPostgres;
pub use relay::{Passed, Relay};
pub use server::{Launch, Server, Starting};
pub use shapes::refuses_every_deviation;
pub use skip::{skip, skip_without};
pub use standby::PrimaryAndStandby;
