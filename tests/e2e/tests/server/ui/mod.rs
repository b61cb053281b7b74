//! The admin UI: how it is served, and what people do with it in a real browser.

mod administration;
mod served;
mod tasks;
