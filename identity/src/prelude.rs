//! Names that most services need.

#[cfg(feature = "system")]
pub use crate::{Identity, IdentityBuilder};
#[cfg(feature = "oidc")]
pub use identity_adapters_oidc::{IssuerSettings, MachineTokens, OidcTokenVerifier, VerifierSettings};
#[cfg(feature = "postgres")]
pub use identity_adapters_postgres::PostgresStores;
#[cfg(feature = "sqlite")]
pub use identity_adapters_sqlite::SqliteStores;
#[cfg(feature = "system")]
pub use identity_adapters_system::{RandomIds, SystemClock};
pub use identity_core::apply::{Command, NewAuthorization, apply, missing_defaults};
pub use identity_core::catalog::ResourceCatalog;
pub use identity_core::decide::{Decision, Facts, Question, Target, decide};
pub use identity_core::document::PolicyDocument;
pub use identity_core::engine::Engine;
pub use identity_core::entity::{Party, Principal, Scope};
pub use identity_core::resolve::{PrincipalClaims, ResolveInput, Subject, resolve};
pub use identity_core::service::{Authentication, AuthenticationError, Caller};
pub use identity_core::world::{Sources, World};
#[cfg(feature = "tower")]
pub use identity_tower::BearerLayer;
