//! Plans, as the API returns them.

use serde::Deserialize;

/// A plan, as the API returns it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Plan {
    pub(super) revision: u64,
    pub(super) plan: String,
    pub(super) changes: Vec<Change>,
    pub(super) more_changes: usize,
    pub(super) effect: Option<Effect>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Change {
    pub(super) operation: String,
    pub(super) entity: Thing,
    pub(super) related: Option<Thing>,
    pub(super) changes: Vec<Field>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Thing {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) key: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Field {
    pub(super) field: String,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Effect {
    pub(super) effects: Vec<Gained>,
    pub(super) more_effects: bool,
    pub(super) administrators: Administrators,
    pub(super) recent_callers: Callers,
}

#[derive(Debug, Deserialize)]
pub(super) struct Gained {
    pub(super) party: Party,
    pub(super) gained: Vec<Item>,
    pub(super) lost: Vec<Item>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Party {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) id: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Callers {
    pub(super) changed: Vec<Caller>,
    pub(super) more_changed: bool,
    pub(super) unknown: usize,
}

#[derive(Debug, Deserialize)]
pub(super) struct Caller {
    #[serde(flatten)]
    pub(super) party: Party,
    pub(super) gained: Vec<Item>,
    pub(super) lost: Vec<Item>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Administrators {
    pub(super) gained: Vec<Administrator>,
    pub(super) lost: Vec<Administrator>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Administrator {
    pub(super) party_type: String,
    pub(super) party_id: String,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Item {
    Group { group: String },
    Role { role: String },
    Tenant { tenant: String },
    Permission { permission: Permission },
    Resource { resource_type: String, scope: Scope, permission: String, condition: Option<serde_json::Value> },
}

#[derive(Debug, Deserialize)]
pub(super) struct Permission {
    pub(super) audience: String,
    pub(super) definition: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Scope {
    pub(super) r#match: String,
    pub(super) value: Option<String>,
}

impl Plan {
    /// Whether anything changes.
    pub(super) fn changes_something(&self) -> bool {
        !self.changes.is_empty()
    }

    /// Whether a user with this name is created.
    pub(super) fn creates_user(&self, username: &str) -> bool {
        let created = |change: &Change| change.operation == "CREATE" && change.entity.kind == "USER";
        self.changes.iter().any(|change| created(change) && change.entity.key == username)
    }

    /// Whether a principal gains access, or an administrator is lost.
    pub(super) fn needs_confirmation(&self) -> bool {
        self.effect.as_ref().is_none_or(|effect| {
            let gains = effect.effects.iter().any(|one| !one.gained.is_empty());
            let callers = &effect.recent_callers;
            let callers_gain = callers.changed.iter().any(|one| !one.gained.is_empty());
            let administrators = &effect.administrators;
            gains
                || callers_gain
                || effect.more_effects
                || callers.more_changed
                || callers.unknown > 0
                || !administrators.gained.is_empty()
                || !administrators.lost.is_empty()
        })
    }
}
