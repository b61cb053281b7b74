//! `/api/tenants`: tenants and their members (docs/reference/management-api.md §1.8).

use actix_web::web::{Data, Path, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use identity_core::entity::Party;
use identity_core::service::{Caller, Tenants};
use identity_core::value::{BrokenRule, ClientId, GroupId, InvalidValue, Name, TenantId, Username};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::Failures;
use super::creation::CreationQuery;
use super::view::{ApplicationView, GroupReference, TenantView, UserView};
use crate::authentication::Authenticated;
use crate::body::Body;
use crate::findings::{Findings, one};
use crate::page::{self, ListQuery};
use crate::precondition;
use crate::problem::Problem;
use crate::revision::written;
use crate::route::resource;
use crate::schema;

pub(super) fn mount(api: &mut ServiceConfig) {
    api.service(resource("/tenants").get(list).post(create))
        .service(resource("/tenants/{tenantId}").get(find).put(rename).delete(delete))
        .service(resource("/tenants/{tenantId}/users").get(users).post(add_users))
        .service(resource("/tenants/{tenantId}/users/{userId}").delete(remove_user))
        .service(resource("/tenants/{tenantId}/groups").get(groups).post(add_groups))
        .service(resource("/tenants/{tenantId}/groups/{groupId}").delete(remove_group))
        .service(resource("/tenants/{tenantId}/applications").get(applications).post(add_applications))
        .service(resource("/tenants/{tenantId}/applications/{clientId}").delete(remove_application));
}

/// A tenant to create.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"tenantId": "acme", "name": "Acme"}))]
pub(crate) struct TenantBody {
    /// Letters, digits, `_`, `-` and `.`; at most 63 characters, or 31 for use in the Orchestration Cluster.
    #[schema(schema_with = schema::tenant_id)]
    tenant_id: String,
    #[schema(schema_with = schema::name)]
    name: String,
}

/// New name of a tenant.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TenantName {
    #[schema(schema_with = schema::name)]
    name: String,
    /// Current id of the tenant. Ids cannot be changed.
    tenant_id: Option<String>,
}

/// Users to add.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserIds {
    #[schema(schema_with = schema::ids)]
    user_ids: Vec<String>,
}

/// Groups to add.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GroupIds {
    #[schema(schema_with = schema::ids)]
    group_ids: Vec<String>,
}

/// Applications to add, by client id.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApplicationIds {
    #[schema(schema_with = schema::ids)]
    application_ids: Vec<String>,
}

/// Selects tenants by member.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct MemberQuery {
    /// Id of a member. Only tenants with this direct member are listed. Requires `memberType`.
    #[param(schema_with = schema::id)]
    member_id: Option<String>,
    /// Type of the member. Requires `memberId`.
    #[param(inline)]
    member_type: Option<MemberType>,
}

/// Type of a tenant's member.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum MemberType {
    User,
    Group,
    Application,
}

impl MemberType {
    fn party(self, id: &str) -> Result<Party, InvalidValue> {
        match self {
            Self::User => Username::parse(id).map(Party::User),
            Self::Group => GroupId::parse(id).map(Party::Group),
            Self::Application => ClientId::parse(id).map(Party::Client),
        }
    }
}

/// Lists tenants, ordered by id.
///
/// `X-Total-Count` is the total number of tenants.
#[utoipa::path(get, path = "/api/tenants", tag = "tenants", params(ListQuery, MemberQuery),
    responses((status = 200, body = Vec<TenantView>), Failures))]
pub(crate) async fn list(
    tenants: Data<Tenants>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let member: MemberQuery = page::query(&request)?;
    let list: ListQuery = page::query_without(&request, &["memberId", "memberType"])?;
    match (member.member_id, member.member_type) {
        (None, None) => page::answer(tenants.list(&caller, &list.parse()?).await?, TenantView::from).await,
        (Some(id), Some(kind)) => {
            let member = one("memberId", kind.party(&id))?;
            page::answer(tenants.of_member(&caller, &member).await?, TenantView::from).await
        }
        (Some(_), None) | (None, Some(_)) => {
            Err(Problem::bad_request("member", "memberId and memberType must be given together."))
        }
    }
}

