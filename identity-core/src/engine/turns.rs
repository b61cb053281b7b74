//! Group commit: the writers of this process take turns, in a bounded queue, and share transactions.
//!
//! A commit costs far more than a decision, and costs the same for many changes as for one. A writer therefore does not
//! commit right after its decision. In its first turn, it adds its change to the *group*, which is an open transaction,
//! and queues again behind the waiting writers. These writers decide in the world that includes its change, and add
//! their own changes to the group. The first writer of the group that gets a second turn commits the whole group. If no
//! other writer waits, the second turn follows at once.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Poll;
use std::time::Duration;

use event_listener::Event;

use crate::cancellation::Cancellation;
use crate::port::{Clock, Commit, PolicyTransaction, StoreError};
use crate::world::World;

/// Maximum number of queued writes. A write beyond this number would wait longer than its client does.
const MAX_WAITING: usize = 256;
/// Maximum time for which a write may wait for its turn.
const MAX_WAIT: Duration = Duration::from_secs(5);
/// Maximum time for which a group accepts changes. Its open transaction blocks writes of the other replicas.
const MAX_OPEN: Duration = Duration::from_millis(200);

/// The write queue is full, or the write waited longer than 5 seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many changes are waiting; try again later")]
pub struct Overloaded {
    /// Time after which the client may retry.
    pub retry_after: Duration,
}

const OVERLOADED: Overloaded = Overloaded { retry_after: Duration::from_secs(1) };

pub(super) struct Turns {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    is_taken: bool,
    waiting: VecDeque<Arc<Waiting>>,
    /// Open group, stored here while no writer has the turn.
    group: Option<Box<Group>>,
}

#[derive(Default)]
struct Waiting {
    has_turn: AtomicBool,
    changed: Event,
}

/// Changes that are committed in one transaction, together with the transaction.
pub(super) struct Group {
    pub(super) transaction: Box<dyn PolicyTransaction>,
    /// World after all changes of the group.
    pub(super) world: World,
    pub(super) commits: Vec<Commit>,
    outcome: Resolving,
    opened: Duration,
}

/// Outcome of the commit of a group. All members of the group wait for it.
#[derive(Default)]
pub(super) struct Outcome {
    result: OnceLock<Result<(), StoreError>>,
    resolved: Event,
    members: AtomicUsize,
}

impl Outcome {
    fn resolve(&self, result: Result<(), StoreError>) {
        _ = self.result.set(result);
        self.resolved.notify(usize::MAX);
    }

    fn result(&self) -> Option<Result<(), StoreError>> {
        let result = self.result.get()?;
        Some(result.as_ref().copied().map_err(StoreError::repeated))
    }
}

/// Returns the error of a change whose transaction ended without a commit.
pub(super) fn given_up() -> StoreError {
    StoreError::Unavailable("the transaction was abandoned".into())
}

/// On drop, reports a failure to all members of the group, unless the outcome of its commit was reported before.
struct Resolving(Arc<Outcome>);

impl Drop for Resolving {
    fn drop(&mut self) {
        self.0.resolve(Err(given_up()));
    }
}

/// Exclusive right of one writer of this process to add to the open group or to commit it.
pub(super) struct Turn<'t> {
    turns: &'t Turns,
    group: Option<Box<Group>>,
}

/// Writer that waits for the commit of a group. Its change is part of the group, or its result depends on the changes
/// of the group.
pub(super) struct Member<'t> {
    turns: &'t Turns,
    outcome: Arc<Outcome>,
}

impl Turns {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns an error if the queue has no room for another write.
    pub(super) fn admit(&self) -> Result<(), Overloaded> {
        if self.state().waiting.len() < MAX_WAITING { Ok(()) } else { Err(OVERLOADED) }
    }

    /// Waits for the turn of this writer. Returns [`Overloaded`] at once if the queue is full. Also returns it if the
    /// turn comes after more than [`MAX_WAIT`]: the client no longer waits for the result, and the write would delay
    /// others.
    ///
    /// Returns `None` if the request is cancelled before its turn comes. Its place in the queue is freed at once.
    pub(super) async fn take(&self, cancellation: &Cancellation) -> Result<Option<Turn<'_>>, Overloaded> {
        let asked = self.clock.monotonic();
        self.admit()?;
        let mut cancelled = pin!(cancellation.cancelled());
        let mut turn = pin!(self.wait());
        let turn = poll_fn(|context| match cancelled.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => turn.as_mut().poll(context).map(Some),
        });
        let turn = turn.await;
        if self.clock.monotonic().saturating_sub(asked) > MAX_WAIT { Err(OVERLOADED) } else { Ok(turn) }
    }

    async fn wait(&self) -> Turn<'_> {
        let waiting = {
            let mut state = self.state();
            if !state.is_taken {
                state.is_taken = true;
                return Turn { turns: self, group: state.group.take() };
            }
            let waiting = Arc::new(Waiting::default());
            state.waiting.push_back(Arc::clone(&waiting));
            waiting
        };
        let mut place = Place { turns: self, waiting: Some(waiting) };
        while let Some(waiting) = &place.waiting {
            let changed = waiting.changed.listen();
            if waiting.has_turn.load(Ordering::Acquire) {
                break;
            }
            changed.await;
        }
        place.waiting = None;
        Turn { turns: self, group: self.state().group.take() }
    }

    /// Passes the turn to the next waiting writer. Without one, frees the turn and drops a group that has no members
    /// left.
    fn pass_on(&self) {
        let mut state = self.state();
        match state.waiting.pop_front() {
            Some(next) => {
                next.has_turn.store(true, Ordering::Release);
                next.changed.notify(1);
            }
            None => {
                state.is_taken = false;
                let is_abandoned = |group: &Group| group.outcome.0.members.load(Ordering::Acquire) == 0;
                let abandoned =
                    if state.group.as_deref().is_some_and(is_abandoned) { state.group.take() } else { None };
                drop(state);
                drop(abandoned);
            }
        }
    }
}

