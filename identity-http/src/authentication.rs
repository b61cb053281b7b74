//! Middleware that authenticates requests: resolves the `Authorization` header or a browser session to a [`Caller`].

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{ACCEPT, AUTHORIZATION};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, ResponseError, web};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use identity_core::engine::Engine;
use identity_core::service::{Authentication, AuthenticationError, Caller};
use identity_core::value::Secret;

use crate::Limits;
use crate::abandoned;
use crate::address;
use crate::endpoints;
use crate::load::receive::{Receiving, has_body};
use crate::overload;
use crate::precondition;
use crate::problem::Problem;
use crate::refused_rules;
use crate::request::RequestId;
use crate::revision::{self, ComputedAt, Demanded, WorldAge};
use crate::session::{RequestSession, SignIn, csrf};

const BASIC: &str = "Basic";

/// Authenticates each request: responds with 401 without valid credentials, otherwise attaches the caller to the
/// request.
///
/// The caller is authenticated from the head, before the body is received. If the body arrives later, authentication is
/// repeated once it is complete, so that rights, session and token lifetime are current. Exception: the handler of a
/// streamed body (`/api/bulk`) receives the body itself, and each change is authorized separately.
pub(crate) async fn authenticate<B: MessageBody + 'static>(
    authentication: web::Data<Authentication>,
    engine: web::Data<Engine>,
    limits: web::Data<Limits>,
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let sign_in = request.app_data::<web::Data<SignIn>>().cloned();
    let sign_in = sign_in.as_ref().map(web::Data::get_ref);
    let streams = endpoints::is_stream(&request);
    let payload = if streams { Payload::None } else { request.take_payload() };
    let resolves = endpoints::is_about_the_bearer(&request);
    let asks =
        RequestAuthentication { authentication: &authentication, sign_in, engine: &engine, limits: &limits, resolves };
    let found = if streams { asks.fresh_caller(&request).await } else { asks.caller_of_whole(&request, payload).await };
    match found {
        Ok((mut caller, session)) => {
            caller.cancellation = abandoned::cancellation();
            caller.expected = precondition::expected(&request);
            refused_rules::report(&caller.subject);
            request.extensions_mut().insert(ComputedAt(caller.world.revision()));
            let caller = Arc::new(caller);
            // A token for another API grants access only to endpoints about its bearer.
            if resolves {
                request.extensions_mut().insert(Bearer(caller));
            } else {
                request.extensions_mut().insert(caller);
            }
            if let Some(session) = &session {
                request.extensions_mut().insert(session.clone());
            }
            let mut response = next.call(request).await?;
            revision::show(&mut response);
            if let (Some(sign_in), Some(session)) = (sign_in, &session) {
                session.show(sign_in, response.response_mut());
            }
            Ok(response.map_into_left_body())
        }
        Err(problem) => Ok(request.into_response(problem.error_response()).map_into_right_body()),
    }
}

/// The authenticated caller. Requests that were authenticated by a session cookie also have a session.
type Found = (Caller, Option<RequestSession>);

/// Authentication of one request: its dependencies, and the kind of its endpoint.
struct RequestAuthentication<'a> {
    authentication: &'a Authentication,
    sign_in: Option<&'a SignIn>,
    engine: &'a Engine,
    limits: &'a Limits,
    /// Whether the endpoint returns the rights of the token's bearer. Such endpoints also accept tokens for other APIs
    /// of this installation.
    resolves: bool,
}

impl RequestAuthentication<'_> {
    /// Authenticates the caller and receives the whole body, which extractors then read from the request.
    async fn caller_of_whole(&self, request: &ServiceRequest, payload: Payload) -> Result<Found, Problem> {
        if !has_body(request) {
            overload::admit(request, self.engine)?;
            return self.fresh_caller(request).await;
        }
        let mut receiving = Receiving::start(request.request(), payload, None);
        let at_once = match &mut receiving {
            Ok(receiving) => receiving.at_once().await,
            Err(_) => Ok(true),
        };
        overload::admit(request, self.engine)?;
        let found = self.fresh_caller(request).await?;
        let (receiving, is_whole) = (receiving?, at_once?);
        receiving.finish().await?.keep(request.request());
        if is_whole { Ok(found) } else { self.again(found, request).await }
    }

    /// Authenticates the caller against a world that satisfies the minimum revision and maximum age in the request
    /// headers.
    ///
    /// The minimum revision is awaited first, because it may have created the caller's user or changed the password.
    /// The store is only queried on behalf of authenticated callers.
    async fn fresh_caller(&self, request: &ServiceRequest) -> Result<Found, Problem> {
        let demanded = Demanded::read(request)?;
        if let Some(least) = demanded.least {
            revision::reached(self.engine, least, self.limits).await?;
        }
        let found = caller(self.authentication, self.sign_in, request, self.resolves).await?;
        let Some(max_age) = demanded.max_age else { return Ok(found) };
        let world = self.engine.world_within(max_age).await?;
        request.extensions_mut().insert(WorldAge(self.engine.world_age()));
        if world.revision() > found.0.world.revision() { self.again(found, request).await } else { Ok(found) }
    }

    /// Repeats the authentication, so that it reflects the current world, session and token lifetime.
    async fn again(&self, (_, session): Found, request: &ServiceRequest) -> Result<Found, Problem> {
        match (self.sign_in, session) {
            (Some(sign_in), Some(session)) => Ok((session.again(sign_in, request_id(request)).await?, Some(session))),
            _ => caller(self.authentication, self.sign_in, request, self.resolves).await,
        }
    }
}

