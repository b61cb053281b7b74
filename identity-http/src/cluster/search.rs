//! Search requests and answers of `/v2` (orchestration reference §1.11).

use actix_web::HttpResponse;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use identity_core::search::entities::Filter;
use identity_core::search::{Cursor, Found, Order, SearchBudget, SearchStopped, SortBy, Start, Window};
use identity_core::service::cluster::Search;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::fields::{Fields, Report};
use crate::offload::off_the_worker;
use crate::problem::Problem;

/// Most items of a page.
const MOST: i64 = 10_000;
/// Most alternatives of a filter: each is held against each candidate.
const MOST_ALTERNATIVES: usize = 100;
/// Most fields that are sorted by: each is compared for each pair of candidates.
const MOST_SORTS: usize = 10;
/// The items of a page that says nothing about it.
const USUAL: i64 = 100;

/// Reads a search request: a filter as `filter` has it, and a sort by one of `fields`.
pub(crate) fn parse<F, S: Copy>(
    bytes: &[u8],
    fields: &[(&str, S)],
    filter: impl FnOnce(&mut Fields, &mut Report) -> Option<F>,
) -> Result<Search<F, S>, Problem> {
    let mut body = Fields::body(bytes, true)?;
    let mut report = Report::default();
    let mut filters = body.object("filter", &mut report);
    let filter = filter(&mut filters, &mut report);
    filters.end(&mut report);
    let sort = sort(&mut body, fields, &mut report);
    let window = window(&mut body, sort.len(), &mut report);
    body.end(&mut report);
    let made = filter.zip(window).map(|(filter, window)| Search { filter, sort, window });
    report.finish(made)
}

/// A filter, and beside its conditions `$or`: others, of which one must hold.
pub(super) fn with_alternatives<F>(
    fields: &mut Fields,
    report: &mut Report,
    read: impl Fn(&mut Fields, &mut Report) -> F,
) -> Option<Filter<F>> {
    let all = read(fields, report);
    let mut any = Vec::new();
    for mut alternative in fields.objects("$or", report) {
        any.push(read(&mut alternative, report));
        alternative.end(report);
    }
    if any.len() > MOST_ALTERNATIVES {
        report.value(format!("`filter.$or` must not have more than {MOST_ALTERNATIVES} items."));
        return None;
    }
    Some(Filter { all, any })
}

fn sort<S: Copy>(body: &mut Fields, fields: &[(&str, S)], report: &mut Report) -> Vec<SortBy<S>> {
    const ORDERS: &[(&str, Order)] = &[("ASC", Order::Ascending), ("DESC", Order::Descending)];
    let mut known: Vec<(&str, S)> = fields.to_vec();
    known.sort_by_key(|(name, _)| *name);
    let mut sort = Vec::new();
    let entries = body.objects("sort", report);
    if entries.len() > MOST_SORTS {
        report.value(format!("`sort` must not have more than {MOST_SORTS} items."));
        return sort;
    }
    for mut entry in entries {
        let field = entry.word("field", &known, true, report);
        let order = entry.word("order", ORDERS, false, report).unwrap_or_default();
        entry.end(report);
        sort.extend(field.map(|field| SortBy { field, order }));
    }
    sort
}

fn window(body: &mut Fields, sorted_by: usize, report: &mut Report) -> Option<Window> {
    let mut page = body.object("page", report);
    let limit = page.optional_number("limit", report).unwrap_or(USUAL);
    let from = page.optional_number("from", report);
    let after = cursor(&mut page, "after", sorted_by, report);
    let before = cursor(&mut page, "before", sorted_by, report);
    page.end(report);
    if !(1..=MOST).contains(&limit) {
        report.value(format!("`page.limit` must be between 1 and {MOST}."));
        return None;
    }
    if from.is_some_and(|from| from < 0) {
        report.value("`page.from` must not be negative.");
        return None;
    }
    let start = match (from, after, before) {
        (from, None, None) => Start::Offset(usize::try_from(from.unwrap_or(0)).ok()?),
        (None, Some(cursor), None) => Start::After(cursor),
        (None, None, Some(cursor)) => Start::Before(cursor),
        _ => {
            report.shape("`page` takes one of `from`, `after` and `before`.");
            return None;
        }
    };
    Some(Window { start, limit: usize::try_from(limit).ok()? })
}

/// A cursor is the JSON list of the position's texts, one for each sort field and the key last, in base64. It says nothing that
/// the item did not.
fn cursor(page: &mut Fields, name: &str, sorted_by: usize, report: &mut Report) -> Option<Cursor> {
    let text = page.optional_text(name, report)?;
    let decoded = BASE64_STANDARD
        .decode(&text)
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Vec<Option<String>>>(&bytes).ok())
        .and_then(|mut fields| Some(Cursor { key: fields.pop()??, fields }))
        .filter(|cursor| cursor.fields.len() == sorted_by);
    if decoded.is_none() {
        report.value(format!("`page.{name}` is not a cursor of an earlier answer in this order."));
    }
    decoded
}

fn encoded(cursor: &Cursor) -> String {
    let texts: Vec<Value> = cursor.fields.iter().cloned().chain([Some(cursor.key.clone())]).map(Value::from).collect();
    BASE64_STANDARD.encode(Value::from(texts).to_string())
}

/// What a search found.
#[derive(Serialize)]
pub(crate) struct Answer<V> {
    items: Vec<V>,
    page: PageAnswer,
    #[serde(skip_serializing_if = "Option::is_none", rename = "authorizationsEnabled")]
    pub(crate) authorizations_enabled: Option<bool>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = cluster::FoundPage)]
pub(super) struct PageAnswer {
    total_items: usize,
    /// Totals are exact here.
    has_more_total_items: bool,
    #[schema(required, pattern = r"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=)?$")]
    start_cursor: Option<String>,
    #[schema(required, pattern = r"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=)?$")]
    end_cursor: Option<String>,
}

impl<V: Serialize> Answer<V> {
    pub(crate) fn new<T>(found: Found<T>, view: impl FnMut(T) -> V) -> Self {
        let (start_cursor, end_cursor) = found.ends.map(|(start, end)| (encoded(&start), encoded(&end))).unzip();
        let page = PageAnswer { total_items: found.total, has_more_total_items: false, start_cursor, end_cursor };
        Self { items: found.items.into_iter().map(view).collect(), page, authorizations_enabled: None }
    }

    pub(crate) fn respond(self) -> HttpResponse {
        HttpResponse::Ok().json(self)
    }
}

/// Searches off the worker, and answers with what was found.
pub(crate) async fn answer<V: Serialize + Send + 'static>(
    search: impl FnOnce(&SearchBudget) -> Result<Answer<V>, SearchStopped> + Send + 'static,
) -> Result<HttpResponse, Problem> {
    Ok(off_the_worker(search).await?.respond())
}

/// Answers with what a search found.
pub(crate) fn respond<T, V: Serialize>(found: Found<T>, view: impl FnMut(T) -> V) -> HttpResponse {
    Answer::new(found, view).respond()
}
