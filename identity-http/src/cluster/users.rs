//! `/v2/users`: users that this server stores (docs/reference/orchestration-cluster.md §1.1).

use actix_web::web::{Bytes, Data, Path, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use identity_core::entity::{EntityKind, User};
use identity_core::search::entities::{UserField, UserFilter};
use identity_core::service::cluster::{ClusterUsers, NewUser};
use identity_core::value::{Email, Name, Secret};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::fields::{Fields, Report};
use super::path::in_path;
use super::search;
use crate::authentication::Authenticated;
use crate::body::JsonBytes;
use crate::ids::IdRules;
use crate::precondition::{self, stored_version};
use crate::problem::Problem;
use crate::revision::written;
use crate::route::resource;

pub(super) fn mount(v2: &mut ServiceConfig) {
    v2.service(resource("/users").post(create))
        .service(resource("/users/search").post(search))
        .service(resource("/users/{username}").get(find).put(update).delete(delete));
}

pub(super) const SORT: &[(&str, UserField)] =
    &[("username", UserField::Username), ("name", UserField::Name), ("email", UserField::Email)];

#[derive(Serialize, ToSchema)]
#[schema(as = cluster::User)]
pub(super) struct UserView {
    username: String,
    #[schema(nullable)]
    name: String,
    #[schema(nullable)]
    email: String,
}

impl UserView {
    pub(super) fn new(username: &str, name: Option<&Name>, email: Option<&Email>) -> Self {
        Self {
            username: username.to_owned(),
            name: name.map(ToString::to_string).unwrap_or_default(),
            email: email.map(ToString::to_string).unwrap_or_default(),
        }
    }

    pub(super) fn of(user: &User) -> Self {
        Self::new(user.username.as_str(), user.name.as_ref(), user.email.as_ref())
    }
}

/// Reads the optional members `name` and `email`. A blank value counts as absent.
fn person(body: &mut Fields, report: &mut Report) -> (Option<Name>, Option<Email>) {
    let filled = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    let name = filled(body.text("name")).and_then(|name| report.take("/name", Name::parse(name.trim())));
    let email = filled(body.text("email")).and_then(|email| report.take("/email", Email::parse(&email)));
    (name, email)
}

/// Parses the body of a request that creates a user. The password is required, but its length is not validated here.
pub(super) fn new_user(bytes: &Bytes, ids: &IdRules) -> Result<(NewUser, Secret), Problem> {
    let (mut body, mut report) = Fields::body(bytes, "cluster.UserNew")?;
    let username = body.filled_text("username", &mut report);
    let username = username.and_then(|text| report.take("/username", ids.username(&text)));
    let password = body.filled_text("password", &mut report).map(Secret::new);
    let (name, email) = person(&mut body, &mut report);
    let made = username.zip(password).map(|(username, password)| (NewUser { username, name, email }, password));
    report.finish(made)
}

async fn create(
    request: HttpRequest,
    users: Data<ClusterUsers>,
    ids: Data<IdRules>,
    Authenticated(caller): Authenticated,
    JsonBytes(body): JsonBytes,
) -> Result<HttpResponse, Problem> {
    let (user, password) = new_user(&body, &ids)?;
    let user = written(&request, users.create(&caller, user, &password).await?);
    Ok(HttpResponse::Created().json(UserView::of(&user)))
}

/// Query parameter of searches for users.
#[derive(Deserialize)]
struct TextQuery {
    search: Option<String>,
}

async fn search(
    users: Data<ClusterUsers>,
    Authenticated(caller): Authenticated,
    texts: Query<TextQuery>,
    JsonBytes(body): JsonBytes,
) -> Result<HttpResponse, Problem> {
    let mut request = search::parse(&body, "cluster.UserSearch", SORT, |filter, report| {
        search::with_alternatives(filter, report, |filter, report| UserFilter {
            username: filter.text_filter("username", report),
            name: filter.text_filter("name", report),
            email: filter.text_filter("email", report),
        })
    })?;
    request.filter.text = search::text(texts.search.as_deref())?;
    search::answer(move |budget| Ok(search::Answer::new(users.search(&caller, &request, budget)?, UserView::of))).await
}

async fn find(
    users: Data<ClusterUsers>,
    ids: Data<IdRules>,
    Authenticated(caller): Authenticated,
    username: Path<String>,
) -> Result<HttpResponse, Problem> {
    let username = in_path("username", ids.references(&caller.world).username(&username))?;
    let user = users.find(&caller, username.as_str()).await?;
    let version = stored_version(&caller, EntityKind::User, username.as_str());
    Ok(precondition::respond(version, &UserView::of(&user)))
}

async fn update(
    request: HttpRequest,
    users: Data<ClusterUsers>,
    ids: Data<IdRules>,
    Authenticated(caller): Authenticated,
    username: Path<String>,
    JsonBytes(body): JsonBytes,
) -> Result<HttpResponse, Problem> {
    let (mut body, mut report) = Fields::body(&body, "cluster.UserChange")?;
    let username = report.take("username", ids.references(&caller.world).username(&username));
    let password = body.text("password").filter(|text| !text.trim().is_empty()).map(Secret::new);
    let (name, email) = person(&mut body, &mut report);
    let user = report.finish(username.map(|username| NewUser { username, name, email }))?;
    let user = written(&request, users.update(&caller, user, password.as_ref()).await?);
    let view = UserView::new(user.username.as_str(), user.name.as_ref(), user.email.as_ref());
    Ok(HttpResponse::Ok().json(view))
}

async fn delete(
    request: HttpRequest,
    users: Data<ClusterUsers>,
    ids: Data<IdRules>,
    Authenticated(caller): Authenticated,
    username: Path<String>,
) -> Result<HttpResponse, Problem> {
    let username = in_path("username", ids.references(&caller.world).username(&username))?;
    written(&request, users.delete(&caller, username).await?);
    Ok(crate::done())
}