/// Creates a tenant.
#[utoipa::path(post, path = "/api/tenants", tag = "tenants", params(CreationQuery), request_body = TenantBody,
    responses((status = 201, body = TenantView), Failures))]
pub(crate) async fn create(
    request: HttpRequest,
    tenants: Data<Tenants>,
    Authenticated(caller): Authenticated,
    query: Query<CreationQuery>,
    Body(body): Body<TenantBody>,
) -> Result<HttpResponse, Problem> {
    let mut findings = Findings::of_body();
    let id = findings.take("tenantId", TenantId::parse(&body.tenant_id));
    let name = findings.take("name", Name::parse(body.name.trim()));
    let (Some(id), Some(name)) = (id, name) else { return Err(findings.problem()) };
    let tenant = written(&request, tenants.create(&caller, id, name, query.leftovers()).await?);
    Ok(HttpResponse::Created().json(TenantView::from(tenant)))
}

/// Returns a tenant.
#[utoipa::path(get, path = "/api/tenants/{tenantId}", tag = "tenants", params(("tenantId" = String, Path)),
    responses((status = 200, body = TenantView), Failures))]
pub(crate) async fn find(
    tenants: Data<Tenants>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let tenant = tenants.find(&caller, &id).await?;
    Ok(precondition::respond(Some(tenant.version()), &TenantView::from(tenant)))
}

/// Renames a tenant.
#[utoipa::path(put, path = "/api/tenants/{tenantId}", tag = "tenants", params(("tenantId" = String, Path)),
    request_body = TenantName, responses((status = 204), Failures))]
pub(crate) async fn rename(
    request: HttpRequest,
    tenants: Data<Tenants>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
    Body(body): Body<TenantName>,
) -> Result<HttpResponse, Problem> {
    let mut findings = Findings::of_body();
    if body.tenant_id.is_some_and(|given| given != *id) {
        findings.note("tenantId", BrokenRule::Form("the tenant's own id, which cannot be changed", String::new()));
    }
    let parsed = findings.take("tenantId", TenantId::parse(&id));
    let name = findings.take("name", Name::parse(body.name.trim()));
    match (parsed, name) {
        (Some(id), Some(name)) if findings.is_empty() => {
            written(&request, tenants.rename(&caller, &id, name).await?);
            Ok(crate::done())
        }
        _ => Err(findings.problem()),
    }
}

/// Deletes a tenant.
///
/// Data in other applications is not affected.
#[utoipa::path(delete, path = "/api/tenants/{tenantId}", tag = "tenants", params(("tenantId" = String, Path)),
    responses((status = 204), Failures))]
pub(crate) async fn delete(
    request: HttpRequest,
    tenants: Data<Tenants>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = one("tenantId", TenantId::parse(&id))?;
    written(&request, tenants.delete(&caller, id).await?);
    Ok(crate::done())
}

/// Lists the users of a tenant, ordered by id.
#[utoipa::path(get, path = "/api/tenants/{tenantId}/users", tag = "tenants", params(("tenantId" = String, Path)),
    responses((status = 200, body = Vec<UserView>), Failures))]
pub(crate) async fn users(
    tenants: Data<Tenants>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    page::answer(tenants.users(&caller, &id).await?, UserView::from).await
}

/// Adds users to a tenant, either all or none.
#[utoipa::path(post, path = "/api/tenants/{tenantId}/users", tag = "tenants", params(("tenantId" = String, Path)),
    request_body = UserIds, responses((status = 204), Failures))]
pub(crate) async fn add_users(
    request: HttpRequest,
    tenants: Data<Tenants>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
    Body(body): Body<UserIds>,
) -> Result<HttpResponse, Problem> {
    add(&request, &tenants, &caller, &id, ("userIds", MemberType::User), &body.user_ids).await
}

/// Removes a user from a tenant.
#[utoipa::path(delete, path = "/api/tenants/{tenantId}/users/{userId}", tag = "tenants",
    params(("tenantId" = String, Path), ("userId" = String, Path)), responses((status = 204), Failures))]
pub(crate) async fn remove_user(
    request: HttpRequest,
    tenants: Data<Tenants>,
    Authenticated(caller): Authenticated,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    remove(&request, &tenants, &caller, &path, ("userId", MemberType::User)).await
}

