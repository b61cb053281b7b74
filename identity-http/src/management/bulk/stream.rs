//! Applies lines of commands in atomic batches while they arrive. Other changes are applied between the batches.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use futures_util::stream;
use identity_core::cancellation::Cancellation;
use identity_core::service::Caller;
use identity_core::service::bulk::{BulkDone, IfExists, Item};
use serde::Serialize;
use tokio::sync::{SemaphorePermit, watch};
use tokio::time::Instant;

use super::BulkChanges;
use super::command::{BulkCommand, Reader};
use crate::abandoned::CancelOnDrop;
use crate::body::{deserialize, parse_object};
use crate::load::lines::{Lines, MAX_BATCH, NDJSON, Next};
use crate::problem::{Problem, ProblemDocument};

/// Maximum number of commands in a batch.
const MAX_LINES: usize = 500;
/// Maximum time to wait for the next line before an incomplete batch is applied.
const PAUSE: Duration = Duration::from_millis(250);
/// Maximum duration of a request. After that it fails, and the client sends the remaining commands in another request.
const MAX_TIME: Duration = Duration::from_secs(60 * 60);

/// Context for processing the lines of one request. Occupies one of the permits for bulk requests.
pub(super) struct Work {
    pub(super) changes: Data<BulkChanges>,
    pub(super) caller: Caller,
    pub(super) if_exists: IfExists,
    pub(super) _running: SemaphorePermit<'static>,
}

/// A line of the response, in JSON: progress after each batch, and the outcome at the end.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    status: Status,
    /// Number of lines processed so far, in the order of the request. Includes skipped lines.
    lines: usize,
    /// Number of processed lines that were skipped because the entity to create already exists.
    skipped: usize,
    /// Revision that contains all applied lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<u64>,
    /// Number of the line that failed, starting at 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    failed_line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<ProblemDocument>,
}

#[derive(Clone, Copy, Default, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Status {
    #[default]
    Running,
    Done,
    Failed,
}

/// Lines that are applied as one atomic change.
#[derive(Default)]
struct Batch {
    items: Vec<Item>,
    bytes: usize,
    is_last: bool,
}

/// Responds immediately, and sends a line after each batch. A client that reads slowly misses intermediate lines, but
/// does not delay the changes. Dropping the response body cancels a queued change.
pub(super) fn respond(lines: Lines, mut work: Work) -> HttpResponse {
    let cancel = CancelOnDrop(Cancellation::default());
    work.caller.cancellation = cancel.0.clone();
    let (reports, news) = watch::channel(Bytes::new());
    actix_web::rt::spawn(work.run(lines, reports));
    let body = stream::unfold((news, cancel), |(mut news, cancel)| async move {
        news.changed().await.ok()?;
        let line = news.borrow_and_update().clone();
        Some((Ok::<_, actix_web::Error>(line), (news, cancel)))
    });
    HttpResponse::Ok().content_type(NDJSON).streaming(body)
}

impl Work {
    async fn run(self, mut lines: Lines, reports: watch::Sender<Bytes>) {
        let until = Instant::now() + MAX_TIME;
        let mut report = Report::default();
        let outcome = loop {
            match self.step(&mut lines, &mut report, until).await {
                Ok(false) => tell(&reports, &report),
                Ok(true) => break Ok(()),
                Err(problem) => break Err(problem),
            }
            if reports.is_closed() {
                return;
            }
        };
        report.status = if outcome.is_ok() { Status::Done } else { Status::Failed };
        if let Err(mut problem) = outcome {
            report.failed_line = problem.take_index().map(|index| report.lines + index + 1);
            report.problem = Some(problem.document("/api/bulk", None));
        }
        tell(&reports, &report);
    }

    /// Applies the next batch. Returns whether it was the last one.
    async fn step(&self, lines: &mut Lines, report: &mut Report, until: Instant) -> Result<bool, Problem> {
        let Batch { items, is_last, .. } = self.batch(lines).await?;
        if Instant::now() > until {
            let detail = "The request exceeded its maximum duration; send the remaining commands in another request.";
            return Err(Problem::unavailable("too_long", detail, PAUSE));
        }
        let count = items.len();
        if count > 0 {
            let BulkDone { revision, skipped } =
                self.changes.bulk.apply(&self.caller, items, self.if_exists).await.map_err(Problem::from)?;
            report.lines += count;
            report.skipped += skipped;
            report.revision = Some(revision.0);
        }
        Ok(is_last)
    }

    async fn batch(&self, lines: &mut Lines) -> Result<Batch, Problem> {
        let reader = Reader { bulk: &self.changes.bulk, ids: &self.changes.ids };
        let mut batch = Batch::default();
        while batch.items.len() < MAX_LINES && batch.bytes < MAX_BATCH {
            let index = batch.items.len();
            let pause = (index > 0).then_some(PAUSE);
            match lines.next(pause).await {
                Ok(Next::Line(line)) => {
                    batch.bytes += line.len();
                    let item = command(&line).and_then(|command| reader.item(command, String::new()));
                    batch.items.push(item.map_err(|problem| problem.of_command(index))?);
                }
                Ok(Next::Pause) => break,
                Ok(Next::End) => {
                    batch.is_last = true;
                    break;
                }
                Err(problem) => return Err(problem.of_command(index)),
            }
        }
        Ok(batch)
    }
}

/// Parses a line as a command.
fn command(line: &[u8]) -> Result<BulkCommand, Problem> {
    deserialize(parse_object(line)?, "").map_err(|unfit| unfit.problem("body_shape"))
}

fn tell(reports: &watch::Sender<Bytes>, report: &Report) {
    let mut line = serde_json::to_vec(report).unwrap_or_default();
    line.push(b'\n');
    // Fails only if the client has disconnected.
    _ = reports.send(Bytes::from(line));
}
