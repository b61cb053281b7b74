//! Converts operations to requests, and responses to outcomes.

use std::collections::BTreeSet;

use identity_testkit::{Api, Reply};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::history::{Call, OperationId, Outcome};
use crate::model::{Answer, GROUPS, Grant, Kind, Party, Read, Write, questions};

/// Resource type of all grants.
pub(crate) const RESOURCE_TYPE: &str = "PROCESS_DEFINITION";
/// Password of all users.
const PASSWORD: &str = "secret";
const REQUEST_ID: &str = "history-";

/// The HTTP request of an operation.
pub(crate) fn request(api: &Api, id: OperationId, call: &Call) -> RequestBuilder {
    let request = match call {
        Call::Write(write) => write_request(api, write),
        Call::Read { read, min_revision, max_age } => {
            let mut request = read_request(api, read);
            if let Some(revision) = min_revision {
                request = request.header("x-identity-min-revision", *revision);
            }
            if let Some(seconds) = max_age {
                request = request.header("x-identity-max-age", *seconds);
            }
            request
        }
    };
    request.header("x-request-id", format!("{REQUEST_ID}{id}"))
}

/// The operation with this request ID.
pub(crate) fn operation_of(request_id: &str) -> Option<OperationId> {
    request_id.strip_prefix(REQUEST_ID)?.parse().ok()
}

/// Path segment of a kind's collection, and of the member collections of this kind.
pub(crate) fn collection(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "users",
        Kind::Group => "groups",
        Kind::Role => "roles",
    }
}

/// Name of the field with the ID of an item.
pub(crate) fn id_field(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "username",
        Kind::Group => "groupId",
        Kind::Role => "roleId",
    }
}

fn owner_type(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "USER",
        Kind::Group => "GROUP",
        Kind::Role => "ROLE",
    }
}

fn write_request(api: &Api, write: &Write) -> RequestBuilder {
    let member_path = |container: &Party, member: &Party| {
        format!("/v2/{}/{}/{}/{}", collection(container.kind), container.id, collection(member.kind), member.id)
    };
    match write {
        Write::Create(Party { kind: Kind::User, id }) => {
            api.request(Method::POST, "/v2/users").json(&json!({"username": id, "password": PASSWORD}))
        }
        Write::Create(Party { kind, id }) => {
            let body = json!({id_field(*kind): id, "name": id});
            api.request(Method::POST, &format!("/v2/{}", collection(*kind))).json(&body)
        }
        Write::Delete(Party { kind, id }) => api.request(Method::DELETE, &format!("/v2/{}/{id}", collection(*kind))),
        Write::Join { container, member } => api.request(Method::PUT, &member_path(container, member)),
        Write::Leave { container, member } => api.request(Method::DELETE, &member_path(container, member)),
        Write::Grant(Grant { owner, resource, permission }) => {
            let body = json!({"ownerType": owner_type(owner.kind), "ownerId": owner.id, "resourceType": RESOURCE_TYPE,
                "resourceId": resource, "permissionTypes": [permission]});
            api.request(Method::POST, "/v2/authorizations").json(&body)
        }
        Write::Revoke { key } => api.request(Method::DELETE, &format!("/v2/authorizations/{key}")),
    }
}

fn read_request(api: &Api, read: &Read) -> RequestBuilder {
    match read {
        Read::Decisions => {
            let question = |(user, permission, resource)| {
                json!({"subject": {"type": "user", "id": user}, "action": {"name": permission},
                    "resource": {"type": RESOURCE_TYPE, "id": resource}})
            };
            let evaluations: Vec<Value> = questions().map(question).collect();
            api.request(Method::POST, "/access/v1/evaluations").json(&json!({"evaluations": evaluations}))
        }
        Read::Members { group } => {
            api.request(Method::POST, &format!("/v2/groups/{group}/users/search")).json(&json!({}))
        }
        Read::Groups => api.request(Method::POST, "/v2/groups/search").json(&json!({})),
    }
}

/// The revision in the header of a response.
pub(crate) fn revision(reply: &Reply) -> Option<u64> {
    reply.header("x-identity-revision")?.parse().ok()
}

/// Converts a response, or the error in its place, to the outcome of an operation.
pub(crate) fn outcome(call: &Call, reply: reqwest::Result<Reply>) -> Outcome {
    let reply = match reply {
        Ok(reply) => reply,
        Err(error) => return Outcome::Lost { error: chain(&error) },
    };
    let unexpected = || Outcome::Unexpected { status: reply.status, text: reply.text.clone() };
    match (reply.status, revision(&reply), call) {
        (429 | 503, _, _) => Outcome::Unavailable { status: reply.status },
        (200 | 201 | 204, Some(revision), Call::Write(_)) => Outcome::Acknowledged { revision },
        (404 | 409, Some(revision), Call::Write(_)) => Outcome::Refused { revision, status: reply.status },
        (200, Some(revision), Call::Read { read, .. }) => {
            answer(read, &reply).map_or_else(unexpected, |answer| Outcome::Answered { revision, answer })
        }
        _ => unexpected(),
    }
}

fn answer(read: &Read, reply: &Reply) -> Option<Answer> {
    let body: Value = serde_json::from_str(&reply.text).ok()?;
    match read {
        Read::Decisions => {
            let decisions = body.get("evaluations")?.as_array()?.iter();
            let digit = |decision: &Value| Some(if decision.get("decision")?.as_bool()? { '1' } else { '0' });
            Some(Answer::Decisions(decisions.map(digit).collect::<Option<_>>()?))
        }
        Read::Members { .. } => Some(Answer::Names(ids(&body, Kind::User)?)),
        Read::Groups => {
            let groups = ids(&body, Kind::Group)?;
            Some(Answer::Names(groups.into_iter().filter(|id| GROUPS.contains(&id.as_str())).collect()))
        }
    }
}

/// The IDs in a page of search results.
pub(crate) fn ids(body: &Value, kind: Kind) -> Option<BTreeSet<String>> {
    let items = body.get("items")?.as_array()?.iter();
    items.map(|item| Some(item.get(id_field(kind))?.as_str()?.to_owned())).collect()
}

/// Key and content of an authorization.
pub(crate) fn grant(item: &Value) -> Option<(String, Grant)> {
    let text = |field: &str| Some(item.get(field)?.as_str()?.to_owned());
    let kind = [Kind::User, Kind::Group, Kind::Role];
    let kind = kind.into_iter().find(|kind| item.get("ownerType").is_some_and(|word| word == owner_type(*kind)))?;
    let permission = item.get("permissionTypes")?.as_array()?.first()?.as_str()?.to_owned();
    let grant = Grant { owner: Party::new(kind, text("ownerId")?), resource: text("resourceId")?, permission };
    Some((text("authorizationKey")?, grant))
}

/// An error and its causes.
fn chain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", chain(source)),
        None => error.to_string(),
    }
}
