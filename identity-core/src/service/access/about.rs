//! Questions as others ask them: who, what, with what, in texts that may mean nothing here.

use serde_json::{Map, Value};

use crate::decide::{Facts, Question, Target};
use crate::entity::Principal;
use crate::value::{ClientId, TenantId, Username};
use crate::world::World;

/// Resources of this type are APIs: the id is an audience, the action a permission of it.
pub const API: &str = "api";
/// Resources of this type are tenants: the action is [`MEMBERSHIP`], and asks whether somebody is in one.
pub const TENANT: &str = "tenant";
/// The action on tenants.
pub const MEMBERSHIP: &str = "ACCESS";
/// The id that stands for all resources of a type.
pub const ALL: &str = "*";

/// Something that has a type and an id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// Of a subject `user`, `client` or `token`; of a resource its resource type.
    pub kind: String,
    /// The id. Of a token, the token.
    pub id: String,
    /// What the asker says about it.
    pub properties: Map<String, Value>,
}

/// What is to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Action {
    /// The permission.
    pub name: String,
    /// What the asker says about it.
    pub properties: Map<String, Value>,
}

/// One question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Who.
    pub subject: About,
    /// What.
    pub action: Action,
    /// With what.
    pub resource: About,
}

/// A kind of subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubjectKind {
    /// Somebody by username.
    User,
    /// A client by client id.
    Client,
    /// Whomever a token speaks for.
    Token,
}

impl SubjectKind {
    /// The kind of this name. Any other name is of subjects that nobody here knows.
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

impl About {
    /// Whom the type and the id name; `None` for a token, and for what cannot be anybody's.
    #[must_use]
    pub fn principal(&self) -> Option<Principal> {
        match SubjectKind::parse(&self.kind)? {
            SubjectKind::User => Username::parse(&self.id).ok().map(Principal::User),
            SubjectKind::Client => ClientId::parse(&self.id).ok().map(Principal::Client),
            SubjectKind::Token => None,
        }
    }
}

/// Makes the question of a resource and an action, and hands it on; `None` when there is no such type, permission or tenant,
/// which nobody has then.
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
        _ => match world.matrix().access(kind, action) {
            Ok(access) => {
                let target = Target::Described((id != ALL).then_some(id), facts);
                then(Some(&Question::Resource { access, target }))
            }
            Err(_) => then(None),
        },
    }
}
