//! From credentials to a caller.

use std::sync::Arc;
use std::time::Duration;

use super::Caller;
use crate::engine::Engine;
use crate::entity::{Actor, Principal};
use crate::port::{PasswordHasher, RejectedToken, TokenError, TokenVerifier};
use crate::resolve::{Presented, resolve};
use crate::value::Secret;

/// The ways to authenticate that the profile offers.
pub struct Authentication {
    engine: Arc<Engine>,
    bearer: Option<Arc<dyn TokenVerifier>>,
    basic: Option<Arc<dyn PasswordHasher>>,
}

/// Why nobody is authenticated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthenticationError {
    /// This way is not offered here.
    #[error("this server does not take {0} credentials")]
    NotOffered(&'static str),
    /// The token is refused.
    #[error(transparent)]
    Token(RejectedToken),
    /// The username or the password is wrong; which one is not said.
    #[error("the username or the password is wrong")]
    Password,
    /// The token's issuer cannot be asked now.
    #[error("the token's issuer cannot be reached; try again later")]
    Unavailable {
        /// When to try again.
        retry_after: Duration,
    },
}

impl Authentication {
    /// Callers of `engine`: by token, by password, or by both.
    #[must_use]
    pub fn new(
        engine: Arc<Engine>,
        bearer: Option<Arc<dyn TokenVerifier>>,
        basic: Option<Arc<dyn PasswordHasher>>,
    ) -> Self {
        Self { engine, bearer, basic }
    }

    /// The schemes that are offered, for `WWW-Authenticate`.
    pub fn schemes(&self) -> impl Iterator<Item = &'static str> {
        let bearer = self.bearer.is_some().then_some("Bearer");
        let basic = self.basic.is_some().then_some("Basic");
        bearer.into_iter().chain(basic)
    }

    /// Who a bearer token speaks for (RFC 6750).
    ///
    /// # Errors
    /// When the token is refused, or its issuer cannot be asked.
    pub async fn bearer(&self, token: &str, request_id: Option<String>) -> Result<Caller, AuthenticationError> {
        let verifier = self.bearer.as_ref().ok_or(AuthenticationError::NotOffered("bearer"))?;
        let token = verifier.verify(token).await.map_err(|error| match error {
            TokenError::Rejected(reason) => AuthenticationError::Token(reason),
            TokenError::Unavailable { retry_after } => AuthenticationError::Unavailable { retry_after },
        })?;
        let world = self.engine.world();
        let subject = Arc::new(resolve(&world, Presented::from(token.as_ref())));
        Ok(Caller {
            world,
            actor: Actor::Principal(token.principal.clone()),
            subject,
            display_name: token.display_name.clone(),
            email: token.email.clone(),
            request_id,
        })
    }

    /// The built-in user of this name and password (RFC 7617). An unknown user costs as much as a wrong password.
    ///
    /// # Errors
    /// When there is no such user, or the password is not theirs.
    pub async fn basic(
        &self,
        username: &str,
        password: &Secret,
        request_id: Option<String>,
    ) -> Result<Caller, AuthenticationError> {
        let hasher = self.basic.as_ref().ok_or(AuthenticationError::NotOffered("basic"))?;
        let hash = self.engine.world().user(username).map(|user| user.password.clone());
        let right = hasher.verify(password, hash.as_ref()).await;
        let world = self.engine.world();
        // Looked up again: the user may have been removed or changed while the hash was being made.
        let user = world.user(username).filter(|user| right && Some(&user.password) == hash.as_ref());
        let user = user.ok_or(AuthenticationError::Password)?;
        let principal = Principal::User(user.username.clone());
        let subject = Arc::new(resolve(&world, Presented::from(&principal)));
        let display_name = user.name.as_ref().map(ToString::to_string);
        let email = user.email.clone();
        Ok(Caller { world, actor: Actor::Principal(principal), subject, display_name, email, request_id })
    }
}
