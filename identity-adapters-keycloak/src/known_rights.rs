//! Cache of the effective rights of users and service accounts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use identity_core::value::{Audience, ClientId, GroupId, PermissionName, Username};
use moka::sync::Cache;
use tokio::sync::Mutex;

use crate::call::Call;

/// How long the look-up of an API by its audience is cached, including the result that there is no such API.
const API_TTL: Duration = Duration::from_secs(60);

/// Cache of the rights of principals. Concurrent requests for one principal share one look-up (single flight).
pub(crate) struct KnownRights {
    pub(crate) holders: Cache<Holder, Arc<Mutex<Option<Known>>>>,
    pub(crate) apis: Cache<Audience, Option<String>>,
}

impl KnownRights {
    pub(crate) fn new() -> Self {
        Self {
            holders: Cache::builder().max_capacity(100_000).time_to_idle(Duration::from_secs(900)).build(),
            apis: Cache::builder().max_capacity(10_000).time_to_live(API_TTL).build(),
        }
    }

    /// Invalidates the cached rights that a change may affect: those of one user, or else all.
    pub(crate) fn forget(&self, change: &Call<'_>) {
        match (change.segments(), change.account_of()) {
            (["users", id, ..], None) => {
                if let Ok(subject) = Username::parse(id) {
                    self.holders.invalidate(&Holder { subject, client: None });
                }
            }
            (["users"], _) => {}
            // A change of a group, role or client may affect many principals.
            _ => {
                self.holders.invalidate_all();
                self.apis.invalidate_all();
            }
        }
    }
}

/// Holder of cached rights: a user, or the service account of a client.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Holder {
    pub(crate) subject: Username,
    pub(crate) client: Option<ClientId>,
}

#[derive(Clone)]
pub(crate) struct Known {
    pub(crate) rights: Result<Rights, &'static str>,
    pub(crate) asked: Instant,
    pub(crate) ask_again: Instant,
}

#[derive(Clone, Default)]
pub(crate) struct Rights {
    pub(crate) groups: Vec<GroupId>,
    /// Effective permissions by audience. An API that was not looked up has no entry.
    pub(crate) permissions: BTreeMap<Audience, BTreeSet<PermissionName>>,
    pub(crate) sessions: BTreeSet<String>,
    /// Session ids that Keycloak did not find, with the time of the look-up.
    pub(crate) unknown: BTreeMap<String, Instant>,
}
