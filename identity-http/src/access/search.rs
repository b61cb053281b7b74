//! Who, with which resources, and what (AuthZEN Authorization API 1.0 §8).

use std::hash::{DefaultHasher, Hash, Hasher};

use actix_web::HttpResponse;
use actix_web::web::{Data, ServiceConfig};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use identity_core::service::Caller;
use identity_core::service::access::{Access, Action, Ask, Asked, Hits, Part, SearchLimits};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::Failures;
use super::evaluation::{ActionView, Entity};
use super::wire::{Id, Object, ObjectBody, Unfit, about, action, object};
use crate::authentication::Authenticated;
use crate::offload::off_the_worker;
use crate::problem::Problem;
use crate::route::resource;

pub(super) fn mount(v1: &mut ServiceConfig) {
    v1.service(resource("/search/subject").post(subject))
        .service(resource("/search/resource").post(resource_search))
        .service(resource("/search/action").post(action_search));
}

/// What is searched for, in the members that a question has. The id of what is searched is ignored.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only described, never built")]
pub(crate) struct SearchRequest {
    subject: Entity,
    /// Not for a search of actions.
    #[schema(nullable = false)]
    action: Option<ActionView>,
    resource: Entity,
    #[schema(nullable = false)]
    context: Option<Object>,
    #[schema(nullable = false)]
    page: Option<PageRequest>,
}

/// Which part of an answer.
#[derive(ToSchema)]
#[schema(as = access::PageRequest)]
#[expect(dead_code, reason = "only described, never built")]
pub(crate) struct PageRequest {
    /// `next_token` of the part before, when all else is as it was.
    #[schema(nullable = false)]
    token: Option<String>,
    /// How many results at most: 1 to 1000; 100 when not given.
    #[schema(nullable = false, minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// What was found.
#[derive(Serialize, ToSchema)]
pub(crate) struct SearchResponse {
    page: PageView,
    /// Subjects, resources or actions.
    #[schema(value_type = Vec<Object>)]
    results: Vec<Value>,
}

/// Which part of the answer this is.
#[derive(Serialize, ToSchema)]
#[schema(as = access::Page)]
pub(crate) struct PageView {
    /// For the next part; empty at the end.
    next_token: String,
    /// How many results this part has.
    count: usize,
}

/// What is searched.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Searched {
    Subjects,
    Resources,
    Actions,
}

/// A page's token, opaque to whoever carries it: the digest of the request that it goes on with, its limit and the last result.
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

/// Which part of the answer to a request is asked for, and the request's digest.
fn part(body: &Object, searched: Searched) -> Result<(Part, u64), Unfit> {
    let page = object(body, "page")?;
    let member = |name| page.and_then(|page| page.get(name));
    let properties = page.map_or(Ok(None), |page| object(page, "properties"))?;
    let mut digest = DefaultHasher::new();
    searched.hash(&mut digest);
    for name in ["subject", "action", "resource", "context"] {
        body.get(name).map(Value::to_string).hash(&mut digest);
    }
    properties.map(|properties| json!(properties).to_string()).hash(&mut digest);
    let digest = digest.finish();

    let most = SearchLimits::SERVED.most;
    let limit = match member("limit") {
        None => None,
        Some(limit) => match limit.as_u64().and_then(|limit| usize::try_from(limit).ok()) {
            Some(limit) if limit > 0 => Some(limit.min(most)),
            _ => return Err(Unfit("`page.limit` must be a whole number above 0.".to_owned())),
        },
    };
    let token = match member("token") {
        None => return Ok((Part { after: None, limit: limit.unwrap_or(SearchLimits::SERVED.usual) }, digest)),
        Some(token) => token.as_str().and_then(Token::read),
    };
    match token {
        Some(Token(of, was, after))
            if of == digest && limit.is_none_or(|limit| limit == was) && was <= most && was > 0 =>
        {
            Ok((Part { after: Some(after), limit: was }, digest))
        }
        _ => Err(Unfit("`page.token` is not one that this request was answered with.".to_owned())),
    }
}

