//! Lists and reviews: what there is, who can do something, what somebody can do.

mod page;
mod review;

pub use page::{Page, PageRequest, matches_text};
pub use review::{Allowed, permissions_of, resources_of, what_can, who_can};
