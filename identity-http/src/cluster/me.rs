//! `/v2/authentication/me`: the authenticated caller (docs/reference/orchestration-cluster.md §1.7).

use std::collections::{BTreeMap, BTreeSet};

use actix_web::HttpResponse;
use actix_web::web::{Data, ServiceConfig};
use identity_core::search::granted;
use serde::Serialize;
use utoipa::ToSchema;

use super::entities::TenantView;
use super::neighbours::About;
use crate::authentication::Authenticated;
use crate::route::resource;

pub(super) fn mount(v2: &mut ServiceConfig) {
    v2.service(resource("/authentication/me").get(me));
}

/// The authenticated caller. All ten members are always present.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = cluster::Me)]
pub(super) struct MeView {
    username: String,
    #[schema(required)]
    display_name: Option<String>,
    #[schema(required)]
    email: Option<String>,
    authorized_components: BTreeSet<String>,
    tenants: Vec<TenantView>,
    groups: Vec<String>,
    roles: Vec<String>,
    #[schema(required)]
    sales_plan_type: Option<String>,
    c8_links: BTreeMap<String, String>,
    can_logout: bool,
}

async fn me(Authenticated(caller): Authenticated, about: Data<About>) -> HttpResponse {
    let access = caller.world.catalog().access("COMPONENT", "ACCESS");
    let components = access
        .iter()
        .flat_map(|access| granted(&caller.world, &caller.subject, *access))
        .filter_map(|scope| scope.resource_id().map(component))
        .collect();
    HttpResponse::Ok().json(MeView {
        username: caller.subject.principal.id().to_owned(),
        display_name: caller.display_name.clone(),
        email: caller.email.as_ref().map(ToString::to_string),
        authorized_components: components,
        tenants: caller.tenants().iter().map(TenantView::from).collect(),
        groups: caller.subject.groups.iter().map(ToString::to_string).collect(),
        roles: caller.subject.roles.iter().map(ToString::to_string).collect(),
        sales_plan_type: None,
        c8_links: BTreeMap::new(),
        can_logout: about.can_logout,
    })
}

/// Translates a component id: since version 8.9, clients expect `admin` instead of `identity`.
fn component(id: &str) -> String {
    if id == "identity" { "admin".to_owned() } else { id.to_owned() }
}
