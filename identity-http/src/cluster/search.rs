//! Search requests and responses of `/v2` (docs/reference/orchestration-cluster.md §1.11).

use actix_web::HttpResponse;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use identity_core::search::entities::Filter;
use identity_core::search::{Cursor, Found, Order, SearchBudget, SearchStopped, SearchText, SortBy, Start, Window};
use identity_core::service::cluster::Search;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::fields::{Fields, Report};
use crate::offload::off_the_worker;
use crate::page::MAX_SEARCH;
use crate::problem::Problem;

/// Maximum number of alternatives (`$or`) in a filter, because each one is compared with every candidate.
const MAX_ALTERNATIVES: usize = 100;
/// Maximum number of sort fields, because each one may be compared for every pair of candidates.
const MAX_SORTS: usize = 10;
/// Default number of items per page.
const DEFAULT_LIMIT: i64 = 100;

/// Parses a search request: filter, sort fields and page. `schema` is its schema in the OpenAPI document, `fields` are
/// the allowed sort fields, and `filter` reads the member `filter`.
pub(crate) fn parse<F, S: Copy>(
    bytes: &[u8],
    schema: &str,
    fields: &[(&str, S)],
    filter: impl FnOnce(&mut Fields, &mut Report) -> Option<F>,
) -> Result<Search<F, S>, Problem> {
    let (mut body, mut report) = Fields::optional_body(bytes, schema)?;
    let filter = filter(&mut body.object("filter"), &mut report);
    let sort = sort(&mut body, fields, &mut report);
    let window = window(&mut body, sort.len(), &mut report);
    let made = filter.zip(window).map(|(filter, window)| Search { filter, sort, window });
    report.finish(made)
}

/// Parses the query parameter `search`, with which searches go beyond the Orchestration Cluster API: a text that the
/// results must contain, ignoring case. `None` if it is absent or empty.
pub(super) fn text(search: Option<&str>) -> Result<Option<SearchText>, Problem> {
    match search {
        Some(text) if text.chars().count() > MAX_SEARCH => {
            Err(Problem::bad_request("query", format!("`search` must not be longer than {MAX_SEARCH} characters.")))
        }
        search => Ok(search.filter(|text| !text.is_empty()).map(SearchText::new)),
    }
}

/// Reads a filter. Its optional member `$or` is a list of further filters, at least one of which must match.
pub(super) fn with_alternatives<F>(
    fields: &mut Fields,
    report: &mut Report,
    read: impl Fn(&mut Fields, &mut Report) -> F,
) -> Option<Filter<F>> {
    let all = read(fields, report);
    let any: Vec<F> = fields.objects("$or").iter_mut().map(|alternative| read(alternative, report)).collect();
    if any.len() > MAX_ALTERNATIVES {
        report.value(format!("`/filter/$or` must not have more than {MAX_ALTERNATIVES} items."));
        return None;
    }
    Some(Filter { all, any, text: None })
}

fn sort<S: Copy>(body: &mut Fields, fields: &[(&str, S)], report: &mut Report) -> Vec<SortBy<S>> {
    const ORDERS: &[(&str, Order)] = &[("ASC", Order::Ascending), ("DESC", Order::Descending)];
    let mut known: Vec<(&str, S)> = fields.to_vec();
    known.sort_by_key(|(name, _)| *name);
    let mut sort = Vec::new();
    let entries = body.objects("sort");
    if entries.len() > MAX_SORTS {
        report.value(format!("`/sort` must not have more than {MAX_SORTS} items."));
        return sort;
    }
    for mut entry in entries {
        let field = entry.word("field", &known, report);
        let order = entry.word("order", ORDERS, report).unwrap_or_default();
        sort.extend(field.map(|field| SortBy { field, order }));
    }
    sort
}

fn window(body: &mut Fields, sorted_by: usize, report: &mut Report) -> Option<Window> {
    let mut page = body.object("page");
    let limit = page.number("limit", report).unwrap_or(DEFAULT_LIMIT);
    let from = page.number("from", report);
    let after = cursor(&mut page, "after", sorted_by, report);
    let before = cursor(&mut page, "before", sorted_by, report);
    let start = match (from, after, before) {
        (from, None, None) => Start::Offset(usize::try_from(from.unwrap_or(0)).ok()?),
        (None, Some(cursor), None) => Start::After(cursor),
        (None, None, Some(cursor)) => Start::Before(cursor),
        _ => {
            report.shape("`/page` must have at most one of `from`, `after` and `before`.");
            return None;
        }
    };
    Some(Window { start, limit: usize::try_from(limit).ok()? })
}

/// Decodes a pagination cursor: Base64 of a JSON list of the item's sort field values, followed by its key. Clients may
/// decode it, because it contains only data of the item.
fn cursor(page: &mut Fields, name: &str, sorted_by: usize, report: &mut Report) -> Option<Cursor> {
    let text = page.text(name)?;
    let decoded = BASE64_STANDARD
        .decode(&text)
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Vec<Option<String>>>(&bytes).ok())
        .and_then(|mut fields| Some(Cursor { key: fields.pop()??, fields }))
        .filter(|cursor| cursor.fields.len() == sorted_by);
    if decoded.is_none() {
        report.value(format!("`{}` must be a cursor of a response with the same `sort`.", page.pointer(name)));
    }
    decoded
}

fn encoded(cursor: &Cursor) -> String {
    let texts: Vec<Value> = cursor.fields.iter().cloned().chain([Some(cursor.key.clone())]).map(Value::from).collect();
    BASE64_STANDARD.encode(Value::from(texts).to_string())
}

/// Response to a search: items and pagination.
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
    /// Always `false`: totals are exact.
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

/// Searches and serializes the response on the blocking thread pool, within the search budget.
pub(crate) async fn answer<V: Serialize + Send + 'static>(
    search: impl FnOnce(&SearchBudget) -> Result<Answer<V>, SearchStopped> + Send + 'static,
) -> Result<HttpResponse, Problem> {
    let written = off_the_worker(|budget| search(budget).map(|answer| serde_json::to_vec(&answer))).await?;
    let body = written.map_err(|_| Problem::internal())?;
    Ok(HttpResponse::Ok().content_type("application/json").body(body))
}

/// Responds with the result of a search, serialized on the worker thread.
pub(crate) fn respond<T, V: Serialize>(found: Found<T>, view: impl FnMut(T) -> V) -> HttpResponse {
    Answer::new(found, view).respond()
}
