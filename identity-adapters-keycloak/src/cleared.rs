//! Calls that passed the checks of this server. [`Keycloak`](crate::Keycloak) sends no other calls.

use identity_core::port::{DirectoryError, EntityLock};

use crate::call::Call;

/// Sub-resources of a client that contain its secret, such as `/clients/KEY/client-secret`. Plain reads of them are
/// refused.
const SECRETS: [&str; 3] = ["certificates", "client-secret", "installation"];

/// Reason in the error for a call that no rule permits.
pub(crate) const NO_RULE: &str = "no rule of this server permits this change";

/// A call that may be sent: a `GET` that returns no secret, or a call that the [guard](crate::guard) permits.
pub(crate) struct Cleared<'c> {
    call: Call<'c>,
    /// Lock that the change holds until it is made.
    _lock: Option<EntityLock>,
}

impl<'c> Cleared<'c> {
    /// Permits a `GET` call that returns no secret. Refuses any other call.
    pub(crate) fn question(call: Call<'c>) -> Result<Self, DirectoryError> {
        let secret = matches!(call.segments(), ["clients", _, below, ..] if SECRETS.contains(below));
        if secret || !call.is_question() { Err(no_rule(&call)) } else { Ok(Self { call, _lock: None }) }
    }

    /// Wraps a call that passed the rules of the [guard](crate::guard). Only the guard may use this function.
    pub(crate) fn by_guard(call: Call<'c>) -> Self {
        Self { call, _lock: None }
    }

    /// Holds a lock until this value is dropped.
    pub(crate) fn under(self, lock: Option<EntityLock>) -> Self {
        Self { _lock: lock, ..self }
    }

    pub(crate) fn call(&self) -> &Call<'c> {
        &self.call
    }
}

/// Returns [`DirectoryError::Protected`] for a call that no rule permits.
pub(crate) fn no_rule(call: &Call<'_>) -> DirectoryError {
    DirectoryError::Protected { entity: call.entity(), reason: NO_RULE }
}
