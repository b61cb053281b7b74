//! Thread pool for expensive password hashes, with one thread per core. Each thread reuses its memory for Argon2 (the
//! work area) as long as the process runs.
//!
//! Jobs run by priority: first those of familiar users and administrators, then sign-in attempts of strangers, then
//! bulk jobs. [`Standing`] distinguishes familiar users from strangers. Attempts of strangers wait in a bounded queue,
//! with an additional limit per client address; excess attempts are rejected immediately. While other jobs are waiting,
//! a bulk job runs after every eight of them.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use argon2::Block;
use identity_core::port::Standing;
use identity_core::value::client_network;
use tokio::sync::oneshot;
use tracing::{Span, error};

/// Memory of a work area in KiB, equal to the memory cost of new hashes. All areas together use 19 MiB per core.
pub(super) const AREA: u32 = 19 * 1024;
/// Minimum size in KiB of the temporary area for imported hashes that need more than [`AREA`]. The allocator returns
/// areas of this size to the operating system.
const LARGE_AREA: usize = 33 * 1024;
/// Maximum number of waiting sign-in attempts of strangers, per thread of the pool.
const STRANGERS_PER_THREAD: usize = 16;
/// Maximum number of waiting sign-in attempts of strangers, per client address.
const STRANGERS_PER_ADDRESS: usize = 4;
/// Maximum number of waiting jobs of familiar users and administrators. Request limits bound their number as well.
const FAMILIAR: usize = 1024;

/// Maximum number of waiting bulk jobs: enough for a few requests of the largest accepted size.
const BULK: usize = 4096;
/// Maximum number of other jobs that run while bulk jobs wait, before one bulk job runs.
const MAX_OVERTAKING: usize = 8;

/// Error for a job that is rejected because its queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Busy;

/// Memory for Argon2, which a thread reuses for all of its jobs.
pub(super) struct WorkArea {
    blocks: Vec<Block>,
    large: Arc<Mutex<()>>,
}

type Job = Box<dyn FnOnce(&mut WorkArea) + Send>;

/// Handle to the threads and their queue. When it is dropped, the threads stop after their current jobs.
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
    bulk: VecDeque<Job>,
    /// Number of other jobs that have run since bulk jobs began to wait, or since the last bulk job.
    overtaking: usize,
    closed: bool,
}

impl Pool {
    /// Starts a pool with this number of threads.
    ///
    /// # Errors
    /// Returns an error if the system cannot create a thread.
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

    /// Runs work as soon as a thread is free. Returns `None` if the work panics, and [`Busy`] if the queue is full.
    /// Work whose caller was canceled is not started.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        standing: Standing,
        work: impl FnOnce(&mut WorkArea) -> T + Send + 'static,
    ) -> Result<Option<T>, Busy> {
        let (job, done) = job(work);
        self.shared.add(standing, job)?;
        Ok(done.await.ok())
    }

    /// Queues bulk work: all of it, or none if the queue has too little room. Work whose caller was canceled is not
    /// started.
    pub(super) fn run_all<T: Send + 'static>(
        &self,
        works: impl IntoIterator<Item = impl FnOnce(&mut WorkArea) -> T + Send + 'static>,
    ) -> Result<Vec<oneshot::Receiver<T>>, Busy> {
        let (jobs, done): (Vec<Job>, Vec<_>) = works.into_iter().map(job).unzip();
        self.shared.add_bulk(jobs)?;
        Ok(done)
    }
}

fn job<T: Send + 'static>(work: impl FnOnce(&mut WorkArea) -> T + Send + 'static) -> (Job, oneshot::Receiver<T>) {
    let (sender, done) = oneshot::channel();
    let span = Span::current();
    let job: Job = Box::new(move |area| {
        if !sender.is_closed() {
            // The receiver may be dropped while the work runs.
            let _unheard = sender.send(span.in_scope(|| work(area)));
        }
    });
    (job, done)
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

    fn add_bulk(&self, jobs: Vec<Job>) -> Result<(), Busy> {
        let mut queue = self.queue();
        if queue.bulk.len().saturating_add(jobs.len()) > BULK {
            return Err(Busy);
        }
        queue.bulk.extend(jobs);
        drop(queue);
        self.added.notify_all();
        Ok(())
    }

    fn work(&self, area: &mut WorkArea) {
        while let Some(job) = self.next() {
            // A panic ends the job, not the thread. The caller sees a closed channel.
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
            if let Some(job) = queue.take() {
                return Some(job);
            }
            queue = self.added.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Queue {
    fn take(&mut self) -> Option<Job> {
        if self.overtaking < MAX_OVERTAKING
            && let Some(job) = self.take_prompt()
        {
            self.overtaking = if self.bulk.is_empty() { 0 } else { self.overtaking + 1 };
            return Some(job);
        }
        self.overtaking = 0;
        self.bulk.pop_front().or_else(|| self.take_prompt())
    }

    /// Takes the next job other than bulk work: familiar users and administrators first, then strangers.
    fn take_prompt(&mut self) -> Option<Job> {
        if let Some(job) = self.familiar.pop_front() {
            return Some(job);
        }
        let (address, job) = self.strangers.pop_front()?;
        match self.waiting.get_mut(&address) {
            Some(waiting) if *waiting > 1 => *waiting -= 1,
            _ => _ = self.waiting.remove(&address),
        }
        Some(job)
    }
}

impl WorkArea {
    /// Runs `work` with `blocks` blocks of 1 KiB; `None` if memory is insufficient.
    pub(super) fn with<T>(&mut self, blocks: usize, work: impl FnOnce(&mut [Block]) -> T) -> Option<T> {
        let area = usize::try_from(AREA).ok()?;
        if blocks <= area {
            grow(&mut self.blocks, area)?;
            return self.blocks.get_mut(..blocks).map(work);
        }
        // One large area at a time, because imported hashes may require several times the usual memory.
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

    /// Pool with one thread, which is blocked until the sender signals it.
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
        // Unfinished tasks are exactly the queued ones.
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
    async fn bulk_work_waits_for_others_and_is_not_starved() {
        let (pool, go) = held().await;
        let order = Arc::new(Mutex::new(Vec::new()));
        let note = |name: &'static str| {
            let order = Arc::clone(&order);
            move |_: &mut WorkArea| order.lock().unwrap().push(name)
        };
        let bulk = pool.run_all([note("bulk"), note("bulk")]).unwrap();
        let mut tasks = Vec::new();
        for number in 0..=MAX_OVERTAKING {
            let (task_pool, work) = (Arc::clone(&pool), note("prompt"));
            tasks.push(tokio::spawn(async move { task_pool.run(Standing::Familiar, work).await }));
            queued(&pool, 0, number + 1).await;
        }
        go.send(()).unwrap();
        for task in tasks {
            assert_eq!(task.await.unwrap(), Ok(Some(())));
        }
        for work in bulk {
            work.await.unwrap();
        }
        let expected = [vec!["prompt"; MAX_OVERTAKING], vec!["bulk", "prompt", "bulk"]].concat();
        assert_eq!(*order.lock().unwrap(), expected);
    }

    #[tokio::test]
    async fn bulk_work_beyond_the_queue_is_refused_as_a_whole() {
        let (pool, go) = held().await;
        let work = || |_: &mut WorkArea| ();
        let _waits = pool.run_all((1..BULK).map(|_| work())).unwrap();
        assert_eq!(pool.run_all([work(), work()]).err(), Some(Busy));
        assert!(pool.run_all([work()]).is_ok());
        go.send(()).unwrap();
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
