//! Pages of lists: requests with offset and limit, and results with the total number of items.

use std::ops::Range;
use std::sync::Arc;

use super::budget::{CANDIDATE_STEPS, SearchBudget, SearchStopped};
use crate::entity::{AuditEntity, Party, Scope};
use crate::world::World;

/// Page of a list by offset and limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// Number of items to skip.
    pub offset: usize,
    /// Maximum number of items to return.
    pub limit: usize,
}

/// Page of a list, with the number of all items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// Items of the page, in the order of the list.
    pub items: Vec<T>,
    /// Number of items in the whole list.
    pub total: usize,
}

/// Search text and page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListRequest {
    /// Text that the id or name must contain, ignoring case. `None` selects all items.
    pub search: Option<String>,
    /// Page to return.
    pub page: PageRequest,
}

/// Part of a list whose total may be unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing<T> {
    /// Items of the part, in the order of the list.
    pub items: Vec<T>,
    /// Number of items in the whole list. `None` if counting requires reading all of it.
    pub total: Option<usize>,
}

impl<T> From<Page<T>> for Listing<T> {
    fn from(page: Page<T>) -> Self {
        Self { items: page.items, total: Some(page.total) }
    }
}

/// Number of items that a list copies from a world at a time.
const SLICE: usize = 256;

/// List whose items are read on demand. Access to the list must have been checked before. It keeps a reference to the
/// world from which it reads.
pub enum List<T> {
    /// Items from an index. Each item is read when it is taken.
    Items {
        /// Iterator over the items.
        items: Box<dyn Iterator<Item = T> + Send>,
        /// Number of items in the whole list, if known.
        total: Option<usize>,
    },
    /// Search that has to examine all candidates, because no index provides the items. It needs a budget and may take
    /// long, so it must not block other requests.
    Scan(Scan<T>),
}

/// Function that examines every candidate within a search budget.
pub type Scan<T> = Box<dyn FnOnce(&SearchBudget) -> Result<Listing<T>, SearchStopped> + Send>;

impl<T: Send + 'static> List<T> {
    /// Creates a list of the items at these positions of an index. `read` copies the items at one slice of the
    /// positions.
    pub(crate) fn at(
        world: &Arc<World>,
        positions: Range<usize>,
        total: Option<usize>,
        read: impl Fn(&World, Range<usize>) -> Vec<T> + Send + 'static,
    ) -> Self {
        let (world, end) = (Arc::clone(world), positions.end);
        let slices = positions.step_by(SLICE).map(move |from| from..end.min(from.saturating_add(SLICE)));
        Self::Items { items: Box::new(slices.flat_map(move |slice| read(&world, slice))), total }
    }

    pub(crate) fn scan<L: Into<Listing<T>>>(search: impl FnOnce(&SearchBudget) -> L + Send + 'static) -> Self {
        Self::Scan(Box::new(move |budget| {
            let found = search(budget).into();
            budget.finished(found)
        }))
    }

    /// Reads the whole list into memory.
    ///
    /// # Errors
    /// When the search exceeds its budget or is cancelled.
    pub fn read(self, budget: &SearchBudget) -> Result<Listing<T>, SearchStopped> {
        match self {
            Self::Items { items, total } => Ok(Listing { items: items.collect(), total }),
            Self::Scan(scan) => scan(budget),
        }
    }
}

impl<T: Send + 'static> From<Listing<T>> for List<T> {
    fn from(Listing { items, total }: Listing<T>) -> Self {
        Self::Items { items: Box::new(items.into_iter()), total }
    }
}

impl<T: Send + 'static> From<Vec<T>> for List<T> {
    fn from(items: Vec<T>) -> Self {
        Listing { items, total: None }.into()
    }
}

impl<T: Send + 'static> From<Page<T>> for List<T> {
    fn from(page: Page<T>) -> Self {
        Listing::from(page).into()
    }
}

impl PageRequest {
    /// Returns the positions of the page in a list of `total` items.
    pub(crate) fn positions(self, total: usize) -> Range<usize> {
        self.offset.min(total)..self.offset.saturating_add(self.limit).min(total)
    }

    /// Cuts the page out of a sorted list. Consumes the whole list to count it, and keeps only the items of the page.
    pub fn cut<T>(self, list: impl Iterator<Item = T>) -> Page<T> {
        let mut total = 0;
        let mut items = Vec::new();
        for item in list {
            if total >= self.offset && items.len() < self.limit {
                items.push(item);
            }
            total += 1;
        }
        Page { items, total }
    }
}

impl<T> Page<T> {
    /// Converts each item of the page. The total is unchanged.
    #[must_use]
    pub fn map<U>(self, with: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(with).collect(), total: self.total }
    }
}

impl World {
    /// Returns the texts of an authorization that searches examine: the id and the name of the owner, and the id of the
    /// resource.
    pub(crate) fn texts_of<'t>(&'t self, owner: &'t Party, scope: &'t Scope) -> impl Iterator<Item = &'t str> {
        let name = self.display_name(AuditEntity::from(owner).kind, owner.id());
        [Some(owner.id()), name, scope.resource_id()].into_iter().flatten()
    }
}

/// Text for case-insensitive substring search, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchText(String);

impl SearchText {
    /// Creates the search text. An empty text is contained in every text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.to_lowercase())
    }

    /// Returns whether one of the texts of a candidate contains the search text. Always `false` once the budget is
    /// exhausted.
    pub(crate) fn is_in<'t>(&self, texts: impl IntoIterator<Item = &'t str>, budget: &SearchBudget) -> bool {
        budget.take(CANDIDATE_STEPS) && texts.into_iter().any(|text| self.is_in_one(text))
    }

    fn is_in_one(&self, text: &str) -> bool {
        let Self(sought) = self;
        if sought.is_empty() || !(sought.is_ascii() && text.is_ascii()) {
            return text.to_lowercase().contains(sought);
        }
        text.as_bytes().windows(sought.len()).any(|part| part.eq_ignore_ascii_case(sought.as_bytes()))
    }
}

/// Returns whether one of `texts` contains `sought`, ignoring case. Always `true` if `sought` is `None`.
#[must_use]
pub fn matches_text(sought: Option<&str>, texts: &[&str]) -> bool {
    sought.is_none_or(|sought| SearchText::new(sought).is_in(texts.iter().copied(), &SearchBudget::default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_counts_what_it_does_not_show() {
        let page = PageRequest { offset: 2, limit: 3 }.cut(0..10);
        assert_eq!(page, Page { items: vec![2, 3, 4], total: 10 });
        assert_eq!(PageRequest { offset: 20, limit: 3 }.cut(0..10), Page { items: vec![], total: 10 });
    }

    #[test]
    fn text_is_found_in_any_case() {
        assert!(matches_text(Some("ÄRZ"), &["Märzfest"]));
        assert!(matches_text(None, &[]) && !matches_text(Some("x"), &["y"]));
        assert!(matches_text(Some("Rde"), &["x", "ORDER"]) && !matches_text(Some("order"), &["orde", ""]));
        assert!(
            matches_text(Some(""), &[""]) && matches_text(Some("k"), &["\u{212a}"]) && !matches_text(Some("é"), &["e"])
        );
    }
}