fn request_id(request: &ServiceRequest) -> Option<String> {
    request.extensions().get::<RequestId>().map(|id| id.0.to_string())
}

/// Authenticates the caller by the `Authorization` header, otherwise by the session cookie, otherwise as anonymous if
/// the profile allows that. The header takes precedence, because browsers attach cookies without being asked.
async fn caller(
    authentication: &Authentication,
    sign_in: Option<&SignIn>,
    request: &ServiceRequest,
    resolves: bool,
) -> Result<Found, Problem> {
    let in_a_browser = is_in_a_browser(request);
    // A challenge for Basic makes a browser open its own dialog and send the password with every later request.
    let is_offered = |scheme: &&str| *scheme != BASIC || !in_a_browser;
    let schemes = || authentication.schemes().filter(is_offered).collect::<Vec<_>>();
    let refuse = |reason, detail: &str| Problem::unauthorized(schemes().into_iter(), reason, detail.to_owned(), false);
    let request_id = request_id(request);

    let mut headers = request.headers().get_all(AUTHORIZATION);
    let header = match (headers.next(), headers.next()) {
        (Some(header), None) => header,
        (None, _) => {
            if let Some(sign_in) = sign_in
                && let Some((caller, session)) = RequestSession::find(sign_in, request, request_id.clone()).await?
            {
                return Ok((caller, Some(session)));
            }
            let anonymous = authentication.anonymous(request_id).await;
            let anonymous = anonymous.map_err(|error| Problem::from_authentication(&error, Vec::new()))?;
            let anonymous = anonymous.map(|caller| (caller, None));
            let offered = if is_by_script(request) { Vec::new() } else { schemes() };
            return anonymous.ok_or_else(|| no_credentials(offered));
        }
        (Some(_), Some(_)) => {
            return Err(refuse("credentials_repeated", "The request must have at most one Authorization header."));
        }
    };
    let malformed = || refuse("credentials_malformed", "The Authorization header is malformed.");
    let (scheme, credentials) = header.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(malformed)?;
    let credentials = credentials.trim();
    let outcome = if scheme.eq_ignore_ascii_case("bearer") {
        if resolves {
            authentication.bearer_for_resolution(credentials, request_id).await
        } else {
            authentication.bearer(credentials, request_id).await
        }
    } else if scheme.eq_ignore_ascii_case(BASIC) {
        // Browsers attach a remembered password even to requests that another site triggers.
        if csrf::is_cross_site(request.headers()) {
            return Err(Problem::forged());
        }
        let decoded = BASE64_STANDARD.decode(credentials).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let (username, password) = decoded.as_deref().and_then(|text| text.split_once(':')).ok_or_else(malformed)?;
        let address = address::of(request.request());
        authentication.basic(username, &Secret::new(password.to_owned()), address, request_id).await
    } else {
        Err(AuthenticationError::NotOffered("such"))
    };
    let caller = outcome.map_err(|error| Problem::from_authentication(&error, schemes()))?;
    Ok((caller, None))
}

fn no_credentials(offered: Vec<&'static str>) -> Problem {
    Problem::unauthorized(offered.into_iter(), "no_credentials", "The request requires credentials.".to_owned(), false)
}

/// Whether the request comes from a browser: it has Fetch Metadata headers, or its `Accept` header lists `text/html`.
fn is_in_a_browser(request: &ServiceRequest) -> bool {
    let headers = request.headers();
    let wants_html =
        headers.get(ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|text| text.contains("text/html"));
    wants_html || ["sec-fetch-mode", "sec-fetch-site"].into_iter().any(|name| headers.contains_key(name))
}

/// Whether a script sent the request, according to `X-Requested-With: XMLHttpRequest`.
///
/// The 401 response then carries no challenge, because a challenge makes the browser open its own password dialog.
fn is_by_script(request: &ServiceRequest) -> bool {
    request.headers().get("x-requested-with").is_some_and(|by| by == "XMLHttpRequest")
}

/// Extractor for the caller of a request. Responds with 401 on routes outside of [`authenticate`].
pub(crate) struct Authenticated(pub(crate) Arc<Caller>);

impl FromRequest for Authenticated {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = request.extensions().get::<Arc<Caller>>().cloned();
        // Fails closed outside of `authenticate`. No route is mounted that way.
        ready(caller.map(Self).ok_or_else(|| no_credentials(Vec::new())))
    }
}

/// Extractor for the bearer of a token, for endpoints that return the rights of their caller. The token may be issued
/// for another API of this installation.
#[derive(Clone)]
pub(crate) struct Bearer(pub(crate) Arc<Caller>);

impl FromRequest for Bearer {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let bearer = request.extensions().get::<Self>().cloned();
        ready(bearer.ok_or_else(|| no_credentials(Vec::new())))
    }
}
