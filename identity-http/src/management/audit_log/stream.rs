//! Exports of the audit log as CSV or JSON lines, in parts that are read from the store one at a time.

use std::borrow::Cow;
use std::error::Error;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::Bytes;
use futures_util::stream;
use identity_core::entity::{AuditEvent, FieldChange};
use identity_core::service::AuditExport;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::{EntryView, Format};
use crate::load::lines::NDJSON;
use crate::problem::Problem;
use crate::spreadsheet;
use crate::timestamp;
use crate::unfinished::{EndOnDrop, Unfinished};

/// Maximum number of concurrent exports. They share the connections to the store with other requests.
const MAX_RUNNING: usize = 2;
/// Value of `Retry-After` if [`MAX_RUNNING`] exports are running.
const RETRY: Duration = Duration::from_secs(5);
/// Maximum duration of an export. After that, the connection is closed before the end of the body.
const MAX_TIME: Duration = Duration::from_secs(60 * 60);

static RUNNING: Semaphore = Semaphore::const_new(MAX_RUNNING);

/// Takes one of the permits for exports. Fails with 503 if all are taken.
pub(super) fn admit() -> Result<SemaphorePermit<'static>, Problem> {
    let busy = |_| Problem::unavailable("busy", "The server is busy with other exports; try again later.", RETRY);
    RUNNING.try_acquire().map_err(busy)
}

/// Responds with an export. The permit is released at the end of the body.
pub(super) fn respond(export: AuditExport, format: Format, running: SemaphorePermit<'static>) -> HttpResponse {
    let (total, unfinished) = (export.total(), Unfinished::default());
    let body = Body {
        export,
        format,
        is_begun: false,
        until: Instant::now() + MAX_TIME,
        _running: running,
        _end: EndOnDrop(unfinished.clone()),
    };
    let (content_type, name) = match format {
        Format::Csv => (spreadsheet::CSV, "audit-log.csv"),
        Format::Jsonl => (NDJSON, "audit-log.jsonl"),
    };
    let mut response = HttpResponse::Ok()
        .content_type(content_type)
        .insert_header(("Content-Disposition", format!("attachment; filename=\"{name}\"")))
        .insert_header(("X-Total-Count", total.to_string()))
        .streaming(stream::try_unfold(body, Body::next));
    response.extensions_mut().insert(unfinished);
    response
}

/// Rest of an export. Occupies one of the permits for exports.
struct Body {
    export: AuditExport,
    format: Format,
    is_begun: bool,
    until: Instant,
    _running: SemaphorePermit<'static>,
    _end: EndOnDrop,
}

impl Body {
    /// Reads the next page, and returns it with the rest of the export. `None` at the end.
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, Box<dyn Error>> {
        loop {
            if Instant::now() > self.until {
                return Err("the export exceeded its maximum duration".into());
            }
            let page = self.export.next().await?;
            if page.is_none() && self.is_begun {
                return Ok(None);
            }
            let part = self.part(page.unwrap_or_default())?;
            // An empty chunk would end a body with chunked transfer coding.
            if !part.is_empty() {
                return Ok(Some((part.into(), self)));
            }
        }
    }

    fn part(&mut self, entries: Vec<AuditEvent>) -> Result<Vec<u8>, Box<dyn Error>> {
        let is_first = !std::mem::replace(&mut self.is_begun, true);
        match self.format {
            Format::Csv => spreadsheet::rows(is_first.then_some(&COLUMNS), entries.iter().map(cells)),
            Format::Jsonl => {
                let mut lines = Vec::new();
                for entry in entries {
                    serde_json::to_writer(&mut lines, &EntryView::from(entry))?;
                    lines.push(b'\n');
                }
                Ok(lines)
            }
        }
    }
}

/// Names of the CSV columns, in the order of [`cells`].
const COLUMNS: [&str; 15] = [
    "key",
    "timestamp",
    "actorType",
    "actorId",
    "actorIssuer",
    "operation",
    "entityType",
    "entityKey",
    "relatedType",
    "relatedKey",
    "result",
    "reason",
    "revision",
    "requestId",
    "changes",
];

fn cells(event: &AuditEvent) -> [Cow<'_, str>; 15] {
    let text = |text: Option<&'_ str>| text.unwrap_or_default().to_owned().into();
    let related = event.related.as_ref();
    [
        event.key.to_string().into(),
        timestamp::format(event.at).into(),
        event.actor.kind_name().into(),
        text(event.actor.id()),
        text(event.issuer.as_deref()),
        event.operation.as_str().into(),
        event.entity.kind.as_str().into(),
        (&event.entity.key).into(),
        text(related.map(|related| related.kind.as_str())),
        text(related.map(|related| related.key.as_str())),
        event.result.as_str().into(),
        text(event.reason.as_deref()),
        event.revision.map(|revision| revision.0.to_string()).unwrap_or_default().into(),
        text(event.request_id.as_deref()),
        changes(event).into(),
    ]
}

/// Describes changed fields in one text, such as `name: Sales → Sales EU; permissions: + READ; password: changed`.
fn changes(event: &AuditEvent) -> String {
    let one = |FieldChange { field, before, after }: &FieldChange| match (before, after) {
        (Some(before), Some(after)) => format!("{field}: {before} → {after}"),
        (Some(before), None) => format!("{field}: − {before}"),
        (None, Some(after)) => format!("{field}: + {after}"),
        (None, None) => format!("{field}: changed"),
    };
    let mut texts: Vec<String> = event.changes.fields().iter().map(one).collect();
    if event.changes.omitted() > 0 {
        texts.push(format!("… {} more", event.changes.omitted()));
    }
    texts.join("; ")
}
