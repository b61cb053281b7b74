//! Questions on the wire, read as AuthZEN wants: members that nobody knows are ignored, those that are known have their type.

use std::future::Future;
use std::pin::Pin;

use actix_web::{FromRequest, HttpRequest, dev};
use identity_core::service::access::{About, Action, Asked};
use identity_core::value::strict_json_object;
use serde_json::{Map, Value};

use crate::body::json_bytes;
use crate::problem::Problem;

/// A JSON object.
pub(crate) type Object = Map<String, Value>;

/// A body that is a JSON object by I-JSON (RFC 7493): no member twice, and no number that is none here.
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

/// What is wrong with a part of a question: one line for people.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unfit(pub(crate) String);

impl From<Unfit> for Problem {
    fn from(unfit: Unfit) -> Self {
        Self::bad_request("invalid", unfit.0)
    }
}

/// A member that is an object, if it is there.
pub(crate) fn object<'o>(of: &'o Object, name: &str) -> Result<Option<&'o Object>, Unfit> {
    match of.get(name) {
        None => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object)),
        Some(_) => Err(Unfit(format!("`{name}` must be an object."))),
    }
}

/// A member that is text.
fn text(of: &Object, path: &str, name: &str) -> Result<String, Unfit> {
    match of.get(name) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text.clone()),
        Some(Value::String(_)) => Err(Unfit(format!("`{path}.{name}` must not be empty."))),
        Some(_) => Err(Unfit(format!("`{path}.{name}` must be a string."))),
        None => Err(Unfit(format!("`{path}.{name}` is missing."))),
    }
}

fn properties(of: &Object, path: &str) -> Result<Object, Unfit> {
    match of.get("properties") {
        None => Ok(Object::new()),
        Some(Value::Object(properties)) => Ok(properties.clone()),
        Some(_) => Err(Unfit(format!("`{path}.properties` must be an object."))),
    }
}

/// Whether a part's id is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Id {
    /// It is.
    Needed,
    /// It is what is searched for, and ignored.
    Ignored,
}

/// The subject or the resource.
pub(crate) fn about(of: &Object, path: &str, id: Id) -> Result<About, Unfit> {
    let part = object(of, path)?.ok_or_else(|| Unfit(format!("`{path}` is missing.")))?;
    Ok(About {
        kind: text(part, path, "type")?,
        id: match id {
            Id::Needed => text(part, path, "id")?,
            Id::Ignored => String::new(),
        },
        properties: properties(part, path)?,
    })
}

pub(crate) fn action(of: &Object) -> Result<Action, Unfit> {
    let part = object(of, "action")?.ok_or_else(|| Unfit("`action` is missing.".to_owned()))?;
    Ok(Action { name: text(part, "action", "name")?, properties: properties(part, "action")? })
}

/// A whole question.
pub(crate) fn asked(of: &Object) -> Result<Asked, Unfit> {
    object(of, "context")?;
    let (subject, action) = (about(of, "subject", Id::Needed)?, action(of)?);
    Ok(Asked { subject, action, resource: about(of, "resource", Id::Needed)? })
}
