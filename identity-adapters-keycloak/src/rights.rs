//! Effective rights in the realm: groups and permissions of users and of the service accounts of clients.
//!
//! Claims alone are not trusted: a client with its own protocol mappers could assign any rights to its users. Claims
//! can only narrow the rights in the realm, and the token's subject, client and session must exist there.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::{try_join, try_join_all};
use identity_core::entity::{EntityKind, Permission, Principal, RejectedToken};
use identity_core::port::{DirectoryError, Entitled, Freshness, TokenError, UserDirectory};
use identity_core::value::{Audience, Claims, ClientId, PermissionName, Username};
use serde::Deserialize;
use tracing::warn;

use crate::Keycloak;
use crate::call::Call;
use crate::known_rights::{Holder, Known, Rights};
use crate::readable::Elements;
use crate::wire::{ClientRep, RoleRep, UserRep};

/// Maximum age of cached rights that are used while Keycloak is unavailable. Tokens usually expire earlier.
const STALE: Duration = Duration::from_secs(600);
/// Pause between a failed look-up and the next one.
pub(crate) const PAUSE: Duration = Duration::from_secs(5);
/// Maximum time that a request waits for the look-up of its caller's rights.
pub(crate) const DEADLINE: Duration = Duration::from_secs(8);
/// Maximum number of APIs whose permissions are looked up for one principal.
pub(crate) const APIS: usize = 64;
/// Maximum number of sessions that are cached for a user, and also of unknown sessions.
const SESSIONS: usize = 256;
/// How long an unknown session or subject is cached before it is looked up again.
const UNKNOWN_FOR: Duration = Duration::from_secs(5);
/// Reason to reject a token whose subject does not exist in the realm.
const UNKNOWN: &str = "the subject does not exist";
/// Whether a user's token must belong to an existing session of that user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionCheck {
    /// The claim `sid` must name an existing session of the user.
    Required,
    /// No session is checked, because an administrator inspects claims without a token.
    Skipped,
}

