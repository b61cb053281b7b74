//! `/api/clients`: OAuth clients in an external directory, named applications (docs/reference/management-api.md §1.6).

use actix_web::web::{Data, Path, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use identity_core::entity::{Client, ClientChange, ClientKind, NewClient, Permission};
use identity_core::service::Clients;
use identity_core::value::{BrokenRule, ClientId, Name, RedirectUri, Secret};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Failures;
use super::roles::PermissionView;
use super::view::ApplicationView;
use crate::authentication::Authenticated;
use crate::body::{Body, null_as_default};
use crate::findings::{Findings, one};
use crate::page::{self, ListQuery};
use crate::precondition;
use crate::problem::Problem;
use crate::revision::written;
use crate::route::resource;

pub(super) fn mount(api: &mut ServiceConfig) {
    api.service(resource("/clients").get(list).post(create))
        .service(resource("/clients/{id}").get(find).put(update).delete(delete))
        .service(resource("/clients/{id}/secret").get(secret).post(renew_secret))
        .service(resource("/clients/{id}/permissions").get(permissions).post(grant))
        .service(resource("/clients/{id}/permissions/{resourceServerAudience}/{definition}").delete(revoke));
}

/// An application without its secret.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClientView {
    /// Key of the application in the directory.
    id: String,
    client_id: String,
    name: String,
    #[serde(rename = "type")]
    #[schema(example = "CONFIDENTIAL")]
    kind: &'static str,
    /// Base of relative redirect URIs.
    root_url: String,
    redirect_uris: Vec<String>,
}

impl From<Client> for ClientView {
    fn from(client: Client) -> Self {
        Self {
            id: client.key.to_string(),
            client_id: client.client_id.to_string(),
            name: client.name.to_string(),
            kind: client.kind.as_str(),
            root_url: client.root_url.unwrap_or_default(),
            redirect_uris: client.redirect_uris,
        }
    }
}

/// An application to create.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClientBody {
    name: String,
    /// OAuth client id.
    client_id: String,
    /// `CONFIDENTIAL`, `M2M` or `PUBLIC`.
    #[serde(rename = "type")]
    #[schema(example = "CONFIDENTIAL")]
    kind: String,
    #[serde(default)]
    root_url: Option<String>,
    /// Allowed redirect URIs. Must be empty for `M2M`.
    #[serde(default, deserialize_with = "null_as_default")]
    redirect_uris: Vec<String>,
    /// Client secret. Generated if absent. Not allowed for `PUBLIC`.
    #[serde(default)]
    #[schema(format = Password)]
    secret: Option<String>,
}

/// Changes to an application. Absent members remain unchanged. Existing redirect URIs may be kept even if they would
/// not be accepted as new ones.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClientUpdate {
    name: String,
    /// Null or an empty string removes the root URL.
    #[serde(default, deserialize_with = "super::given")]
    #[schema(value_type = Option<String>)]
    root_url: Option<Option<String>>,
    #[serde(default)]
    redirect_uris: Option<Vec<String>>,
}

/// Secret of a client.
#[derive(Serialize, ToSchema)]
pub(crate) struct SecretView {
    /// Null for a public client.
    secret: Option<String>,
}

/// Lists applications, ordered by client id.
#[utoipa::path(get, path = "/api/clients", tag = "clients", params(ListQuery),
    responses((status = 200, body = Vec<ApplicationView>), Failures))]
pub(crate) async fn list(
    clients: Data<Clients>,
    Authenticated(caller): Authenticated,
    query: Query<ListQuery>,
) -> Result<HttpResponse, Problem> {
    let list = query.into_inner().parse()?;
    let view = |client| ApplicationView::from(identity_core::service::ApplicationSummary::from(client));
    Ok(page::respond(clients.list(&caller, &list).await?, view))
}

/// Creates an application.
#[utoipa::path(post, path = "/api/clients", tag = "clients", request_body = ClientBody,
    responses((status = 201, body = ClientView), Failures))]
pub(crate) async fn create(
    request: HttpRequest,
    clients: Data<Clients>,
    Authenticated(caller): Authenticated,
    Body(body): Body<ClientBody>,
) -> Result<HttpResponse, Problem> {
    let mut findings = Findings::of_body();
    let kind = ClientKind::parse(&body.kind.to_ascii_uppercase());
    if kind.is_none() {
        findings.note("type", BrokenRule::Form("`CONFIDENTIAL`, `M2M` or `PUBLIC`", String::new()));
    }
    let client_id = findings.take("clientId", ClientId::parse(body.client_id.trim()));
    let name = findings.take("name", Name::parse(body.name.trim()));
    let root_url = body.root_url.filter(|url| !url.is_empty()).map(|url| RedirectUri::parse(&url)).transpose();
    let root_url = findings.take("rootUrl", root_url);
    let redirect_uris = findings.all("redirectUris", body.redirect_uris.iter().map(|uri| RedirectUri::parse(uri)));
    if kind.is_some_and(|kind| !kind.signs_in()) && !body.redirect_uris.is_empty() {
        findings.note("redirectUris", BrokenRule::Form("empty for the type `M2M`", String::new()));
    }
    if kind.is_some_and(|kind| !kind.has_secret()) && body.secret.is_some() {
        findings.note("secret", BrokenRule::Form("left out for the type `PUBLIC`", String::new()));
    }
    let secret = body.secret.filter(|secret| !secret.is_empty());
    let secret = secret.map(|text| Secret::of_length("secret", text, Secret::CLIENT_SECRET_MIN)).transpose();
    let secret = findings.take("secret", secret).flatten();
    match (kind, client_id, name, root_url, redirect_uris) {
        (Some(kind), Some(client_id), Some(name), Some(root_url), Some(redirect_uris)) if findings.is_empty() => {
            let new = NewClient { client_id, name, kind, secret, root_url, redirect_uris };
            let client = written(&request, clients.create(&caller, &new).await?);
            Ok(HttpResponse::Created().json(ClientView::from(client)))
        }
        _ => Err(findings.problem()),
    }
}

