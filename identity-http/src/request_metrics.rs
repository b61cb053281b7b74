//! Request metrics, labelled by method, route and status.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::Method;
use metrics::{Counter, Histogram};

thread_local! {
    static KNOWN: RefCell<Known> = RefCell::default();
}

/// Per-worker cache of routes and metric handles, because looking them up for each request is expensive.
///
/// The numbers of methods, routes and statuses bound its size: paths of routes with parameters are not cached.
#[derive(Default)]
struct Known {
    /// Route patterns by path, for routes without parameters.
    routes: HashMap<String, Rc<str>>,
    metrics: HashMap<(&'static str, Rc<str>, u16), (Counter, Histogram)>,
}

/// Returns the route pattern of a request, such as `/api/users/{id}`; `none` if no route matches. Metric labels contain
/// the pattern, because ids in paths would create one time series each.
pub(crate) fn route(request: &HttpRequest) -> Rc<str> {
    let path = request.path();
    if let Some(route) = KNOWN.with_borrow(|known| known.routes.get(path).cloned()) {
        return route;
    }
    let pattern = request.match_pattern();
    let route = Rc::from(pattern.as_deref().unwrap_or("none"));
    if pattern.as_deref() == Some(path) {
        KNOWN.with_borrow_mut(|known| known.routes.insert(path.to_owned(), Rc::clone(&route)));
    }
    route
}

/// Increments the request counter and records the duration. The histogram is not labelled by status.
pub(crate) fn record(method: &Method, route: &Rc<str>, status: u16, elapsed: Duration) {
    let method = known_method(method.as_str());
    KNOWN.with_borrow_mut(|known| {
        let (responses, seconds) = known.metrics.entry((method, Rc::clone(route), status)).or_insert_with(|| {
            let labels = [("method", method.to_owned()), ("route", route.to_string()), ("status", status.to_string())];
            let seconds = metrics::histogram!("identity_http_request_seconds", &labels[..2]);
            (metrics::counter!("identity_http_requests_total", &labels), seconds)
        });
        responses.increment(1);
        seconds.record(elapsed.as_secs_f64());
    });
}

/// Maps methods other than the well-known ones to `other`, which bounds the number of label values.
fn known_method(method: &str) -> &'static str {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    known.into_iter().find(|name| *name == method).unwrap_or("other")
}
