//! Authentication: from credentials to a caller.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tracing::warn;

use super::access::RecentCallers;
use super::credential::{BearerToken, Password, Unprotected};
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

/// Principal name of callers without credentials. It is unrelated to a user with this name.
const ANONYMOUS: &str = "anonymous";

/// Authentication by the schemes that the profile offers.
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

/// Reason why authentication fails.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthenticationError {
    /// The server does not offer this scheme.
    #[error("this server does not accept {0} credentials")]
    NotOffered(&'static str),
    /// The token is rejected.
    #[error(transparent)]
    Token(RejectedToken),
    /// The username or the password is wrong. The error does not say which.
    #[error("the username or the password is wrong")]
    Password,
    /// Too many earlier attempts have failed. The password was not checked.
    #[error("too many attempts have failed; try again later")]
    Throttled {
        /// Time to wait before a retry.
        retry_after: Duration,
    },
    /// Too many attempts are waiting for verification.
    #[error("too many sign-ins at once; try again later")]
    Busy {
        /// Time to wait before a retry.
        retry_after: Duration,
    },
    /// The world is too old for decisions.
    #[error(transparent)]
    Stale(#[from] StaleWorld),
    /// The token's issuer is unavailable.
    #[error("the token's issuer cannot be reached; try again later")]
    Unavailable {
        /// Time to wait before a retry.
        retry_after: Duration,
    },
}

impl Authentication {
    /// Creates authentication for `engine` by bearer token, by password, or by both.
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
            logins: Arc::new(RecentCallers::new(0, false)),
            apis: Arc::default(),
            resolves_for_apis: false,
        }
    }

    /// Lets [`Authentication::bearer_for_resolution`] also accept tokens for other APIs of this installation: the
    /// audiences in `apis`, and those on which a role has a permission.
    #[must_use]
    pub fn resolving_for(self, apis: BTreeSet<String>) -> Self {
        Self { apis: Arc::new(apis), resolves_for_apis: true, ..self }
    }

    /// If `unprotected` is set, accepts requests without credentials and permits them everything.
    ///
    /// For trials on a local machine.
    #[must_use]
    pub fn unprotected(self, unprotected: bool) -> Self {
        Self { unprotected, ..self }
    }

    /// Records validated tokens in `logins`.
    #[must_use]
    pub fn noting(self, logins: Arc<RecentCallers>) -> Self {
        Self { logins, ..self }
    }

    /// Stores at which addresses users have recently signed in, so that the rate limit still treats them as familiar
    /// there after a restart. The store contains digests only.
    #[must_use]
    pub fn storing_familiarity(self, store: Arc<dyn SessionStore>, crypto: Arc<dyn Crypto>) -> Self {
        Self { throttle: self.throttle.storable(crypto), familiarity: Some(store), ..self }
    }

    /// Loads the stored familiar pairs of user and address.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn recall_familiarity(&self) -> Result<(), StoreError> {
        let Some(store) = &self.familiarity else { return Ok(()) };
        let (today, now) = (self.engine.clock().now(), self.engine.clock().monotonic());
        self.throttle.recall(&store.familiar(today, CAPACITY).await?, today, now);
        Ok(())
    }

    /// Whether requests without credentials are accepted.
    #[must_use]
    pub fn is_unprotected(&self) -> bool {
        self.unprotected
    }

    /// Returns the caller of requests without credentials, or `None` if they are not accepted.
    ///
    /// # Errors
    /// When the world is too old for decisions.
    pub async fn anonymous(&self, request_id: Option<String>) -> Result<Option<Caller>, AuthenticationError> {
        let anonymous = Username::parse(ANONYMOUS).ok().filter(|_| self.unprotected);
        let Some(anonymous) = anonymous.map(Principal::User) else { return Ok(None) };
        let world = self.engine.current_world().await?;
        let subject = Arc::new(Subject::of_nobody(&world, anonymous.clone()));
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
        }))
    }

    /// Returns the offered schemes, for `WWW-Authenticate`.
    pub fn schemes(&self) -> impl Iterator<Item = &'static str> {
        let bearer = self.bearer.is_some().then_some("Bearer");
        let basic = self.basic.is_some().then_some("Basic");
        bearer.into_iter().chain(basic)
    }

    /// Authenticates a bearer token (RFC 6750).
    ///
    /// # Errors
    /// When the scheme is not offered, the world is too old for decisions, the token is rejected, or its issuer is
    /// unavailable.
    pub async fn bearer(&self, token: &str, request_id: Option<String>) -> Result<Caller, AuthenticationError> {
        let verifier = self.bearer.as_ref().ok_or(AuthenticationError::NotOffered("bearer"))?;
        self.engine.current_world().await?;
        let verified = verifier.verify(token).await;
        self.bearer_of(verifier, token, verified, request_id)
    }

    /// Authenticates a bearer token for a request that only reads data about the bearer itself. The token may be for
    /// another API of this installation; see [`Authentication::resolving_for`].
    ///
    /// Do not use the caller for other reads. A change validates the token again by the usual rules, which reject a
    /// token for another API.
    ///
    /// # Errors
    /// When the scheme is not offered, the world is too old for decisions, the token is rejected, or its issuer is
    /// unavailable.
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
            self.logins.note(&token, &subject, self.engine.clock().now());
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
        })
    }

    /// Authenticates a built-in user by username and password (RFC 7617) from the given address.
    ///
    /// An unknown user takes as much time as a wrong password.
    ///
    /// # Errors
    /// When the scheme is not offered, the world is too old for decisions, the username or the password is wrong, too
    /// many attempts have failed, or too many are waiting.
    pub async fn basic(
        &self,
        username: &str,
        password: &Secret,
        address: Option<IpAddr>,
        request_id: Option<String>,
    ) -> Result<Caller, AuthenticationError> {
        let hasher = self.basic.as_ref().ok_or(AuthenticationError::NotOffered("basic"))?;
        let user = self.engine.current_world().await?.user(username).map(|user| user.password.clone());
        let hash = user.unwrap_or_else(|| PasswordHash::of_nobody(username));
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
        })
    }

    /// Verifies a password that is not cached as verified, within the rate limit for password guessing.
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
