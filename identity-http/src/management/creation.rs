//! Confirmation that a creation may remove authorizations that name the new entity already.

use identity_core::service::Leftovers;
use serde::Deserialize;
use utoipa::IntoParams;

/// How to create an entity that authorizations name already.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct CreationQuery {
    /// Whether authorizations that have this id as their resource are removed. Without it, they refuse the creation with the
    /// reason `leftover_authorizations`.
    #[serde(default)]
    #[param(default = false, required = false)]
    remove_leftover_authorizations: bool,
}

impl CreationQuery {
    pub(super) fn leftovers(&self) -> Leftovers {
        if self.remove_leftover_authorizations { Leftovers::Remove } else { Leftovers::Refuse }
    }
}
