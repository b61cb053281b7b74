//! Reports of plans: what changes, and which principals gain and lose access.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::plan::{Change, Effect, Field, Item, Party, Plan, Thing};

/// Maximum number of parties that one line names.
const MAX_NAMED: usize = 20;
/// Maximum number of memberships and permissions that one line names.
const MAX_ITEMS: usize = 8;

/// Marks of the lines of a report.
struct Marks {
    created: &'static str,
    changed: &'static str,
    removed: &'static str,
    end: &'static str,
    heading: &'static str,
    item: &'static str,
    detail: &'static str,
}

const PLAIN: Marks =
    Marks { created: "  + ", changed: "  ~ ", removed: "  - ", end: "", heading: "", item: "  ", detail: "      " };
const COLOUR: Marks = Marks {
    created: "  \x1b[32m+ ",
    changed: "  \x1b[33m~ ",
    removed: "  \x1b[31m- ",
    end: "\x1b[0m",
    heading: "",
    item: "  ",
    detail: "      ",
};
const MARKDOWN: Marks = Marks {
    created: "- ➕ ",
    changed: "- ✏️ ",
    removed: "- ➖ ",
    end: "",
    heading: "### ",
    item: "- ",
    detail: "  - ",
};

impl Plan {
    /// Returns the report as lines, coloured for a terminal if wanted.
    pub(super) fn text(&self, colour: bool) -> String {
        self.report(if colour { &COLOUR } else { &PLAIN }, &|text| visible(text))
    }

    /// Returns the report as Markdown.
    pub(super) fn markdown(&self) -> String {
        self.report(&MARKDOWN, &|text| code(text))
    }

    fn report(&self, marks: &Marks, quoted: &dyn Fn(&str) -> String) -> String {
        let mut report = String::new();
        let count = self.changes.len() + self.more_changes;
        let heading = match count {
            0 => "No changes: the policies are as the document states".to_owned(),
            1 => format!("1 change of the policies at revision {}", self.revision),
            count => format!("{count} changes of the policies at revision {}", self.revision),
        };
        line(&mut report, &[marks.heading, &heading]);
        for change in &self.changes {
            let mark = match change.operation.as_str() {
                "CREATE" | "ASSIGN" => marks.created,
                "DELETE" | "UNASSIGN" => marks.removed,
                _ => marks.changed,
            };
            line(&mut report, &[mark, &change.sentence(quoted), marks.end]);
            for detail in change.details(quoted) {
                line(&mut report, &[marks.detail, &detail]);
            }
        }
        if self.more_changes > 0 {
            line(&mut report, &[marks.item, &format!("and {} more", self.more_changes)]);
        }
        if let Some(effect) = self.effect.as_ref().filter(|_| count > 0) {
            effect.report(&mut report, marks, quoted);
        }
        report
    }
}

impl Change {
    fn sentence(&self, quoted: &dyn Fn(&str) -> String) -> String {
        let entity = self.entity.name(quoted);
        match (self.operation.as_str(), &self.related) {
            ("CREATE" | "DELETE", _) if self.entity.kind == "AUTHORIZATION" => self.grant(quoted),
            ("ASSIGN" | "UNASSIGN", Some(member)) => format!("{} in {entity}", member.name(quoted)),
            ("UPDATE", Some(owner)) if self.entity.kind == "AUTHORIZATION" => {
                format!("{entity} of {}", owner.name(quoted))
            }
            (_, Some(other)) => format!("{entity}, with {}", other.name(quoted)),
            (_, None) => entity,
        }
    }

    /// Returns an authorization that is created or deleted, in words.
    fn grant(&self, quoted: &dyn Fn(&str) -> String) -> String {
        let values = |name: &str| {
            let fields = self.changes.iter().filter(|field| field.field == name);
            fields.filter_map(|field| field.after.as_deref().or(field.before.as_deref())).collect::<Vec<_>>()
        };
        let value = |name: &str| values(name).into_iter().next();
        let owner = name(value("ownerType").unwrap_or_default(), value("ownerId").unwrap_or_default(), quoted);
        let resource = match (value("resourceId"), value("resourcePropertyName")) {
            (Some("*"), _) => "all".to_owned(),
            (Some(id), _) => quoted(id),
            (None, property) => of_property(property.unwrap_or_default(), quoted),
        };
        let condition = if value("condition").is_some() { UNDER_CONDITION } else { "" };
        let resource_type = value("resourceType").unwrap_or_default();
        format!(
            "authorization of {owner}: {} on {resource_type} {resource}{condition}",
            values("permissions").join(", ")
        )
    }

