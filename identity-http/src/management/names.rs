//! `/api/names`: display names of references, which contain only ids.

use actix_web::HttpResponse;
use actix_web::web::{Data, ServiceConfig};
use identity_core::entity::{AuditEntity, EntityKind};
use identity_core::service::Names;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Failures;
use crate::authentication::Authenticated;
use crate::body::Body;
use crate::problem::Problem;
use crate::route::resource;

/// Maximum number of references in a request, each of which may cost one request to a directory.
const MAX_REFERENCES: usize = 200;

pub(super) fn mount(api: &mut ServiceConfig) {
    api.service(resource("/names").post(names));
}

/// Kind of an entity that has a display name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum NamedType {
    User,
    Client,
    Group,
    Role,
    Tenant,
    MappingRule,
}

/// A reference to an entity.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Reference)]
pub(crate) struct ReferenceBody {
    r#type: NamedType,
    id: String,
}

/// References to resolve.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct References {
    /// At most 200.
    #[schema(max_items = 200)]
    references: Vec<ReferenceBody>,
}

/// The name of an entity.
#[derive(Serialize, ToSchema)]
#[schema(as = NamedReference)]
pub(crate) struct NamedView {
    #[schema(value_type = NamedType)]
    r#type: &'static str,
    id: String,
    /// Display name. For users in a directory, the username.
    name: String,
}

/// Resolves references to display names.
///
/// References to entities that do not exist or have no name are omitted.
#[utoipa::path(post, path = "/api/names", tag = "memberships", request_body = References,
    responses((status = 200, body = Vec<NamedView>), Failures))]
pub(crate) async fn names(
    resolver: Data<Names>,
    Authenticated(caller): Authenticated,
    Body(body): Body<References>,
) -> Result<HttpResponse, Problem> {
    if body.references.len() > MAX_REFERENCES {
        let detail = format!("`references` must not have more than {MAX_REFERENCES} items.");
        return Err(Problem::bad_request("references", detail));
    }
    let entity = |one: ReferenceBody| AuditEntity { kind: one.r#type.into(), key: one.id };
    let found = resolver.of(&caller, body.references.into_iter().map(entity).collect()).await?;
    let view = |(entity, name): (AuditEntity, String)| NamedView { r#type: entity.kind.as_str(), id: entity.key, name };
    Ok(HttpResponse::Ok().json(found.into_iter().map(view).collect::<Vec<_>>()))
}

impl From<NamedType> for EntityKind {
    fn from(kind: NamedType) -> Self {
        match kind {
            NamedType::User => Self::User,
            NamedType::Client => Self::Client,
            NamedType::Group => Self::Group,
            NamedType::Role => Self::Role,
            NamedType::Tenant => Self::Tenant,
            NamedType::MappingRule => Self::MappingRule,
        }
    }
}
