//! Group commit of audit entries that are not part of a policy commit, such as denials, from bounded queues.
//!
//! A transaction costs far more than an entry, and on some stores it blocks a policy commit. One caller at a time
//! therefore writes the queued entries of all callers, up to a limit, and returns the keys to them. Denials have a
//! queue of their own, separate from the outcomes of permitted attempts, because unauthenticated clients control the
//! number of denials. An entry that does not fit into its queue is lost and counted. A later entry records the number
//! of lost entries and the period in which they were lost.

use std::collections::VecDeque;
use std::error::Error;
use std::future::poll_fn;
use std::mem;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Poll;

use event_listener::Event;
use time::{Duration, OffsetDateTime};
use tracing::{error, warn};

use crate::entity::{Actor, AuditEntity, AuditEvent, AuditOperation, AuditResult, EntityKind, FieldChanges};
use crate::port::{AuditField, AuditFilter, AuditLog, AuditQuery, AuditText, StoreError};
use crate::search::{Order, SortBy, Start, TextFilter, Window};
use crate::value::time_text;

/// Capacity of each queue: one for outcomes of permitted attempts, one for denials.
const QUEUE: Bounds = Bounds { entries: 512, bytes: 1024 * 1024 };
/// Maximum number and total size of the entries that one transaction writes.
const GROUP: Bounds = Bounds { entries: 256, bytes: 256 * 1024 };
/// Interval at which the number of lost entries is recorded in the audit log.
const INTERVAL: Duration = Duration::MINUTE;
/// Approximate size in bytes of an entry without its texts.
const BASE_BYTES: usize = 256;

struct Bounds {
    entries: usize,
    bytes: usize,
}

pub(super) struct Appender {
    log: Arc<dyn AuditLog>,
    outcomes: Lane,
    denials: Lane,
    period: Mutex<Option<Lost>>,
    lost: AtomicU64,
}

/// Queue of audit entries that are written one group at a time.
#[derive(Default)]
struct Lane {
    state: Mutex<State>,
    /// Notified when the next group can be written.
    free: Event,
}

#[derive(Default)]
struct State {
    is_writing: bool,
    queue: Queue,
}

#[derive(Default)]
struct Queue {
    entries: VecDeque<Entry>,
    bytes: usize,
}

struct Entry {
    event: AuditEvent,
    receipt: Arc<Receipt>,
}

/// Result of writing an entry: its key, or `None` if the entry is lost. Set once.
#[derive(Default)]
struct Receipt {
    key: OnceLock<Option<u64>>,
    resolved: Event,
}

/// Number of lost entries, and the period in which they were lost.
#[derive(Clone, Copy)]
struct Lost {
    count: u64,
    from: OffsetDateTime,
    to: OffsetDateTime,
}

/// Entries that are being written. Each queue has at most one such group at a time.
struct Group<'a> {
    lane: &'a Lane,
    entries: Vec<Entry>,
}

impl Appender {
    pub(super) fn new(log: Arc<dyn AuditLog>) -> Self {
        let (outcomes, denials) = (Lane::default(), Lane::default());
        Self { log, outcomes, denials, period: Mutex::default(), lost: AtomicU64::new(0) }
    }

    /// Queues an entry and returns its key after it is written, or `None` if it is lost. If this future is dropped, the
    /// entry is still written with the next group.
    pub(super) async fn append(&self, event: AuditEvent) -> Option<u64> {
        let lane = if event.is_denial() { &self.denials } else { &self.outcomes };
        let (at, receipt) = (event.at, Arc::new(Receipt::default()));
        if !lane.state().queue.push(Entry { event, receipt: Arc::clone(&receipt) }) {
            if self.lose(1, at) {
                warn!("audit.queue.full");
            }
            return None;
        }
        self.settle(lane, &receipt).await
    }

