//! Lists, searches and reviews: what there is, who can do something, what somebody can do.

mod access;
mod administration;
mod authorizations;
mod budget;
pub mod entities;
mod filters;
mod look_alikes;
mod orphans;
mod page;
pub mod paths;
mod query;
mod review;
mod select;
mod span;
mod visibility;

pub use access::{actions_on, principals_who_can, resources_that};
pub use administration::{AdminPath, AdminStep, Administration, Means};
pub use budget::{SearchBudget, SearchStopped};
pub use look_alikes::LookAlikes;
pub use orphans::{Absent, exists, orphans};
pub use page::{ListRequest, Listing, Page, PageRequest, matches_text};
pub use query::{Cursor, Found, Key, LikePattern, Order, Part, Row, SortBy, Start, TextFilter, Window};
pub use review::{Allowed, permissions_of, resources_of, what_can, who_can};
pub use visibility::{Visible, granted, visible};
