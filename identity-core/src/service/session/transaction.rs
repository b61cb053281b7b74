//! A pending sign-in, between the redirect to the provider and the callback. The browser holds it in an encrypted
//! cookie.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::{Sessions, SignInError};
use crate::port::{AuthorizationRequest, PendingSignIn};
use crate::value::{LocalPath, Secret};

const CONTEXT: &[u8] = b"sign-in";
/// Time within which the user must complete the sign-in at the provider.
const LIFETIME: Duration = Duration::minutes(15);

/// A started sign-in: the redirect to the provider, and the cookie that holds its state.
#[derive(Clone, Debug)]
pub struct Started {
    /// Authorization URL of the provider, to which to redirect the browser (RFC 6749 §4.1.1).
    pub location: String,
    /// Suffix of the cookie name, because a browser may have several pending sign-ins.
    pub tag: String,
    /// Encrypted value of the cookie.
    pub transaction: Secret,
    /// Lifetime of the cookie: 15 minutes.
    pub lifetime: std::time::Duration,
}

/// Decrypted content of the cookie: the values that the callback is checked against, and the path to return to.
#[derive(Serialize, Deserialize)]
pub(super) struct Transaction {
    pub(super) provider: String,
    state: String,
    nonce: String,
    code_verifier: String,
    return_to: String,
    expires_at: i64,
}

impl Sessions {
    /// Starts a sign-in at the provider with this ID, or without an ID at the only one. Nothing is stored on the
    /// server.
    ///
    /// # Errors
    /// When there is no such provider, `provider` is `None` but there are several, the provider is unavailable, or the
    /// system has no randomness.
    pub async fn start(
        &self,
        provider: Option<&str>,
        return_to: &LocalPath,
        reauthenticate: bool,
    ) -> Result<Started, SignInError> {
        let provider = match (provider, self.ports.providers.as_slice()) {
            (Some(id), providers) => providers.iter().find(|provider| provider.id() == id),
            (None, [only]) => Some(only),
            (None, _) => None,
        };
        let provider = provider.ok_or(SignInError::UnknownProvider)?;
        let random = || self.random_text().ok_or(SignInError::NoRandomness);
        let (state, nonce, code_verifier) = (random()?, random()?, random()?);
        let challenge = self.ports.crypto.digest(code_verifier.as_bytes());
        let request = AuthorizationRequest {
            redirect_uri: self.settings.redirect_uri.clone(),
            state: state.clone(),
            nonce: nonce.clone(),
            code_challenge: BASE64_URL_SAFE_NO_PAD.encode(challenge),
            reauthenticate,
        };
        let location = provider.authorization_url(&request).await?;
        let tag = self.transaction_tag(&state);
        let transaction = Transaction {
            provider: provider.id().to_owned(),
            state,
            nonce,
            code_verifier,
            return_to: return_to.as_str().to_owned(),
            expires_at: (self.now() + LIFETIME).unix_timestamp(),
        };
        let plain = serde_json::to_vec(&transaction).map_err(|_| SignInError::NoRandomness)?;
        let sealed = self.ports.crypto.seal(CONTEXT, &plain).ok_or(SignInError::NoRandomness)?;
        Ok(Started {
            location,
            tag,
            transaction: Secret::new(BASE64_URL_SAFE_NO_PAD.encode(sealed)),
            lifetime: LIFETIME.unsigned_abs(),
        })
    }

    /// Returns the suffix of the cookie name for the sign-in with this `state`. It is derived from a digest.
    #[must_use]
    pub fn transaction_tag(&self, state: &str) -> String {
        let digest = self.ports.crypto.digest(state.as_bytes());
        BASE64_URL_SAFE_NO_PAD.encode(digest.first_chunk::<9>().map_or(&[][..], |tag| tag))
    }

    /// Validates the cookie of a pending sign-in against the callback's `state`. Succeeds only once per sign-in.
    pub(super) async fn resumed(&self, state: &str, sealed: Option<&str>) -> Result<Transaction, SignInError> {
        let sealed = sealed.ok_or(SignInError::OtherBrowser)?;
        let opened = BASE64_URL_SAFE_NO_PAD.decode(sealed).ok();
        let opened = opened.and_then(|sealed| self.ports.crypto.open(CONTEXT, &sealed));
        let read = opened.and_then(|plain| serde_json::from_slice::<Transaction>(&plain).ok());
        let transaction = read.ok_or(SignInError::TransactionMalformed)?;
        if Secret::new(transaction.state.clone()) != Secret::new(state.to_owned()) {
            return Err(SignInError::StateMismatch);
        }
        let expires_at = OffsetDateTime::from_unix_timestamp(transaction.expires_at);
        let expires_at = expires_at.map_err(|_| SignInError::TransactionMalformed)?;
        if expires_at <= self.now() {
            return Err(SignInError::TransactionExpired);
        }
        let key = self.ports.crypto.digest(format!("sign-in {state}").as_bytes());
        if !self.ports.store.use_once(key, expires_at).await? {
            return Err(SignInError::StateReplayed);
        }
        Ok(transaction)
    }
}

impl Transaction {
    pub(super) fn sent(&self, redirect_uri: &str) -> PendingSignIn {
        PendingSignIn {
            redirect_uri: redirect_uri.to_owned(),
            code_verifier: Secret::new(self.code_verifier.clone()),
            nonce: self.nonce.clone(),
        }
    }

    /// Returns the local path to redirect the browser to. It was validated when the sign-in started.
    pub(super) fn return_to(&self) -> Result<LocalPath, SignInError> {
        LocalPath::parse(&self.return_to).map_err(|_| SignInError::TransactionMalformed)
    }
}
