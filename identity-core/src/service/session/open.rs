//! A session's requests: from the cookie to a caller.

use std::sync::Arc;

use time::Duration;

use super::credential::{SessionCredential, SignInBasis, password_digest};
use super::kept::Kept;
use super::{Sessions, subject_of};
use crate::engine::StaleWorld;
use crate::entity::{Actor, Session, SessionId, SessionIdHash, WhichSessions};
use crate::port::{Freshness, SignedIn, StoreError, TokenError};
use crate::resolve::{Presented, resolve};
use crate::service::{Caller, Credential};
use crate::world::World;

/// Activity is written down this often at most; a session may end by so much too early.
const GRANULARITY: Duration = Duration::MINUTE;

/// Whether a request shows that somebody is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// Somebody does something.
    Person,
    /// The page asks by itself: that does not prolong a session.
    Polling,
}

/// Why it is not known who a session speaks for.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The store fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The world is too old to decide in.
    #[error(transparent)]
    Stale(#[from] StaleWorld),
    /// What the directory knows of the person cannot be had, or cannot be read.
    #[error("the directory does not say what this person has")]
    Directory(#[from] TokenError),
}

/// Who a session speaks for.
pub struct SessionCaller {
    /// The caller.
    pub caller: Caller,
    /// The session's public key.
    pub key: String,
    /// The id that the browser holds from now on, when it is another.
    pub rotated: Option<SessionId>,
}

impl Sessions {
    /// Who the session of this id speaks for; nobody, when it has ended. What has become of the person since they signed in
    /// counts: another password, a provider that is no longer configured or no longer vouches for them.
    ///
    /// # Errors
    /// When the store fails.
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
            // The user, or the new password, may be in a commit that this replica has not seen yet.
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
                    self.logins.note_session(session.id, issuer, &renewed.signed_in, &caller.subject, now);
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
            // The namespaces of the providers may have been changed since.
            Some(issuer) if self.provider_of(issuer).is_some_and(|known| known.holds(&session.principal)) => {
                match self.unseal(session.id, &session.principal, &session.sealed) {
                    Some(kept) => SignIn::Provider(Box::new(kept)),
                    None => SignIn::Void,
                }
            }
            Some(_) => SignIn::Void,
        }
    }

    /// The session, active now. That somebody else wrote it meanwhile does not matter: they were active, too.
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
        let subject = Arc::new(subject_of(&self.ports, &world, signed_in, Freshness::Recent).await?);
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
        })
    }

    fn of_user(&self, session: &Session, world: Arc<World>, request_id: Option<String>) -> Option<SessionCaller> {
        let user = world.user(session.principal.id())?;
        let (display_name, email) = (user.name.as_ref().map(ToString::to_string), user.email.clone());
        let subject = Arc::new(resolve(&world, Presented::from(&session.principal)));
        let actor = Actor::Principal(session.principal.clone());
        let basis = SignInBasis::Password { principal: session.principal.clone(), digest: session.credential };
        let credential = self.credential(session.id, basis, None);
        let caller = Caller { world, actor, subject, credential, display_name, email, request_id };
        Some(SessionCaller { caller, key: super::public_key(session.id), rotated: None })
    }

    fn credential(&self, id: SessionIdHash, basis: SignInBasis, issuer: Option<&str>) -> Arc<dyn Credential> {
        Arc::new(SessionCredential { ports: self.ports.clone(), id, basis, issuer: issuer.map(Arc::from) })
    }
}

/// What a session rests on.
enum SignIn {
    /// A password that is still the user's.
    Password,
    /// What a provider said.
    Provider(Box<Kept>),
    /// Nothing any more.
    Void,
}
