//! A sign-in under way: between the browser's leaving for the provider and its return. The browser keeps it, sealed.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::{Sessions, SignInError};
use crate::port::{AuthorizationRequest, Sent};
use crate::value::{LocalPath, Secret};

const CONTEXT: &[u8] = b"sign-in";
/// How long somebody may take at the provider.
const PATIENCE: Duration = Duration::minutes(15);

/// A sign-in that has begun.
#[derive(Clone, Debug)]
pub struct Started {
    /// Where to send the browser.
    pub location: String,
    /// Names the cookie: a browser may have several sign-ins under way.
    pub tag: String,
    /// What the cookie holds.
    pub transaction: Secret,
    /// How long the cookie lives.
    pub lifetime: std::time::Duration,
}

/// What the browser keeps, sealed.
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
    /// Begins a sign-in at a provider: the one named, or the only one.
    ///
    /// # Errors
    /// When there is no such provider, or it cannot be asked.
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
            expires_at: (self.now() + PATIENCE).unix_timestamp(),
        };
        let plain = serde_json::to_vec(&transaction).map_err(|_| SignInError::NoRandomness)?;
        let sealed = self.ports.crypto.seal(CONTEXT, &plain).ok_or(SignInError::NoRandomness)?;
        Ok(Started {
            location,
            tag,
            transaction: Secret::new(BASE64_URL_SAFE_NO_PAD.encode(sealed)),
            lifetime: PATIENCE.unsigned_abs(),
        })
    }

    /// Which cookie holds the sign-in of this state.
    #[must_use]
    pub fn transaction_tag(&self, state: &str) -> String {
        let digest = self.ports.crypto.digest(state.as_bytes());
        BASE64_URL_SAFE_NO_PAD.encode(digest.first_chunk::<9>().map_or(&[][..], |tag| tag))
    }

    /// The sign-in that a browser says it began. Counts once.
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
    pub(super) fn sent(&self, redirect_uri: &str) -> Sent {
        Sent {
            redirect_uri: redirect_uri.to_owned(),
            code_verifier: Secret::new(self.code_verifier.clone()),
            nonce: self.nonce.clone(),
        }
    }

    /// Where the browser wanted to go. It was checked when the sign-in began.
    pub(super) fn return_to(&self) -> Result<LocalPath, SignInError> {
        LocalPath::parse(&self.return_to).map_err(|_| SignInError::TransactionMalformed)
    }
}
