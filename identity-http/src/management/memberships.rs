//! `/api/memberships`, and the members of groups, roles and tenants below `/api/groups/{id}/members` and alike: direct
//! memberships, in profiles that store these entities.

use actix_web::web::{Data, Path, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use identity_core::entity::{Container, PartyKind};
use identity_core::service::Memberships;
use identity_core::value::{GroupId, RoleId, TenantId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Failures;
use super::authorizations::EntityType;
use super::view::{GroupReference, RoleView, TenantView};
use crate::authentication::Authenticated;
use crate::body::Body;
use crate::findings::one;
use crate::offload::off_the_worker;
use crate::page::{self, ListQuery, PageQuery};
use crate::problem::Problem;
use crate::revision::written;
use crate::route::resource;
use crate::schema;

/// Mounts the endpoints. Those of tenants are mounted only `with_tenants`.
pub(super) fn mount(api: &mut ServiceConfig, with_tenants: bool) {
    api.service(resource("/memberships").get(of));
    groups::mount(api);
    roles::mount(api);
    if with_tenants {
        tenants::mount(api);
    }
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
    /// Only members whose id or name contains this text. Not case-sensitive.
    #[param(max_length = 256)]
    search: Option<String>,
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
#[schema(as = Member)]
pub(crate) struct MemberView {
    id: String,
    name: String,
}

/// A member to add.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewMember)]
pub(crate) struct MemberBody {
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

macro_rules! members_of {
    ($(#[doc = $one:literal] $module:ident $tag:literal: $path:literal, $member_path:literal, $id_name:literal, $id:ty, $container:path;)+) => {
        $(#[doc = $one]
        pub(crate) mod $module {
            use super::*;

            pub(in crate::management) fn mount(api: &mut ServiceConfig) {
                let below_api = |path: &str| resource(path.trim_start_matches("/api"));
                api.service(below_api($path).get(members).post(add_member))
                    .service(below_api($member_path).delete(remove_member));
            }

            /// Lists direct members by type, ordered by id.
            ///
            /// `X-Total-Count` is the total number of these members.
            #[utoipa::path(get, path = $path, tag = $tag, params(($id_name = String, Path), MembersQuery),
                responses((status = 200, body = Vec<MemberView>), Failures))]
            pub(crate) async fn members(
                memberships: Data<Memberships>,
                Authenticated(caller): Authenticated,
                id: Path<String>,
                query: Query<MembersQuery>,
            ) -> Result<HttpResponse, Problem> {
                let container = $container(one($id_name, <$id>::parse(&id))?);
                let MembersQuery { member_type, search, page, result_size } = query.into_inner();
                let list = ListQuery::new(search, PageQuery { page, result_size }).parse()?;
                let found = memberships.members(&caller, &container, kind(member_type), &list).await?;
                page::answer(found, |(party, name)| MemberView { id: party.id().to_owned(), name }).await
            }

            /// Adds a member.
            #[utoipa::path(post, path = $path, tag = $tag, params(($id_name = String, Path)),
                request_body = MemberBody, responses((status = 204), Failures))]
            pub(crate) async fn add_member(
                request: HttpRequest,
                memberships: Data<Memberships>,
                Authenticated(caller): Authenticated,
                id: Path<String>,
                Body(body): Body<MemberBody>,
            ) -> Result<HttpResponse, Problem> {
                let container = $container(one($id_name, <$id>::parse(&id))?);
                let member = one("memberId", body.member_type.party(&body.member_id))?;
                written(&request, memberships.add(&caller, container, member).await?);
                Ok(crate::done())
            }

            /// Removes a member.
            #[utoipa::path(delete, path = $member_path, tag = $tag,
                params(($id_name = String, Path), ("memberType" = EntityType, Path), ("memberId" = String, Path)),
                responses((status = 204), Failures))]
            pub(crate) async fn remove_member(
                request: HttpRequest,
                memberships: Data<Memberships>,
                Authenticated(caller): Authenticated,
                path: Path<(String, EntityType, String)>,
            ) -> Result<HttpResponse, Problem> {
                let (id, member_type, member_id) = path.into_inner();
                let container = $container(one($id_name, <$id>::parse(&id))?);
                let member = one("memberId", member_type.party(&member_id))?;
                written(&request, memberships.remove(&caller, container, member).await?);
                Ok(crate::done())
            }
        })+
    };
}

members_of! {
    /// Direct members of groups: users, applications and mapping rules.
    groups "groups": "/api/groups/{id}/members", "/api/groups/{id}/members/{memberType}/{memberId}",
        "id", GroupId, Container::Group;
    /// Direct members of roles: users, groups, applications and mapping rules.
    roles "roles": "/api/roles/{name}/members", "/api/roles/{name}/members/{memberType}/{memberId}",
        "name", RoleId, Container::Role;
    /// Direct members of tenants: users, groups, roles, applications and mapping rules.
    tenants "tenants": "/api/tenants/{tenantId}/members", "/api/tenants/{tenantId}/members/{memberType}/{memberId}",
        "tenantId", TenantId, Container::Tenant;
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
