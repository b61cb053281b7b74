//! `/access/v1/search/…`: searches for subjects, resources and actions (docs/reference/authzen.md §8).

use std::hash::{DefaultHasher, Hash, Hasher};

use actix_web::HttpResponse;
use actix_web::web::{Data, ServiceConfig};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use identity_core::service::Caller;
use identity_core::service::access::{Access, Action, EvaluationRequest, Gap, Hits, Part, RequestKind, SearchLimits};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::Failures;
use super::wire::{ActionBody, Object, ObjectBody, SearchedEntityBody};
use crate::authentication::Authenticated;
use crate::body::Unfit;
use crate::offload::off_the_worker;
use crate::problem::Problem;
use crate::route::resource;

pub(super) fn mount(v1: &mut ServiceConfig) {
    v1.service(resource("/search/subject").post(subject))
        .service(resource("/search/resource").post(resource_search))
        .service(resource("/search/action").post(action_search));
}

/// A search, in the format of an evaluation request.
#[derive(Deserialize, ToSchema)]
pub(crate) struct SearchRequest {
    subject: SearchedEntityBody,
    /// Omit in a search for actions.
    #[schema(nullable = false)]
    action: Option<ActionBody>,
    resource: SearchedEntityBody,
    /// Not evaluated.
    #[serde(rename = "context")]
    #[schema(nullable = false)]
    _context: Option<Object>,
    #[serde(default)]
    page: PageRequest,
}

/// Selects the page of results.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = access::PageRequest)]
pub(crate) struct PageRequest {
    /// `next_token` of the previous page. The rest of the request must be unchanged.
    #[schema(nullable = false)]
    token: Option<String>,
    /// Maximum number of results. At most 1000 are returned. Default 100.
    #[schema(nullable = false, minimum = 1)]
    limit: Option<u64>,
    #[schema(nullable = false)]
    properties: Option<Object>,
}

/// Results of a search.
#[derive(Serialize, ToSchema)]
pub(crate) struct SearchResponse {
    page: PageView,
    /// Subjects, resources or actions.
    #[schema(value_type = Vec<Object>)]
    results: Vec<Value>,
    /// Present if results may be missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<SearchContext>,
}

/// Additional information about the results of a search.
#[derive(Serialize, ToSchema)]
pub(crate) struct SearchContext {
    incomplete: GapView,
}

/// Reason why a list is not complete.
#[derive(Serialize, ToSchema)]
pub(crate) struct GapView {
    /// `token_required`: claims of the subject that are not known can add access. `members_by_token`: mapping rules and
    /// groups stand for all principals whose tokens match or claim them. `directory`: Keycloak is unavailable, or has more
    /// holders than are listed.
    reason: &'static str,
    /// Human-readable form of `reason`.
    detail: String,
}

impl From<Gap> for GapView {
    fn from(gap: Gap) -> Self {
        Self { reason: gap.code(), detail: format!("{gap}.") }
    }
}

/// Pagination of the results.
#[derive(Serialize, ToSchema)]
#[schema(as = access::Page)]
pub(crate) struct PageView {
    /// Token of the next page. Empty on the last page.
    next_token: String,
    /// Number of results on this page.
    count: usize,
}

/// The part of an access evaluation request that a search looks for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Searched {
    Subjects,
    Resources,
    Actions,
}

/// Pagination cursor, opaque to clients: digest of the request, page size and last result.
#[derive(Serialize, Deserialize)]
struct Token(u64, usize, String);

impl Token {
    fn write(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(json!(self).to_string())
    }

    fn read(text: &str) -> Option<Self> {
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(text).ok()?).ok()
    }
}

/// Computes a digest of a search request without its page. Cursors contain it, so that they only fit the same request.
fn digest(mut body: Object, searched: Searched, page: &PageRequest) -> u64 {
    match searched {
        Searched::Subjects => remove_id(&mut body, "subject"),
        Searched::Resources => remove_id(&mut body, "resource"),
        Searched::Actions => drop(body.remove("action")),
    }
    let mut digest = DefaultHasher::new();
    searched.hash(&mut digest);
    for name in ["subject", "action", "resource", "context"] {
        body.get(name).map(Value::to_string).hash(&mut digest);
    }
    page.properties.as_ref().map(|properties| json!(properties).to_string()).hash(&mut digest);
    digest.finish()
}

impl PageRequest {
    fn parse(self, digest: u64) -> Result<Part, Unfit> {
        let most = SearchLimits::SERVED.most;
        let limit = self.limit.map(|limit| usize::try_from(limit).unwrap_or(most).min(most));
        let Some(token) = self.token else {
            return Ok(Part { after: None, limit: limit.unwrap_or(SearchLimits::SERVED.usual) });
        };
        match Token::read(&token) {
            Some(Token(of, was, after))
                if of == digest && limit.is_none_or(|limit| limit == was) && was <= most && was > 0 =>
            {
                Ok(Part { after: Some(after), limit: was })
            }
            _ => Err(Unfit::of("/page/token", "must be the `next_token` of a response to the same request")),
        }
    }
}

