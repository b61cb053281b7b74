//! Authentication: validates a bearer token or a password and resolves the caller.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tracing::warn;

use super::credential::{BearerToken, Password, Unprotected};
use super::recent_callers::RecentCallers;
use super::throttle::{CAPACITY, FAMILIAR, Throttle};
use super::{Caller, Credential};
use crate::cancellation::Cancellation;
use crate::engine::{Engine, StaleWorld};
use crate::entity::{Actor, Principal, RejectedToken, VerifiedToken};
use crate::port::{
    Busy, Crypto, KnownApis, PasswordHasher, SessionStore, Standing, StoreError, TokenError, TokenVerifier,
};
use crate::resolve::{ResolveInput, Subject, resolve, subject_of_token};
use crate::value::{PasswordHash, Secret, Username};

/// Username that stands for callers without credentials. It is not linked to a stored user with the same name.
const ANONYMOUS: &str = "anonymous";

/// Authenticates requests by bearer token (RFC 6750), by password (RFC 7617), or without credentials if configured.
pub struct Authentication {
    engine: Arc<Engine>,
    bearer: Option<Arc<dyn TokenVerifier>>,
    basic: Option<Arc<dyn PasswordHasher>>,
    throttle: Throttle,
    familiarity: Option<Arc<dyn SessionStore>>,
    unprotected: bool,
    logins: Arc<RecentCallers>,
    apis: Arc<BTreeSet<String>>,
    resolves_for_apis: bool,
}

