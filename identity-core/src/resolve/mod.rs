//! Claims to subject.
mod principal;
pub use principal::PrincipalClaims;
