//! Responses and headers that many operations have in common.

use utoipa::Modify;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::{ContentBuilder, ObjectBuilder, Ref, RefOr, Response, ResponseBuilder, Type};

use super::operations;

/// Adds the error responses 413 and 415 to all operations with a request body.
pub(super) struct Bodies;

impl Modify for Bodies {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for (path, item) in &mut document.paths.paths {
            let problem = if path.starts_with("/v2/") { "cluster.Problem" } else { "ProblemDocument" };
            for operation in operations(item).filter(|operation| operation.request_body.is_some()) {
                for (status, text) in [
                    ("413", "The body exceeds the maximum size."),
                    ("415", "The media type of the body is not supported."),
                ] {
                    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(problem))).build();
                    let response =
                        ResponseBuilder::new().description(text).content("application/problem+json", content);
                    operation.responses.responses.insert(status.to_owned(), response.build().into());
                }
            }
        }
    }
}

/// Adds `If-Match` and the response 412 to changes of entities that have a version, and `ETag` to reads of them.
pub(super) struct Preconditions;

impl Modify for Preconditions {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for (path, item) in &mut document.paths.paths {
            let is_versioned = path == "/api/authorizations" || path.ends_with('}') && item.get.is_some();
            if !is_versioned {
                continue;
            }
            let tag = HeaderBuilder::new().description(Some("Version of the entity, for `If-Match`.")).build();
            if let Some(RefOr::T(found)) = item.get.as_mut().filter(|_| path.ends_with('}')).and_then(ok_response) {
                found.headers.insert("ETag".to_owned(), tag.into());
            }
            let problem = if path.starts_with("/v2/") { "cluster.Problem" } else { "ProblemDocument" };
            for operation in [&mut item.put, &mut item.delete, &mut item.patch].into_iter().flatten() {
                let header = ParameterBuilder::new()
                    .name("If-Match")
                    .parameter_in(ParameterIn::Header)
                    .description(Some(
                        "Entity tags. The change is made only if the entity has one of them; otherwise the response is \
                         412.",
                    ))
                    .schema(Some(ObjectBuilder::new().schema_type(Type::String)));
                operation.parameters.get_or_insert_default().push(header.build().into());
                let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(problem))).build();
                let text = "The entity does not have a version that `If-Match` lists.";
                let response = ResponseBuilder::new().description(text).content("application/problem+json", content);
                operation.responses.responses.insert("412".to_owned(), response.build().into());
            }
        }
    }
}

fn ok_response(operation: &mut Operation) -> Option<&mut RefOr<Response>> {
    operation.responses.responses.get_mut("200")
}
