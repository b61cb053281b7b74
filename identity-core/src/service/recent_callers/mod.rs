//! The last token or sign-in of each recent caller, so that decisions and mapping rules can be tested on real claims.

mod last_sign_ins;

pub use last_sign_ins::LastSignIns;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use time::OffsetDateTime;

use crate::entity::{Principal, SessionIdHash, VerifiedToken};
use crate::port::SignedIn;
use crate::resolve::{ResolveInput, Subject, resolve, resolve_matched};
use crate::value::{Claims, GroupId, MappingRuleId};
use crate::world::World;

/// Claims of a caller from its last token or sign-in.
///
/// Contains the values of those claims that mapping rules or conditions read, if configured.
#[derive(Clone, Debug, PartialEq)]
pub struct Login {
    /// Time at which the token or the sign-in was first seen.
    pub at: OffsetDateTime,
    /// Issuer of the token or sign-in.
    pub issuer: Arc<str>,
    /// The user or client that the claims identify.
    pub principal: Principal,
    /// Names of all top-level claims.
    pub claim_names: Vec<String>,
    /// Claims with their values, of those whose values are kept; `None` if only the names are kept.
    pub claims: Option<Claims>,
    /// Groups from the provider; `None` if the stored group memberships apply.
    pub groups: Option<Vec<GroupId>>,
    /// Mapping rules that matched when the login was recorded.
    pub matched: Vec<MappingRuleId>,
}

impl Login {
    /// Returns the names of the claims whose values are not kept.
    pub fn left_out(&self) -> impl Iterator<Item = &str> {
        let is_kept =
            |name: &&String| self.claims.as_ref().is_some_and(|claims| claims.as_value().get(name.as_str()).is_some());
        self.claim_names.iter().filter(move |name| !is_kept(name)).map(String::as_str)
    }

    /// Resolves the caller of this login in `world`. Without claim values, the mapping rules that matched when the
    /// login was recorded are used.
    #[must_use]
    pub fn subject(&self, world: &World) -> Subject {
        let presented = ResolveInput {
            principal: &self.principal,
            claims: self.claims.as_ref(),
            groups: self.groups.as_deref(),
            permissions: None,
        };
        match self.claims {
            Some(_) => resolve(world, presented),
            None => resolve_matched(world, presented, &self.matched),
        }
    }
}

/// Claims whose values are kept after a token or sign-in, and for how long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeptClaims {
    /// None. The names of the claims are kept.
    #[default]
    None,
    /// Those that mapping rules or conditions read.
    Used(Duration),
    /// All.
    All(Duration),
}

impl KeptClaims {
    /// Time for which values are kept.
    #[must_use]
    pub fn duration(self) -> Option<Duration> {
        match self {
            Self::None => None,
            Self::Used(duration) | Self::All(duration) => Some(duration),
        }
    }
}

/// Bounded log of recent logins, at most one per caller. The default keeps none.
#[derive(Debug, Default)]
pub struct RecentCallers {
    capacity: usize,
    kept: KeptClaims,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Logins by sequence number, oldest first.
    logins: BTreeMap<u64, Login>,
    /// Sequence number of each principal's login, and the evidence that it was recorded from.
    places: HashMap<Principal, (u64, Evidence)>,
    /// Sequence numbers of the logins that [`RecentCallers::take_unsaved`] has not returned yet.
    unsaved: BTreeSet<u64>,
    next: u64,
}

/// Identifies the token or session renewal behind a login, so that each is recorded only once.
#[derive(Debug)]
enum Evidence {
    /// A token, compared by address. The weak reference keeps the allocation, so no other token can have this address.
    Token(Weak<VerifiedToken>),
    /// A session, and the time at which its next renewal is due.
    Session(SessionIdHash, OffsetDateTime),
}

impl PartialEq for Evidence {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Token(one), Self::Token(other)) => one.ptr_eq(other),
            (Self::Session(one, since), Self::Session(other, since_then)) => one == other && since == since_then,
            _ => false,
        }
    }
}

impl RecentCallers {
    /// Creates a log for at most `capacity` callers; 0 disables it.
    #[must_use]
    pub fn new(capacity: usize, kept: KeptClaims) -> Self {
        Self { capacity, kept, state: Mutex::default() }
    }

    /// Records a validated token unless it is already recorded. Call it when a token is resolved, not for each request.
    pub fn note(&self, world: &World, token: &Arc<VerifiedToken>, subject: &Subject, now: OffsetDateTime) {
        self.put(&token.principal, Evidence::Token(Arc::downgrade(token)), || Login {
            at: now,
            issuer: Arc::clone(&token.issuer),
            principal: token.principal.clone(),
            claim_names: token.claims.read().names().map(str::to_owned).collect(),
            claims: self.of_kept(world, &token.claims.read()),
            groups: token.groups.clone(),
            matched: subject.mapping_rules.clone(),
        });
    }

    /// Records the sign-in behind a session, unless it was recorded since the last renewal of the session.
    pub fn note_session(
        &self,
        world: &World,
        session: SessionIdHash,
        issuer: &str,
        signed_in: &SignedIn,
        subject: &Subject,
        now: OffsetDateTime,
    ) {
        self.put(&signed_in.principal, Evidence::Session(session, signed_in.renewal_due_at), || Login {
            at: now,
            issuer: Arc::from(issuer),
            principal: signed_in.principal.clone(),
            claim_names: signed_in.claims.names().map(str::to_owned).collect(),
            claims: self.of_kept(world, &signed_in.claims),
            groups: subject.groups_claimed.then(|| subject.groups.clone()),
            matched: subject.mapping_rules.clone(),
        });
    }