    /// Returns the entry of the last successful operation on an entity. `None` if there is none, or the log cannot be
    /// read.
    pub(super) async fn last_change(&self, entity: &AuditEntity) -> Option<AuditEvent> {
        let filter = AuditFilter::default()
            .and(AuditText::EntityKey, TextFilter::equals(entity.key.clone()))
            .and(AuditText::EntityType, TextFilter::equals(entity.kind.as_str()))
            .and(AuditText::Result, TextFilter::equals(AuditResult::Success.as_str()));
        let newest_first = [SortBy { field: AuditField::Timestamp, order: Order::Descending }];
        let query = AuditQuery::new(filter, &newest_first, &Window { start: Start::Offset(0), limit: 1 }).ok()?;
        match self.log.search(&query).await {
            Ok(found) => found.items.into_iter().next(),
            Err(error) => {
                warn!(error = &error as &dyn Error, "audit.last_change.failed");
                None
            }
        }
    }

    /// Writes summary entries directly, without the queue. Entries that cannot be written are counted as lost.
    pub(super) async fn append_sums(&self, events: &[AuditEvent]) {
        for group in events.chunks(GROUP.entries) {
            if let Err(error) = self.log.append(group).await {
                self.fail(group.iter(), &error);
            }
        }
    }

    /// Writes the entries that are queued at the time of the call.
    pub(super) async fn flush(&self) {
        for lane in [&self.outcomes, &self.denials] {
            let last = lane.state().queue.entries.back().map(|entry| Arc::clone(&entry.receipt));
            if let Some(last) = last {
                self.settle(lane, &last).await;
            }
        }
    }

    /// Waits until another caller has written an entry, or writes it with the next group. Returns its key, or `None` if
    /// it is lost.
    async fn settle(&self, lane: &Lane, receipt: &Receipt) -> Option<u64> {
        loop {
            let (mut resolved, mut free) = (pin!(receipt.resolved.listen()), pin!(lane.free.listen()));
            if let Some(key) = receipt.key.get() {
                // This call may have consumed the notification of another waiter.
                lane.free.notify(1);
                return *key;
            }
            if let Some(group) = lane.next_group() {
                self.write(group).await;
                continue;
            }
            let either = poll_fn(|context| match resolved.as_mut().poll(context) {
                Poll::Pending => free.as_mut().poll(context),
                ready => ready,
            });
            either.await;
        }
    }

    /// Writes a group and resolves its receipts. If the store fails, all queued entries of the lane are lost too, so
    /// that no caller waits for a failing store twice.
    async fn write(&self, mut group: Group<'_>) {
        let events: Vec<AuditEvent> = group.entries.iter().map(|entry| entry.event.clone()).collect();
        let written = self.log.append(&events).await;
        let mut entries = mem::take(&mut group.entries);
        match written {
            Ok(keys) => {
                for (entry, key) in entries.iter().zip(keys) {
                    entry.receipt.resolve(Some(key));
                }
            }
            Err(error) => {
                entries.extend(mem::take(&mut group.lane.state().queue).entries);
                self.fail(entries.iter().map(|entry| &entry.event), &error);
            }
        }
        for entry in entries {
            entry.receipt.resolve(None);
        }
    }

    fn fail<'e>(&self, events: impl Iterator<Item = &'e AuditEvent>, error: &StoreError) {
        for event in events {
            if self.lose(1, event.at) {
                error!(error = error as &dyn Error, "audit.append.failed");
            }
        }
    }

    /// Counts lost entries. Returns `true` for the first ones since lost entries were last recorded.
    pub(super) fn lose(&self, count: u64, at: OffsetDateTime) -> bool {
        self.lost.fetch_add(count, Ordering::Relaxed);
        self.add(Lost { count, from: at, to: at })
    }

    fn add(&self, more: Lost) -> bool {
        let mut period = self.period();
        let is_first = period.is_none();
        let lost = period.get_or_insert(Lost { count: 0, ..more });
        lost.count += more.count;
        lost.from = lost.from.min(more.from);
        lost.to = lost.to.max(more.to);
        is_first
    }

    /// Records the number of lost entries, at most once a minute, or immediately with `all`.
    pub(super) async fn record_lost(&self, now: OffsetDateTime, all: bool) {
        let lost = self.period().take_if(|lost| all || now - lost.from >= INTERVAL);
        let Some(lost) = lost else { return };
        warn!(count = lost.count, from = %lost.from, to = %lost.to, "audit.entries.lost");
        if let Err(error) = self.log.append(&[lost.entry(now)]).await {
            error!(error = &error as &dyn Error, "audit.append.failed");
            self.add(lost);
        }
    }

    fn period(&self) -> MutexGuard<'_, Option<Lost>> {
        self.period.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the number of entries lost since start-up.
    pub(super) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