/// Reason why a request cannot be authenticated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthenticationError {
    /// The server does not offer this scheme: `bearer` or `basic`.
    #[error("this server does not accept {0} credentials")]
    NotOffered(&'static str),
    /// The bearer token failed validation, for the given reason.
    #[error(transparent)]
    Token(RejectedToken),
    /// The username or the password is wrong, or the user is inactive. The error does not reveal which.
    #[error("the username or the password is wrong, or the user is inactive")]
    Password,
    /// Too many attempts for this username or client address have failed. The password was not checked.
    #[error("too many attempts have failed; try again later")]
    Throttled {
        /// Time after which the rate limit admits another attempt.
        retry_after: Duration,
    },
    /// Too many password verifications are queued. The password was not checked.
    #[error("too many sign-ins at once; try again later")]
    Busy {
        /// Time after which the client may retry.
        retry_after: Duration,
    },
    /// The policy data is too old for decisions: the store has not confirmed it recently enough.
    #[error(transparent)]
    Stale(#[from] StaleWorld),
    /// The token may be valid, but data that its issuer must supply for validation is unavailable.
    #[error("the token's issuer cannot be reached; try again later")]
    Unavailable {
        /// Time after which the client may retry.
        retry_after: Duration,
    },
}

impl Authentication {
    /// Creates authentication over the data of `engine`. A scheme whose verifier or hasher is `None` is not offered.
    #[must_use]
    pub fn new(
        engine: Arc<Engine>,
        bearer: Option<Arc<dyn TokenVerifier>>,
        basic: Option<Arc<dyn PasswordHasher>>,
    ) -> Self {
        Self {
            engine,
            bearer,
            basic,
            throttle: Throttle::new(),
            familiarity: None,
            unprotected: false,
            logins: Arc::new(RecentCallers::default()),
            apis: Arc::default(),
            resolves_for_apis: false,
        }
    }

    /// Extends [`Authentication::bearer_for_resolution`] to tokens for other APIs of this installation. Accepted
    /// audiences are those in `apis` and those on which a stored role has a permission.
    #[must_use]
    pub fn resolving_for(self, apis: BTreeSet<String>) -> Self {
        Self { apis: Arc::new(apis), resolves_for_apis: true, ..self }
    }

    /// If `unprotected` is true, requests without credentials are accepted and permitted everything. The default is
    /// false.
    ///
    /// Intended only for trials on a local machine.
    #[must_use]
    pub fn unprotected(self, unprotected: bool) -> Self {
        Self { unprotected, ..self }
    }

    /// Records validated tokens in `logins`, so that mapping rules can be tested on them. By default, none are
    /// recorded.
    #[must_use]
    pub fn noting(self, logins: Arc<RecentCallers>) -> Self {
        Self { logins, ..self }
    }

    /// Persists from which addresses users have recently signed in. After a restart, the rate limit then still treats
    /// these pairs as familiar. Only SHA-256 digests are stored.
    #[must_use]
    pub fn storing_familiarity(self, store: Arc<dyn SessionStore>, crypto: Arc<dyn Crypto>) -> Self {
        Self { throttle: self.throttle.storable(crypto), familiarity: Some(store), ..self }
    }

    /// Loads the pairs of user and address that [`Authentication::storing_familiarity`] persists. Does nothing without
    /// it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn recall_familiarity(&self) -> Result<(), StoreError> {
        let Some(store) = &self.familiarity else { return Ok(()) };
        let (today, now) = (self.engine.clock().now(), self.engine.clock().monotonic());
        self.throttle.recall(&store.familiar(today, CAPACITY).await?, today, now);
        Ok(())
    }

    /// Whether requests without credentials are accepted; see [`Authentication::unprotected`].
    #[must_use]
    pub fn is_unprotected(&self) -> bool {
        self.unprotected
    }

    /// Returns an anonymous caller for a request without credentials, or `None` if such requests are not accepted.
    ///
    /// # Errors
    /// [`AuthenticationError::Stale`] when the policy data is too old for decisions.
    pub async fn anonymous(&self, request_id: Option<String>) -> Result<Option<Caller>, AuthenticationError> {
        let anonymous = Username::parse(ANONYMOUS).ok().filter(|_| self.unprotected);
        let Some(anonymous) = anonymous.map(Principal::User) else { return Ok(None) };
        let world = self.engine.current_world().await?;
        let subject = Arc::new(Subject::without_rights(&world, anonymous.clone()));
        let credential: Arc<dyn Credential> = Arc::new(Unprotected(anonymous));
        let actor = Actor::Anonymous;
        Ok(Some(Caller {
            world,
            actor,
            subject,
            credential,
            display_name: None,
            email: None,
            request_id,
            cancellation: Cancellation::default(),
            expected: None,
        }))
    }

    /// Returns the offered schemes, `Bearer` and `Basic`, for the header `WWW-Authenticate` (RFC 9110 §11.6.1).
    pub fn schemes(&self) -> impl Iterator<Item = &'static str> {
        let bearer = self.bearer.is_some().then_some("Bearer");
        let basic = self.basic.is_some().then_some("Basic");
        bearer.into_iter().chain(basic)
    }

    /// Authenticates a bearer token (RFC 6750), given without the prefix `Bearer`.
    ///
    /// # Errors
    /// When bearer tokens are not offered, the policy data is too old for decisions, the token is rejected, or its
    /// issuer is unavailable.
    pub async fn bearer(&self, token: &str, request_id: Option<String>) -> Result<Caller, AuthenticationError> {
        let verifier = self.bearer.as_ref().ok_or(AuthenticationError::NotOffered("bearer"))?;
        self.engine.current_world().await?;
        let verified = verifier.verify(token).await;
        self.bearer_of(verifier, token, verified, request_id)
    }

    /// Authenticates a bearer token for a request that only reads data about its bearer. The token may be issued for
    /// another API of this installation; see [`Authentication::resolving_for`].
    ///
    /// Use the returned caller for no other read. A change validates the token again and rejects one for another API.
    ///
    /// # Errors
    /// When bearer tokens are not offered, the policy data is too old for decisions, the token is rejected, or its
    /// issuer is unavailable.
    pub async fn bearer_for_resolution(
        &self,
        token: &str,
        request_id: Option<String>,
    ) -> Result<Caller, AuthenticationError> {
        let verifier = self.bearer.as_ref().ok_or(AuthenticationError::NotOffered("bearer"))?;
        let world = self.engine.current_world().await?;
        let verified = if self.resolves_for_apis {
            let (apis, world) = (Arc::clone(&self.apis), world);
            let apis = KnownApis::new(move |audience| apis.contains(audience) || world.has_api(audience));
            verifier.verify_for_resolution(token, &apis).await
        } else {
            verifier.verify(token).await
        };
        self.bearer_of(verifier, token, verified, request_id)
    }

    fn bearer_of(
        &self,
        verifier: &Arc<dyn TokenVerifier>,
        token: &str,
        verified: Result<Arc<VerifiedToken>, TokenError>,
        request_id: Option<String>,
    ) -> Result<Caller, AuthenticationError> {
        let secret = Secret::new(token.to_owned());
        let token = verified.map_err(|error| match error {
            TokenError::Rejected(reason) => AuthenticationError::Token(reason),
            TokenError::Unavailable { retry_after } => AuthenticationError::Unavailable { retry_after },
        })?;
        let issuer = Arc::clone(&token.issuer);
        let credential = BearerToken { verifier: Arc::clone(verifier), token: secret, issuer };
        let world = self.engine.world();
        let (subject, is_new) = subject_of_token(&world, &token);
        if is_new {
            self.logins.note(&world, &token, &subject, self.engine.clock().now());
        }
        Ok(Caller {
            world,
            actor: Actor::Principal(token.principal.clone()),
            subject,
            credential: Arc::new(credential),
            display_name: token.display_name.clone(),
            email: token.email.clone(),
            request_id,
            cancellation: Cancellation::default(),
            expected: None,
        })
    }

    /// Authenticates a built-in user by username and password (RFC 7617). `address` is the client address, for rate
    /// limits.
    ///
    /// An unknown username takes as long as a wrong password, so response times do not reveal which users exist.
    ///
    /// # Errors
    /// When passwords are not offered, the policy data is too old for decisions, the username or the password is wrong,
    /// too many attempts have failed, or too many verifications are queued.
    pub async fn basic(
        &self,
        username: &str,
        password: &Secret,
        address: Option<IpAddr>,
        request_id: Option<String>,
    ) -> Result<Caller, AuthenticationError> {
        let hasher = self.basic.as_ref().ok_or(AuthenticationError::NotOffered("basic"))?;
        let user = self.engine.current_world().await?.user(username).map(|user| user.password.clone());
        let hash = user.unwrap_or_else(|| PasswordHash::placeholder(username));
        if !hasher.remembers(password, &hash).await {
            self.verify(hasher.as_ref(), username, password, &hash, address).await?;
        }
        let world = self.engine.world();
        // Looked up again, because the user may have been deleted or changed during verification.
        let user = world.user(username).filter(|user| user.password == hash).ok_or(AuthenticationError::Password)?;
        let principal = Principal::User(user.username.clone());
        let subject = Arc::new(resolve(&world, ResolveInput::from(&principal)));
        let display_name = user.name.as_ref().map(ToString::to_string);
        let email = user.email.clone();
        let credential = Arc::new(Password { username: user.username.clone(), hash });
        Ok(Caller {
            world,
            actor: Actor::Principal(principal),
            subject,
            credential,
            display_name,
            email,
            request_id,
            cancellation: Cancellation::default(),
            expected: None,
        })
    }

    /// Verifies a password that was not verified recently. Counts failures against the rate limit.
    async fn verify(
        &self,
        hasher: &dyn PasswordHasher,
        username: &str,
        password: &Secret,
        hash: &PasswordHash,
        address: Option<IpAddr>,
    ) -> Result<(), AuthenticationError> {
        let attempt = self.throttle.attempt(username, address);
        let _turn = self.throttle.turn(attempt, self.engine.clock().monotonic()).await;
        if hasher.remembers(password, hash).await {
            return Ok(());
        }
        let now = || self.engine.clock().monotonic();
        self.throttle.admit(attempt, now()).map_err(|retry_after| AuthenticationError::Throttled { retry_after })?;
        let is_familiar = self.throttle.is_familiar(attempt, now());
        let standing = if is_familiar { Standing::Familiar } else { Standing::Stranger(address) };
        let verified = hasher.verify(password, hash, standing).await.map_err(|Busy { retry_after }| {
            self.throttle.give_back(attempt, now());
            AuthenticationError::Busy { retry_after }
        })?;
        if !verified {
            return Err(AuthenticationError::Password);
        }
        if let (Some(pair), Some(store)) = (self.throttle.succeeded(attempt, now()), &self.familiarity)
            && !self.engine.is_store_away()
            && let Err(error) = store.note_familiar(&pair, self.engine.clock().now() + FAMILIAR).await
        {
            warn!(error = &error as &dyn std::error::Error, "familiarity.note.failed");
        }
        Ok(())
    }
}