/// Lists the groups of a tenant, ordered by id.
#[utoipa::path(get, path = "/api/tenants/{tenantId}/groups", tag = "tenants", params(("tenantId" = String, Path)),
    responses((status = 200, body = Vec<GroupReference>), Failures))]
pub(crate) async fn groups(
    tenants: Data<Tenants>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    page::answer(tenants.groups(&caller, &id).await?, GroupReference::from).await
}

/// Adds groups to a tenant, either all or none.
#[utoipa::path(post, path = "/api/tenants/{tenantId}/groups", tag = "tenants", params(("tenantId" = String, Path)),
    request_body = GroupIds, responses((status = 204), Failures))]
pub(crate) async fn add_groups(
    request: HttpRequest,
    tenants: Data<Tenants>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
    Body(body): Body<GroupIds>,
) -> Result<HttpResponse, Problem> {
    add(&request, &tenants, &caller, &id, ("groupIds", MemberType::Group), &body.group_ids).await
}

/// Removes a group from a tenant.
#[utoipa::path(delete, path = "/api/tenants/{tenantId}/groups/{groupId}", tag = "tenants",
    params(("tenantId" = String, Path), ("groupId" = String, Path)), responses((status = 204), Failures))]
pub(crate) async fn remove_group(
    request: HttpRequest,
    tenants: Data<Tenants>,
    Authenticated(caller): Authenticated,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    remove(&request, &tenants, &caller, &path, ("groupId", MemberType::Group)).await
}

/// Lists the applications of a tenant, ordered by client id.
#[utoipa::path(get, path = "/api/tenants/{tenantId}/applications", tag = "tenants",
    params(("tenantId" = String, Path)), responses((status = 200, body = Vec<ApplicationView>), Failures))]
pub(crate) async fn applications(
    tenants: Data<Tenants>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    page::answer(tenants.applications(&caller, &id).await?, ApplicationView::from).await
}

/// Adds applications to a tenant, either all or none.
#[utoipa::path(post, path = "/api/tenants/{tenantId}/applications", tag = "tenants",
    params(("tenantId" = String, Path)), request_body = ApplicationIds, responses((status = 204), Failures))]
pub(crate) async fn add_applications(
    request: HttpRequest,
    tenants: Data<Tenants>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
    Body(body): Body<ApplicationIds>,
) -> Result<HttpResponse, Problem> {
    add(&request, &tenants, &caller, &id, ("applicationIds", MemberType::Application), &body.application_ids).await
}

/// Removes an application from a tenant.
#[utoipa::path(delete, path = "/api/tenants/{tenantId}/applications/{clientId}", tag = "tenants",
    params(("tenantId" = String, Path), ("clientId" = String, Path)), responses((status = 204), Failures))]
pub(crate) async fn remove_application(
    request: HttpRequest,
    tenants: Data<Tenants>,
    Authenticated(caller): Authenticated,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    remove(&request, &tenants, &caller, &path, ("clientId", MemberType::Application)).await
}

async fn add(
    request: &HttpRequest,
    tenants: &Tenants,
    caller: &Caller,
    tenant: &str,
    (field, kind): (&'static str, MemberType),
    ids: &[String],
) -> Result<HttpResponse, Problem> {
    let mut findings = Findings::of_body();
    let tenant = findings.take("tenantId", TenantId::parse(tenant));
    let members = findings.all(field, ids.iter().map(|id| kind.party(id)));
    let (Some(tenant), Some(members)) = (tenant, members) else { return Err(findings.problem()) };
    written(request, tenants.add(caller, &tenant, members).await?);
    Ok(crate::done())
}

async fn remove(
    request: &HttpRequest,
    tenants: &Tenants,
    caller: &Caller,
    (tenant, member): &(String, String),
    (field, kind): (&'static str, MemberType),
) -> Result<HttpResponse, Problem> {
    let mut findings = Findings::of_body();
    let tenant = findings.take("tenantId", TenantId::parse(tenant));
    let member = findings.take(field, kind.party(member));
    let (Some(tenant), Some(member)) = (tenant, member) else { return Err(findings.problem()) };
    written(request, tenants.remove(caller, tenant, member).await?);
    Ok(crate::done())
}
