//! Input of an access evaluation (AuthZEN): a subject, an action and a resource, as unvalidated text.

use serde_json::{Map, Value};

use crate::catalog::{API, MEMBERSHIP, TENANT};
use crate::decide::{Facts, Question, Target};
use crate::entity::Principal;
use crate::value::{ClientId, TenantId, Username};
use crate::world::World;

/// Resource ID that stands for all resources of a type.
pub const ALL: &str = "*";

/// Subject or resource of an AuthZEN request: a type, an ID and properties.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntityRef {
    /// For a subject: `user`, `client` or `token`. For a resource: the name of its resource type.
    pub kind: String,
    /// ID of the entity. For a subject of type `token`, the token itself.
    pub id: String,
    /// Properties from the request, on which conditions of authorizations are evaluated.
    pub properties: Map<String, Value>,
}

/// Action of an AuthZEN request, which corresponds to a permission.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Action {
    /// Name of the permission that the action requires, such as `READ`.
    pub name: String,
    /// Properties from the request, on which conditions of authorizations are evaluated.
    pub properties: Map<String, Value>,
}

/// AuthZEN access evaluation request: may the subject perform the action on the resource?
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EvaluationRequest {
    /// The user, client or token that requests access.
    pub subject: EntityRef,
    /// The action to perform on the resource.
    pub action: Action,
    /// The resource to access.
    pub resource: EntityRef,
}

/// Subject type of an access evaluation request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubjectKind {
    /// A user, identified by username.
    User,
    /// A client, identified by client ID.
    Client,
    /// The bearer of a token. The subject ID is the token.
    Token,
}

impl SubjectKind {
    /// Parses `user`, `client` or `token`. Returns `None` for any other text, which matches no subject.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "user" => Some(Self::User),
            "client" => Some(Self::Client),
            "token" => Some(Self::Token),
            _ => None,
        }
    }
}

impl EntityRef {
    /// Returns the user or client with this type and ID. Returns `None` for a token, an unknown type or a malformed ID.
    #[must_use]
    pub fn principal(&self) -> Option<Principal> {
        match SubjectKind::parse(&self.kind)? {
            SubjectKind::User => Username::parse(&self.id).ok().map(Principal::User),
            SubjectKind::Client => ClientId::parse(&self.id).ok().map(Principal::Client),
            SubjectKind::Token => None,
        }
    }
}

/// Builds the authorization question for a resource type, an ID and an action, and passes it to `then`.
///
/// Passes `None` if the resource type or the permission does not exist, or the tenant ID is malformed. Access is then
/// denied.
pub(super) fn with_question<T>(
    world: &World,
    resource: (&str, &str),
    action: &str,
    facts: &Facts<'_>,
    then: impl FnOnce(Option<&Question<'_>>) -> T,
) -> T {
    let (kind, id) = resource;
    match kind {
        API => then(Some(&Question::permission(id, action))),
        TENANT if action == MEMBERSHIP => match TenantId::parse(id) {
            Ok(tenant) => then(Some(&Question::Tenant(&tenant))),
            Err(_) => then(None),
        },
        _ => match world.catalog().access(kind, action) {
            Ok(access) => {
                let target = Target::Described((id != ALL).then_some(id), facts);
                then(Some(&Question::Resource { access, target }))
            }
            Err(_) => then(None),
        },
    }
}