fn respond(hits: Hits, limit: usize, digest: u64, view: impl Fn(&str) -> Value) -> HttpResponse {
    let next_token = match hits.found.last() {
        Some(last) if hits.more => Token(digest, limit, last.clone()).write(),
        _ => String::new(),
    };
    let results: Vec<Value> = hits.found.iter().map(|found| view(found)).collect();
    HttpResponse::Ok().json(SearchResponse { page: PageView { next_token, count: results.len() }, results })
}

/// The question, once the caller may ask it. What is searched is no part of it: the id of a subject or a resource, or the action.
async fn question(
    access: &Access,
    caller: &Caller,
    body: &Object,
    searched: Searched,
) -> Result<(Asked, Part, u64), Problem> {
    object(body, "context")?;
    let id = |of| if searched == of { Id::Ignored } else { Id::Needed };
    let asked = Asked {
        subject: about(body, "subject", id(Searched::Subjects))?,
        action: if searched == Searched::Actions { Action::default() } else { action(body)? },
        resource: about(body, "resource", id(Searched::Resources))?,
    };
    let mut same = body.clone();
    match searched {
        Searched::Subjects => remove_id(&mut same, "subject"),
        Searched::Resources => remove_id(&mut same, "resource"),
        Searched::Actions => drop(same.remove("action")),
    }
    let (part, digest) = part(&same, searched)?;
    access.permit(caller, Ask::Search, Some(&asked.resource.kind), 1).await?;
    Ok((asked, part, digest))
}

/// Finds the users or clients that may do something with a resource. Those who have access only through what their tokens say
/// cannot be found.
#[utoipa::path(post, path = "/access/v1/search/subject", tag = "access", request_body = SearchRequest,
    responses((status = 200, body = SearchResponse), Failures))]
pub(crate) async fn subject(
    access: Data<Access>,
    Authenticated(caller): Authenticated,
    ObjectBody(body): ObjectBody,
) -> Result<HttpResponse, Problem> {
    let (asked, part, digest) = question(&access, &caller, &body, Searched::Subjects).await?;
    let (kind, limit) = (asked.subject.kind.clone(), part.limit);
    let hits = off_the_worker(move |budget| access.subjects(&caller, &asked, &part, budget)).await?;
    Ok(respond(hits, limit, digest, |id| json!({"type": kind, "id": id})))
}

/// Finds the resources of a type with which a subject may do something: those that authorizations name, and `*` for all.
#[utoipa::path(post, path = "/access/v1/search/resource", tag = "access", request_body = SearchRequest,
    responses((status = 200, body = SearchResponse), Failures))]
pub(crate) async fn resource_search(
    access: Data<Access>,
    Authenticated(caller): Authenticated,
    ObjectBody(body): ObjectBody,
) -> Result<HttpResponse, Problem> {
    let (asked, part, digest) = question(&access, &caller, &body, Searched::Resources).await?;
    let (kind, limit) = (asked.resource.kind.clone(), part.limit);
    let hits = match access.identify(&asked.subject).await? {
        Ok(subject) => off_the_worker(move |budget| access.resources(&caller, &asked, &subject, &part, budget)).await?,
        Err(_) => Hits::none(),
    };
    Ok(respond(hits, limit, digest, |id| json!({"type": kind, "id": id})))
}

/// Finds what a subject may do with a resource.
#[utoipa::path(post, path = "/access/v1/search/action", tag = "access", request_body = SearchRequest,
    responses((status = 200, body = SearchResponse), Failures))]
pub(crate) async fn action_search(
    access: Data<Access>,
    Authenticated(caller): Authenticated,
    ObjectBody(body): ObjectBody,
) -> Result<HttpResponse, Problem> {
    let (asked, part, digest) = question(&access, &caller, &body, Searched::Actions).await?;
    let subject = access.identify(&asked.subject).await?;
    let hits = subject.map_or_else(|_| Hits::none(), |subject| access.actions(&caller, &asked, &subject, &part));
    Ok(respond(hits, part.limit, digest, |name| json!({"name": name})))
}

fn remove_id(body: &mut Object, name: &str) {
    if let Some(Value::Object(part)) = body.get_mut(name) {
        part.remove("id");
    }
}
