//! Driven ports: interfaces through which the core calls stores, providers, directories, clocks and cryptography.
//!
//! The traits are object-safe and use domain types only. Each family of ports has one closed error enum, into which
//! adapters translate the errors of their drivers. Every statement of a contract has a test case in
//! `tests/conformance`.

mod audit_log;
mod audit_query;
mod deletion_journal;
mod directory;
mod effects;
mod entitlements;
mod entity_locks;
mod identity_provider;
mod inspection;
mod installation;
mod policy_store;
mod session_store;
mod token_verifier;

pub use audit_log::AuditLog;
pub use audit_query::{AuditField, AuditFilter, AuditPosition, AuditQuery, AuditText, TimeFilter};
pub use deletion_journal::DeletionJournal;
pub use directory::{ApiDirectory, ClientDirectory, DirectoryError, GroupDirectory, RoleDirectory, UserDirectory};
pub use effects::{Busy, Clock, Crypto, Ids, PasswordHasher, Standing};
pub use entitlements::{ApiSelection, DirectoryHolder, DirectoryHolders, Entitled, Entitlements, Freshness};
pub use entity_locks::{EntityLock, EntityLocks, LOCK_HELD_MAX, LocalLocks, LockKey};
pub use identity_provider::{
    AuthorizationRequest, AuthorizationResponse, ClaimSource, EndSessionRequest, IdentityProvider, LogoutNotice,
    PendingSignIn, ProviderError, RefusedSignIn, SignedIn,
};
pub use inspection::{Evidence, Inspection, InspectionStep};
pub use installation::{AppliedDocument, InstallationStore, TokenCutoff, TokenCutoffStore};
pub use policy_store::{
    ChangeSink, Commit, Impairment, Loading, Logged, PolicyStore, PolicyTransaction, Snapshot, StoreError, Tail,
    follow, snapshot,
};
pub use session_store::{FamiliarPair, SessionQuery, SessionStore};
pub use token_verifier::{KnownApis, TokenError, TokenVerifier};

#[cfg(feature = "mocks")]
pub use {
    audit_log::MockAuditLog, deletion_journal::MockDeletionJournal, directory::MockApiDirectory,
    directory::MockClientDirectory, directory::MockGroupDirectory, directory::MockRoleDirectory,
    directory::MockUserDirectory, effects::MockClock, effects::MockCrypto, effects::MockIds,
    effects::MockPasswordHasher, entitlements::MockEntitlements, entity_locks::MockEntityLocks,
    identity_provider::MockIdentityProvider, installation::MockInstallationStore, installation::MockTokenCutoffStore,
    policy_store::MockPolicyStore, policy_store::MockPolicyTransaction, session_store::MockSessionStore,
    token_verifier::MockTokenVerifier,
};
