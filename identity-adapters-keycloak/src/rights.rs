//! Rights of principals as the realm has them: groups and permissions of users and of clients' service accounts.
//!
//! Claims are not believed: a client that can map claims would decide what its users may do. A claim only narrows what the realm
//! says, and its subject, its client and its session must be those of the realm.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::{try_join, try_join_all};
use identity_core::entity::{EntityKind, Permission, Principal};
use identity_core::port::{DirectoryError, Entitled, Freshness, RejectedToken, TokenError, UserDirectory};
use identity_core::value::{Audience, Claims, ClientId, GroupId, PermissionName, Username};
use moka::sync::Cache;
use serde::Deserialize;
use tokio::sync::Mutex;
use tracing::warn;

use crate::Keycloak;
use crate::admin::Call;
use crate::readable::Elements;
use crate::wire::{ClientRep, RoleRep};

/// How long rights are believed while Keycloak cannot be asked; a token lives no longer, as a rule.
const STALE: Duration = Duration::from_secs(600);
/// How long Keycloak is left alone after it could not be asked.
const PAUSE: Duration = Duration::from_secs(5);
/// The longest that a request waits for the rights of its caller.
const DEADLINE: Duration = Duration::from_secs(8);
/// The most APIs whose permissions are looked up for one principal.
const APIS: usize = 64;
/// The most sessions of a user that are remembered, and the most that are remembered as unknown.
const SESSIONS: usize = 256;
/// How long a session that Keycloak did not know is not asked for again.
const UNKNOWN_FOR: Duration = Duration::from_secs(5);
/// Why a subject is refused that the realm does not have.
const UNKNOWN: &str = "it does not exist";
/// How long it is believed which client is an API.
const API_TTL: Duration = Duration::from_secs(60);

/// What is known of principals. Concurrent requests for one principal share one look-up.
pub(crate) struct KnownRights {
    holders: Cache<Holder, Arc<Mutex<Option<Known>>>>,
    apis: Cache<Audience, Option<String>>,
}

impl KnownRights {
    pub(crate) fn new() -> Self {
        Self {
            holders: Cache::builder().max_capacity(100_000).time_to_idle(Duration::from_secs(900)).build(),
            apis: Cache::builder().max_capacity(10_000).time_to_live(API_TTL).build(),
        }
    }

    /// Lets the rights be asked for again that a change may alter.
    pub(crate) fn forget(&self, change: &Call<'_>) {
        match (change.segments(), change.account_of()) {
            (["users", id, ..], None) => {
                if let Ok(subject) = Username::parse(id) {
                    self.holders.invalidate(&Holder { subject, client: None });
                }
            }
            (["users"], _) => {}
            // What groups, roles and clients have, many have.
            _ => {
                self.holders.invalidate_all();
                self.apis.invalidate_all();
            }
        }
    }
}

/// Whose rights are asked for: a user, or the service account of a client.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Holder {
    subject: Username,
    client: Option<ClientId>,
}

#[derive(Clone)]
struct Known {
    rights: Result<Rights, &'static str>,
    asked: Instant,
    ask_again: Instant,
}

#[derive(Clone, Default)]
struct Rights {
    groups: Vec<GroupId>,
    /// By audience, for the APIs that were asked for.
    permissions: BTreeMap<Audience, BTreeSet<PermissionName>>,
    sessions: BTreeSet<String>,
    /// Sessions that Keycloak did not know, and when it was asked.
    unknown: BTreeMap<String, Instant>,
}

/// Whether a token of a user must belong to a session of that user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionCheck {
    /// It must.
    Required,
    /// There is no token, only claims that an administrator tries out.
    Skipped,
}

/// What a token must be confirmed in.
struct Question<'q> {
    holder: Holder,
    claimed: BTreeSet<Permission>,
    /// The session that a token of a user must belong to.
    session: Option<&'q str>,
    freshness: Freshness,
}

#[derive(Deserialize)]
struct Account {
    #[serde(default)]
    enabled: bool,
}

#[derive(Deserialize)]
struct Session {
    id: String,
}