    /// Returns the claims whose values are kept.
    fn of_kept(&self, world: &World, claims: &Claims) -> Option<Claims> {
        match self.kept {
            KeptClaims::None => None,
            KeptClaims::Used(_) => Some(claims.filtered(|name| world.reads_claim(name))),
            KeptClaims::All(_) => Some(claims.clone()),
        }
    }

    fn put(&self, principal: &Principal, evidence: Evidence, login: impl FnOnce() -> Login) {
        if self.capacity == 0 {
            return;
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.places.get(principal) {
            Some((_, known)) if *known == evidence => return,
            Some((place, _)) => {
                let place = *place;
                state.logins.remove(&place);
                state.unsaved.remove(&place);
            }
            None => {}
        }
        let place = state.next;
        state.next += 1;
        state.places.insert(principal.clone(), (place, evidence));
        state.logins.insert(place, login());
        state.unsaved.insert(place);
        if state.logins.len() > self.capacity
            && let Some((oldest, login)) = state.logins.pop_first()
        {
            state.places.remove(&login.principal);
            state.unsaved.remove(&oldest);
        }
    }

    /// Returns at most `most` logins, newest first. Claim values that are too old at `now` are left out.
    #[must_use]
    pub fn last(&self, most: usize, now: OffsetDateTime) -> Vec<Login> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.logins.values().rev().take(most).map(|login| self.aged(login, now)).collect()
    }

    /// Returns the login of a principal, if it is among the recent ones.
    #[must_use]
    pub fn of(&self, principal: &Principal, now: OffsetDateTime) -> Option<Login> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (place, _) = state.places.get(principal)?;
        state.logins.get(place).map(|login| self.aged(login, now))
    }

    /// Returns at most `most` logins that earlier calls did not return, oldest first, to be stored.
    #[must_use]
    pub fn take_unsaved(&self, most: usize) -> Vec<Login> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let places: Vec<u64> = std::iter::from_fn(|| state.unsaved.pop_first()).take(most).collect();
        places.iter().filter_map(|place| state.logins.get(place).cloned()).collect()
    }

    /// Claims whose values are kept.
    #[must_use]
    pub fn kept(&self) -> KeptClaims {
        self.kept
    }

    /// Returns a copy of a login, without claim values if they are too old at `now`.
    fn aged(&self, login: &Login, now: OffsetDateTime) -> Login {
        let is_young = self.kept.duration().is_some_and(|duration| now - login.at < duration);
        Login { claims: login.claims.clone().filter(|_| is_young), ..login.clone() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalog::ResourceCatalog;
    use crate::entity::Memo;
    use crate::resolve::resolve_token;
    use crate::value::{StoredClaims, Username};
    use crate::world::Sources;

    fn token(name: &str) -> Arc<VerifiedToken> {
        Arc::new(VerifiedToken {
            issuer: Arc::from("https://issuer.example"),
            principal: Principal::User(Username::parse(name).unwrap()),
            groups: None,
            permissions: std::collections::BTreeSet::new(),
            claims: StoredClaims::from(&Claims::new(json!({"sub": name, "secret": "value"})).unwrap()),
            display_name: None,
            email: None,
            expires_at: OffsetDateTime::UNIX_EPOCH,
            memo: Memo::default(),
        })
    }

    #[test]
    fn the_last_token_of_the_last_callers_is_kept_by_the_names_of_its_claims() {
        let world = World::new(Sources::Provider { groups_claimed: false }, ResourceCatalog::standard());
        let logins = RecentCallers::new(2, KeptClaims::None);
        let note = |logins: &RecentCallers, token: &Arc<VerifiedToken>| {
            let subject = resolve_token(&world, token);
            logins.note(&world, token, &subject, OffsetDateTime::UNIX_EPOCH);
        };
        let names = |logins: &RecentCallers| -> Vec<String> {
            logins.last(9, OffsetDateTime::UNIX_EPOCH).iter().map(|login| login.principal.id().to_owned()).collect()
        };
        let (ann, again) = (token("ann"), token("ann"));
        for token in [&ann, &ann, &token("bob"), &again] {
            note(&logins, token);
        }
        assert_eq!(names(&logins), ["ann", "bob"]);
        note(&logins, &token("eve"));
        assert_eq!(names(&logins), ["eve", "ann"]);
        assert_eq!(logins.last(1, OffsetDateTime::UNIX_EPOCH)[0].claim_names, ["secret", "sub"]);
        assert!(!format!("{logins:?}").contains("value"));

        // Each token is dropped before the next one, so the allocator may reuse its memory.
        let all = RecentCallers::new(2, KeptClaims::All(Duration::MAX));
        for number in 0..100 {
            let mut next = (*ann).clone();
            next.claims = StoredClaims::from(&Claims::new(json!({"number": number})).unwrap());
            note(&all, &Arc::new(next));
            assert_eq!(
                all.last(1, OffsetDateTime::UNIX_EPOCH)[0].claims.as_ref().and_then(|claims| claims.get("number")),
                Some(&json!(number))
            );
        }
        let all = RecentCallers::new(2, KeptClaims::All(Duration::MAX));
        note(&all, &ann);
        assert_eq!(all.last(1, OffsetDateTime::UNIX_EPOCH)[0].claims.as_ref(), Some(&ann.claims.read()));
        let none = RecentCallers::new(0, KeptClaims::All(Duration::MAX));
        note(&none, &ann);
        assert!(none.last(1, OffsetDateTime::UNIX_EPOCH).is_empty());
    }
}
