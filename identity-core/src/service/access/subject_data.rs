//! The best available data about principals that requests name by ID: from a directory, a live session, or the last
//! token or sign-in.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_lock::Semaphore;
use time::OffsetDateTime;
use tracing::warn;

use super::{EntityRef, Gap};
use crate::catalog::API;
use crate::decide::{Question, lacks_properties};
use crate::engine::Engine;
use crate::entity::{Permission, Principal};
use crate::port::{ApiSelection, DirectoryHolders, Entitled, Entitlements, StoreError, TokenError};
use crate::resolve::{RecentSubjects, ResolveInput, Subject, resolve};
use crate::service::ServiceError;
use crate::service::recent_callers::{LastSignIns, Login, RecentCallers};
use crate::service::session::Sessions;
use crate::value::{Audience, Claims};
use crate::world::{Sources, World};

/// Time for which data from the session store is reused.
const TTL: Duration = Duration::from_secs(5);
/// Maximum number of principals whose data is reused.
const MAX_CACHED: usize = 4096;
/// Maximum number of concurrent look-ups. Further ones are rejected.
const MAX_LOOK_UPS: usize = 64;
/// Maximum number of concurrent lists of holders, each of which may need hundreds of requests to the directory. Reviews
/// beyond it do without the list, and are marked as incomplete.
const MAX_LISTS: usize = 2;
/// Time after which a client may retry a rejected look-up.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Data from which the subject of a decision was resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Basis {
    /// The claims of a token in the request.
    Token,
    /// The claims of a live browser session.
    Session,
    /// The claims of the last token or sign-in.
    LastSignIn {
        /// Time at which the token or sign-in was first seen.
        at: OffsetDateTime,
    },
    /// The groups and permissions that a directory stores, such as Keycloak.
    Directory,
    /// The memberships and authorizations that are stored for the ID. In profiles with tokens, claims may add others.
    Stored,
}

impl Basis {
    /// Returns the name of the basis, such as `LAST_SIGN_IN`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Token => "TOKEN",
            Self::Session => "SESSION",
            Self::LastSignIn { .. } => "LAST_SIGN_IN",
            Self::Directory => "DIRECTORY",
            Self::Stored => "STORED",
        }
    }
}

/// A subject with its effective memberships in a world, and the data from which it was resolved.
pub(in crate::service) struct Known {
    pub(super) subject: Arc<Subject>,
    pub(super) claims: Option<Claims>,
    pub(super) basis: Basis,
    /// Whether claims that are not known could add memberships. A denial is then not certain.
    pub(super) is_partial: bool,
}

impl Known {
    /// Returns the gap in a list of the subject's access.
    pub(super) fn gap(&self) -> Option<Gap> {
        self.is_partial.then_some(Gap::UnknownClaims)
    }

    /// Whether a denial is not certain, because claims of the subject that are not known could allow the access.
    pub(super) fn is_uncertain(&self, world: &World, question: &Question<'_>) -> bool {
        self.is_partial || (self.claims.is_none() && lacks_properties(world, &self.subject, question))
    }
}

/// Data about a principal that is not part of the world.
#[derive(Clone, Debug)]
pub(super) enum SubjectData {
    /// None is needed, or none is available.
    Stored,
    /// Claims of a session or of the last sign-in.
    Claims(Basis, Arc<Login>),
    /// Groups and permissions in the directory, and the claims of the last sign-in if known.
    Directory(Entitled, Option<Arc<Login>>),
}

impl SubjectData {
    /// Resolves a principal in `world` from this data.
    pub(super) fn known(&self, world: &Arc<World>, principal: &Principal, recent: &RecentSubjects) -> Known {
        match self {
            Self::Stored => Known {
                subject: recent.subject(world, principal),
                claims: None,
                basis: Basis::Stored,
                is_partial: world.claims_add_memberships(),
            },
            Self::Claims(basis, login) => Known {
                subject: Arc::new(login.subject(world)),
                claims: login.claims.clone(),
                basis: *basis,
                is_partial: world.claims_add_memberships() && login.left_out().any(|name| world.reads_claim(name)),
            },
            Self::Directory(entitled, login) => {
                let input = ResolveInput {
                    principal,
                    claims: None,
                    groups: Some(&entitled.groups),
                    permissions: Some(&entitled.permissions),
                };
                Known {
                    subject: Arc::new(resolve(world, input)),
                    claims: login.as_ref().and_then(|login| login.claims.clone()),
                    basis: Basis::Directory,
                    is_partial: false,
                }
            }
        }
    }
}

/// The newest claims of a principal, and where they come from.
type Newest = (Basis, Arc<Login>);

/// Result of a look-up in the session store.
struct Cached {
    /// Monotonic time until which the result is reused.
    until: Duration,
    newest: Option<Newest>,
}

/// Finds data about principals, from the sources that are configured. By default, there are none.
pub struct SubjectLookup {
    engine: Arc<Engine>,
    recent: Arc<RecentCallers>,
    sessions: Option<Arc<Sessions>>,
    sign_ins: Option<Arc<LastSignIns>>,
    directory: Option<Arc<dyn Entitlements>>,
    turns: Semaphore,
    lists: Semaphore,
    cache: Mutex<HashMap<Principal, Cached>>,
}

impl SubjectLookup {
    /// Creates a look-up in the logins of this replica only.
    #[must_use]
    pub fn new(engine: Arc<Engine>, recent: Arc<RecentCallers>) -> Self {
        let (sessions, sign_ins, directory) = (None, None, None);
        let (turns, lists, cache) = (Semaphore::new(MAX_LOOK_UPS), Semaphore::new(MAX_LISTS), Mutex::default());
        Self { engine, recent, sessions, sign_ins, directory, turns, lists, cache }
    }

