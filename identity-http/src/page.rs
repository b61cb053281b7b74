//! Query parameters and responses of paginated lists in the management API.

use actix_web::error::QueryPayloadError;
use actix_web::web::Query;
use actix_web::{HttpRequest, HttpResponse};
use identity_core::search::{List, Listing, PageRequest};
use identity_core::service::ListRequest;
use identity_core::value::BrokenRule;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use crate::findings::Findings;
use crate::json_array;
use crate::offload::off_the_worker;
use crate::problem::Problem;

/// Page size if neither `page` nor `resultSize` is given: enough for clients that expect the whole list.
const UNPAGED: usize = 10_000;
/// Maximum length of the parameter `search`, in characters: the maximum length of an id.
pub(crate) const MAX_SEARCH: usize = 256;
/// Default page size if only `page` is given.
const PAGED: usize = 50;

/// Filters and pages a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Only items whose id or name contains this text. Not case-sensitive.
    #[param(max_length = 256)]
    search: Option<String>,
    /// Page number, starting at 0. Default: the first page.
    #[param(maximum = 4294967295.0)]
    page: Option<u32>,
    /// Page size, 1 to 10 000. Default 50 if `page` is given, otherwise 10 000.
    #[param(minimum = 1, maximum = 10000)]
    result_size: Option<usize>,
    /// Accepted and ignored: organizations are not supported.
    #[serde(rename = "organizationId")]
    _organization_id: Option<String>,
}

impl ListQuery {
    pub(crate) fn new(search: Option<String>, PageQuery { page, result_size }: PageQuery) -> Self {
        Self { search, page, result_size, _organization_id: None }
    }

    pub(crate) fn parse(self) -> Result<ListRequest, Problem> {
        if self.search.as_ref().is_some_and(|text| text.chars().count() > MAX_SEARCH) {
            let mut findings = Findings::of_parameters();
            findings.note("search", BrokenRule::TooLong(MAX_SEARCH));
            return Err(findings.problem());
        }
        let page = PageQuery { page: self.page, result_size: self.result_size }.parse()?;
        Ok(ListRequest { search: self.search.filter(|text| !text.is_empty()), page })
    }
}

/// Pages a list without search.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// Page number, starting at 0. Default: the first page.
    #[param(maximum = 4294967295.0)]
    pub(crate) page: Option<u32>,
    /// Page size, 1 to 10 000. Default 50 if `page` is given, otherwise 10 000.
    #[param(minimum = 1, maximum = 10000)]
    pub(crate) result_size: Option<usize>,
}

impl PageQuery {
    pub(crate) fn parse(self) -> Result<PageRequest, Problem> {
        let limit = self.result_size.unwrap_or(if self.page.is_some() { PAGED } else { UNPAGED });
        if !(1..=UNPAGED).contains(&limit) {
            let mut findings = Findings::of_parameters();
            findings.note("resultSize", BrokenRule::Form("between 1 and 10000", String::new()));
            return Err(findings.problem());
        }
        let page = self.page.map_or(0, |page| usize::try_from(page).unwrap_or(usize::MAX));
        Ok(PageRequest { offset: page.saturating_mul(limit), limit })
    }
}

/// Deserializes the query string of a request. Unknown or malformed parameters are a 400 problem if `T` denies them.
pub(crate) fn query<T: DeserializeOwned>(request: &HttpRequest) -> Result<T, Problem> {
    query_without(request, &[])
}

/// Like [`query`], but ignores the parameters in `others`, which the handler parses separately.
pub(crate) fn query_without<T: DeserializeOwned>(request: &HttpRequest, others: &[&str]) -> Result<T, Problem> {
    let own: Vec<&str> = request
        .query_string()
        .split('&')
        .filter(|pair| !others.contains(&pair.split_once('=').map_or(*pair, |(name, _)| name)))
        .collect();
    Query::<T>::from_query(&own.join("&")).map(Query::into_inner).map_err(|error| unfit(&error))
}

/// Converts a query error to a 400 problem.
pub(crate) fn unfit(error: &QueryPayloadError) -> Problem {
    Problem::bad_request("query", format!("The query is invalid: {error}."))
}

/// Responds with a page of a list as a JSON array. `X-Total-Count` is the number of items on all pages, if known.
pub(crate) fn respond<T: 'static, V: Serialize>(
    list: impl Into<Listing<T>>,
    mut view: impl FnMut(T) -> V + 'static,
) -> HttpResponse {
    let Listing { items, total } = list.into();
    json_array::respond(items.into_iter().map(move |item| Some(view(item))), total)
}

/// Responds with a list as a JSON array. A list that requires a scan is computed on the blocking thread pool.
pub(crate) async fn answer<T: Send + 'static, V: Serialize>(
    list: List<T>,
    mut view: impl FnMut(T) -> V + 'static,
) -> Result<HttpResponse, Problem> {
    answer_some(list, move |item| Some(view(item))).await
}

/// Like [`answer`], but omits items for which `view` returns `None`.
pub(crate) async fn answer_some<T: Send + 'static, V: Serialize>(
    list: List<T>,
    view: impl FnMut(T) -> Option<V> + 'static,
) -> Result<HttpResponse, Problem> {
    let (items, total) = match list {
        List::Items { items, total } => (items, total),
        List::Scan(scan) => {
            let Listing { items, total } = off_the_worker(scan).await?;
            let items: Box<dyn Iterator<Item = T> + Send> = Box::new(items.into_iter());
            (items, total)
        }
    };
    Ok(json_array::respond(items.map(view), total))
}
