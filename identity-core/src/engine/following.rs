//! Follows the policy store: reads the commits of other replicas and tracks the age of the world.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::{error, info};

use super::Engine;
use crate::port::{ChangeSink, Clock, Loading, Logged, PolicyStore, PolicyTransaction, StoreError, Tail};
use crate::value::Revision;
use crate::world::{Building, Change, Unrecordable, World};

/// Maximum time since the store last confirmed that the world is the latest revision. Above it, a request queries the
/// store before it uses the world. The follower ([`Engine::follow`]) queries more often. The limit therefore only
/// applies if the follower did not run, for example while the process was suspended.
const CONFIRM_FROM: Duration = Duration::from_secs(3);
/// Period in which callers rely on a failed query, or on a running query of the follower, instead of querying the store
/// themselves.
const FAILURE_COUNTS: Duration = Duration::from_secs(10);
/// Time without a write after which the follower checks whether the store accepts writes.
const TRY_WRITING_EVERY: Duration = Duration::from_secs(5);
/// Maximum number of attempts to begin a write transaction. After a failed attempt, all data is reloaded, because the
/// commits that this replica has missed cannot be replayed.
const MAX_RELOADS: usize = 3;

/// The world is older than permitted, so recently revoked access may still be in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store last confirmed the policy data {} seconds ago", age.as_secs())]
pub struct StaleWorld {
    /// Time since the store last confirmed that it holds no newer revision.
    pub age: Duration,
}

/// Outcome of the last query for new commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Following {
    /// The store answered, and its answer was applied.
    Answered,
    /// The store did not answer, for example because it is unreachable. Holds the error. A later query may succeed.
    Unanswered(String),
    /// The store answered, but this server cannot read its data or schema. Holds the error.
    Unreadable(String),
}

/// Times and outcomes of the queries to the store. All times are readings of [`Clock::monotonic`].
pub(super) struct Confirmations {
    clock: Arc<dyn Clock>,
    max_age: Option<Duration>,
    /// Start of the last query that confirmed the world as the latest revision, in microseconds. Atomic, because every
    /// request reads it.
    confirmed: AtomicU64,
    state: Mutex<State>,
    /// Single flight: one request queries the store, and concurrent requests wait for its outcome.
    asking: async_lock::Mutex<()>,
}

struct State {
    /// End of the last query, whether or not it succeeded.
    ended: Duration,
    outcome: Following,
    /// Start of the follower's query in progress. `None` if no query is in progress, or if the world was already 3
    /// seconds old at its start. In both cases, requests query the store themselves.
    follower_asks: Option<Duration>,
    /// Time of the last write or write check. `write_problem` is its error, or `None` if the store accepted it.
    written: Duration,
    write_problem: Option<String>,
}

impl Confirmations {
    pub(super) fn new(clock: Arc<dyn Clock>, confirmed: Duration) -> Self {
        let state = State {
            ended: confirmed,
            outcome: Following::Answered,
            follower_asks: None,
            written: confirmed,
            write_problem: None,
        };
        let confirmed = AtomicU64::new(micros(confirmed));
        Self { clock, max_age: None, confirmed, state: Mutex::new(state), asking: async_lock::Mutex::new(()) }
    }