    /// Returns the changed fields, one line each. A deleted entity, and an authorization in words, have none.
    fn details(&self, quoted: &dyn Fn(&str) -> String) -> Vec<String> {
        let created = self.operation == "CREATE";
        if self.operation == "DELETE" || created && self.entity.kind == "AUTHORIZATION" {
            return Vec::new();
        }
        let is_default = |field: &&Field| created && field.field == "enabled" && field.after.as_deref() == Some("true");
        let line = |Field { field, before, after }: &Field| match (before, after) {
            (Some(before), Some(after)) => format!("{field}: {} → {}", quoted(before), quoted(after)),
            (None, Some(after)) if created => format!("{field}: {}", quoted(after)),
            (None, Some(after)) => format!("{field}: + {}", quoted(after)),
            (Some(before), None) => format!("{field}: - {}", quoted(before)),
            (None, None) if created => format!("{field}: is set"),
            (None, None) => format!("{field}: is changed"),
        };
        self.changes.iter().filter(|field| !is_default(field)).map(line).collect()
    }
}

/// Addition to access that a condition restricts.
const UNDER_CONDITION: &str = ", under a condition";

fn of_property(property: &str, quoted: &dyn Fn(&str) -> String) -> String {
    format!("with the caller in {}", quoted(property))
}

impl Thing {
    fn name(&self, quoted: &dyn Fn(&str) -> String) -> String {
        name(&self.kind, &self.key, quoted)
    }
}

impl Effect {
    fn report(&self, report: &mut String, marks: &Marks, quoted: &dyn Fn(&str) -> String) {
        let mut gained: BTreeMap<(usize, String), BTreeSet<String>> = BTreeMap::new();
        let mut lost = gained.clone();
        let mut note = |party: &Party, gains: &[Item], losses: &[Item]| {
            let party = name(&party.kind, &party.id, quoted);
            let text = |item: &Item| (item.rank(), item.text(quoted));
            gains.iter().for_each(|item| _ = gained.entry(text(item)).or_default().insert(party.clone()));
            losses.iter().for_each(|item| _ = lost.entry(text(item)).or_default().insert(party.clone()));
        };
        self.effects.iter().for_each(|one| note(&one.party, &one.gained, &one.lost));
        self.recent_callers.changed.iter().for_each(|one| note(&one.party, &one.gained, &one.lost));
        if gained.is_empty() && lost.is_empty() && self.recent_callers.unknown == 0 {
            line(report, &[marks.heading, "No principal gains or loses access"]);
        }
        for (heading, items) in [("Access gained", gained), ("Access lost", lost)] {
            if items.is_empty() {
                continue;
            }
            line(report, &[marks.heading, heading]);
            // What the same parties gain or lose is one line.
            let mut together: BTreeMap<BTreeSet<String>, Vec<String>> = BTreeMap::new();
            for ((_, item), parties) in items {
                together.entry(parties).or_default().push(item);
            }
            for (parties, items) in together {
                line(report, &[marks.item, &listed(parties, MAX_NAMED), ": ", &listed(items, MAX_ITEMS)]);
            }
        }
        if self.more_effects || self.recent_callers.more_changed {
            line(report, &[marks.item, "and more, for further principals"]);
        }
        if self.recent_callers.unknown > 0 {
            let unknown = format!(
                "{} recent callers may gain or lose access by claims that are not kept",
                self.recent_callers.unknown
            );
            line(report, &[marks.item, &unknown]);
        }
        let administrators = &self.administrators;
        for (heading, parties) in [
            ("Become administrators, or can become one: ", &administrators.gained),
            ("No longer administrators: ", &administrators.lost),
        ] {
            let names: Vec<String> = parties.iter().map(|one| name(&one.party_type, &one.party_id, quoted)).collect();
            if !names.is_empty() {
                line(report, &[marks.heading, heading, &listed(names, MAX_NAMED)]);
            }
        }
    }
}

impl Item {
    /// Place among other items: what is wider comes first.
    fn rank(&self) -> usize {
        match self {
            Self::Role { .. } => 0,
            Self::Group { .. } => 1,
            Self::Tenant { .. } => 2,
            Self::Permission { .. } => 3,
            Self::Resource { .. } => 4,
        }
    }

