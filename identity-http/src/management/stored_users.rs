//! `/api/users` for built-in users: their state and their password. The handlers and the documentation of the same paths
//! for users in a directory are in `users.rs`.

use actix_web::web::{Data, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use identity_core::entity::User;
use identity_core::service::UserSummary;
use identity_core::service::cluster::ClusterUsers;
use identity_core::value::{Secret, Username};

use super::password::known_about;
use super::users::{IdsQuery, UserChange, end_sessions};
use super::view::UserView;
use crate::authentication::Authenticated;
use crate::body::Body;
use crate::findings::{Findings, one};
use crate::page::{self, ListQuery};
use crate::problem::Problem;
use crate::revision::written;
use crate::route::resource;
use crate::rule::Rule;

pub(super) fn mount(api: &mut ServiceConfig) {
    api.service(resource("/users").get(list)).service(resource("/users/{id}").get(find).put(update));
}

async fn list(
    users: Data<ClusterUsers>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let ids: IdsQuery = page::query(&request)?;
    let list: ListQuery = page::query_without(&request, &["userIds"])?;
    let Some(ids) = ids.parse()? else {
        return page::answer(users.list(&caller, &list.parse()?), UserView::from).await;
    };
    let mut found = Vec::with_capacity(ids.len());
    for id in &ids {
        found.push(view(&users.find(&caller, id.as_str()).await?));
    }
    Ok(HttpResponse::Ok().json(found))
}

async fn find(
    users: Data<ClusterUsers>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(view(&users.find(&caller, &id).await?)))
}

async fn update(
    request: HttpRequest,
    users: Data<ClusterUsers>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
    Body(change): Body<UserChange>,
) -> Result<HttpResponse, Problem> {
    let username = one("id", Username::parse(&id))?;
    let mut findings = Findings::of_body();
    for name in change.names_of_directory_fields() {
        findings.within(name, |at| at.refuse(name, Rule::elsewhere("/v2/users")));
    }
    let known = known_about(&request, &caller.world, &username);
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let password = change.password.map(|text| Secret::new_password(text, &known));
    let password = findings.take("password", password.transpose());
    let Some(password) = password.filter(|_| findings.is_empty()) else { return Err(findings.problem()) };
    if let Some(password) = &password {
        written(&request, users.set_password(&caller, &username, password).await?);
    }
    match change.enabled {
        Some(true) => written(&request, users.reactivate(&caller, username).await?),
        Some(false) => {
            written(&request, users.deactivate(&caller, username.clone()).await?);
            // They are rejected already, and would be accepted again after a reactivation.
            end_sessions(&request, &caller, username).await?;
        }
        None => {}
    }
    Ok(crate::done())
}

fn view(user: &User) -> UserView {
    UserView::from(UserSummary::from(user))
}
