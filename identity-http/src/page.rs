//! Pages of the management API's lists.

use actix_web::error::QueryPayloadError;
use actix_web::web::Query;
use actix_web::{HttpRequest, HttpResponse};
use identity_core::search::{Listing, PageRequest};
use identity_core::service::ListRequest;
use identity_core::value::BrokenRule;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use crate::body::Findings;
use crate::problem::Problem;

/// The items of a list without `page` and `resultSize`: enough for the clients that expect everything, and bounded.
const UNPAGED: usize = 10_000;
/// The longest text that is searched for, in characters: as long as the longest id.
const MAX_SEARCH: usize = 256;
/// The items of a page without `resultSize`.
const PAGED: usize = 50;

/// Which part of a list to show.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Only what has this in its id or name, whatever the case.
    #[param(max_length = 256)]
    search: Option<String>,
    /// The page, from 0. Without it, the list from its beginning.
    #[param(maximum = 4294967295.0)]
    page: Option<u32>,
    /// How many items a page has: 1 to 10 000; 50 when only `page` is given.
    #[param(minimum = 1, maximum = 10000)]
    result_size: Option<usize>,
    /// Accepted and ignored: there are no organizations here.
    #[serde(rename = "organizationId")]
    _organization_id: Option<String>,
}

impl ListQuery {
    pub(crate) fn parse(self) -> Result<ListRequest, Problem> {
        if self.search.as_ref().is_some_and(|text| text.chars().count() > MAX_SEARCH) {
            let mut findings = Findings::default();
            findings.note("search", BrokenRule::TooLong(MAX_SEARCH));
            return Err(findings.problem());
        }
        let page = PageQuery { page: self.page, result_size: self.result_size }.parse()?;
        Ok(ListRequest { search: self.search.filter(|text| !text.is_empty()), page })
    }
}

/// Which part of a list to show that cannot be searched.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// The page, from 0. Without it, the list from its beginning.
    #[param(maximum = 4294967295.0)]
    pub(crate) page: Option<u32>,
    /// How many items a page has: 1 to 10 000; 50 when only `page` is given.
    #[param(minimum = 1, maximum = 10000)]
    pub(crate) result_size: Option<usize>,
}

impl PageQuery {
    pub(crate) fn parse(self) -> Result<PageRequest, Problem> {
        let limit = self.result_size.unwrap_or(if self.page.is_some() { PAGED } else { UNPAGED });
        if !(1..=UNPAGED).contains(&limit) {
            let mut findings = Findings::default();
            findings.note("resultSize", BrokenRule::Form("between 1 and 10000", String::new()));
            return Err(findings.problem());
        }
        let page = self.page.map_or(0, |page| usize::try_from(page).unwrap_or(usize::MAX));
        Ok(PageRequest { offset: page.saturating_mul(limit), limit })
    }
}

/// The query of a request, as `T` has it.
pub(crate) fn query<T: DeserializeOwned>(request: &HttpRequest) -> Result<T, Problem> {
    query_without(request, &[])
}

/// The query of a request without these parameters, which somebody else reads.
pub(crate) fn query_without<T: DeserializeOwned>(request: &HttpRequest, others: &[&str]) -> Result<T, Problem> {
    let own: Vec<&str> = request
        .query_string()
        .split('&')
        .filter(|pair| !others.contains(&pair.split_once('=').map_or(*pair, |(name, _)| name)))
        .collect();
    Query::<T>::from_query(&own.join("&")).map(Query::into_inner).map_err(|error| unfit(&error))
}

/// What to answer to a query that cannot be read.
pub(crate) fn unfit(error: &QueryPayloadError) -> Problem {
    Problem::bad_request("query", format!("The query does not fit: {error}."))
}

/// A page as the management API shows it: the items alone, and how many there are in a header, where that is known.
pub(crate) fn respond<T, V: Serialize>(list: impl Into<Listing<T>>, view: impl FnMut(T) -> V) -> HttpResponse {
    let Listing { items, total } = list.into();
    let mut response = HttpResponse::Ok();
    if let Some(total) = total {
        response.insert_header(("X-Total-Count", total.to_string()));
    }
    response.json(items.into_iter().map(view).collect::<Vec<V>>())
}