impl Keycloak {
    /// The rights of a principal, as far as the claims do not narrow them. A `session` must be one of the user's.
    pub(crate) async fn rights_of(
        &self,
        principal: &Principal,
        claims: &Claims,
        claimed: BTreeSet<Permission>,
        (session, freshness): (SessionCheck, Freshness),
    ) -> Result<Entitled, TokenError> {
        let rejected = |reason| TokenError::Rejected(reason);
        let subject = claims.get("sub").and_then(|sub| sub.as_str());
        let subject = subject.ok_or_else(|| rejected(RejectedToken::MissingClaim("sub".to_owned())))?;
        let subject = Username::parse(subject).map_err(|_| rejected(RejectedToken::Subject(UNKNOWN)))?;
        let client = match principal {
            Principal::Client(id) => Some(id.clone()),
            Principal::User(id) if *id == subject => None,
            Principal::User(_) => return Err(rejected(RejectedToken::Subject("it is another user's"))),
        };
        let session = match (session, &client) {
            (SessionCheck::Required, None) => {
                let session = claims.get("sid").and_then(|sid| sid.as_str());
                Some(session.ok_or_else(|| rejected(RejectedToken::MissingClaim("sid".to_owned())))?)
            }
            _ => None,
        };
        let changes = freshness == Freshness::Current;
        // A token of before rights were taken away is not answered from memory.
        let cut = self.shared.cutoffs.applies_to(principal, claims);
        let freshness = if cut { Freshness::Current } else { freshness };
        let question = Question { holder: Holder { subject, client }, claimed, session, freshness };
        let answering = async {
            if changes && let Err(error) = self.must_be_marked().await {
                warn!(reason = error.code(), error = &error as &dyn std::error::Error, "keycloak.installation.failed");
                return Err(TokenError::Unavailable { retry_after: PAUSE });
            }
            self.answer_rights(&question).await
        };
        tokio::time::timeout(DEADLINE, answering).await.unwrap_or(Err(TokenError::Unavailable { retry_after: PAUSE }))
    }

    async fn answer_rights(&self, question: &Question<'_>) -> Result<Entitled, TokenError> {
        let entry = self.shared.rights.holders.get_with(question.holder.clone(), Arc::default);
        // Who asks first asks for all.
        let mut entry = entry.lock().await;
        let now = Instant::now();
        let recent = question.freshness == Freshness::Recent;
        let before = entry.clone();
        let fresh = before.as_ref().filter(|known| recent && now < known.ask_again);
        let asked = match (fresh, &before) {
            (Some(known), _) if known.answers(question, now) => return known.entitled(question),
            (Some(known), _) => self.look_up_more(question, known, now).await,
            (None, before) => self.look_up(question, before.as_ref(), now).await,
        };
        match asked {
            Ok(known) => entry.insert(known).entitled(question),
            Err(error) => {
                warn!(reason = error.code(), error = &error as &dyn std::error::Error, "keycloak.rights.failed");
                let stale =
                    entry.as_mut().filter(|known| recent && now < known.asked + STALE && known.answers(question, now));
                let known = stale.ok_or(TokenError::Unavailable { retry_after: PAUSE })?;
                known.ask_again = now + PAUSE;
                known.entitled(question)
            }
        }
    }

    /// Asks for what the question adds to what is known and still believed.
    async fn look_up_more(
        &self,
        question: &Question<'_>,
        known: &Known,
        now: Instant,
    ) -> Result<Known, DirectoryError> {
        let Ok(mut rights) = known.rights.clone() else { return Ok(known.clone()) };
        let Holder { subject, .. } = &question.holder;
        let audiences: BTreeSet<Audience> = question.claimed.iter().map(|one| one.audience.clone()).collect();
        let missing = audiences.into_iter().filter(|audience| !rights.permissions.contains_key(audience));
        let room = APIS.saturating_sub(rights.permissions.len());
        let missing: Vec<Audience> = missing.take(room).collect();
        let asking = missing.into_iter().map(|audience| self.effective_permissions(subject.as_str(), audience));
        rights.permissions.extend(try_join_all(asking).await?);
        if let Some(session) = question.session.filter(|session| !rights.sessions.contains(*session)) {
            self.look_up_session(subject, session, &mut rights, now).await?;
        }
        Ok(Known { rights: Ok(rights), ..known.clone() })
    }

    /// Asks for everything that is known of a holder, and for what the question adds.
    async fn look_up(
        &self,
        question: &Question<'_>,
        before: Option<&Known>,
        now: Instant,
    ) -> Result<Known, DirectoryError> {
        let rights = match self.look_up_rights(question, before, now).await {
            Ok(rights) => rights,
            Err(DirectoryError::Missing(_)) => Err(UNKNOWN),
            Err(error) => return Err(error),
        };
        let believed = if rights.is_ok() { self.shared.settings.rights_ttl } else { UNKNOWN_FOR };
        Ok(Known { rights, asked: now, ask_again: now + believed })
    }

