//! Pages of lists.

/// Which part of a list to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// How many items to leave out.
    pub offset: usize,
    /// How many items to show at most.
    pub limit: usize,
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// How many items the whole list has.
    pub total: usize,
}

/// Which part of a list somebody wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListRequest {
    /// Only what has this in its id or name, whatever the case.
    pub search: Option<String>,
    /// Which page.
    pub page: PageRequest,
}

/// A part of a list that may be longer than anybody has looked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing<T> {
    /// The items.
    pub items: Vec<T>,
    /// How many items the whole list has, where that is known without reading all of it.
    pub total: Option<usize>,
}

impl<T> From<Page<T>> for Listing<T> {
    fn from(page: Page<T>) -> Self {
        Self { items: page.items, total: Some(page.total) }
    }
}

impl PageRequest {
    /// Cuts the page out of a list in its order. Only the page's items are kept; the rest is counted.
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
    /// The page with each item turned into something else.
    #[must_use]
    pub fn map<U>(self, with: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(with).collect(), total: self.total }
    }
}

/// Whether one of `texts` contains `sought`, whatever the case. Nothing sought is found everywhere.
#[must_use]
pub fn matches_text(sought: Option<&str>, texts: &[&str]) -> bool {
    let Some(sought) = sought.map(str::to_lowercase) else { return true };
    texts.iter().any(|text| text.to_lowercase().contains(&sought))
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
    }
}
