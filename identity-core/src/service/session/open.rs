//! Resolution of a session cookie to the caller of a request.

use std::sync::Arc;

use time::Duration;

use super::credential::{SessionCredential, SignInBasis, password_digest};
use super::sealed_sign_in::SealedSignIn;
use super::{Sessions, entitled, subject_of};
use crate::cancellation::Cancellation;
use crate::engine::StaleWorld;
use crate::entity::{Actor, Session, SessionId, SessionIdHash, WhichSessions};
use crate::port::{Freshness, SignedIn, StoreError, TokenError};
use crate::resolve::{ResolveInput, resolve};
use crate::service::{Caller, Credential};
use crate::world::World;

/// Minimum interval between two writes of a session's last activity. A tenth of the idle timeout applies instead if it
/// is shorter.
///
/// Activity within the interval is not stored, so a session may expire too early by up to this interval.
const GRANULARITY: Duration = Duration::MINUTE;

/// Whether a request counts as activity of the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// A user action caused the request, which therefore extends the session.
    Person,
    /// The page polls in the background. Such a request does not extend the session.
    Polling,
}

/// Reason why the caller of a session cannot be resolved.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The session store or the policy store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The policy data is too old for decisions: the store has not confirmed it recently enough.
    #[error(transparent)]
    Stale(#[from] StaleWorld),
    /// The directory that stores groups and permissions rejects the user or is unavailable.
    #[error("the directory did not return the permissions of the user")]
    Directory(#[from] TokenError),
}

/// Caller of a request with a session cookie.
pub struct SessionCaller {
    /// The caller, with its subject resolved on the current policy data.
    pub caller: Caller,
    /// Public identifier of the session, for APIs and audit records.
    pub key: String,
    /// New session ID, to be set as the cookie; `None` if the ID is unchanged.
    pub rotated: Option<SessionId>,
}

impl Sessions {
    /// Resolves the caller of a session and renews the session if due. Returns `None` if the session has ended.
    ///
    /// Ends the session if its sign-in is no longer valid: the password was changed, the user was deleted, the provider
    /// was removed from the configuration, or the provider rejects the renewal.
    ///
    /// # Errors
    /// When a store fails, the policy data is too old for decisions, or the directory rejects the user or is
    /// unavailable.
    pub async fn caller(
        &self,
        id: &SessionId,
        activity: Activity,
        request_id: Option<String>,
    ) -> Result<Option<SessionCaller>, SessionError> {
        let Some(session) = self.ports.store.find(self.hash(id), self.now()).await? else { return Ok(None) };
        let mut world = self.engine.current_world().await?;
        let mut sign_in = self.sign_in_of(&world, &session);
        if matches!(sign_in, SignIn::Void) {
            // The user or the new password may be in a commit that this replica has not seen yet.
            self.engine.catch_up().await?;
            world = self.engine.world();
            sign_in = self.sign_in_of(&world, &session);
        }
        match sign_in {
            SignIn::Void => {
                self.ports.store.delete(&WhichSessions::One(session.id)).await?;
                Ok(None)
            }
            SignIn::Password => {
                let session = self.touched(session, activity).await?;
                Ok(self.of_user(&session, world, request_id))
            }
            SignIn::Provider(kept) => {
                let Some(renewed) = self.renewed(session, *kept, request_id.as_deref()).await? else {
                    return Ok(None);
                };
                let session = self.touched(renewed.session, activity).await?;
                let caller = self.of_signed_in(&session, &renewed.signed_in, request_id).await?;
                if let Some(issuer) = &session.issuer {
                    let now = self.now();
                    let world = &caller.world;
                    self.logins.note_session(world, session.id, issuer, &renewed.signed_in, &caller.subject, now);
                }
                Ok(Some(SessionCaller { caller, key: super::public_key(session.id), rotated: renewed.rotated }))
            }
        }
    }

    fn sign_in_of(&self, world: &World, session: &Session) -> SignIn {
        match &session.issuer {
            None => {
                let current = password_digest(&self.ports, world, &session.principal);
                if current.is_some() && current == session.credential { SignIn::Password } else { SignIn::Void }
            }
            // The provider's namespace may have changed since the sign-in.
            Some(issuer) if self.provider_of(issuer).is_some_and(|known| known.holds(&session.principal)) => {
                match self.unseal(session.id, &session.principal, &session.sealed) {
                    Some(kept) => SignIn::Provider(Box::new(kept)),
                    None => SignIn::Void,
                }
            }
            Some(_) => SignIn::Void,
        }
    }

    /// Stores the current time as the last activity and extends the session. A conflict is ignored, because another
    /// request has just used the session as well.
    async fn touched(&self, session: Session, activity: Activity) -> Result<Session, StoreError> {
        let now = self.now();
        if activity == Activity::Polling || now - session.last_active_at < GRANULARITY.min(self.idle() / 10) {
            return Ok(session);
        }
        let expires_at = self.expiry(session.created_at, now);
        let active = Session { last_active_at: now, expires_at, ..session };
        match self.ports.store.update(&active).await {
            Ok(()) => Ok(Session { version: active.version + 1, ..active }),
            Err(StoreError::Conflict) => Ok(active),
            Err(error) => Err(error),
        }
    }

    fn idle(&self) -> Duration {
        Duration::try_from(self.settings.idle).unwrap_or(Duration::MAX)
    }

    async fn of_signed_in(
        &self,
        session: &Session,
        signed_in: &SignedIn,
        request_id: Option<String>,
    ) -> Result<Caller, SessionError> {
        let world = self.engine.world();
        let entitled = entitled(&self.ports, signed_in, Freshness::Recent).await?;
        let subject = Arc::new(subject_of(&world, signed_in, entitled.as_ref()));
        Ok(Caller {
            world,
            actor: Actor::Principal(signed_in.principal.clone()),
            subject,
            credential: self.credential(
                session.id,
                SignInBasis::Provider(Box::new(signed_in.clone())),
                session.issuer.as_deref(),
            ),
            display_name: signed_in.display_name.clone(),
            email: signed_in.email.clone(),
            request_id,
            cancellation: Cancellation::default(),
            expected: None,
        })
    }

    fn of_user(&self, session: &Session, world: Arc<World>, request_id: Option<String>) -> Option<SessionCaller> {
        let user = world.user(session.principal.id())?;
        let (display_name, email) = (user.name.as_ref().map(ToString::to_string), user.email.clone());
        let subject = Arc::new(resolve(&world, ResolveInput::from(&session.principal)));
        let actor = Actor::Principal(session.principal.clone());
        let basis = SignInBasis::Password { principal: session.principal.clone(), digest: session.credential };
        let credential = self.credential(session.id, basis, None);
        let caller = Caller {
            world,
            actor,
            subject,
            credential,
            display_name,
            email,
            request_id,
            cancellation: Cancellation::default(),
            expected: None,
        };
        Some(SessionCaller { caller, key: super::public_key(session.id), rotated: None })
    }

    fn credential(&self, id: SessionIdHash, basis: SignInBasis, issuer: Option<&str>) -> Arc<dyn Credential> {
        Arc::new(SessionCredential { ports: self.ports.clone(), id, basis, issuer: issuer.map(Arc::from) })
    }
}

/// Whether the sign-in behind a session is still valid.
enum SignIn {
    /// The user signed in with a password that has not changed since.
    Password,
    /// The user signed in at a provider that is still configured. Holds the decrypted sign-in data.
    Provider(Box<SealedSignIn>),
    /// The sign-in is no longer valid; the session must end.
    Void,
}
