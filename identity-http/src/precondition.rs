//! Optimistic concurrency control: `ETag` and `If-Match` (RFC 9110 §8.8.3 and §13.1.1).
//!
//! A response with one entity carries its version as entity tag. A change with `If-Match` is applied only if the entity
//! still has one of the listed versions; otherwise the response is 412.

use actix_web::HttpResponse;
use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::http::header::{ETAG, IF_MATCH};
use identity_core::entity::{AuditEntity, EntityKind};
use identity_core::service::Caller;
use identity_core::value::{ExpectedVersions, Version};
use serde::Serialize;

/// Responds with an entity and its version. Without a version, the response has no entity tag.
pub(crate) fn respond(version: Option<Version>, view: &impl Serialize) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    if let Some(version) = version {
        response.insert_header((ETAG, format!("\"{version}\"")));
    }
    response.json(view)
}

/// Returns the version of an entity in the policy data from which the request is answered.
pub(crate) fn stored_version(caller: &Caller, kind: EntityKind, key: &str) -> Option<Version> {
    caller.world.version(&AuditEntity { kind, key: key.to_owned() })
}

/// Reads the versions that `If-Match` demands. `None` without the header and for `*`, and for methods that do not change
/// an existing entity. Tags of other servers, and weak tags, match no version.
pub(crate) fn expected(request: &ServiceRequest) -> Option<ExpectedVersions> {
    if ![Method::PUT, Method::PATCH, Method::DELETE].contains(request.method()) {
        return None;
    }
    let mut headers = request.headers().get_all(IF_MATCH).peekable();
    headers.peek()?;
    let texts: Vec<&str> = headers.map(|header| header.to_str().unwrap_or_default()).collect();
    let tags = || texts.iter().flat_map(|text| text.split(',')).map(str::trim);
    if tags().any(|tag| tag == "*") {
        return None;
    }
    let version = |tag: &str| Version::parse(tag.strip_prefix('"')?.strip_suffix('"')?);
    Some(tags().filter_map(version).collect())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn if_match_lists_the_versions_for_which_a_change_is_meant() {
        let (version, other) = (Version::of(&1), Version::of(&2));
        let read = |method: Method, header: Option<&str>| {
            let request = TestRequest::default().method(method);
            let request = header.into_iter().fold(request, |request, header| request.insert_header((IF_MATCH, header)));
            expected(&request.to_srv_request())
        };
        let both = format!("\"{other}\", \"{version}\"");
        assert!(read(Method::PUT, Some(&both)).unwrap().include(version));
        assert!(read(Method::DELETE, Some(&format!("\"{version}\""))).unwrap().include(version));
        for foreign in [format!("W/\"{version}\""), version.to_string(), "\"abc\"".to_owned(), String::new()] {
            assert!(!read(Method::PUT, Some(&foreign)).unwrap().include(version), "{foreign}");
        }
        assert_eq!(read(Method::PUT, Some("*")), None);
        assert_eq!(read(Method::PUT, None), None);
        assert_eq!(read(Method::GET, Some(&both)), None);
    }
}
