//! Following the store: what others commit, and how old the world is.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::{error, info};

use super::Engine;
use crate::port::{Clock, Logged, PolicyStore, PolicyTransaction, StoreError, Tail};
use crate::value::Revision;
use crate::world::{Change, Unrecordable, World};

/// Age from which on the store is asked before the world is used. A follower asks more often, so this happens when none ran: the
/// process was suspended, or nothing follows.
const CONFIRM_FROM: Duration = Duration::from_secs(3);
/// How long the outcome of a question that failed counts for others that would ask the same.
const FAILURE_COUNTS: Duration = Duration::from_secs(10);
/// How often it is tried whether the store accepts writes.
const TRY_WRITING_EVERY: Duration = Duration::from_secs(5);
/// How often a write begins anew because the commits that it missed cannot be replayed.
const MAX_RELOADS: usize = 3;

/// The world is older than permitted: rights may have been revoked since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the newest data cannot be read; what is known is {} seconds old", age.as_secs())]
pub struct StaleWorld {
    /// How long ago the store confirmed that it holds nothing newer.
    pub age: Duration,
}

/// What the last question to the store came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Following {
    /// It was answered.
    Answered,
    /// It was not; a later one may be.
    Unanswered(String),
    /// The answer cannot be read by this server.
    Unreadable(String),
}

/// When the store was asked and what it said. Times are of [`Clock::monotonic`].
pub(super) struct Confirmations {
    clock: Arc<dyn Clock>,
    max_age: Option<Duration>,
    /// The world was the newest one then, in microseconds. Read by every request.
    confirmed: AtomicU64,
    state: Mutex<State>,
    /// One request asks for all that wait.
    asking: async_lock::Mutex<()>,
}

struct State {
    /// The last question ended then.
    ended: Duration,
    outcome: Following,
    /// The follower asks since then, in its usual rhythm.
    follower_asks: Option<Duration>,
    /// When the store last accepted or refused a write, and why it refused.
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

    /// Notes that a question that was asked at a time has been answered: there was nothing newer then.
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

    /// Notes whether the store accepts writes.
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

    /// Whether the store did not answer a moment ago.
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

    /// Whether the store has to be asked before a world is used that may be `accepted` old.
    fn is_due(&self, accepted: Duration) -> bool {
        let now = self.clock.monotonic();
        let since = |then: Duration| now.saturating_sub(then);
        if since(self.confirmed()) <= accepted {
            return false;
        }
        let state = self.state();
        let has_failed = state.outcome != Following::Answered && since(state.ended) < FAILURE_COUNTS;
        let is_asked = state.follower_asks.is_some_and(|asked| since(asked) < FAILURE_COUNTS);
        // An age that a request demands is not what the follower works for.
        !(has_failed || is_asked && accepted >= CONFIRM_FROM)
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

impl Engine {
    /// Refuses to decide in a world that is older than `max_age`; `None` decides however old it is. Without this, too.
    #[must_use]
    pub fn refusing_beyond(mut self, max_age: Option<Duration>) -> Self {
        self.confirmations.max_age = max_age;
        self
    }

    /// How long ago the store confirmed that it holds nothing newer than the world.
    #[must_use]
    pub fn world_age(&self) -> Duration {
        self.confirmations.age()
    }

    /// Whether the world is too old to decide in.
    #[must_use]
    pub fn is_too_old(&self) -> bool {
        self.confirmations.max_age.is_some_and(|max| self.world_age() > max)
    }

    /// What the last question to the store came to.
    #[must_use]
    pub fn following(&self) -> Following {
        self.confirmations.state().outcome.clone()
    }

    /// Whether the store did not answer a moment ago. What can do without it does not wait for it then.
    #[must_use]
    pub fn is_store_away(&self) -> bool {
        self.confirmations.is_away()
    }

    /// Why the store accepts no writes, when it did not the last time.
    #[must_use]
    pub fn write_problem(&self) -> Option<String> {
        self.confirmations.state().write_problem.clone()
    }

    /// The world to answer a request in. Asks the store first when it was not asked for longer than a follower leaves it, such
    /// as after the process was suspended.
    ///
    /// # Errors
    /// When the world is older than it may be, and the store cannot be asked.
    pub async fn current_world(&self) -> Result<Arc<World>, StaleWorld> {
        self.confirmed_within(CONFIRM_FROM, self.confirmations.max_age).await
    }

    /// The world, confirmed at most `max_age` ago.
    ///
    /// # Errors
    /// When the store cannot be asked.
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

    /// Reads the commits that others made, and makes them the world. Where they cannot be read, everything is loaded anew.
    ///
    /// # Errors
    /// When the store cannot be read.
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

    /// Loads everything.
    async fn reload(&self, known: &Arc<World>) -> Result<Revision, StoreError> {
        let world = load(self.store.as_ref(), &World::new(known.sources(), known.matrix_handle())).await?;
        let revision = world.revision();
        info!(revision = revision.0, "world.reloaded");
        self.replace(known, world);
        Ok(revision)
    }

    /// Takes the turn to write, with the newest world. Everything is loaded without the turn, which others wait for. While the
    /// store does not answer the follower, no write waits for it.
    pub(super) async fn begin(&self) -> Result<(Box<dyn PolicyTransaction>, World), StoreError> {
        if self.is_store_away() {
            return Err(StoreError::Unavailable("it did not answer a moment ago".into()));
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

    /// Follows the store for ever.
    pub async fn follow(&self) {
        let mut followed = true;
        loop {
            // Listened for before looking, so that what is committed in between is not missed.
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

    /// Waits until the world is at least at `revision`. Without end when that revision is never made: the caller brings a timeout.
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

    /// Makes `world` the current one, unless a newer one is.
    pub(super) fn publish(&self, world: World) {
        let world = Arc::new(world);
        self.world.rcu(
            |current| {
                if current.revision() < world.revision() { Arc::clone(&world) } else { Arc::clone(current) }
            },
        );
        self.published.notify(usize::MAX);
    }

    /// Makes `world` the current one in place of `known`, even if it is older: the store was restored.
    fn replace(&self, known: &Arc<World>, world: World) {
        self.world.compare_and_swap(known, Arc::new(world));
        self.published.notify(usize::MAX);
    }
}

/// Everything that a store holds.
pub(super) async fn load(store: &dyn PolicyStore, empty: &World) -> Result<World, StoreError> {
    let snapshot = store.load().await?;
    Ok(replayed(empty, snapshot.revision, &snapshot.changes))
}

/// The world that commits lead to.
fn after(known: &World, commits: &[Logged]) -> World {
    commits.iter().fold(known.clone(), |world, commit| replayed(&world, commit.revision, &commit.changes))
}

/// Replays changes, and logs those that could not be: they grant nothing, which an operator should know.
fn replayed(world: &World, revision: Revision, changes: &[Change]) -> World {
    let (world, left_out): (World, Vec<Unrecordable>) = world.replay(revision, changes);
    for reason in &left_out {
        error!(reason = reason as &dyn std::error::Error, "world.change.unreadable");
    }
    world
}