impl Lane {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the next group. `None` if another group is being written or the queue is empty.
    fn next_group(&self) -> Option<Group<'_>> {
        let mut state = self.state();
        if state.is_writing || state.queue.entries.is_empty() {
            return None;
        }
        state.is_writing = true;
        Some(Group { lane: self, entries: state.queue.take(&GROUP) })
    }
}

impl Queue {
    /// Adds an entry and returns `true`, or returns `false` if the queue is full.
    fn push(&mut self, entry: Entry) -> bool {
        let bytes = self.bytes.saturating_add(size(&entry.event));
        let has_room = self.entries.len() < QUEUE.entries && bytes <= QUEUE.bytes;
        if has_room {
            self.bytes = bytes;
            self.entries.push_back(entry);
        }
        has_room
    }

    fn put_back(&mut self, entry: Entry) {
        self.bytes += size(&entry.event);
        self.entries.push_front(entry);
    }

    /// Takes the oldest entries within `bounds`. Takes at least one, even if it exceeds the size limit.
    fn take(&mut self, bounds: &Bounds) -> Vec<Entry> {
        let (mut taken, mut bytes) = (Vec::new(), 0);
        while let Some(next) = self.entries.front().map(|entry| size(&entry.event)) {
            let is_full = taken.len() == bounds.entries || bytes + next > bounds.bytes;
            if is_full && !taken.is_empty() {
                break;
            }
            bytes += next;
            taken.extend(self.entries.pop_front());
        }
        self.bytes -= bytes;
        taken
    }
}

/// Returns the approximate size of an entry in bytes.
fn size(event: &AuditEvent) -> usize {
    let keys = event.entity.key.len() + event.related.as_ref().map_or(0, |related| related.key.len());
    let texts = [&event.reason, &event.request_id].into_iter().flatten().map(String::len);
    BASE_BYTES + keys + texts.sum::<usize>() + event.changes.bytes()
}

impl Receipt {
    /// Sets the result and notifies the waiting callers. Later calls do not change it.
    fn resolve(&self, key: Option<u64>) {
        _ = self.key.set(key);
        self.resolved.notify(usize::MAX);
    }
}

impl Lost {
    fn entry(&self, now: OffsetDateTime) -> AuditEvent {
        let (from, to) = (time_text(self.from), time_text(self.to));
        AuditEvent {
            key: 0,
            at: now,
            actor: Actor::System,
            issuer: None,
            operation: AuditOperation::Create,
            entity: AuditEntity { kind: EntityKind::AuditLog, key: String::new() },
            related: None,
            result: AuditResult::Fail,
            reason: Some(format!("entries_lost ({} from {from} to {to})", self.count)),
            revision: None,
            request_id: None,
            changes: FieldChanges::default(),
        }
    }
}

/// Allows the next group to be written. If the future of the writer was dropped before it finished, its entries return
/// to the queue and may be written twice.
impl Drop for Group<'_> {
    fn drop(&mut self) {
        let mut state = self.lane.state();
        for entry in self.entries.drain(..).rev() {
            state.queue.put_back(entry);
        }
        state.is_writing = false;
        drop(state);
        self.lane.free.notify(1);
    }
}
