//! Access evaluation input: a subject, an action and a resource as unvalidated text.

use serde_json::{Map, Value};

use crate::catalog::{API, MEMBERSHIP, TENANT};
use crate::decide::{Facts, Question, Target};
use crate::entity::Principal;
use crate::value::{ClientId, TenantId, Username};
use crate::world::World;

/// Resource ID that stands for all resources of a type.
pub const ALL: &str = "*";

/// A subject or resource: a type, an ID and properties.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntityRef {
    /// For a subject: `user`, `client` or `token`. For a resource: the name of its resource type.
    pub kind: String,
    /// The ID. For a subject of type `token`, the token itself.
    pub id: String,
    /// Properties supplied by the requester.
    pub properties: Map<String, Value>,
}

/// The requested action.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Action {
    /// The permission name.
    pub name: String,
    /// Properties supplied by the requester.
    pub properties: Map<String, Value>,
}

/// One access evaluation request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EvaluationRequest {
    /// The subject.
    pub subject: EntityRef,
    /// The action.
    pub action: Action,
    /// The resource.
    pub resource: EntityRef,
}

/// A kind of subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubjectKind {
    /// A user, identified by username.
    User,
    /// A client, identified by client ID.
    Client,
    /// The bearer of a token.
    Token,
}

impl SubjectKind {
    /// Parses the type name of a subject. Returns `None` for any other name: no subject matches it.
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
    /// Returns the principal that the type and ID name. Returns `None` for a token, an unknown type and an unparsable
    /// ID.
    #[must_use]
    pub fn principal(&self) -> Option<Principal> {
        match SubjectKind::parse(&self.kind)? {
            SubjectKind::User => Username::parse(&self.id).ok().map(Principal::User),
            SubjectKind::Client => ClientId::parse(&self.id).ok().map(Principal::Client),
            SubjectKind::Token => None,
        }
    }
}

/// Builds the question for a resource and an action and passes it to `then`.
///
/// Passes `None` when the resource type, permission or tenant does not exist; access is denied then.
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
