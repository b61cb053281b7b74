//! Candidates for the suggestions in an explanation, with the distances by which the nearest are selected.

use super::Remedy;
use crate::catalog::TypeIndex;
use crate::entity::Scope;
use crate::value::AuthorizationKey;
use crate::world::Grant;

/// Distance between the configuration and its author's probable intention, smallest first. Mistakes come before
/// omissions, and omissions before access that was never planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Distance {
    /// A name is misspelled, or two entities were mixed up.
    Slip,
    /// A mapping rule, group or role of the caller grants nothing yet and could grant this access.
    LooseEnd,
    /// The caller has an authorization on the resource, without this permission.
    Extension,
    /// Other parties have exactly this access.
    Other,
    /// No party was granted exactly this access.
    New,
    /// Other parties have this access on all resources of the type.
    Broad,
}

/// Suggestions found so far: distance, change, and the existing authorization through which the caller would then have
/// access.
pub(super) type Found = Vec<(Distance, Remedy, Option<Through>)>;

/// Reference to an authorization. Only the authorizations of the final suggestions are loaded in full.
#[derive(Clone, PartialEq)]
pub(super) enum Through {
    /// Authorization without a condition, as its grant, resource type and scope. It is loaded without a look-up by key.
    Granted(Grant, TypeIndex, Scope),
    /// Any authorization, by key.
    Keyed(AuthorizationKey),
}
