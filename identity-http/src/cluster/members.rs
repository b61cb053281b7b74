//! Members of groups, roles and tenants in `/v2` (docs/reference/orchestration-cluster.md §1.2 to §1.4). The table
//! [`MEMBERS`] defines which kinds of member each of them accepts.

use std::sync::Arc;

use actix_web::web::{Bytes, Data, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use identity_core::entity::{Container, Party, PartyKind};
use identity_core::search::entities::{Filter, NamedFilter, RoleField};
use identity_core::service::Caller;
use identity_core::service::cluster::{Members, Search};
use identity_core::value::InvalidValue;
use serde_json::json;

use super::entities::{ROLE_SORT, RoleView, named_filter};
use super::fields::Report;
use super::mapping_rules::{self, RuleView};
use super::path::in_path;
use super::search;
use crate::authentication::Authenticated;
use crate::body::JsonBytes;
use crate::ids::{IdRules, References};
use crate::problem::Problem;
use crate::revision::written;
use crate::route::resource;

/// A kind of entity that has members: its path, the name of its id and the parser for the id.
#[derive(Clone, Copy)]
pub(super) struct Holder {
    pub(super) path: &'static str,
    pub(super) id_name: &'static str,
    parse: fn(&References<'_>, &str) -> Result<Container, InvalidValue>,
}

/// A kind of member: its path segment, the name of its id and the parser for the id.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    pub(super) path: &'static str,
    pub(super) id_name: &'static str,
    party: PartyKind,
    parse: fn(&References<'_>, &str) -> Result<Party, InvalidValue>,
}

const GROUPS: Holder =
    Holder { path: "/groups", id_name: "groupId", parse: |ids, id| ids.group(id).map(Container::Group) };
const ROLES: Holder = Holder { path: "/roles", id_name: "roleId", parse: |ids, id| ids.role(id).map(Container::Role) };
const TENANTS: Holder =
    Holder { path: "/tenants", id_name: "tenantId", parse: |ids, id| ids.tenant(id).map(Container::Tenant) };

const USERS: Kind = Kind {
    path: "users",
    id_name: "username",
    party: PartyKind::User,
    parse: |ids, id| ids.username(id).map(Party::User),
};
const CLIENTS: Kind = Kind {
    path: "clients",
    id_name: "clientId",
    party: PartyKind::Client,
    parse: |ids, id| ids.client(id).map(Party::Client),
};
const MEMBER_GROUPS: Kind = Kind {
    path: "groups",
    id_name: "groupId",
    party: PartyKind::Group,
    parse: |ids, id| ids.member_group(id).map(Party::Group),
};
const MEMBER_ROLES: Kind =
    Kind { path: "roles", id_name: "roleId", party: PartyKind::Role, parse: |ids, id| ids.role(id).map(Party::Role) };
const RULES: Kind = Kind {
    path: "mapping-rules",
    id_name: "mappingRuleId",
    party: PartyKind::MappingRule,
    parse: |ids, id| ids.mapping_rule(id).map(Party::MappingRule),
};

/// Accepted kinds of member, by the kind of entity that has them (docs/reference/orchestration-cluster.md §2.3).
pub(super) const MEMBERS: [(Holder, &[Kind]); 3] = [
    (GROUPS, &[USERS, CLIENTS, RULES]),
    (ROLES, &[USERS, CLIENTS, MEMBER_GROUPS, RULES]),
    (TENANTS, &[USERS, CLIENTS, MEMBER_GROUPS, MEMBER_ROLES, RULES]),
];

/// Mounts the member endpoints of the entities at `path`, such as `/groups`.
pub(super) fn mount_below(v2: &mut ServiceConfig, path: &str) {
    for (holder, kinds) in MEMBERS.into_iter().filter(|(holder, _)| holder.path == path) {
        for kind in kinds {
            mount(v2, holder, *kind);
        }
    }
}

/// Mounts the search for the roles of a group. It is read-only: roles are assigned with the role's endpoints.
pub(super) fn mount_roles_of_groups(v2: &mut ServiceConfig) {
    v2.service(resource("/groups/{id}/roles/search").post(roles_of_group));
}

fn mount(v2: &mut ServiceConfig, holder: Holder, kind: Kind) {
    let Holder { path, .. } = holder;
    let search = move |members, ids, id, caller, body| search_members(holder, kind, members, ids, id, caller, body);
    let add = move |request, members, ids, path, caller| add(holder, kind, request, members, ids, path, caller);
    let remove = move |request, members, ids, path, caller| remove(holder, kind, request, members, ids, path, caller);
    v2.service(resource(&format!("{path}/{{id}}/{}/search", kind.path)).post(search))
        .service(resource(&format!("{path}/{{id}}/{}/{{member}}", kind.path)).put(add).delete(remove));
}

async fn add(
    holder: Holder,
    kind: Kind,
    request: HttpRequest,
    members: Data<Members>,
    ids: Data<IdRules>,
    path: Path<(String, String)>,
    Authenticated(caller): Authenticated,
) -> Result<HttpResponse, Problem> {
    let (container, member) = parsed(holder, kind, &ids, &caller, &path)?;
    written(&request, members.add(&caller, container, member).await?);
    Ok(crate::done())
}

async fn remove(
    holder: Holder,
    kind: Kind,
    request: HttpRequest,
    members: Data<Members>,
    ids: Data<IdRules>,
    path: Path<(String, String)>,
    Authenticated(caller): Authenticated,
) -> Result<HttpResponse, Problem> {
    let (container, member) = parsed(holder, kind, &ids, &caller, &path)?;
    written(&request, members.remove(&caller, container, member).await?);
    Ok(crate::done())
}

fn parsed(
    holder: Holder,
    kind: Kind,
    ids: &IdRules,
    caller: &Caller,
    path: &(String, String),
) -> Result<(Container, Party), Problem> {
    let mut report = Report::default();
    let container = report.take(holder.id_name, (holder.parse)(&ids.references(&caller.world), &path.0));
    let member = report.take(kind.id_name, (kind.parse)(&ids.references(&caller.world), &path.1));
    report.finish(container.zip(member))
}

async fn search_members(
    holder: Holder,
    kind: Kind,
    members: Data<Members>,
    ids: Data<IdRules>,
    id: Path<String>,
    Authenticated(caller): Authenticated,
    JsonBytes(body): JsonBytes,
) -> Result<HttpResponse, Problem> {
    let container = in_path(holder.id_name, (holder.parse)(&ids.references(&caller.world), &id))?;
    match kind.party {
        PartyKind::Role => {
            let request = role_search(&body)?;
            search::answer(move |budget| {
                let found = members.roles(&caller, &container, &request, budget)?;
                Ok(search::Answer::new(found, RoleView::from))
            })
            .await
        }
        PartyKind::MappingRule => {
            let request =
                search::parse(&body, "cluster.MappingRuleSearch", mapping_rules::SORT, mapping_rules::filter)?;
            search::answer(move |budget| {
                let found = members.mapping_rules(&caller, &container, &request, budget)?;
                Ok(search::Answer::new(found, RuleView::from))
            })
            .await
        }
        PartyKind::User | PartyKind::Client | PartyKind::Group => {
            ids_only(kind, members, caller, container, &body).await
        }
    }
}

/// Searches for users, clients or groups that are members. Results contain only the id, not the name.
async fn ids_only(
    kind: Kind,
    members: Data<Members>,
    caller: Arc<Caller>,
    container: Container,
    body: &Bytes,
) -> Result<HttpResponse, Problem> {
    let schema = match kind.party {
        PartyKind::User => "cluster.UsernameSearch",
        PartyKind::Client => "cluster.ClientIdSearch",
        _ => "cluster.GroupIdSearch",
    };
    let request = search::parse(body, schema, &[(kind.id_name, ())], |_, _| Some(()))?;
    search::answer(move |budget| {
        let found = members.search(&caller, &container, kind.party, &request, budget)?;
        Ok(search::Answer::new(found, |member| json!({ kind.id_name: member.id() })))
    })
    .await
}

fn role_search(body: &[u8]) -> Result<Search<Filter<NamedFilter>, RoleField>, Problem> {
    search::parse(body, "cluster.RoleSearch", ROLE_SORT, |filter, report| named_filter(filter, report, "roleId", true))
}

async fn roles_of_group(
    members: Data<Members>,
    ids: Data<IdRules>,
    id: Path<String>,
    Authenticated(caller): Authenticated,
    JsonBytes(body): JsonBytes,
) -> Result<HttpResponse, Problem> {
    let group = in_path("groupId", ids.references(&caller.world).group(&id))?;
    let request = role_search(&body)?;
    search::answer(move |budget| {
        let found = members.roles_of(&caller, &Party::Group(group), &request, budget)?;
        Ok(search::Answer::new(found, RoleView::from))
    })
    .await
}
