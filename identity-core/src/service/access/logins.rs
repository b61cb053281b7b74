//! What a provider last said of each of the last callers, in a token or at a sign-in, so that mapping rules can be looked at, and tried, on what really comes in.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use time::OffsetDateTime;

use crate::entity::{Principal, SessionIdHash};
use crate::port::{SignedIn, VerifiedToken};
use crate::resolve::{Presented, Subject, resolve, resolve_matched};
use crate::value::{Claims, GroupId, MappingRuleId};
use crate::world::World;

/// What a caller's last token, or last sign-in, was: in memory only, on the replica that was called. The values of its claims are kept only if an
/// operator wants that.
#[derive(Clone, Debug, PartialEq)]
pub struct Login {
    /// When it was first seen.
    pub at: OffsetDateTime,
    /// Who issued it.
    pub issuer: Arc<str>,
    /// Who it speaks for.
    pub principal: Principal,
    /// The names of its claims.
    pub claim_names: Vec<String>,
    /// Its claims, if they are kept.
    pub claims: Option<Claims>,
    /// The groups that it brings, where groups come by token.
    pub groups: Option<Vec<GroupId>>,
    /// The rules that it matched then.
    pub matched: Vec<MappingRuleId>,
}

impl Login {
    /// What its bearer is in a world. Without its claims, the rules count that it matched when it was seen.
    #[must_use]
    pub fn subject(&self, world: &World) -> Subject {
        let presented = Presented {
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

/// The last logins, one for each caller.
#[derive(Debug)]
pub struct Logins {
    capacity: usize,
    keep_claims: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// By the order in which they came.
    logins: BTreeMap<u64, Login>,
    /// Where somebody's is, and what it was seen in.
    places: HashMap<Principal, (u64, Evidence)>,
    next: u64,
}

/// What a login was seen in, so that the same is noted once.
#[derive(Debug)]
enum Evidence {
    /// A token, held weakly, so that no other token takes its place in memory.
    Token(Weak<VerifiedToken>),
    /// A session, since it was last renewed.
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

impl Logins {
    /// Of so many callers; with the values of claims, or with their names only.
    #[must_use]
    pub fn new(capacity: usize, keep_claims: bool) -> Self {
        Self { capacity, keep_claims, state: Mutex::default() }
    }

    /// Notes whose token was verified, unless it is the one that is noted already.
    pub fn note(&self, token: &Arc<VerifiedToken>, subject: &Subject, now: OffsetDateTime) {
        self.put(&token.principal, Evidence::Token(Arc::downgrade(token)), || Login {
            at: now,
            issuer: Arc::clone(&token.issuer),
            principal: token.principal.clone(),
            claim_names: token.claims.names().map(str::to_owned).collect(),
            claims: self.keep_claims.then(|| token.claims.clone()),
            groups: token.groups.clone(),
            matched: subject.mapping_rules.clone(),
        });
    }

    /// Notes who is there in a session, unless what their provider said is what is noted already.
    pub fn note_session(
        &self,
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
            claims: self.keep_claims.then(|| signed_in.claims.clone()),
            groups: subject.groups_claimed.then(|| subject.groups.clone()),
            matched: subject.mapping_rules.clone(),
        });
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
            }
            None => {}
        }
        let place = state.next;
        state.next += 1;
        state.places.insert(principal.clone(), (place, evidence));
        state.logins.insert(place, login());
        if state.logins.len() > self.capacity
            && let Some((_, oldest)) = state.logins.pop_first()
        {
            state.places.remove(&oldest.principal);
        }
    }

    /// The last logins, newest first.
    #[must_use]
    pub fn last(&self, most: usize) -> Vec<Login> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.logins.values().rev().take(most).cloned().collect()
    }

    /// Whether the values of claims are kept.
    #[must_use]
    pub fn keep_claims(&self) -> bool {
        self.keep_claims
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::matrix::Matrix;
    use crate::value::Username;
    use crate::world::Sources;

    fn token(name: &str) -> Arc<VerifiedToken> {
        Arc::new(VerifiedToken {
            issuer: Arc::from("https://issuer.example"),
            principal: Principal::User(Username::parse(name).unwrap()),
            groups: None,
            permissions: std::collections::BTreeSet::new(),
            claims: Claims::new(json!({"sub": name, "secret": "value"})).unwrap(),
            display_name: None,
            email: None,
            expires_at: OffsetDateTime::UNIX_EPOCH,
        })
    }

    #[test]
    fn the_last_token_of_the_last_callers_is_kept_by_the_names_of_its_claims() {
        let world = World::new(Sources::Provider { groups_claimed: false }, Matrix::standard());
        let logins = Logins::new(2, false);
        let note = |logins: &Logins, token: &Arc<VerifiedToken>| {
            let subject = resolve(&world, Presented::from(token.as_ref()));
            logins.note(token, &subject, OffsetDateTime::UNIX_EPOCH);
        };
        let names = |logins: &Logins| -> Vec<String> {
            logins.last(9).iter().map(|login| login.principal.id().to_owned()).collect()
        };
        let (ann, again) = (token("ann"), token("ann"));
        for token in [&ann, &ann, &token("bob"), &again] {
            note(&logins, token);
        }
        assert_eq!(names(&logins), ["ann", "bob"]);
        note(&logins, &token("eve"));
        assert_eq!(names(&logins), ["eve", "ann"]);
        assert_eq!(logins.last(1)[0].claim_names, ["secret", "sub"]);
        assert!(!format!("{logins:?}").contains("value"));

        // One after the other, so that memory is used again.
        let all = Logins::new(2, true);
        for number in 0..100 {
            let mut next = (*ann).clone();
            next.claims = Claims::new(json!({"number": number})).unwrap();
            note(&all, &Arc::new(next));
            assert_eq!(all.last(1)[0].claims.as_ref().and_then(|claims| claims.get("number")), Some(&json!(number)));
        }
        let all = Logins::new(2, true);
        note(&all, &ann);
        assert_eq!(all.last(1)[0].claims.as_ref(), Some(&ann.claims));
        let none = Logins::new(0, true);
        note(&none, &ann);
        assert!(none.last(1).is_empty());
    }
}
