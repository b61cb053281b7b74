//! Threads for expensive hashes: as many as there are cores, each with one work area for the life of the process.
//!
//! Work that matters more is done first. Attempts of strangers wait in a bounded queue, in which no address has more than a
//! few places; what does not fit is refused at once.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use argon2::Block;
use identity_core::port::Standing;
use identity_core::value::client_network;
use tokio::sync::oneshot;
use tracing::{Span, error};

/// Memory of a work area, in KiB: that of the hashes that this server makes. Together, the areas are cores × 19 MiB.
pub(super) const AREA: u32 = 19 * 1024;
/// Larger areas, for imported hashes, have at least this many KiB: the allocator gives so much back when it is freed.
const LARGE_AREA: usize = 33 * 1024;
/// Attempts of strangers that wait, for each thread.
const STRANGERS_PER_THREAD: usize = 16;
/// Attempts of strangers that wait, of each address.
const STRANGERS_PER_ADDRESS: usize = 4;
/// Familiar and administrative work that waits: bounded by what requests may wait for it.
const FAMILIAR: usize = 1024;

/// There is too much work already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Busy;

/// Where Argon2 works.
pub(super) struct WorkArea {
    blocks: Vec<Block>,
    large: Arc<Mutex<()>>,
}

type Job = Box<dyn FnOnce(&mut WorkArea) + Send>;

/// The threads and their queue.
pub(super) struct Pool {
    shared: Arc<Shared>,
}

struct Shared {
    queue: Mutex<Queue>,
    added: Condvar,
    strangers: usize,
}

#[derive(Default)]
struct Queue {
    familiar: VecDeque<Job>,
    strangers: VecDeque<(Option<IpAddr>, Job)>,
    waiting: HashMap<Option<IpAddr>, usize>,
    closed: bool,
}

impl Pool {
    /// Starts the threads.
    ///
    /// # Errors
    /// When the machine has no threads left.
    pub(super) fn start(threads: usize) -> std::io::Result<Self> {
        let strangers = threads.saturating_mul(STRANGERS_PER_THREAD);
        let shared = Arc::new(Shared { queue: Mutex::default(), added: Condvar::new(), strangers });
        let pool = Self { shared };
        let large = Arc::new(Mutex::new(()));
        for number in 0..threads {
            let shared = Arc::clone(&pool.shared);
            let mut area = WorkArea { blocks: Vec::new(), large: Arc::clone(&large) };
            thread::Builder::new().name(format!("password-{number}")).spawn(move || shared.work(&mut area))?;
        }
        Ok(pool)
    }