/// Place of a waiting writer in the queue. On drop, frees the place, or passes the turn on if the writer has just
/// received it.
struct Place<'t> {
    turns: &'t Turns,
    waiting: Option<Arc<Waiting>>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let Some(waiting) = self.waiting.take() else { return };
        let mut state = self.turns.state();
        let is_in_the_queue = state.waiting.iter().position(|other| Arc::ptr_eq(other, &waiting));
        match is_in_the_queue {
            Some(place) => _ = state.waiting.remove(place),
            None => {
                drop(state);
                self.turns.pass_on();
            }
        }
    }
}

impl<'t> Turn<'t> {
    pub(super) fn group(&mut self) -> Option<&mut Group> {
        self.group.as_deref_mut()
    }

    /// Takes the open group if it has been open for longer than [`MAX_OPEN`], or if this writer may be slow. The caller
    /// must commit it.
    pub(super) fn overdue(&mut self, is_slow: bool) -> Option<Box<Group>> {
        let now = self.turns.clock.monotonic();
        let is_overdue = |group: &mut Box<Group>| is_slow || now.saturating_sub(group.opened) > MAX_OPEN;
        self.group.take_if(is_overdue)
    }

    pub(super) fn open(&mut self, transaction: Box<dyn PolicyTransaction>, world: World) -> &mut Group {
        let opened = self.turns.clock.monotonic();
        let outcome = Resolving(Arc::default());
        self.group.insert(Box::new(Group { transaction, world, commits: Vec::new(), outcome, opened }))
    }

    /// Joins the open group without a change, to wait for its commit. Returns `None` if there is no uncommitted change
    /// to wait for.
    pub(super) fn join(&self) -> Option<Member<'t>> {
        let group = self.group.as_ref().filter(|group| !group.commits.is_empty())?;
        Some(self.member(group))
    }

    fn member(&self, group: &Group) -> Member<'t> {
        group.outcome.0.members.fetch_add(1, Ordering::AcqRel);
        Member { turns: self.turns, outcome: Arc::clone(&group.outcome.0) }
    }

    /// Adds a change to the open group. Returns the handle with which its writer waits for the commit, or `None` if no
    /// group is open.
    pub(super) fn add(&mut self, commit: Commit, world: World) -> Option<Member<'t>> {
        let group = self.group.as_mut()?;
        group.commits.push(commit);
        group.world = world;
        self.join()
    }
}

/// Passes the turn on. A group with changes stays open for the next writer. A group without changes is dropped, which
/// ends its transaction.
impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let group = self.group.take().filter(|group| !group.commits.is_empty());
        self.turns.state().group = group;
        self.turns.pass_on();
    }
}

impl Group {
    /// Commits all changes, publishes the world after them, and then notifies the writers.
    pub(super) async fn commit(self: Box<Self>, publish: impl FnOnce(World)) -> Result<(), StoreError> {
        let Self { transaction, world, commits, outcome, .. } = *self;
        let result = transaction.commit(commits).await;
        if result.is_ok() {
            publish(world);
        }
        outcome.0.resolve(result.as_ref().copied().map_err(StoreError::repeated));
        result
    }
}

/// How a member of a group proceeds.
pub(super) enum Next<'t> {
    /// Another writer has committed the group, or failed to. Holds the result.
    Resolved(Result<(), StoreError>),
    /// This writer has the turn and must commit the group.
    Commit(Box<Group>, Turn<'t>),
}

impl<'t> Member<'t> {
    /// Waits until another writer has committed the group, or until this writer's turn to commit it.
    pub(super) async fn next(&self) -> Next<'t> {
        let mut turn = pin!(self.turns.wait());
        loop {
            let mut resolved = pin!(self.outcome.resolved.listen());
            if let Some(result) = self.outcome.result() {
                return Next::Resolved(result);
            }
            let turn = poll_fn(|context| match turn.as_mut().poll(context) {
                Poll::Ready(turn) => Poll::Ready(Some(turn)),
                Poll::Pending => resolved.as_mut().poll(context).map(|()| None),
            });
            let Some(mut turn) = turn.await else { continue };
            let is_own = |group: &Group| Arc::ptr_eq(&group.outcome.0, &self.outcome);
            if turn.group.as_deref().is_some_and(is_own)
                && let Some(group) = turn.group.take()
            {
                return Next::Commit(group, turn);
            }
            drop(turn);
            return Next::Resolved(self.outcome.result().unwrap_or_else(|| Err(given_up())));
        }
    }
}

/// Drops the open group with its last member, so that its transaction does not stay open if the requests of all writers
/// were aborted.
impl Drop for Member<'_> {
    fn drop(&mut self) {
        if self.outcome.members.fetch_sub(1, Ordering::AcqRel) != 1 || self.outcome.result.get().is_some() {
            return;
        }
        let mut state = self.turns.state();
        let is_own = |group: &Group| Arc::ptr_eq(&group.outcome.0, &self.outcome);
        let abandoned = if state.group.as_deref().is_some_and(is_own) { state.group.take() } else { None };
        drop(state);
        drop(abandoned);
    }
}
