//! Changes of the fields of an entity, as the audit log records them.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::value::storable;

/// Change of one field of an entity. A change of a set has one of these for each removed and for each added element.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Name of the field, such as `name` or `permissions`.
    pub field: Cow<'static, str>,
    /// Value before the change, or the element that was removed from a set. `None` if there was none, or if it is
    /// unknown or secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Box<str>>,
    /// Value after the change, or the element that was added to a set. `None` if there is none, or if it is secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Box<str>>,
}

/// Changed fields of an entity: at most 32 changes, with values of at most 256 characters each. Contains no passwords
/// and no client secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChanges {
    fields: Vec<FieldChange>,
    /// Number of changes beyond [`FieldChanges::MAX`].
    #[serde(default, skip_serializing_if = "is_zero")]
    omitted: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde requires")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Fields of an entity by name, in the order in which the audit log lists them.
pub(crate) type Fields<'a> = Vec<(&'static str, Field<'a>)>;

/// Value of a field, in the form in which the audit log compares and records it.
pub(crate) enum Field<'a> {
    /// Text, or `None` if the field has no value.
    Text(Option<Cow<'a, str>>),
    /// Set, of which only removed and added elements are recorded.
    Set(BTreeSet<Element<'a>>),
    /// Text of which only the fact of a change is recorded.
    Secret(Option<&'a str>),
}

/// Element of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Element<'a> {
    /// Text, such as the name of a permission on resources.
    Text(&'a str),
    /// Permission of an API: audience and name.
    Permission(&'a str, &'a str),
}

impl<'a> Field<'a> {
    /// Creates a text. An empty text counts as none.
    pub(crate) fn text(text: &'a str) -> Self {
        Self::optional(Some(text))
    }

    /// Creates a text that may be missing. An empty text counts as none.
    pub(crate) fn optional(text: Option<&'a str>) -> Self {
        Self::Text(text.filter(|text| !text.is_empty()).map(Cow::Borrowed))
    }

    /// Creates the text `true` or `false`.
    pub(crate) fn flag(flag: bool) -> Self {
        Self::text(if flag { "true" } else { "false" })
    }

    /// Creates a set of texts.
    pub(crate) fn set(texts: impl IntoIterator<Item = &'a str>) -> Self {
        Self::Set(texts.into_iter().map(Element::Text).collect())
    }

    /// Creates a set of permissions of APIs, each given as audience and name.
    pub(crate) fn permissions(permissions: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self::Set(permissions.into_iter().map(|(audience, name)| Element::Permission(audience, name)).collect())
    }
}

impl Element<'_> {
    fn written(self) -> Cow<'static, str> {
        match self {
            Self::Text(text) => text.to_owned().into(),
            Self::Permission(audience, definition) => format!("{audience} {definition}").into(),
        }
    }
}

impl FieldChanges {
    /// Maximum number of changes.
    pub const MAX: usize = 32;
    /// Maximum length of a value, in characters. A longer value is cut and ends with `…`.
    pub const MAX_VALUE: usize = 256;

    /// Returns the differences between the fields of an entity before and after a change. Both are fields of the same
    /// entity, or one is empty because the entity is created or deleted.
    pub(crate) fn between(before: &Fields<'_>, after: &Fields<'_>) -> Self {
        let mut changes = Self::default();
        let names = if before.is_empty() { after } else { before };
        for (index, (name, _)) in names.iter().enumerate() {
            let [before, after] = [before, after].map(|fields| fields.get(index).map(|(_, field)| field));
            changes.compare(name, before, after);
        }
        changes
    }

    /// Returns the fields of a new entity, or elements that are added to sets.
    pub(crate) fn added(fields: &Fields<'_>) -> Self {
        Self::between(&Vec::new(), fields)
    }

    /// Returns the fields of a deleted entity, or elements that are removed from sets.
    pub(crate) fn removed(fields: &Fields<'_>) -> Self {
        Self::between(fields, &Vec::new())
    }

    /// Returns the replacement of texts whose values before are unknown. All of them count as changed.
    pub(crate) fn replaced(fields: &Fields<'_>) -> Self {
        let mut changes = Self::default();
        for (name, field) in fields {
            changes.push(name, None, Value::of(Some(field)).shown());
        }
        changes
    }

    fn compare(&mut self, name: &'static str, before: Option<&Field<'_>>, after: Option<&Field<'_>>) {
        match (before, after) {
            (Some(Field::Set(before)), after) => {
                let none = BTreeSet::new();
                let after = if let Some(Field::Set(after)) = after { after } else { &none };
                before.difference(after).for_each(|element| self.push(name, Some(&element.written()), None));
                after.difference(before).for_each(|element| self.push(name, None, Some(&element.written())));
            }
            (None, Some(Field::Set(after))) => {
                after.iter().for_each(|element| self.push(name, None, Some(&element.written())));
            }
            (before, after) => {
                let [before, after] = [before, after].map(Value::of);
                if before != after {
                    self.push(name, before.shown(), after.shown());
                }
            }
        }
    }