fn respond(hits: Hits, limit: usize, digest: u64, view: impl Fn(&str) -> Value) -> HttpResponse {
    let next_token = match hits.found.last() {
        Some(last) if hits.more => Token(digest, limit, last.clone()).write(),
        _ => String::new(),
    };
    let results: Vec<Value> = hits.found.iter().map(|found| view(found)).collect();
    let page = PageView { next_token, count: results.len() };
    let context = hits.gap.map(|gap| SearchContext { incomplete: gap.into() });
    HttpResponse::Ok().json(SearchResponse { page, results, context })
}

/// Parses a search request and checks the caller's permission.
///
/// The part to search for is ignored in the request: the id of the subject or resource, or the action.
async fn question(
    access: &Access,
    caller: &Caller,
    body: ObjectBody,
    searched: Searched,
) -> Result<(EvaluationRequest, Part, u64), Problem> {
    let whole = body.0.clone();
    let SearchRequest { subject, action, resource, page, .. } = body.read()?;
    let asked = EvaluationRequest {
        subject: subject.parse("/subject", searched == Searched::Subjects)?,
        action: match action {
            _ if searched == Searched::Actions => Action::default(),
            Some(action) => action.parse()?,
            None => return Err(Unfit::of("/action", "is missing").into()),
        },
        resource: resource.parse("/resource", searched == Searched::Resources)?,
    };
    let digest = digest(whole, searched, &page);
    let part = page.parse(digest)?;
    access.permit(caller, RequestKind::Search, Some(&asked.resource.kind), 1).await?;
    Ok((asked, part, digest))
}

/// Finds the users or clients that may perform an action on a resource.
///
/// Subjects whose access comes only from token claims are not found.
#[utoipa::path(post, path = "/access/v1/search/subject", tag = "access", request_body = SearchRequest,
    responses((status = 200, body = SearchResponse), Failures))]
pub(crate) async fn subject(
    access: Data<Access>,
    Authenticated(caller): Authenticated,
    body: ObjectBody,
) -> Result<HttpResponse, Problem> {
    let (asked, part, digest) = question(&access, &caller, body, Searched::Subjects).await?;
    let (kind, limit) = (asked.subject.kind.clone(), part.limit);
    let hits = off_the_worker(move |budget| access.subjects(&caller, &asked, &part, budget)).await?;
    Ok(respond(hits, limit, digest, |id| json!({"type": kind, "id": id})))
}

/// Finds the resources of a type on which a subject may perform an action: those named by authorizations, and `*` for
/// all.
#[utoipa::path(post, path = "/access/v1/search/resource", tag = "access", request_body = SearchRequest,
    responses((status = 200, body = SearchResponse), Failures))]
pub(crate) async fn resource_search(
    access: Data<Access>,
    Authenticated(caller): Authenticated,
    body: ObjectBody,
) -> Result<HttpResponse, Problem> {
    let (asked, part, digest) = question(&access, &caller, body, Searched::Resources).await?;
    let (kind, limit) = (asked.resource.kind.clone(), part.limit);
    let hits = match access.identify(&caller.world, &asked.subject, Some(&asked.resource)).await? {
        Ok(subject) => off_the_worker(move |budget| access.resources(&caller, &asked, &subject, &part, budget)).await?,
        Err(_) => Hits::none(),
    };
    Ok(respond(hits, limit, digest, |id| json!({"type": kind, "id": id})))
}

/// Finds the actions that a subject may perform on a resource.
#[utoipa::path(post, path = "/access/v1/search/action", tag = "access", request_body = SearchRequest,
    responses((status = 200, body = SearchResponse), Failures))]
pub(crate) async fn action_search(
    access: Data<Access>,
    Authenticated(caller): Authenticated,
    body: ObjectBody,
) -> Result<HttpResponse, Problem> {
    let (asked, part, digest) = question(&access, &caller, body, Searched::Actions).await?;
    let limit = part.limit;
    let hits = match access.identify(&caller.world, &asked.subject, Some(&asked.resource)).await? {
        Ok(subject) => off_the_worker(move |budget| access.actions(&caller, &asked, &subject, &part, budget)).await?,
        Err(_) => Hits::none(),
    };
    Ok(respond(hits, limit, digest, |name| json!({"name": name})))
}

fn remove_id(body: &mut Object, name: &str) {
    if let Some(Value::Object(part)) = body.get_mut(name) {
        part.remove("id");
    }
}