    fn text(&self, quoted: &dyn Fn(&str) -> String) -> String {
        match self {
            Self::Group { group } => format!("group {}", quoted(group)),
            Self::Role { role } => format!("role {}", quoted(role)),
            Self::Tenant { tenant } => format!("tenant {}", quoted(tenant)),
            Self::Permission { permission } => {
                format!("{} of the API {}", quoted(&permission.definition), quoted(&permission.audience))
            }
            Self::Resource { resource_type, scope, permission, condition } => {
                let resources = match (scope.r#match.as_str(), &scope.value) {
                    (_, None) => "all".to_owned(),
                    ("PROPERTY", Some(property)) => of_property(property, quoted),
                    (_, Some(id)) => quoted(id),
                };
                let restricted = if condition.is_some() { UNDER_CONDITION } else { "" };
                format!("{permission} on {resource_type} {resources}{restricted}")
            }
        }
    }
}

fn name(kind: &str, key: &str, quoted: &dyn Fn(&str) -> String) -> String {
    let kind = match kind {
        "CLIENT" => "application".to_owned(),
        kind => kind.to_lowercase().replace('_', " "),
    };
    format!("{kind} {}", quoted(key))
}

/// Lists the first `most` texts, and the number of the others.
fn listed(texts: impl IntoIterator<Item = String, IntoIter: ExactSizeIterator>, most: usize) -> String {
    let mut texts = texts.into_iter();
    let named = texts.by_ref().take(most).collect::<Vec<_>>().join(", ");
    match texts.len() {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

fn line(report: &mut String, parts: &[&str]) {
    _ = writeln!(report, "{}", parts.concat());
}

/// Returns a text without control characters, which a terminal would interpret.
fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// Returns a text as Markdown code.
fn code(text: &str) -> String {
    format!("`{}`", visible(text).replace('`', "'"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn plan(changes: &serde_json::Value, effects: &serde_json::Value) -> Plan {
        let party = json!([{"partyType": "USER", "partyId": "eve", "administration": {}}]);
        let lost = if effects.as_array().unwrap().is_empty() { json!([]) } else { party };
        serde_json::from_value(json!({"revision": 7, "plan": "0", "changes": changes, "moreChanges": 0, "effect": {
            "effects": effects, "moreEffects": false, "administrators": {"gained": [], "lost": lost, "more": false},
            "recentCallers": {"lookedAt": 0, "changed": [], "moreChanged": false, "unknown": 0}}}))
        .unwrap()
    }

    #[test]
    fn says_what_changes_and_for_which_people() {
        let changes = json!([
            {"operation": "UPDATE", "entity": {"type": "GROUP", "key": "ops"}, "omittedChanges": 0,
                "changes": [{"field": "name", "before": "Ops", "after": "Op\u{1b}s"}]},
            {"operation": "ASSIGN", "entity": {"type": "ROLE", "key": "clerk"}, "related": {"type": "USER", "key": "ann"},
                "changes": [], "omittedChanges": 0},
        ]);
        let item = json!({"kind": "RESOURCE", "resource_type": "INVOICE", "scope": {"match": "ID", "value": "7"}, "permission": "PAY"});
        let effects = json!([
            {"party": {"type": "USER", "id": "bob"}, "gained": [item], "lost": []},
            {"party": {"type": "USER", "id": "ann"}, "gained": [item], "lost": [{"kind": "ROLE", "role": "clerk"}]},
        ]);
        let plan = plan(&changes, &effects);
        assert!(plan.changes_something() && plan.needs_confirmation());
        assert_eq!(
            plan.text(false),
            "2 changes of the policies at revision 7\n  ~ group ops\n      name: Ops → Op\u{fffd}s\n  + user ann in role clerk\n\
             Access gained\n  user ann, user bob: PAY on INVOICE 7\nAccess lost\n  user ann: role clerk\n\
             No longer administrators: user eve\n"
        );
        assert!(plan.text(true).contains("\x1b[33m~ group ops\x1b[0m"));
        assert!(plan.markdown().contains("- ✏️ group `ops`\n  - name: `Ops` → "));
    }

    #[test]
    fn a_plan_without_changes_needs_no_confirmation() {
        let plan = plan(&json!([]), &json!([]));
        assert!(!plan.changes_something() && !plan.needs_confirmation());
        assert_eq!(plan.text(false), "No changes: the policies are as the document states\n");
    }
}
