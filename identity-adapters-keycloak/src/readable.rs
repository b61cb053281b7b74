//! Lenient reading of lists from Keycloak: an entity that cannot be parsed or displayed does not affect the others.
//!
//! Keycloak accepts names that are invalid in this server: with line breaks, with white space at their ends, or empty.
//! Such names are displayed in a visible form. An element that cannot be displayed at all is left out of its list,
//! counted, and logged once a day.

use identity_core::entity::EntityKind;
use identity_core::port::DirectoryError;
use identity_core::search::PageRequest;
use identity_core::value::InvalidValue;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer};
use tracing::warn;

use crate::Keycloak;
use crate::bounds;
use crate::call::Call;
use crate::error::unreadable;

/// Maximum number of elements that one request returns.
const BATCH: usize = 500;

/// A parsed list, without the elements that do not have the form of `T`.
#[derive(Debug)]
pub(crate) struct Elements<T> {
    pub(crate) items: Vec<T>,
    /// Number of elements in the response, including those that were left out.
    pub(crate) read: usize,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Element<T> {
    Fits(T),
    Other(IgnoredAny),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Elements<T> {
    fn deserialize<D: Deserializer<'de>>(list: D) -> Result<Self, D::Error> {
        let elements: Vec<Element<T>> = Vec::deserialize(list)?;
        let read = elements.len();
        let fits = |element| match element {
            Element::Fits(item) => Some(item),
            Element::Other(_) => None,
        };
        Ok(Self { items: elements.into_iter().filter_map(fits).collect(), read })
    }
}

impl Keycloak {
    /// Reads a list. Leaves out the elements that cannot be parsed, and counts and logs them.
    pub(crate) async fn read_list<T: DeserializeOwned>(
        &self,
        kind: EntityKind,
        call: Call<'_>,
    ) -> Result<Elements<T>, DirectoryError> {
        let elements: Elements<T> = self.read(call).await?;
        for _ in elements.items.len()..elements.read {
            self.left_out(kind, "", "its representation has an unexpected form");
        }
        Ok(elements)
    }

    /// Reads a page of a paginated list, in requests of at most [`BATCH`] elements each.
    pub(crate) async fn read_page<'c, T: DeserializeOwned>(
        &self,
        kind: EntityKind,
        page: PageRequest,
        call: impl Fn() -> Call<'c>,
    ) -> Result<Elements<T>, DirectoryError> {
        let (mut first, mut left) = bounds::page(page);
        let mut all = Elements { items: Vec::new(), read: 0 };
        while left > 0 {
            let max = left.min(BATCH);
            let batch: Elements<T> = self.read_list(kind, call().query("first", first).query("max", max)).await?;
            all.items.extend(batch.items);
            all.read += batch.read;
            if batch.read < max {
                break;
            }
            first = first.saturating_add(max);
            left -= max;
        }
        Ok(all)
    }

    /// Returns the displayed form of a list element. If there is none, counts and logs the element, and returns `None`.
    pub(crate) fn shown<T>(&self, kind: EntityKind, id: &str, shown: Result<T, InvalidValue>) -> Option<T> {
        shown.map_err(|error| self.left_out(kind, id, &error.to_string())).ok()
    }

    /// Counts an element that is left out of a list. Logs it at most once a day.
    fn left_out(&self, kind: EntityKind, id: &str, reason: &str) {
        metrics::counter!("identity_keycloak_left_out_total", "kind" => kind.as_str()).increment(1);
        let entity = format!("{}/{id}", kind.as_str());
        if self.shared.left_out.entry(entity).or_default().is_fresh() {
            warn!(kind = kind.as_str(), id, reason, "keycloak.entity.skipped");
        }
    }
}

/// Error for a requested entity that cannot be displayed.
pub(crate) fn unshown(error: InvalidValue) -> DirectoryError {
    unreadable(&format!("the entity contains an unsupported value: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Named {
        name: String,
    }

    #[test]
    fn an_element_of_another_form_is_left_out_of_its_list_alone() {
        let list = r#"[{"name": "a", "more": [1, {}]}, {"name": null}, {"name": 7}, {}, null, "x", {"name": "b"}]"#;
        let read: Elements<Named> = serde_json::from_str(list).unwrap();
        assert_eq!(read.items.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(read.read, 7);
        assert!(serde_json::from_str::<Elements<Named>>(r#"{"name": "a"}"#).is_err());
    }
}
