//! Admin UI: its delivery, and tasks of users in a real browser.

mod administration;
mod served;
mod tasks;