    async fn look_up_rights(
        &self,
        question: &Question<'_>,
        before: Option<&Known>,
        now: Instant,
    ) -> Result<Result<Rights, &'static str>, DirectoryError> {
        let Holder { subject, client } = &question.holder;
        let id = subject.as_str();
        if let Some(client) = client
            && let Err(reason) = self.confirm_client(client, subject).await?
        {
            return Ok(Err(reason));
        }
        let account: Account = self.read(Call::get(&["users", id]).about(EntityKind::User, id)).await?;
        if !account.enabled {
            return Ok(Err("it is disabled"));
        }
        let before = before.and_then(|known| known.rights.as_ref().ok());
        let mut audiences: BTreeSet<Audience> = question.claimed.iter().map(|one| one.audience.clone()).collect();
        audiences.extend(before.into_iter().flat_map(|rights| rights.permissions.keys().cloned()));
        let permissions = audiences.into_iter().take(APIS).map(|audience| self.effective_permissions(id, audience));
        let groups = async {
            // A client's account is in no groups of Identity.
            if client.is_some() { Ok(Vec::new()) } else { UserDirectory::groups(self, subject).await }
        };
        let (permissions, groups) = try_join(try_join_all(permissions), groups).await?;
        let unknown = before.map(|rights| rights.unknown.clone()).unwrap_or_default();
        let mut rights = Rights {
            unknown: unknown.into_iter().filter(|(_, asked)| now < *asked + UNKNOWN_FOR).take(SESSIONS).collect(),
            groups: groups.into_iter().map(|group| group.id).collect(),
            permissions: permissions.into_iter().collect(),
            ..Rights::default()
        };
        if let Some(session) = question.session {
            self.look_up_session(subject, session, &mut rights, now).await?;
        }
        Ok(Ok(rights))
    }

    /// Whether a client's service account is this subject.
    async fn confirm_client(
        &self,
        client: &ClientId,
        subject: &Username,
    ) -> Result<Result<(), &'static str>, DirectoryError> {
        let Some(found) = self.client_rep(client.as_str()).await?.filter(ClientRep::is_enabled) else {
            return Ok(Err("its client does not exist, or is disabled"));
        };
        let path = ["clients", &found.id, "service-account-user"];
        let call = Call::get(&path).about(EntityKind::Client, client.as_str());
        // Keycloak refuses the question for a client without an account.
        match self.read::<crate::wire::UserRep>(call).await {
            Ok(account) if account.id == subject.as_str() => Ok(Ok(())),
            Ok(_) | Err(DirectoryError::Invalid(_)) => Ok(Err("it is not the account of its client")),
            Err(error) => Err(error),
        }
    }

    /// The permissions on an API that an account holds in any way. A client that is no API has none.
    async fn effective_permissions(
        &self,
        account: &str,
        audience: Audience,
    ) -> Result<(Audience, BTreeSet<PermissionName>), DirectoryError> {
        let api = match self.shared.rights.apis.get(&audience) {
            Some(known) => known,
            None => {
                let api = self.client_rep(audience.as_str()).await?.filter(ClientRep::is_api).map(|api| api.id);
                self.shared.rights.apis.insert(audience.clone(), api.clone());
                api
            }
        };
        let Some(api) = api else { return Ok((audience, BTreeSet::new())) };
        let path = ["users", account, "role-mappings", "clients", &api, "composite"];
        let held: Option<Elements<RoleRep>> = self.find(Call::get(&path).about(EntityKind::User, account)).await?;
        let held = held.map(|held| held.items).unwrap_or_default();
        // A name that is no permission was not made here.
        let names = held.into_iter().filter_map(|role| PermissionName::parse(&role.name).ok());
        Ok((audience, names.collect()))
    }

    /// Adds the sessions of a user to what is known.
    async fn look_up_session(
        &self,
        user: &Username,
        session: &str,
        rights: &mut Rights,
        now: Instant,
    ) -> Result<(), DirectoryError> {
        let path = ["users", user.as_str(), "sessions"];
        let found: Vec<Session> = self.read(Call::get(&path).about(EntityKind::User, user.as_str())).await?;
        let current = found.iter().any(|found| found.id == session);
        rights.sessions = found.into_iter().map(|found| found.id).take(SESSIONS).collect();
        if current || self.is_offline_session(user, session).await? {
            rights.sessions.insert(session.to_owned());
        } else {
            rights.unknown.insert(session.to_owned(), now);
        }
        Ok(())
    }

    /// Whether a session is one that outlives the user's sign-in, at any client that the user gave it.
    async fn is_offline_session(&self, user: &Username, session: &str) -> Result<bool, DirectoryError> {
        let id = user.as_str();
        let consents: Vec<Consent> =
            self.read(Call::get(&["users", id, "consents"]).about(EntityKind::User, id)).await?;
        for consent in consents.into_iter().take(APIS) {
            let offline = consent.additional_grants.iter().any(|grant| grant.key.as_deref() == Some("Offline Token"));
            let Some(client) = self.client_rep(&consent.client_id).await?.filter(|_| offline) else { continue };
            let path = ["users", id, "offline-sessions", &client.id];
            let found: Vec<Session> = self.read(Call::get(&path).about(EntityKind::User, id)).await?;
            if found.iter().any(|found| found.id == session) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Consent {
    client_id: String,
    #[serde(default)]
    additional_grants: Vec<Grant>,
}

#[derive(Deserialize)]
struct Grant {
    key: Option<String>,
}

impl Known {
    /// Whether the question can be answered without Keycloak.
    fn answers(&self, question: &Question<'_>, now: Instant) -> bool {
        let Ok(rights) = &self.rights else { return true };
        let apis =
            |one: &Permission| rights.permissions.contains_key(&one.audience) || rights.permissions.len() >= APIS;
        let session = |session: &str| {
            let unknown = rights.unknown.get(session).is_some_and(|asked| now < *asked + UNKNOWN_FOR);
            unknown || rights.sessions.contains(session)
        };
        question.claimed.iter().all(apis) && question.session.is_none_or(session)
    }

    /// What the question's claims bring of what is known.
    fn entitled(&self, question: &Question<'_>) -> Result<Entitled, TokenError> {
        let rejected = |reason| TokenError::Rejected(RejectedToken::Subject(reason));
        let rights = self.rights.as_ref().map_err(|reason| rejected(*reason))?;
        if question.session.is_some_and(|session| !rights.sessions.contains(session)) {
            return Err(rejected("its session has ended, or is another user's"));
        }
        let held = |one: &&Permission| {
            rights.permissions.get(&one.audience).is_some_and(|names| names.contains(&one.definition))
        };
        let permissions = question.claimed.iter().filter(held).cloned().collect();
        Ok(Entitled { groups: rights.groups.clone(), permissions })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permission(definition: &str) -> Permission {
        let audience = Audience::parse("api").unwrap();
        Permission { audience, definition: PermissionName::parse(definition).unwrap() }
    }

    fn question<'q>(claimed: &[&str], session: Option<&'q str>) -> Question<'q> {
        let subject = Username::parse("ann").unwrap();
        Question {
            holder: Holder { subject, client: None },
            claimed: claimed.iter().map(|one| permission(one)).collect(),
            session,
            freshness: Freshness::Recent,
        }
    }

    fn known(held: &[&str], now: Instant) -> Known {
        let names = held.iter().map(|name| PermissionName::parse(name).unwrap()).collect();
        let permissions = [(Audience::parse("api").unwrap(), names)].into();
        let unknown = [("ended".to_owned(), now)].into();
        let rights = Rights { permissions, sessions: ["s".to_owned()].into(), unknown, ..Rights::default() };
        Known { rights: Ok(rights), asked: now, ask_again: now }
    }

    #[test]
    fn claims_narrow_what_is_held_and_add_nothing() {
        let known = known(&["read", "write"], Instant::now());
        let entitled = known.entitled(&question(&["read", "admin"], None)).unwrap();
        assert_eq!(entitled.permissions, [permission("read")].into());
        assert!(known.entitled(&question(&["read"], Some("s"))).is_ok());
        assert!(known.entitled(&question(&["read"], Some("another"))).is_err());
    }

    #[test]
    fn asks_for_other_apis_and_sessions_and_not_again_for_unknown_ones_at_once() {
        let now = Instant::now();
        let known = known(&["read"], now);
        assert!(known.answers(&question(&["read", "admin"], Some("s")), now));
        assert!(!known.answers(&question(&["read"], Some("new")), now));
        assert!(known.answers(&question(&["read"], Some("ended")), now));
        assert!(!known.answers(&question(&["read"], Some("ended")), now + UNKNOWN_FOR));
        let mut other = question(&["read"], Some("s"));
        other.claimed.insert(Permission { audience: Audience::parse("b").unwrap(), ..permission("read") });
        assert!(!known.answers(&other, now));
    }
}
