//! JSON bodies of AuthZEN requests. Unknown members are ignored, and known members must have the type of the schema.

use std::future::Future;
use std::pin::Pin;

use actix_web::{FromRequest, HttpRequest, dev};
use identity_core::service::access::{Action, EntityRef, EvaluationRequest};
use identity_core::value::strict_json_object;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::body::{Unfit, deserialize, json_bytes};
use crate::problem::Problem;

/// A JSON object with members of any name and type.
pub(crate) type Object = Map<String, Value>;

/// Extractor for a body that is one JSON object without duplicate members, as I-JSON requires (RFC 7493 §2.3).
pub(crate) struct ObjectBody(pub(crate) Object);

impl FromRequest for ObjectBody {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let not_json = || Problem::bad_request("media_type", "The body must be application/json.");
        let bytes = json_bytes(request, payload, not_json);
        Box::pin(async move {
            let bytes = bytes.await?;
            let read = strict_json_object(&bytes);
            read.map(Self)
                .map_err(|fault| Problem::bad_request("malformed_json", format!("The body cannot be read: {fault}.")))
        })
    }
}

impl ObjectBody {
    /// Deserializes the object. All deviations from the schema of `T` are reported at once.
    pub(crate) fn read<T: ToSchema + DeserializeOwned>(self) -> Result<T, Unfit> {
        deserialize(self.0, "")
    }
}

impl From<Unfit> for Problem {
    fn from(unfit: Unfit) -> Self {
        unfit.problem("invalid")
    }
}

/// A subject or a resource.
#[derive(Deserialize, ToSchema)]
#[schema(as = Entity)]
pub(crate) struct EntityBody {
    /// For a subject: `user`, `client` or `token`. For a resource: a resource type, `api` or `tenant`.
    #[schema(example = "user", min_length = 1)]
    r#type: String,
    #[schema(example = "ann", min_length = 1)]
    id: String,
    #[schema(nullable = false)]
    properties: Option<Object>,
}

/// A subject or a resource of a search.
#[derive(Deserialize, ToSchema)]
#[schema(as = SearchedEntity)]
pub(crate) struct SearchedEntityBody {
    /// For a subject: `user` or `client`. For a resource: a resource type, `api` or `tenant`.
    #[schema(example = "user", min_length = 1)]
    r#type: String,
    /// A string. Ignored in the part that the request searches for, otherwise required.
    #[schema(example = "ann")]
    id: Option<Value>,
    #[schema(nullable = false)]
    properties: Option<Object>,
}

/// An action.
#[derive(Deserialize, ToSchema)]
#[schema(as = access::Action)]
pub(crate) struct ActionBody {
    /// Permission of the resource's type.
    #[schema(example = "READ", min_length = 1)]
    name: String,
    #[schema(nullable = false)]
    properties: Option<Object>,
}

/// An access evaluation request.
#[derive(Deserialize, ToSchema)]
#[schema(as = EvaluationRequest)]
pub(crate) struct EvaluationBody {
    subject: EntityBody,
    action: ActionBody,
    resource: EntityBody,
    /// Not evaluated.
    #[serde(rename = "context")]
    #[schema(nullable = false)]
    _context: Option<Object>,
}

/// Rejects an empty string. `member` of the object at `pointer` is its location in the body.
fn filled(text: String, pointer: &str, member: &str) -> Result<String, Unfit> {
    if text.is_empty() { Err(Unfit::of(format!("{pointer}/{member}"), "must not be empty")) } else { Ok(text) }
}

impl EntityBody {
    fn parse(self, pointer: &str) -> Result<EntityRef, Unfit> {
        Ok(EntityRef {
            kind: filled(self.r#type, pointer, "type")?,
            id: filled(self.id, pointer, "id")?,
            properties: self.properties.unwrap_or_default(),
        })
    }
}

impl SearchedEntityBody {
    /// Parses the entity. Its id is required, unless the search looks for entities of this part (`is_searched`).
    pub(crate) fn parse(self, pointer: &str, is_searched: bool) -> Result<EntityRef, Unfit> {
        let unfit = |rule| Unfit::of(format!("{pointer}/id"), rule);
        let id = match self.id {
            _ if is_searched => String::new(),
            Some(Value::String(id)) => filled(id, pointer, "id")?,
            Some(_) => return Err(unfit("must be a string")),
            None => return Err(unfit("is missing")),
        };
        let kind = filled(self.r#type, pointer, "type")?;
        Ok(EntityRef { kind, id, properties: self.properties.unwrap_or_default() })
    }
}

impl ActionBody {
    pub(crate) fn parse(self) -> Result<Action, Unfit> {
        Ok(Action { name: filled(self.name, "/action", "name")?, properties: self.properties.unwrap_or_default() })
    }
}

impl EvaluationBody {
    pub(crate) fn parse(self) -> Result<EvaluationRequest, Unfit> {
        Ok(EvaluationRequest {
            subject: self.subject.parse("/subject")?,
            action: self.action.parse()?,
            resource: self.resource.parse("/resource")?,
        })
    }
}
