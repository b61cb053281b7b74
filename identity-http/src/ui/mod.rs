//! Admin UI at `/`: a single-page application that is embedded in the binary.
//!
//! Navigation to any path without another handler returns the page. Assets have a content digest in their names, and
//! browsers cache them for a year. Browsers revalidate the page on each request.

use std::sync::Arc;

use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use identity_core::service::Authentication;

use crate::problem::{Problem, nothing_here};
use crate::route::resource;
use crate::session::SignIn;

/// Content security policy of the page: only scripts and styles from this origin, no inline ones, and no framing.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
                      connect-src 'self'; form-action 'self'; base-uri 'self'; frame-ancestors 'none'";

/// A file of the UI, with its gzip-compressed form if the build created one.
struct File {
    path: &'static str,
    plain: &'static [u8],
    gzip: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/ui.rs"));

/// First path segments for which the page is never returned, so that clients get 404 (see `docs/architecture.md`).
const OTHERS: [&str; 7] = ["api", "v2", "auth", "access", "actuator", ".well-known", "assets"];

/// The page of the UI, with the base path of this server inserted.
#[derive(Clone)]
struct Page {
    base_path: Arc<str>,
    html: Arc<str>,
}

/// Mounts the UI under the current scope. `base_path` is empty, or has a leading and no trailing slash.
pub(crate) fn mount(base_path: &str, can_sign_in: bool, config: &mut ServiceConfig) {
    let built = FILES.iter().find(|file| file.path == "index.html");
    let html = built.map_or(include_str!("absent.html").into(), |file| String::from_utf8_lossy(file.plain));
    let html = html.replace(r#"<base href="/">"#, &format!(r#"<base href="{base_path}/">"#));
    let html = if can_sign_in { html } else { html.replace("<head>", r#"<head><meta name="sign-in" content="none">"#) };
    config
        .app_data(Data::new(Page { base_path: base_path.into(), html: html.into() }))
        .service(resource("").get(page))
        .service(resource("/").get(page))
        .service(resource("/assets/{file}").get(asset));
    for file in FILES.iter().filter(|file| !file.path.contains('/') && file.path != "index.html") {
        config.service(resource(&format!("/{}", file.path)).get(move |request| async move { serve(file, &request) }));
    }
}

async fn page(request: HttpRequest, page: Data<Page>) -> HttpResponse {
    page.show(&request)
}

impl Page {
    /// Returns the page. If authentication is required and sign-in is mounted, browsers without a session cookie are
    /// redirected to sign-in.
    fn show(&self, request: &HttpRequest) -> HttpResponse {
        let sign_in = request.app_data::<Data<SignIn>>();
        let is_stranger = sign_in.is_some_and(|sign_in| sign_in.cookies().session(request).is_none());
        let opens_to_all = |authentication: &Data<Authentication>| authentication.is_unprotected();
        if is_stranger && !request.app_data::<Data<Authentication>>().is_some_and(opens_to_all) {
            let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
            let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("return_to", target).finish();
            let location = format!("{}/auth/login?{query}", self.base_path);
            return HttpResponse::SeeOther().insert_header((header::LOCATION, location)).finish();
        }
        HttpResponse::Ok()
            .content_type("text/html; charset=utf-8")
            .insert_header((header::CACHE_CONTROL, "no-cache"))
            .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
            .body(self.html.to_string())
    }
}

/// Default handler: returns the page for browser navigation (GET or HEAD that accepts HTML), otherwise 404.
pub(crate) async fn page_or_nothing(request: HttpRequest) -> HttpResponse {
    let page = request.app_data::<Data<Page>>();
    let shows = |page: &&Data<Page>| {
        let path = request.path().strip_prefix(&*page.base_path).unwrap_or_default();
        let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
        let navigates = [Method::GET, Method::HEAD].contains(request.method()) && wants_html(request.headers());
        navigates && !OTHERS.contains(&first)
    };
    match page.filter(shows) {
        Some(page) => page.show(&request),
        None => nothing_here().error_response(),
    }
}

fn wants_html(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|types| types.contains("text/html"))
}

async fn asset(request: HttpRequest, name: web::Path<String>) -> Result<HttpResponse, Problem> {
    let path = format!("assets/{name}");
    match FILES.iter().find(|file| file.path == path) {
        Some(file) => Ok(serve(file, &request)),
        None => Err(nothing_here()),
    }
}

fn serve(file: &'static File, request: &HttpRequest) -> HttpResponse {
    let caching = if file.path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "max-age=3600" };
    let mut response = HttpResponse::Ok();
    response.content_type(media_type(file.path)).insert_header((header::CACHE_CONTROL, caching));
    let Some(gzip) = file.gzip else { return response.body(file.plain) };
    response.insert_header((header::VARY, "Accept-Encoding"));
    if accepts_gzip(request.headers()) {
        response.insert_header((header::CONTENT_ENCODING, "gzip")).body(gzip)
    } else {
        response.body(file.plain)
    }
}

/// Whether `Accept-Encoding` lists gzip with a weight above 0 (RFC 9110 §12.5.3).
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.split(',').any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().trim_start_matches("q=");
        name.trim().eq_ignore_ascii_case("gzip") && weight.parse::<f32>().unwrap_or(1.0) > 0.0
    })
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
