//! Times as text: RFC 3339 in UTC with six decimals, so that they sort as they pass.

use identity_core::entity::parse_time;
pub(crate) use identity_core::entity::time_text as to_text;
use identity_core::port::StoreError;
use time::OffsetDateTime;

pub(crate) fn parse(table: &str, key: impl std::fmt::Display, text: &str) -> Result<OffsetDateTime, StoreError> {
    parse_time(text).ok_or_else(|| StoreError::unreadable(table, key, "not a time"))
}
