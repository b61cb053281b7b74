//! `/api/memberships` and `/api/roles/{name}/members`: direct memberships, in profiles that store roles and groups.

use actix_web::web::{Data, Path, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use identity_core::entity::PartyKind;
use identity_core::service::Memberships;
use identity_core::value::RoleId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Failures;
use super::authorizations::EntityType;
use super::view::{GroupReference, RoleView, TenantView};
use crate::authentication::Authenticated;
use crate::body::Body;
use crate::findings::one;
use crate::offload::off_the_worker;
use crate::page::{self, PageQuery};
use crate::problem::Problem;
use crate::revision::written;
use crate::route::resource;
use crate::schema;

pub(super) fn mount(api: &mut ServiceConfig) {
    api.service(resource("/memberships").get(of))
        .service(resource("/roles/{name}/members").get(of_role).post(add))
        .service(resource("/roles/{name}/members/{memberType}/{memberId}").delete(remove));
}

/// Selects the member whose memberships are returned.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WhoseQuery {
    #[param(inline)]
    member_type: EntityType,
    #[param(
        min_length = 1,
        max_length = 256,
        pattern = r"^[^\s\u0000-\u001f\u007f-\u009f]([^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f])?$"
    )]
    member_id: String,
}

/// Selects and pages the members.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MembersQuery {
    #[param(inline)]
    member_type: EntityType,
    /// Page number, starting at 0. Default: the first page.
    #[param(maximum = 4294967295.0)]
    page: Option<u32>,
    /// Page size, 1 to 10 000. Default 50 if `page` is given, otherwise 10 000.
    #[param(minimum = 1, maximum = 10000)]
    result_size: Option<usize>,
}

/// Direct memberships of an entity.
#[derive(Serialize, ToSchema)]
#[schema(as = MemberOf)]
pub(crate) struct MemberOfView {
    groups: Vec<GroupReference>,
    roles: Vec<RoleView>,
    tenants: Vec<TenantView>,
}

/// A member and its display name.
#[derive(Serialize, ToSchema)]
#[schema(as = RoleMember)]
pub(crate) struct RoleMemberView {
    id: String,
    name: String,
}

/// A member to assign a role to.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewRoleMember)]
pub(crate) struct RoleMemberBody {
    member_type: EntityType,
    #[schema(schema_with = schema::id)]
    member_id: String,
}

/// Returns the direct memberships of an entity.
#[utoipa::path(get, path = "/api/memberships", tag = "memberships", params(WhoseQuery),
    responses((status = 200, body = MemberOfView), Failures))]
pub(crate) async fn of(
    memberships: Data<Memberships>,
    Authenticated(caller): Authenticated,
    query: Query<WhoseQuery>,
) -> Result<HttpResponse, Problem> {
    let member = one("memberId", query.member_type.party(&query.member_id))?;
    let of = memberships.of(&caller, &member).await?;
    let found = off_the_worker(move |_| Ok(of())).await?;
    Ok(HttpResponse::Ok().json(MemberOfView {
        groups: found.groups.into_iter().map(GroupReference::from).collect(),
        roles: found.roles.into_iter().map(RoleView::from).collect(),
        tenants: found.tenants.into_iter().map(TenantView::from).collect(),
    }))
}

/// Lists the direct members of a role by type, ordered by id.
///
/// `X-Total-Count` is the total number of these members.
#[utoipa::path(get, path = "/api/roles/{name}/members", tag = "memberships",
    params(("name" = String, Path), MembersQuery), responses((status = 200, body = Vec<RoleMemberView>), Failures))]
pub(crate) async fn of_role(
    memberships: Data<Memberships>,
    Authenticated(caller): Authenticated,
    role: Path<String>,
    query: Query<MembersQuery>,
) -> Result<HttpResponse, Problem> {
    let MembersQuery { member_type, page, result_size } = query.into_inner();
    let page = PageQuery { page, result_size }.parse()?;
    let found = memberships.of_role(&caller, &role, kind(member_type), page).await?;
    page::answer(found, |(party, name)| RoleMemberView { id: party.id().to_owned(), name }).await
}

/// Assigns a role to a member.
#[utoipa::path(post, path = "/api/roles/{name}/members", tag = "memberships", params(("name" = String, Path)),
    request_body = RoleMemberBody, responses((status = 204), Failures))]
pub(crate) async fn add(
    request: HttpRequest,
    memberships: Data<Memberships>,
    Authenticated(caller): Authenticated,
    role: Path<String>,
    Body(body): Body<RoleMemberBody>,
) -> Result<HttpResponse, Problem> {
    let role = one("name", RoleId::parse(&role))?;
    let member = one("memberId", body.member_type.party(&body.member_id))?;
    written(&request, memberships.assign_role(&caller, role, member).await?);
    Ok(crate::done())
}

/// Unassigns a role from a member.
#[utoipa::path(delete, path = "/api/roles/{name}/members/{memberType}/{memberId}", tag = "memberships",
    params(("name" = String, Path), ("memberType" = EntityType, Path), ("memberId" = String, Path)),
    responses((status = 204), Failures))]
pub(crate) async fn remove(
    request: HttpRequest,
    memberships: Data<Memberships>,
    Authenticated(caller): Authenticated,
    path: Path<(String, EntityType, String)>,
) -> Result<HttpResponse, Problem> {
    let (role, member_type, member_id) = path.into_inner();
    let role = one("name", RoleId::parse(&role))?;
    let member = one("memberId", member_type.party(&member_id))?;
    written(&request, memberships.unassign_role(&caller, role, member).await?);
    Ok(crate::done())
}

fn kind(member_type: EntityType) -> PartyKind {
    match member_type {
        EntityType::User => PartyKind::User,
        EntityType::Group => PartyKind::Group,
        EntityType::Role => PartyKind::Role,
        EntityType::Application => PartyKind::Client,
        EntityType::MappingRule => PartyKind::MappingRule,
    }
}
