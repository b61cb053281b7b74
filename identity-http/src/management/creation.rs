//! Query parameter of operations that create entities: whether to remove authorizations that already refer to the new
//! id.

use identity_core::service::Leftovers;
use serde::Deserialize;
use utoipa::IntoParams;

/// Handling of existing authorizations that refer to the id of the new entity.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct CreationQuery {
    /// Whether to remove existing authorizations on a resource with this id. If `false`, such authorizations reject the
    /// creation with the reason `leftover_authorizations`.
    #[serde(default)]
    #[param(default = false, required = false)]
    remove_leftover_authorizations: bool,
}

impl CreationQuery {
    pub(super) fn leftovers(&self) -> Leftovers {
        if self.remove_leftover_authorizations { Leftovers::Remove } else { Leftovers::Refuse }
    }
}