/// Returns an application.
///
/// Its secret is available at `/api/clients/{id}/secret`.
#[utoipa::path(get, path = "/api/clients/{id}", tag = "clients", params(("id" = String, Path)),
    responses((status = 200, body = ClientView), Failures))]
pub(crate) async fn find(
    clients: Data<Clients>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let client = clients.find(&caller, &id).await?;
    Ok(precondition::respond(Some(client.version()), &ClientView::from(client)))
}

/// Updates the name, root URL and redirect URIs of an application.
///
/// The client id and type cannot be changed.
#[utoipa::path(put, path = "/api/clients/{id}", tag = "clients", params(("id" = String, Path)),
    request_body = ClientUpdate, responses((status = 204), Failures))]
pub(crate) async fn update(
    request: HttpRequest,
    clients: Data<Clients>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
    Body(body): Body<ClientUpdate>,
) -> Result<HttpResponse, Problem> {
    let name = Some(one("name", Name::parse(body.name.trim()))?);
    let change = ClientChange { name, root_url: body.root_url, redirect_uris: body.redirect_uris };
    written(&request, clients.update(&caller, &id, change).await?);
    Ok(crate::done())
}

/// Deletes an application and its tenant memberships.
#[utoipa::path(delete, path = "/api/clients/{id}", tag = "clients", params(("id" = String, Path)),
    responses((status = 204), Failures))]
pub(crate) async fn delete(
    request: HttpRequest,
    clients: Data<Clients>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    written(&request, clients.delete(&caller, &id).await?);
    Ok(crate::done())
}

/// Returns the secret of an application.
///
/// Requires `read` and `read:secrets`. Each access is recorded in the audit log.
#[utoipa::path(get, path = "/api/clients/{id}/secret", tag = "clients", params(("id" = String, Path)),
    responses((status = 200, body = SecretView), Failures))]
pub(crate) async fn secret(
    clients: Data<Clients>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let secret = clients.secret(&caller, &id).await?;
    Ok(shown(secret.as_ref()))
}

/// Generates a new secret and invalidates the old one.
///
/// Requires `write` and `read:secrets`, since the response contains the secret.
#[utoipa::path(post, path = "/api/clients/{id}/secret", tag = "clients", params(("id" = String, Path)),
    responses((status = 200, body = SecretView), Failures))]
pub(crate) async fn renew_secret(
    request: HttpRequest,
    clients: Data<Clients>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let secret = written(&request, clients.renew_secret(&caller, &id).await?);
    Ok(shown(Some(&secret)))
}

fn shown(secret: Option<&Secret>) -> HttpResponse {
    let secret = secret.map(|secret| secret.expose().to_owned());
    HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(SecretView { secret })
}

/// Lists the permissions granted to an application itself.
#[utoipa::path(get, path = "/api/clients/{id}/permissions", tag = "clients", params(("id" = String, Path)),
    responses((status = 200, body = Vec<PermissionView>), Failures))]
pub(crate) async fn permissions(
    clients: Data<Clients>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let permissions = clients.permissions(&caller, &id).await?;
    Ok(HttpResponse::Ok().json(permissions.into_iter().map(PermissionView::from).collect::<Vec<_>>()))
}

/// Grants a permission to an application.
///
/// Succeeds if the application already has the permission.
#[utoipa::path(post, path = "/api/clients/{id}/permissions", tag = "clients", params(("id" = String, Path)),
    request_body = PermissionView, responses((status = 204), Failures))]
pub(crate) async fn grant(
    request: HttpRequest,
    clients: Data<Clients>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
    Body(body): Body<PermissionView>,
) -> Result<HttpResponse, Problem> {
    let permission = parsed(&body)?;
    written(&request, clients.grant_permission(&caller, &id, &permission).await?);
    Ok(crate::done())
}

/// Revokes a permission from an application.
#[utoipa::path(delete, path = "/api/clients/{id}/permissions/{resourceServerAudience}/{definition}", tag = "clients",
    params(("id" = String, Path), ("resourceServerAudience" = String, Path), ("definition" = String, Path)),
    responses((status = 204), Failures))]
pub(crate) async fn revoke(
    request: HttpRequest,
    clients: Data<Clients>,
    Authenticated(caller): Authenticated,
    path: Path<(String, String, String)>,
) -> Result<HttpResponse, Problem> {
    let (id, resource_server_audience, definition) = path.into_inner();
    let permission = parsed(&PermissionView { definition, resource_server_audience })?;
    written(&request, clients.revoke_permission(&caller, &id, &permission).await?);
    Ok(crate::done())
}

fn parsed(permission: &PermissionView) -> Result<Permission, Problem> {
    let mut findings = Findings::of_body();
    permission.parse(&mut findings).ok_or_else(|| findings.problem())
}