    /// Adds live browser sessions.
    #[must_use]
    pub fn in_sessions(self, sessions: Option<Arc<Sessions>>) -> Self {
        Self { sessions, ..self }
    }

    /// Adds the last sign-ins of all replicas.
    #[must_use]
    pub fn in_sign_ins(self, sign_ins: Option<Arc<LastSignIns>>) -> Self {
        Self { sign_ins, ..self }
    }

    /// Adds a directory of groups and permissions. It takes precedence over claims.
    #[must_use]
    pub fn in_directory(self, directory: Option<Arc<dyn Entitlements>>) -> Self {
        Self { directory, ..self }
    }

    pub(super) fn has_directory(&self) -> bool {
        self.directory.is_some()
    }

    /// Lists the holders of a permission in the directory; `None` without a directory.
    pub(super) async fn holders(
        &self,
        permission: &Permission,
        most: usize,
    ) -> Option<Result<DirectoryHolders, TokenError>> {
        let directory = self.directory.as_ref()?;
        Some(match self.lists.try_acquire() {
            Some(_turn) => directory.holders(permission, most).await,
            None => Err(TokenError::Unavailable { retry_after: RETRY_AFTER }),
        })
    }

    /// Looks up data about a principal, for decisions on `resource`; on any resource if `None`.
    ///
    /// If a store cannot be read, the data of other sources is returned.
    ///
    /// # Errors
    /// [`ServiceError::Unavailable`] when the directory is unavailable or too many look-ups are in progress.
    pub(super) async fn find(
        &self,
        world: &World,
        principal: &Principal,
        resource: Option<&EntityRef>,
    ) -> Result<SubjectData, ServiceError> {
        if world.sources() == Sources::BuiltIn {
            return Ok(SubjectData::Stored);
        }
        let _turn = self.turns.try_acquire().ok_or(ServiceError::Unavailable { retry_after: RETRY_AFTER })?;
        let Some(directory) = &self.directory else {
            let claims = self.claims(principal).await;
            return Ok(claims.map_or(SubjectData::Stored, |(basis, login)| SubjectData::Claims(basis, login)));
        };
        match directory.held(principal, &apis(resource)).await {
            Ok(Some(entitled)) => {
                let login = self.claims(principal).await.map(|(_, login)| login);
                Ok(SubjectData::Directory(entitled, login))
            }
            Ok(None) | Err(TokenError::Rejected(_)) => Ok(SubjectData::Stored),
            Err(TokenError::Unavailable { retry_after }) => Err(ServiceError::Unavailable { retry_after }),
        }
    }

    /// Returns the newest claims of a principal, and where they come from.
    async fn claims(&self, principal: &Principal) -> Option<Newest> {
        let (now, monotonic) = (self.engine.clock().now(), self.engine.clock().monotonic());
        let here = self.recent.of(principal, now);
        let stored = match self.cached(principal, monotonic) {
            Ok(cached) => cached,
            Err(NotCached) => {
                let read = self.read(principal, now).await;
                self.cache(principal, monotonic, read.clone());
                read
            }
        };
        let is_newer = |login: &Login| stored.as_ref().is_none_or(|(_, stored)| stored.at < login.at);
        match here.filter(is_newer) {
            Some(login) => Some((Basis::LastSignIn { at: login.at }, Arc::new(login))),
            None => stored,
        }
    }

    /// Reads the newest session and the last sign-in of a principal, and returns the newer one.
    async fn read(&self, principal: &Principal, now: OffsetDateTime) -> Option<Newest> {
        let session = match &self.sessions {
            Some(sessions) => available(sessions.last_login(principal).await),
            None => None,
        };
        let sign_in = match &self.sign_ins {
            Some(sign_ins) => available(sign_ins.find(principal, now).await),
            None => None,
        };
        match (session, sign_in) {
            (Some(session), Some(sign_in)) if session.at < sign_in.at => Some(last_sign_in(sign_in)),
            (Some(session), _) => Some((Basis::Session, Arc::new(session))),
            (None, sign_in) => sign_in.map(last_sign_in),
        }
    }

    /// Returns what [`Self::read`] returned recently.
    fn cached(&self, principal: &Principal, now: Duration) -> Result<Option<Newest>, NotCached> {
        let cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let cached = cache.get(principal).filter(|cached| now < cached.until).ok_or(NotCached)?;
        Ok(cached.newest.clone())
    }

    fn cache(&self, principal: &Principal, now: Duration, newest: Option<Newest>) {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= MAX_CACHED {
            cache.retain(|_, cached| now < cached.until);
        }
        if cache.len() < MAX_CACHED {
            cache.insert(principal.clone(), Cached { until: now + TTL, newest });
        }
    }
}

/// The session store was not read recently for a principal.
struct NotCached;

/// Returns the APIs whose permissions matter for decisions on a resource.
fn apis(resource: Option<&EntityRef>) -> ApiSelection {
    match resource {
        None => ApiSelection::All,
        Some(resource) if resource.kind == API => {
            Audience::parse(&resource.id).map_or(ApiSelection::None, ApiSelection::One)
        }
        Some(_) => ApiSelection::None,
    }
}

fn last_sign_in(login: Login) -> Newest {
    (Basis::LastSignIn { at: login.at }, Arc::new(login))
}

/// Returns what a store knows. Its failure is logged, and leaves the data of other sources.
fn available(read: Result<Option<Login>, StoreError>) -> Option<Login> {
    read.unwrap_or_else(|error| {
        warn!(error = &error as &dyn std::error::Error, "subject.sign_in.unavailable");
        None
    })
}