    fn push(&mut self, field: &'static str, before: Option<&str>, after: Option<&str>) {
        if self.fields.len() == Self::MAX {
            self.omitted = self.omitted.saturating_add(1);
        } else {
            self.fields.push(FieldChange { field: field.into(), before: before.map(kept), after: after.map(kept) });
        }
    }

    /// Recorded changes, in the order of the fields.
    #[must_use]
    pub fn fields(&self) -> &[FieldChange] {
        &self.fields
    }

    /// Number of further changes that are not recorded.
    #[must_use]
    pub fn omitted(&self) -> u32 {
        self.omitted
    }

    /// Returns true if no field changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Total length of all names and values, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        let text = |text: &Option<Box<str>>| text.as_ref().map_or(0, |text| text.len());
        self.fields.iter().map(|one| one.field.len() + text(&one.before) + text(&one.after)).sum()
    }
}

/// Text of a field, and whether it may be recorded.
#[derive(PartialEq)]
enum Value<'a> {
    Open(&'a str),
    Secret(&'a str),
    None,
}

impl<'a> Value<'a> {
    fn of(field: Option<&'a Field<'_>>) -> Self {
        match field {
            Some(Field::Text(Some(text))) => Self::Open(text),
            Some(Field::Secret(Some(text))) => Self::Secret(text),
            Some(Field::Text(None) | Field::Secret(None) | Field::Set(_)) | None => Self::None,
        }
    }

    fn shown(&self) -> Option<&'a str> {
        match self {
            Self::Open(text) => Some(text),
            Self::Secret(_) | Self::None => None,
        }
    }
}

/// Returns a value in the form in which every store keeps it, at most [`FieldChanges::MAX_VALUE`] characters long.
fn kept(text: &str) -> Box<str> {
    let text = if text.chars().nth(FieldChanges::MAX_VALUE).is_some() {
        Cow::Owned(text.chars().take(FieldChanges::MAX_VALUE - 1).chain(['…']).collect())
    } else {
        Cow::Borrowed(text)
    };
    storable(&text).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(field: &'static str, before: Option<&str>, after: Option<&str>) -> FieldChange {
        FieldChange { field: field.into(), before: before.map(Box::from), after: after.map(Box::from) }
    }

    #[test]
    fn records_only_what_differs() {
        let before = vec![
            ("name", Field::text("Sales")),
            ("description", Field::text("")),
            ("email", Field::optional(Some("a@example.com"))),
            ("permissions", Field::set(["DELETE", "UPDATE"])),
        ];
        let after = vec![
            ("name", Field::text("Sales EU")),
            ("description", Field::optional(None)),
            ("email", Field::optional(None)),
            ("permissions", Field::set(["READ", "UPDATE"])),
        ];
        let expected = [
            change("name", Some("Sales"), Some("Sales EU")),
            change("email", Some("a@example.com"), None),
            change("permissions", Some("DELETE"), None),
            change("permissions", None, Some("READ")),
        ];
        assert_eq!(FieldChanges::between(&before, &after).fields(), expected);
        assert!(FieldChanges::between(&before, &before).is_empty());
    }

    #[test]
    fn created_and_deleted_entities_have_one_side_only() {
        let fields = || vec![("name", Field::text("Sales")), ("permissions", Field::set(["READ"]))];
        let side = |before, after| [change("name", before, after)].into_iter();
        let created = side(None, Some("Sales")).chain([change("permissions", None, Some("READ"))]);
        assert_eq!(FieldChanges::added(&fields()).fields(), created.collect::<Vec<_>>());
        let deleted = side(Some("Sales"), None).chain([change("permissions", Some("READ"), None)]);
        assert_eq!(FieldChanges::removed(&fields()).fields(), deleted.collect::<Vec<_>>());
    }

    #[test]
    fn secrets_are_not_recorded() {
        let password = |hash| vec![("password", Field::Secret(hash))];
        for (before, after) in [(Some("old"), Some("new")), (None, Some("new")), (Some("old"), None)] {
            let changes = FieldChanges::between(&password(before), &password(after));
            assert_eq!(changes.fields(), [change("password", None, None)], "{before:?} {after:?}");
        }
        assert!(FieldChanges::between(&password(Some("old")), &password(Some("old"))).is_empty());
    }

    #[test]
    fn values_and_their_number_are_bounded() {
        let (longest, longer) = ("ü".repeat(FieldChanges::MAX_VALUE), "ü".repeat(FieldChanges::MAX_VALUE + 1));
        let fields = vec![("name", Field::text(&longest)), ("description", Field::text(&longer))];
        let changes = FieldChanges::added(&fields);
        let cut = format!("{}…", "ü".repeat(FieldChanges::MAX_VALUE - 1));
        let expected = [change("name", None, Some(&longest)), change("description", None, Some(&cut))];
        assert_eq!(changes.fields(), expected);

        let names: Vec<String> = (0..40).map(|n| format!("{n:02}")).collect();
        let changes = FieldChanges::added(&vec![("permissions", Field::set(names.iter().map(String::as_str)))]);
        assert_eq!((changes.fields().len(), changes.omitted()), (32, 8));
    }
}
