//! Finds ids and names that readers may confuse with each other.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, RandomState};

use unicode_security::skeleton;

use super::SearchBudget;
use crate::entity::EntityKind;
use crate::value::is_hidden;
use crate::world::{Kind, World};

/// Number of steps of the search budget per name, in addition to its length in bytes.
const NAME_STEPS: usize = 8;
/// Maximum number of look-alikes that are returned for one id.
const MAX_LOOK_ALIKES: usize = 5;

/// Sets of entities of one kind with confusable ids or names. They are equal except for case, dots, invisible
/// characters, and characters with similar shapes (Unicode Technical Standard 39 §4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LookAlikes {
    sets: Vec<(EntityKind, BTreeSet<String>)>,
    places: BTreeMap<(EntityKind, String), Vec<usize>>,
}

impl LookAlikes {
    /// Finds the confusable ids and names of a world. The result is incomplete if the budget is exhausted, which
    /// [`SearchBudget::finished`] reports.
    #[must_use]
    pub fn of(world: &World, budget: &SearchBudget) -> Self {
        let hasher = RandomState::new();
        let mut keyed: Vec<(Kind, u64, &str)> = world
            .labels()
            .take_while(|(_, _, text)| budget.take(NAME_STEPS + text.len()))
            .map(|(kind, id, text)| (kind, hasher.hash_one(appearance(text)), id))
            .collect();
        keyed.sort_unstable();
        // Merges the id and the name of one entity if they look alike.
        keyed.dedup();
        let sets: BTreeSet<(EntityKind, BTreeSet<String>)> = keyed
            .chunk_by(|one, next| (one.0, one.1) == (next.0, next.1))
            .filter(|alike| alike.len() > 1)
            .filter_map(|alike| {
                let kind = EntityKind::parse(alike.first()?.0.name())?;
                Some((kind, alike.iter().map(|(_, _, id)| (*id).to_owned()).collect()))
            })
            .collect();
        let mut found = Self::default();
        for (place, (kind, ids)) in sets.into_iter().enumerate() {
            for id in &ids {
                found.places.entry((kind, id.clone())).or_default().push(place);
            }
            found.sets.push((kind, ids));
        }
        found
    }

    /// Returns the sets of confusable entities, each with its kind and two or more ids.
    pub fn sets(&self) -> impl Iterator<Item = (EntityKind, &BTreeSet<String>)> {
        self.sets.iter().map(|(kind, ids)| (*kind, ids))
    }

    /// Returns the ids of at most five other entities of the kind that are confusable with this one.
    #[must_use]
    pub fn like(&self, kind: EntityKind, id: &str) -> Vec<&str> {
        let places = self.places.get(&(kind, id.to_owned())).into_iter().flatten();
        let sets = places.filter_map(|place| self.sets.get(*place));
        let others: BTreeSet<&str> = sets
            .flat_map(|(_, ids)| ids.iter().map(String::as_str).filter(|other| *other != id).take(MAX_LOOK_ALIKES))
            .collect();
        others.into_iter().take(MAX_LOOK_ALIKES).collect()
    }
}

/// Returns the visible form of a text. It is equal for texts that look alike.
fn appearance(text: &str) -> String {
    let plain: String = text.chars().filter(|c| *c != '.' && !is_hidden(*c)).flat_map(char::to_lowercase).collect();
    skeleton(&plain).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::appearance;

    #[test]
    fn case_dots_hidden_characters_and_letters_drawn_alike_do_not_make_a_difference() {
        for text in ["Admin", "ADMIN", "ad.min", "admin.", "ad\u{200B}min", "\u{430}dmin", "adm\u{456}n", "adrnin"] {
            assert_eq!(appearance(text), appearance("admin"), "{text:?}");
        }
    }

    #[test]
    fn other_names_look_different() {
        for text in ["admins", "administrator", "amdin", "a-dmin", "ädmin"] {
            assert_ne!(appearance(text), appearance("admin"), "{text:?}");
        }
    }
}