    /// Does work when a thread is free for it. Work that nobody waits for any more is not begun.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        standing: Standing,
        work: impl FnOnce(&mut WorkArea) -> T + Send + 'static,
    ) -> Result<Option<T>, Busy> {
        let (sender, done) = oneshot::channel();
        let span = Span::current();
        let job: Job = Box::new(move |area| {
            if !sender.is_closed() {
                // The waiting task may have ended meanwhile.
                let _unheard = sender.send(span.in_scope(|| work(area)));
            }
        });
        self.shared.add(standing, job)?;
        Ok(done.await.ok())
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.queue().closed = true;
        self.shared.added.notify_all();
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, standing: Standing, job: Job) -> Result<(), Busy> {
        let mut queue = self.queue();
        match standing {
            Standing::Familiar if queue.familiar.len() >= FAMILIAR => return Err(Busy),
            Standing::Familiar => queue.familiar.push_back(job),
            Standing::Stranger(address) => {
                let address = address.map(client_network);
                let of_address = queue.waiting.get(&address).copied().unwrap_or_default();
                if queue.strangers.len() >= self.strangers || of_address >= STRANGERS_PER_ADDRESS {
                    return Err(Busy);
                }
                queue.waiting.insert(address, of_address + 1);
                queue.strangers.push_back((address, job));
            }
        }
        drop(queue);
        self.added.notify_one();
        Ok(())
    }

    fn work(&self, area: &mut WorkArea) {
        while let Some(job) = self.next() {
            // A panic ends one job, not the thread: its waiting task learns of it by the channel.
            if std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| job(area))).is_err() {
                error!("password.work.failed");
            }
        }
    }

    fn next(&self) -> Option<Job> {
        let mut queue = self.queue();
        loop {
            if queue.closed {
                return None;
            }
            if let Some(job) = queue.familiar.pop_front() {
                return Some(job);
            }
            if let Some((address, job)) = queue.strangers.pop_front() {
                match queue.waiting.get_mut(&address) {
                    Some(waiting) if *waiting > 1 => *waiting -= 1,
                    _ => _ = queue.waiting.remove(&address),
                }
                return Some(job);
            }
            queue = self.added.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl WorkArea {
    /// Works with so many blocks of 1 KiB; `None` when the machine has not enough memory.
    pub(super) fn with<T>(&mut self, blocks: usize, work: impl FnOnce(&mut [Block]) -> T) -> Option<T> {
        let area = usize::try_from(AREA).ok()?;
        if blocks <= area {
            grow(&mut self.blocks, area)?;
            return self.blocks.get_mut(..blocks).map(work);
        }
        // One at a time: imported hashes may demand a multiple.
        let _alone = self.large.lock().unwrap_or_else(PoisonError::into_inner);
        let mut large = Vec::new();
        grow(&mut large, blocks.max(LARGE_AREA))?;
        large.get_mut(..blocks).map(work)
    }
}

fn grow(blocks: &mut Vec<Block>, length: usize) -> Option<()> {
    if blocks.len() < length {
        blocks.try_reserve_exact(length - blocks.len()).ok()?;
        blocks.resize(length, Block::new());
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn from(last: u8) -> Standing {
        Standing::Stranger(Some(IpAddr::from([192, 0, 2, last])))
    }

    /// A pool whose only thread works on the first job until it is told to go on.
    async fn held() -> (Arc<Pool>, mpsc::Sender<()>) {
        let pool = Arc::new(Pool::start(1).unwrap());
        let (go, wait) = mpsc::channel::<()>();
        let (began, begun) = oneshot::channel();
        let first = Arc::clone(&pool);
        tokio::spawn(async move {
            let work = move |_: &mut WorkArea| {
                began.send(()).unwrap();
                wait.recv().unwrap();
            };
            first.run(Standing::Familiar, work).await
        });
        begun.await.unwrap();
        (pool, go)
    }

    async fn queued(pool: &Arc<Pool>, strangers: usize, familiar: usize) {
        loop {
            let lengths = {
                let queue = pool.shared.queue();
                (queue.strangers.len(), queue.familiar.len())
            };
            if lengths == (strangers, familiar) {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn familiar_work_overtakes_strangers() {
        let (pool, go) = held().await;
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for (number, standing) in [from(1), from(2), Standing::Familiar].into_iter().enumerate() {
            let (task_pool, order) = (Arc::clone(&pool), Arc::clone(&order));
            tasks.push(tokio::spawn(async move {
                task_pool.run(standing, move |_| order.lock().unwrap().push(number)).await
            }));
            queued(&pool, (number + 1).min(2), usize::from(number == 2)).await;
        }
        go.send(()).unwrap();
        for task in tasks {
            assert_eq!(task.await.unwrap(), Ok(Some(())));
        }
        assert_eq!(*order.lock().unwrap(), [2, 0, 1]);
    }

    #[tokio::test]
    async fn strangers_beyond_the_queue_are_refused_at_once() {
        let (pool, go) = held().await;
        let mut tasks = Vec::new();
        let mut add = |standing| {
            let pool = Arc::clone(&pool);
            tasks.push(tokio::spawn(async move { pool.run(standing, |_| ()).await }));
        };
        for _ in 0..STRANGERS_PER_ADDRESS {
            add(from(1));
        }
        queued(&pool, STRANGERS_PER_ADDRESS, 0).await;
        assert_eq!(pool.run(from(1), |_| ()).await, Err(Busy), "one address");
        for last in 2..100 {
            add(from(last));
        }
        queued(&pool, STRANGERS_PER_THREAD, 0).await;
        // Only those that wait have not ended.
        while tasks.iter().filter(|task| !task.is_finished()).count() > STRANGERS_PER_THREAD {
            tokio::task::yield_now().await;
        }
        assert_eq!(pool.run(from(200), |_| ()).await, Err(Busy), "all addresses");
        go.send(()).unwrap();
        assert_eq!(pool.run(Standing::Familiar, |_| 7).await, Ok(Some(7)));
        let mut done = 0;
        for task in tasks {
            done += usize::from(task.await.unwrap() == Ok(Some(())));
        }
        assert_eq!(done, STRANGERS_PER_THREAD);
        assert!(pool.shared.queue().waiting.is_empty());
    }

    #[tokio::test]
    async fn a_failed_job_leaves_its_thread() {
        let pool = Pool::start(1).unwrap();
        assert_eq!(pool.run(Standing::Familiar, |_| -> u8 { panic!("on purpose") }).await, Ok(None));
        assert_eq!(pool.run(Standing::Familiar, |_| 1).await, Ok(Some(1)));
    }

    #[tokio::test]
    async fn work_areas_stay_and_large_ones_do_not() {
        let pool = Pool::start(1).unwrap();
        let place = |blocks| {
            move |area: &mut WorkArea| {
                let length = area.with(blocks, |blocks| blocks.len());
                (length, area.blocks.len())
            }
        };
        assert_eq!(pool.run(Standing::Familiar, place(8)).await, Ok(Some((Some(8), 19 * 1024))));
        assert_eq!(pool.run(Standing::Familiar, place(40_000)).await, Ok(Some((Some(40_000), 19 * 1024))));
    }
}
