//! Clients that write and read until they are stopped, each with one request at a time.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use identity_testkit::Reply;
use identity_testkit::random::Random;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::cluster::Cluster;
use crate::history::{Call, Clock, Operation, Outcome};
use crate::model::{EVERY, GROUPS, Grant, Kind, PERMISSIONS, Party, RESOURCES, ROLES, Read, USERS, Write};
use crate::wire;

/// Number of clients per replica that use only this replica. While one replica is suspended, the others still receive
/// reads and writes.
const HOME_CLIENTS: usize = 2;
/// Number of clients that select a random replica for each request.
const ROAMING_CLIENTS: usize = 3;
/// Pause of a client after a request without a response, or with one that reports an unavailable replica.
const PAUSE: Duration = Duration::from_millis(50);
/// Number of recent authorizations that clients may revoke.
const KEPT_KEYS: usize = 40;

/// State that the clients share.
struct Shared {
    cluster: Arc<Cluster>,
    clock: Clock,
    ids: AtomicU64,
    has_ended: AtomicBool,
    /// The highest acknowledged revision.
    newest: AtomicU64,
    /// Keys of created authorizations.
    keys: Mutex<Vec<String>>,
}

/// Handle to the running clients.
pub struct Workload {
    shared: Arc<Shared>,
    clients: Vec<JoinHandle<Vec<Operation>>>,
}

impl Workload {
    /// Starts the clients, with the given seed.
    #[must_use]
    pub fn start(cluster: &Arc<Cluster>, clock: Clock, seed: u64) -> Self {
        let shared = Arc::new(Shared {
            cluster: Arc::clone(cluster),
            clock,
            ids: AtomicU64::new(0),
            has_ended: AtomicBool::new(false),
            newest: AtomicU64::new(0),
            keys: Mutex::default(),
        });
        let replicas = 0..cluster.replicas.len();
        let homes = replicas.flat_map(|replica| [Some(replica); HOME_CLIENTS]).chain([None; ROAMING_CLIENTS]);
        let client = |(number, home): (usize, Option<usize>)| {
            let random = Random::seeded(seed.wrapping_mul(1000).wrapping_add(number as u64));
            let client = Client { shared: Arc::clone(&shared), random, home, operations: Vec::new() };
            tokio::spawn(client.run())
        };
        let clients = homes.enumerate().map(client).collect();
        Self { shared, clients }
    }

    /// Stops the clients after their current requests and returns all operations.
    pub async fn end(self) -> Vec<Operation> {
        self.shared.has_ended.store(true, Ordering::Release);
        let mut operations = Vec::new();
        for client in self.clients {
            operations.extend(client.await.expect("no client panics"));
        }
        operations
    }
}

struct Client {
    shared: Arc<Shared>,
    random: Random,
    home: Option<usize>,
    operations: Vec<Operation>,
}

impl Client {
    async fn run(mut self) -> Vec<Operation> {
        while !self.shared.has_ended.load(Ordering::Acquire) {
            match self.random.below(100) {
                0..45 => {
                    let write = self.any_write();
                    self.call(Call::Write(write)).await;
                }
                45..50 => self.revoke_and_grant().await,
                50..85 => self.read(None, None).await,
                85..95 => self.read(Some(self.shared.newest.load(Ordering::Acquire)), None).await,
                _ => {
                    let max_age = self.random.below(2) as u64;
                    self.read(None, Some(max_age)).await;
                }
            }
            sleep(Duration::from_millis(self.random.below(20) as u64)).await;
        }
        self.operations
    }

    /// Revokes an authorization, creates another one, and reads at the revision of the latter: an answer with the new
    /// authorization must not contain the revoked one.
    async fn revoke_and_grant(&mut self) {
        let Some(revoke) = self.revoke() else { return };
        self.call(Call::Write(revoke)).await;
        let grant = self.grant();
        if let Outcome::Acknowledged { revision } = self.call(Call::Write(grant)).await {
            let call = Call::Read { read: Read::Decisions, min_revision: Some(revision), max_age: None };
            self.call(call).await;
        }
    }

