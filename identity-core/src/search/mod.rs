//! Lists, searches and access reviews: existing entities, holders of access, and effective permissions.

mod access;
mod administration;
mod authorizations;
mod budget;
pub mod entities;
mod filters;
mod granted;
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
pub use administration::{AdminPath, AdminStep, AdminStepKind, Administration};
pub use budget::{SearchBudget, SearchStopped};
pub use granted::granted_resources;
pub use look_alikes::LookAlikes;
pub use orphans::{OrphanCause, exists, orphans};
pub use page::{List, ListRequest, Listing, Page, PageRequest, Scan, SearchText, matches_text};
pub use query::{Cursor, Found, Key, LikePattern, Order, Part, Row, SortBy, Start, TextFilter, Window};
pub use review::{Allowed, permissions_of, resources_of, what_can, who_can};
pub use visibility::{Visible, granted, visible};