/// The parts of a token that the realm must confirm.
pub(crate) struct Question<'q> {
    pub(crate) holder: Holder,
    /// APIs whose permissions are needed.
    pub(crate) audiences: BTreeSet<Audience>,
    /// Session id (`sid`) that must belong to the user. `None` for clients, and if the session is not checked.
    pub(crate) session: Option<&'q str>,
    pub(crate) freshness: Freshness,
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
    /// Returns the rights of a principal in the realm, narrowed to the `claimed` permissions. With
    /// [`SessionCheck::Required`], a user's token must belong to a session of that user.
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
            Principal::User(_) => {
                return Err(rejected(RejectedToken::Subject("the subject is not the user of the token")));
            }
        };
        let session = match (session, &client) {
            (SessionCheck::Required, None) => {
                let session = claims.get("sid").and_then(|sid| sid.as_str());
                Some(session.ok_or_else(|| rejected(RejectedToken::MissingClaim("sid".to_owned())))?)
            }
            _ => None,
        };
        let changes = freshness == Freshness::Current;
        // Cached rights are not used for a token that was issued before rights were revoked.
        let cut = self.shared.cutoffs.applies_to(principal, claims);
        let freshness = if cut { Freshness::Current } else { freshness };
        let audiences = claimed.iter().map(|one| one.audience.clone()).collect();
        let question = Question { holder: Holder { subject, client }, audiences, session, freshness };
        let answering = async {
            if changes && let Err(error) = self.must_be_marked().await {
                warn!(reason = error.code(), error = &error as &dyn std::error::Error, "keycloak.installation.failed");
                return Err(TokenError::Unavailable { retry_after: PAUSE });
            }
            self.with_rights(&question, |known| known.entitled(&question, &claimed)).await?
        };
        tokio::time::timeout(DEADLINE, answering).await.unwrap_or(Err(TokenError::Unavailable { retry_after: PAUSE }))
    }

    /// Passes the rights of a holder that suffice to answer a question to `read`: from the cache if they are recent.
    pub(crate) async fn with_rights<T>(
        &self,
        question: &Question<'_>,
        read: impl FnOnce(&Known) -> T,
    ) -> Result<T, TokenError> {
        let entry = self.shared.rights.holders.get_with(question.holder.clone(), Arc::default);
        // The first request looks the rights up; concurrent requests wait for its result.
        let mut entry = entry.lock().await;
        let now = Instant::now();
        let recent = question.freshness == Freshness::Recent;
        let before = entry.clone();
        let fresh = before.as_ref().filter(|known| recent && now < known.ask_again);
        let asked = match (fresh, &before) {
            (Some(known), _) if known.answers(question, now) => return Ok(read(known)),
            (Some(known), _) => self.look_up_more(question, known, now).await,
            (None, before) => self.look_up(question, before.as_ref(), now).await,
        };
        match asked {
            Ok(known) => Ok(read(entry.insert(known))),
            Err(error) => {
                let unavailable = unavailable(&error);
                let stale =
                    entry.as_mut().filter(|known| recent && now < known.asked + STALE && known.answers(question, now));
                let known = stale.ok_or(unavailable)?;
                known.ask_again = now + PAUSE;
                Ok(read(known))
            }
        }
    }

    /// Adds the APIs and the session of a question to cached rights that are still fresh. Looks up only what is
    /// missing.
    async fn look_up_more(
        &self,
        question: &Question<'_>,
        known: &Known,
        now: Instant,
    ) -> Result<Known, DirectoryError> {
        let Ok(mut rights) = known.rights.clone() else { return Ok(known.clone()) };
        let Holder { subject, .. } = &question.holder;
        let missing = question.audiences.iter().filter(|audience| !rights.permissions.contains_key(*audience));
        let room = APIS.saturating_sub(rights.permissions.len());
        let missing: Vec<Audience> = missing.take(room).cloned().collect();
        let asking = missing.into_iter().map(|audience| self.effective_permissions(subject.as_str(), audience));
        rights.permissions.extend(try_join_all(asking).await?);
        if let Some(session) = question.session.filter(|session| !rights.sessions.contains(*session)) {
            self.look_up_session(subject, session, &mut rights, now).await?;
        }
        Ok(Known { rights: Ok(rights), ..known.clone() })
    }

    /// Looks up the rights of a holder anew: those that were cached before, and those that the question requires.
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
            return Ok(Err("the user is disabled"));
        }
        let before = before.and_then(|known| known.rights.as_ref().ok());
        let mut audiences = question.audiences.clone();
        audiences.extend(before.into_iter().flat_map(|rights| rights.permissions.keys().cloned()));
        let permissions = audiences.into_iter().take(APIS).map(|audience| self.effective_permissions(id, audience));
        let groups = async {
            // The service account of a client is in no groups of Identity.
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

    /// Checks that a subject is the service account of an enabled client. The inner error is the reason to reject the
    /// token.
    async fn confirm_client(
        &self,
        client: &ClientId,
        subject: &Username,
    ) -> Result<Result<(), &'static str>, DirectoryError> {
        let Some(found) = self.client_rep(client.as_str()).await?.filter(ClientRep::is_enabled) else {
            return Ok(Err("the client does not exist or is disabled"));
        };
        match self.service_account(&found, client).await? {
            Some(account) if account.id == subject.as_str() => Ok(Ok(())),
            _ => Ok(Err("the subject is not the service account of the client")),
        }
    }

    /// Returns the service account of a client. `None` if the client has none.
    pub(crate) async fn service_account(
        &self,
        found: &ClientRep,
        client: &ClientId,
    ) -> Result<Option<UserRep>, DirectoryError> {
        let path = ["clients", &found.id, "service-account-user"];
        let call = Call::get(&path).about(EntityKind::Client, client.as_str());
        // Keycloak rejects the request for a client without a service account.
        match self.read::<UserRep>(call).await {
            Ok(account) => Ok(Some(account)),
            Err(DirectoryError::Invalid(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns the permissions on an API that an account holds, directly or indirectly. Empty if no API has this
    /// audience.
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
        // A role name that is not a valid permission was not created by this server.
        let names = held.into_iter().filter_map(|role| PermissionName::parse(&role.name).ok());
        Ok((audience, names.collect()))
    }

    /// Replaces the cached sessions of a user, and records whether `session` is one of them.
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

    /// Whether a session is an offline session of the user, which outlives the sign-in. Keycloak lists such sessions by
    /// client. Of the clients in the user's first [`APIS`] consents, those with offline access are searched.
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

/// Logs a failed look-up and returns the error for its caller.
pub(crate) fn unavailable(error: &DirectoryError) -> TokenError {
    warn!(reason = error.code(), error = error as &dyn std::error::Error, "keycloak.rights.failed");
    TokenError::Unavailable { retry_after: PAUSE }
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
    /// Whether the cached rights suffice to answer a question, without a request to Keycloak.
    fn answers(&self, question: &Question<'_>, now: Instant) -> bool {
        let Ok(rights) = &self.rights else { return true };
        let apis = |audience: &Audience| rights.permissions.contains_key(audience) || rights.permissions.len() >= APIS;
        let session = |session: &str| {
            let unknown = rights.unknown.get(session).is_some_and(|asked| now < *asked + UNKNOWN_FOR);
            unknown || rights.sessions.contains(session)
        };
        question.audiences.iter().all(apis) && question.session.is_none_or(session)
    }

    /// Returns the cached rights, narrowed to the claimed permissions. Rejects an unknown subject or session.
    fn entitled(&self, question: &Question<'_>, claimed: &BTreeSet<Permission>) -> Result<Entitled, TokenError> {
        let rejected = |reason| TokenError::Rejected(RejectedToken::Subject(reason));
        let rights = self.rights.as_ref().map_err(|reason| rejected(*reason))?;
        if question.session.is_some_and(|session| !rights.sessions.contains(session)) {
            return Err(rejected("the session has ended or belongs to another user"));
        }
        let held = |one: &&Permission| {
            rights.permissions.get(&one.audience).is_some_and(|names| names.contains(&one.definition))
        };
        let permissions = claimed.iter().filter(held).cloned().collect();
        Ok(Entitled { groups: rights.groups.clone(), permissions })
    }

    /// Returns the cached rights on the APIs of a question. `None` for an unknown or disabled subject.
    pub(crate) fn entitled_without_token(&self, question: &Question<'_>) -> Option<Entitled> {
        let rights = self.rights.as_ref().ok()?;
        let wanted = rights.permissions.iter().filter(|(audience, _)| question.audiences.contains(*audience));
        let permissions = wanted.flat_map(|(audience, names)| {
            names.iter().map(|name| Permission { audience: audience.clone(), definition: name.clone() })
        });
        Some(Entitled { groups: rights.groups.clone(), permissions: permissions.collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permission(definition: &str) -> Permission {
        let audience = Audience::parse("api").unwrap();
        Permission { audience, definition: PermissionName::parse(definition).unwrap() }
    }

    fn question<'q>(session: Option<&'q str>) -> Question<'q> {
        let subject = Username::parse("ann").unwrap();
        Question {
            holder: Holder { subject, client: None },
            audiences: [Audience::parse("api").unwrap()].into(),
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
        let entitled = known.entitled(&question(None), &[permission("read"), permission("admin")].into()).unwrap();
        assert_eq!(entitled.permissions, [permission("read")].into());
        let read = [permission("read")].into();
        assert!(known.entitled(&question(Some("s")), &read).is_ok());
        assert!(known.entitled(&question(Some("another")), &read).is_err());
    }

    #[test]
    fn without_a_token_all_permissions_on_the_requested_apis_count() {
        let known = known(&["read", "write"], Instant::now());
        let entitled = known.entitled_without_token(&question(None)).unwrap();
        assert_eq!(entitled.permissions, [permission("read"), permission("write")].into());
        let other = Question { audiences: [Audience::parse("b").unwrap()].into(), ..question(None) };
        assert!(known.entitled_without_token(&other).unwrap().permissions.is_empty());
        let unknown = Known { rights: Err(UNKNOWN), ..known };
        assert_eq!(unknown.entitled_without_token(&question(None)), None);
    }

    #[test]
    fn asks_for_other_apis_and_sessions_and_not_again_for_unknown_ones_at_once() {
        let now = Instant::now();
        let known = known(&["read"], now);
        assert!(known.answers(&question(Some("s")), now));
        assert!(!known.answers(&question(Some("new")), now));
        assert!(known.answers(&question(Some("ended")), now));
        assert!(!known.answers(&question(Some("ended")), now + UNKNOWN_FOR));
        let mut other = question(Some("s"));
        other.audiences.insert(Audience::parse("b").unwrap());
        assert!(!known.answers(&other, now));
    }
}