    async fn read(&mut self, min_revision: Option<u64>, max_age: Option<u64>) {
        let read = match self.random.below(4) {
            0 => Read::Groups,
            1 => Read::Members { group: (*self.random.pick(&GROUPS)).to_owned() },
            _ => Read::Decisions,
        };
        self.call(Call::Read { read, min_revision, max_age }).await;
    }

    fn any_write(&mut self) -> Write {
        match self.random.below(100) {
            0..12 => Write::Create(self.party()),
            12..16 => Write::Delete(self.party()),
            16..40 => {
                let (container, member) = self.membership();
                Write::Join { container, member }
            }
            40..55 => {
                let (container, member) = self.membership();
                Write::Leave { container, member }
            }
            55..80 => self.grant(),
            _ => self.revoke().unwrap_or_else(|| self.grant()),
        }
    }

    fn of_kind(&mut self, kind: Kind) -> Party {
        let ids = match kind {
            Kind::User => &USERS[..],
            Kind::Group => &GROUPS[..],
            Kind::Role => &ROLES[..],
        };
        Party::new(kind, *self.random.pick(ids))
    }

    fn party(&mut self) -> Party {
        let kind = *self.random.pick(&[Kind::User, Kind::Group, Kind::Role]);
        self.of_kind(kind)
    }

    /// A random container and member: users in groups and roles, groups in roles.
    fn membership(&mut self) -> (Party, Party) {
        let kinds = [(Kind::Group, Kind::User), (Kind::Role, Kind::User), (Kind::Role, Kind::Group)];
        let (container, member) = *self.random.pick(&kinds);
        (self.of_kind(container), self.of_kind(member))
    }

    fn grant(&mut self) -> Write {
        let resource = if self.random.chance(150) { EVERY } else { *self.random.pick(&RESOURCES) };
        let permission = *self.random.pick(&PERMISSIONS);
        Write::Grant(Grant { owner: self.party(), resource: resource.to_owned(), permission: permission.to_owned() })
    }

    fn revoke(&mut self) -> Option<Write> {
        let keys = self.shared.keys();
        let key = (!keys.is_empty()).then(|| self.random.pick(&keys).clone())?;
        Some(Write::Revoke { key })
    }

    /// Sends a request and records its outcome.
    async fn call(&mut self, call: Call) -> Outcome {
        let replica = self.home.unwrap_or_else(|| self.random.below(self.shared.cluster.replicas.len()));
        let endpoint = self.shared.cluster.replicas[replica].endpoint();
        let id = self.shared.ids.fetch_add(1, Ordering::AcqRel);
        let request = wire::request(&endpoint.api, id, &call);
        let start = self.shared.clock.now();
        let reply = endpoint.api.try_send(request).await;
        let end = self.shared.clock.now();
        self.shared.note_key(&call, &reply);
        let outcome = wire::outcome(&call, reply);
        let operation = Operation { id, replica, process: endpoint.process, start, end, call, outcome };
        match operation.outcome {
            Outcome::Acknowledged { revision } => {
                self.shared.newest.fetch_max(revision, Ordering::AcqRel);
                self.shared.cluster.replicas[replica].has_accepted(start);
            }
            Outcome::Unavailable { .. } | Outcome::Lost { .. } => sleep(PAUSE).await,
            _ => {}
        }
        let outcome = operation.outcome.clone();
        self.operations.push(operation);
        outcome
    }
}

impl Shared {
    fn keys(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_key(&self, call: &Call, reply: &reqwest::Result<Reply>) {
        if let (Call::Write(Write::Grant(_)), Ok(reply)) = (call, reply)
            && reply.status == 201
            && let Some(key) = reply.json()["authorizationKey"].as_str()
        {
            let mut keys = self.keys();
            if keys.len() == KEPT_KEYS {
                keys.remove(0);
            }
            keys.push(key.to_owned());
        }
    }
}
