//! Turns of writers: one at a time, in a bounded queue, in groups that are committed at once.
//!
//! To commit costs far more than to decide, and costs the same for many changes as for one. So a writer that has decided does not
//! commit yet: it leaves its change in the *group*, an open transaction, and takes its turn again, behind those that wait already.
//! They decide in the world that its change leads to, and add theirs. A writer that finds its own group open when its second
//! turn comes commits all of it. When no other writer waits, that is at once.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Poll;
use std::time::Duration;

use event_listener::Event;

use crate::port::{Clock, Commit, PolicyTransaction, StoreError};
use crate::world::World;

/// Writes that may wait for their turn. Beyond them, a write would wait longer than its client.
const MAX_WAITING: usize = 256;
/// The longest time that a write may have waited when its turn comes.
const MAX_WAIT: Duration = Duration::from_secs(5);
/// The longest time that a group is open for more. Its transaction holds up the other replicas.
const MAX_OPEN: Duration = Duration::from_millis(200);

/// More changes are asked for than can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many changes are waiting; try again later")]
pub struct Overloaded {
    /// When to try again.
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
    /// The open group, between two turns.
    group: Option<Box<Group>>,
}

#[derive(Default)]
struct Waiting {
    has_turn: AtomicBool,
    changed: Event,
}

/// Changes that are committed at once.
pub(super) struct Group {
    pub(super) transaction: Box<dyn PolicyTransaction>,
    /// The world after all of them.
    pub(super) world: World,
    pub(super) commits: Vec<Commit>,
    outcome: Resolving,
    opened: Duration,
}

/// What a group came to. All that have a change in it wait for this.
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

/// The failure of a change whose transaction ended without a commit.
pub(super) fn given_up() -> StoreError {
    StoreError::Unavailable("the transaction was given up".into())
}

/// A group that is given up has failed.
struct Resolving(Arc<Outcome>);

impl Drop for Resolving {
    fn drop(&mut self) {
        self.0.resolve(Err(given_up()));
    }
}

/// The turn, with the open group if there is one.
pub(super) struct Turn<'t> {
    turns: &'t Turns,
    group: Option<Box<Group>>,
}

/// A change in a group that is not committed yet.
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

    /// Waits for the turn. Refuses at once when too many wait, and when the turn comes too late to be of use: what is not waited
    /// for any more must not delay others.
    pub(super) async fn take(&self) -> Result<Turn<'_>, Overloaded> {
        let asked = self.clock.monotonic();
        if self.state().waiting.len() >= MAX_WAITING {
            return Err(OVERLOADED);
        }
        let turn = self.wait().await;
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

    /// Gives the turn to the next.
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

/// A place in the queue. One that is given up is free again, and so is the turn if it has just come.
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
    /// The open group.
    pub(super) fn group(&mut self) -> Option<&mut Group> {
        self.group.as_deref_mut()
    }

    /// Takes the open group out, to commit it, when it has been open for long enough, or when this writer may take its time.
    pub(super) fn overdue(&mut self, is_slow: bool) -> Option<Box<Group>> {
        let now = self.turns.clock.monotonic();
        let is_overdue = |group: &mut Box<Group>| is_slow || now.saturating_sub(group.opened) > MAX_OPEN;
        self.group.take_if(is_overdue)
    }

    /// Opens a group.
    pub(super) fn open(&mut self, transaction: Box<dyn PolicyTransaction>, world: World) -> &mut Group {
        let opened = self.turns.clock.monotonic();
        let outcome = Resolving(Arc::default());
        self.group.insert(Box::new(Group { transaction, world, commits: Vec::new(), outcome, opened }))
    }

    /// Waits for the open group without a change in it. `None` when it has none: it holds what is committed already.
    pub(super) fn join(&self) -> Option<Member<'t>> {
        let group = self.group.as_ref().filter(|group| !group.commits.is_empty())?;
        Some(self.member(group))
    }

    fn member(&self, group: &Group) -> Member<'t> {
        group.outcome.0.members.fetch_add(1, Ordering::AcqRel);
        Member { turns: self.turns, outcome: Arc::clone(&group.outcome.0) }
    }

    /// Adds a change to the open group. Answers what its writer waits for.
    pub(super) fn add(&mut self, commit: Commit, world: World) -> Option<Member<'t>> {
        let group = self.group.as_mut()?;
        group.commits.push(commit);
        group.world = world;
        self.join()
    }
}

/// An open group without changes is of no use to the next: its transaction ends. One with changes stays open for them.
impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let group = self.group.take().filter(|group| !group.commits.is_empty());
        self.turns.state().group = group;
        self.turns.pass_on();
    }
}

impl Group {
    /// Commits all changes, has the world after them published, and only then tells their writers.
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

/// What a member has to do.
pub(super) enum Next<'t> {
    /// Nothing: another writer has committed the group, or failed to.
    Resolved(Result<(), StoreError>),
    /// Commit the group, in this turn.
    Commit(Box<Group>, Turn<'t>),
}

impl<'t> Member<'t> {
    /// Waits until another writer has committed the group, or until the turn to do so comes.
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

/// A group of which all writers are gone is given up, or its transaction would stay open.
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
