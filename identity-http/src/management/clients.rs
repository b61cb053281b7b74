//! Applications: OAuth clients that live in a directory (management reference §1.6).

use actix_web::web::{Data, Path, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use identity_core::entity::{Client, ClientChange, ClientKind, NewClient};
use identity_core::service::{Caller, Clients};
use identity_core::value::{BrokenRule, ClientId, Name, RedirectUri, Secret};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Failures;
use super::roles::PermissionView;
use super::view::ApplicationView;
use crate::authentication::Authenticated;
use crate::body::{Body, Findings, null_as_default, one};
use crate::page::{self, ListQuery};
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

/// An application, with all but its secret.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClientView {
    /// The directory's key.
    id: String,
    client_id: String,
    name: String,
    #[serde(rename = "type")]
    #[schema(example = "CONFIDENTIAL")]
    kind: &'static str,
    /// What relative redirect URIs are relative to.
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
    /// The id in OAuth.
    client_id: String,
    /// `CONFIDENTIAL`, `M2M` or `PUBLIC`.
    #[serde(rename = "type")]
    #[schema(example = "CONFIDENTIAL")]
    kind: String,
    #[serde(default)]
    root_url: Option<String>,
    /// Where browsers may be sent back to; not for `M2M`.
    #[serde(default, deserialize_with = "null_as_default")]
    redirect_uris: Vec<String>,
    /// One is made when none is given; not for `PUBLIC`.
    #[serde(default)]
    #[schema(format = Password)]
    secret: Option<String>,
}

/// What to change about an application. What is not given stays. URIs that it has may stay, whatever they are.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClientUpdate {
    name: String,
    /// Null or an empty text removes it.
    #[serde(default, deserialize_with = "super::given")]
    #[schema(value_type = Option<String>)]
    root_url: Option<Option<String>>,
    #[serde(default)]
    redirect_uris: Option<Vec<String>>,
}

/// A client's secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct SecretView {
    /// Null for a public client.
    secret: Option<String>,
}

/// Lists the applications, by client id.
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
    let mut findings = Findings::default();
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

/// Shows an application. Its secret is at `/api/clients/{id}/secret`.
#[utoipa::path(get, path = "/api/clients/{id}", tag = "clients", params(("id" = String, Path)),
    responses((status = 200, body = ClientView), Failures))]
pub(crate) async fn find(
    clients: Data<Clients>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(ClientView::from(clients.find(&caller, &id).await?)))
}

/// Changes an application's name, root URL and redirect URIs. Its client id and type never change.
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

/// Deletes an application, with its memberships of tenants.
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

/// Shows an application's secret. Needs `read` and `read:secrets`, and is recorded.
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

/// Makes a new secret; the old one no longer counts. Needs `write` and `read:secrets`, as the answer shows the secret.
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

/// Lists what an application may do for itself.
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

/// Gives an application a permission. That it has it already is no error.
#[utoipa::path(post, path = "/api/clients/{id}/permissions", tag = "clients", params(("id" = String, Path)),
    request_body = PermissionView, responses((status = 204), Failures))]
pub(crate) async fn grant(
    request: HttpRequest,
    clients: Data<Clients>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
    Body(body): Body<PermissionView>,
) -> Result<HttpResponse, Problem> {
    change(&request, &clients, &caller, &id, &body, true).await
}

/// Takes a permission from an application.
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
    change(&request, &clients, &caller, &id, &PermissionView { definition, resource_server_audience }, false).await
}

async fn change(
    request: &HttpRequest,
    clients: &Clients,
    caller: &Caller,
    id: &str,
    permission: &PermissionView,
    held: bool,
) -> Result<HttpResponse, Problem> {
    let mut findings = Findings::default();
    let Some(permission) = permission.parse(&mut findings) else { return Err(findings.problem()) };
    written(request, clients.change_permission(caller, id, &permission, held).await?);
    Ok(crate::done())
}