    fn confirmed(&self) -> Duration {
        Duration::from_micros(self.confirmed.load(Ordering::Acquire))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn age(&self) -> Duration {
        self.clock.monotonic().saturating_sub(self.confirmed())
    }

    /// Records that the store confirmed the world as the latest revision. `asked` is the time at which the query was
    /// sent.
    pub(super) fn confirm(&self, asked: Duration) {
        self.confirmed.fetch_max(micros(asked), Ordering::AcqRel);
        self.state().outcome = Following::Answered;
    }

    fn note(&self, asked: Duration, outcome: &Result<Revision, StoreError>) {
        match outcome {
            Ok(_) => self.confirm(asked),
            Err(error @ (StoreError::Unreadable { .. } | StoreError::Schema(_))) => {
                self.state().outcome = Following::Unreadable(error.to_string());
            }
            Err(error) => self.state().outcome = Following::Unanswered(error.to_string()),
        }
        let now = self.clock.monotonic();
        self.state().ended = now;
    }

    /// Records whether the store accepted a write. A conflict leaves the last error unchanged.
    pub(super) fn note_write<T>(&self, outcome: &Result<T, StoreError>) {
        let now = self.clock.monotonic();
        let mut state = self.state();
        state.written = now;
        match outcome {
            Ok(_) => state.write_problem = None,
            Err(StoreError::Conflict) => {}
            Err(error) => state.write_problem = Some(error.to_string()),
        }
    }

    fn is_write_due(&self) -> bool {
        let now = self.clock.monotonic();
        let state = self.state();
        state.write_problem.is_some() || now.saturating_sub(state.written) >= TRY_WRITING_EVERY
    }

    /// Returns whether the last query failed within the last 10 seconds because the store did not answer.
    fn is_away(&self) -> bool {
        let now = self.clock.monotonic();
        let state = self.state();
        let lately = now.saturating_sub(state.ended) < FAILURE_COUNTS;
        lately && matches!(state.outcome, Following::Unanswered(_))
    }

    fn follower_asks(&self) {
        let asks = (self.age() < CONFIRM_FROM).then(|| self.clock.monotonic());
        self.state().follower_asks = asks;
    }

    /// Returns whether a request that accepts a world of at most the age `accepted` must query the store first.
    fn is_due(&self, accepted: Duration) -> bool {
        let now = self.clock.monotonic();
        let since = |then: Duration| now.saturating_sub(then);
        if since(self.confirmed()) <= accepted {
            return false;
        }
        let state = self.state();
        let has_failed = state.outcome != Following::Answered && since(state.ended) < FAILURE_COUNTS;
        let is_asked = state.follower_asks.is_some_and(|asked| since(asked) < FAILURE_COUNTS);
        // A request that demands a newer world than usual does not rely on the follower's query.
        !(has_failed || is_asked && accepted >= CONFIRM_FROM)
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

impl Engine {
    /// Limits the age of the world in which decisions are made. Without a limit, which is the default, decisions are
    /// made in a world of any age.
    #[must_use]
    pub fn refusing_beyond(mut self, max_age: Option<Duration>) -> Self {
        self.confirmations.max_age = max_age;
        self
    }

    /// Returns the time since the store last confirmed that the world is the latest revision.
    #[must_use]
    pub fn world_age(&self) -> Duration {
        self.confirmations.age()
    }

    /// Returns whether the world is older than the limit of [`Engine::refusing_beyond`].
    #[must_use]
    pub fn is_too_old(&self) -> bool {
        self.confirmations.max_age.is_some_and(|max| self.world_age() > max)
    }

    /// Returns the outcome of the last query for new commits.
    #[must_use]
    pub fn following(&self) -> Following {
        self.confirmations.state().outcome.clone()
    }

    /// Returns whether the last query to the store failed within the last 10 seconds because the store did not answer.
    /// Callers that can proceed without the store then do so, instead of waiting for it.
    #[must_use]
    pub fn is_store_away(&self) -> bool {
        self.confirmations.is_away()
    }

    /// Returns the error of the last write or write check, or `None` if the store accepted it.
    #[must_use]
    pub fn write_problem(&self) -> Option<String> {
        self.confirmations.state().write_problem.clone()
    }

    /// Returns the world in which to answer a request. Queries the store first if the last confirmation is more than 3
    /// seconds old and the follower is not querying it, for example after the process was suspended.
    ///
    /// # Errors
    /// If the world is older than the limit of [`Engine::refusing_beyond`] and the store does not confirm it.
    pub async fn current_world(&self) -> Result<Arc<World>, StaleWorld> {
        self.confirmed_within(CONFIRM_FROM, self.confirmations.max_age).await
    }

    /// Returns the world, confirmed as the latest revision at most `max_age` ago. Queries the store if necessary.
    ///
    /// # Errors
    /// If the last confirmation is older than `max_age` and the store does not confirm the world again.
    pub async fn world_within(&self, max_age: Duration) -> Result<Arc<World>, StaleWorld> {
        self.confirmed_within(max_age.min(CONFIRM_FROM), Some(max_age)).await
    }

    async fn confirmed_within(&self, accepted: Duration, limit: Option<Duration>) -> Result<Arc<World>, StaleWorld> {
        let asked = self.clock.monotonic();
        if self.confirmations.is_due(accepted) {
            let _turn = self.confirmations.asking.lock().await;
            if self.confirmations.is_due(accepted) {
                _ = self.catch_up().await;
            }
        }
        let age = asked.saturating_sub(self.confirmations.confirmed());
        if limit.is_some_and(|limit| age > limit) { Err(StaleWorld { age }) } else { Ok(self.world()) }
    }

    /// Reads the commits of other replicas, applies them to the world and returns its revision. Reloads all data if the
    /// log no longer contains the commits or cannot be parsed.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn catch_up(&self) -> Result<Revision, StoreError> {
        let asked = self.clock.monotonic();
        let outcome = self.caught_up().await;
        self.confirmations.note(asked, &outcome);
        outcome
    }

    async fn caught_up(&self) -> Result<Revision, StoreError> {
        let known = self.world();
        match self.store.tail(known.revision()).await {
            Ok(Tail::Commits(commits)) if commits.is_empty() => Ok(known.revision()),
            Ok(Tail::Commits(commits)) => {
                let world = after(&known, &commits);
                let revision = world.revision();
                self.publish(world);
                Ok(revision)
            }
            Ok(Tail::Gone) => self.reload(&known).await,
            Err(error @ StoreError::Unreadable { .. }) => {
                error!(error = &error as &dyn std::error::Error, "world.log.unreadable");
                self.reload(&known).await
            }
            Err(error) => Err(error),
        }
    }

    async fn reload(&self, known: &Arc<World>) -> Result<Revision, StoreError> {
        let world = load(self.store.as_ref(), &World::new(known.sources(), known.matrix_handle())).await?;
        let revision = world.revision();
        info!(revision = revision.0, "world.reloaded");
        self.replace(known, world);
        Ok(revision)
    }

    /// Begins a write transaction and returns it with the world at the latest revision. If the missed commits cannot be
    /// replayed, ends the transaction, reloads all data and retries, so that other writers do not wait for the reload.
    /// Fails immediately if the store did not answer the last query.
    pub(super) async fn begin(&self) -> Result<(Box<dyn PolicyTransaction>, World), StoreError> {
        if self.is_store_away() {
            return Err(StoreError::Unavailable("the last query failed less than 10 seconds ago".into()));
        }
        for _ in 0..MAX_RELOADS {
            let (known, asked) = (self.world(), self.clock.monotonic());
            match self.store.begin(known.revision()).await {
                Ok(transaction) => {
                    if let Tail::Commits(commits) = transaction.missed() {
                        let world = after(&known, commits);
                        if !commits.is_empty() {
                            self.publish(world.clone());
                        }
                        self.confirmations.confirm(asked);
                        return Ok((transaction, world));
                    }
                    drop(transaction);
                }
                Err(error @ StoreError::Unreadable { .. }) => {
                    error!(error = &error as &dyn std::error::Error, "world.log.unreadable");
                }
                Err(error) => return Err(error),
            }
            self.reload(&known).await?;
        }
        Err(StoreError::Conflict)
    }

    /// Applies the commits of other replicas as the store announces them, and checks whether it accepts writes. Never
    /// returns.
    pub async fn follow(&self) {
        let mut followed = true;
        loop {
            // The subscription precedes the query, so that a commit in between is not missed.
            let changed = self.store.changed();
            self.confirmations.follower_asks();
            let outcome = self.catch_up().await;
            self.confirmations.state().follower_asks = None;
            let was_followed = std::mem::replace(&mut followed, outcome.is_ok());
            match outcome {
                Ok(revision) if !was_followed => info!(revision = revision.0, "world.follow.resumed"),
                Err(error) if was_followed => error!(error = &error as &dyn std::error::Error, "world.follow.failed"),
                Ok(_) | Err(_) => {}
            }
            if followed && self.confirmations.is_write_due() {
                let outcome = self.store.writable().await;
                self.confirmations.note_write(&outcome);
            }
            changed.await;
        }
    }

    /// Waits until the world is at `revision` or later. Has no timeout: callers supply their own.
    pub async fn at_least(&self, revision: Revision) -> Arc<World> {
        loop {
            let listener = self.published.listen();
            let world = self.world();
            if world.revision() >= revision {
                return world;
            }
            listener.await;
        }
    }

    /// Replaces the current world with `world`, unless the current revision is the same or newer. Wakes the callers
    /// that wait for a revision.
    pub(super) fn publish(&self, world: World) {
        let world = Arc::new(world);
        self.world.rcu(
            |current| {
                if current.revision() < world.revision() { Arc::clone(&world) } else { Arc::clone(current) }
            },
        );
        self.published.notify(usize::MAX);
    }

    /// Replaces the current world if it is still `known`. The new world may have an older revision, because the store
    /// may have been restored from a backup.
    fn replace(&self, known: &Arc<World>, world: World) {
        self.world.compare_and_swap(known, Arc::new(world));
        self.published.notify(usize::MAX);
    }
}

pub(super) async fn load(store: &dyn PolicyStore, empty: &World) -> Result<World, StoreError> {
    let mut loading = LoadingWorld { empty, building: Building::new(empty.clone()) };
    let revision = store.load(Loading::into_sink(&mut loading)).await?;
    Ok(loading.building.finish(revision))
}

/// A world that is built while its data is loaded.
struct LoadingWorld<'e> {
    empty: &'e World,
    building: Building,
}

impl ChangeSink for LoadingWorld<'_> {
    fn restart(&mut self) {
        self.building = Building::new(self.empty.clone());
    }

    fn add(&mut self, change: Change) {
        if let Err(reason) = self.building.add(&change) {
            left_out(&reason);
        }
    }
}

/// Returns the world that results from replaying `commits` on `known`.
fn after(known: &World, commits: &[Logged]) -> World {
    commits.iter().fold(known.clone(), |world, commit| replayed(&world, commit.revision, &commit.changes))
}

/// Replays changes. A change that cannot be replayed is left out, so it grants no access, and is logged as an error.
fn replayed(world: &World, revision: Revision, changes: &[Change]) -> World {
    let (world, left_out): (World, Vec<Unrecordable>) = world.replay(revision, changes);
    left_out.iter().for_each(self::left_out);
    world
}

fn left_out(reason: &Unrecordable) {
    error!(reason = reason as &dyn std::error::Error, "world.change.unreadable");
}
