//! Queries of the audit log: filter, sort order and position (docs/reference/orchestration-cluster.md §1.9, §1.11).

use std::borrow::Cow;

use time::OffsetDateTime;

use crate::entity::AuditEvent;
use crate::search::{Cursor, Found, Key, LikePattern, Order, Row, SearchBudget, SortBy, Start, TextFilter, Window};
use crate::value::{BrokenRule, InvalidValue, parse_time, storable, time_text, to_microsecond};

/// Sort field of audit entries. Missing values come last in ascending order. Equal values are ordered by ascending key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditField {
    /// Time of the operation, in chronological order.
    Timestamp,
    /// A text field, in the order of its UTF-8 bytes.
    Text(AuditText),
}

/// Text field of an audit entry, for filters and sorting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditText {
    /// Key of the entry in decimal digits. Compared as text: "10" comes before "9".
    Key,
    /// Key of the entity that the operation addresses, such as a group id.
    EntityKey,
    /// Kind of the entity that the operation addresses, such as `GROUP`.
    EntityType,
    /// Attempted operation, such as `CREATE`.
    Operation,
    /// Username or client id of the actor. Missing for anonymous callers and for the server.
    ActorId,
    /// Kind of the actor: `USER`, `CLIENT`, `ANONYMOUS` or `SYSTEM`.
    ActorType,
    /// Result of the operation: `SUCCESS`, `FAIL` or `DENIED`.
    Result,
    /// Key of the second entity of the operation, such as the member that was added. Missing if there is none.
    RelatedEntityKey,
    /// Kind of the second entity of the operation. Missing if there is none.
    RelatedEntityType,
    /// Category of the entry: [`AuditText::CATEGORY`] for every entry of this service.
    Category,
    /// Reason code of a failure or denial, such as `already_member`.
    Reason,
    /// Field of the API that entries of this service never have, such as the process, decision or job.
    Absent,
}

impl AuditText {
    /// Value of [`AuditText::Category`] in every entry.
    pub const CATEGORY: &'static str = "ADMIN";
}

impl Row for AuditEvent {
    type Field = AuditField;

    /// Returns false for every field: [`AuditText::Key`] sorts as text, not in the numeric order of the keys.
    fn is_key(_: AuditField) -> bool {
        false
    }

    fn text(&self, field: AuditField) -> Option<Cow<'_, str>> {
        let text = match field {
            AuditField::Timestamp => return Some(time_text(self.at).into()),
            AuditField::Text(text) => text,
        };
        match text {
            AuditText::Key => return Some(self.key.to_string().into()),
            AuditText::EntityKey => Some(self.entity.key.as_str()),
            AuditText::EntityType => Some(self.entity.kind.as_str()),
            AuditText::Operation => Some(self.operation.as_str()),
            AuditText::ActorId => self.actor.id(),
            AuditText::ActorType => Some(self.actor.kind_name()),
            AuditText::Result => Some(self.result.as_str()),
            AuditText::RelatedEntityKey => self.related.as_ref().map(|related| related.key.as_str()),
            AuditText::RelatedEntityType => self.related.as_ref().map(|related| related.kind.as_str()),
            AuditText::Category => Some(AuditText::CATEGORY),
            AuditText::Reason => self.reason.as_deref(),
            AuditText::Absent => None,
        }
        .map(Cow::Borrowed)
    }

    fn key(&self) -> Key<'_> {
        Key::Number(self.key)
    }
}

/// Conditions on the time of an entry, all of which must hold. Times are compared with microsecond precision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimeFilter {
    /// The time equals this value.
    pub eq: Option<OffsetDateTime>,
    /// The time differs from this value.
    pub neq: Option<OffsetDateTime>,
    /// Whether the entry has a time. Every entry has one, so `false` matches nothing.
    pub exists: Option<bool>,
    /// The time is later than this value.
    pub gt: Option<OffsetDateTime>,
    /// The time is this value or later.
    pub gte: Option<OffsetDateTime>,
    /// The time is earlier than this value.
    pub lt: Option<OffsetDateTime>,
    /// The time is this value or earlier.
    pub lte: Option<OffsetDateTime>,
    /// The time equals one of these values. An empty list matches nothing.
    pub is_in: Option<Vec<OffsetDateTime>>,
}

impl TimeFilter {
    fn matches(&self, time: OffsetDateTime) -> bool {
        self.eq.is_none_or(|wanted| time == wanted)
            && self.neq.is_none_or(|unwanted| time != unwanted)
            && self.exists.is_none_or(|exists| exists)
            && self.gt.is_none_or(|bound| time > bound)
            && self.gte.is_none_or(|bound| time >= bound)
            && self.lt.is_none_or(|bound| time < bound)
            && self.lte.is_none_or(|bound| time <= bound)
            && self.is_in.as_ref().is_none_or(|wanted| wanted.contains(&time))
    }
}

/// Filter of an audit query: an entry matches if all conditions hold. The default matches every entry. Operands are
/// converted to the [stored form](AuditEvent::as_stored), so that they can equal stored values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    texts: Vec<(AuditText, TextFilter)>,
    time: TimeFilter,
}

impl AuditFilter {
    /// Adds conditions on a text field. Earlier conditions remain in force, also on the same field.
    #[must_use]
    pub fn and(mut self, text: AuditText, filter: TextFilter) -> Self {
        let one = |text: String| storable(&text).into_owned();
        let many = |texts: Vec<String>| texts.into_iter().map(one).collect();
        let pattern = |pattern: LikePattern| LikePattern::parse(&storable(pattern.as_str())).unwrap_or(pattern);
        let filter = TextFilter {
            eq: filter.eq.map(one),
            neq: filter.neq.map(one),
            exists: filter.exists,
            is_in: filter.is_in.map(many),
            not_in: filter.not_in.map(many),
            like: filter.like.map(pattern),
        };
        self.texts.push((text, filter));
        self
    }

    /// Sets the conditions on the time; earlier ones are discarded.
    #[must_use]
    pub fn at(self, filter: TimeFilter) -> Self {
        let one = |time: Option<OffsetDateTime>| time.map(to_microsecond);
        let time = TimeFilter {
            eq: one(filter.eq),
            neq: one(filter.neq),
            exists: filter.exists,
            gt: one(filter.gt),
            gte: one(filter.gte),
            lt: one(filter.lt),
            lte: one(filter.lte),
            is_in: filter.is_in.map(|times| times.into_iter().map(to_microsecond).collect()),
        };
        Self { time, ..self }
    }

    /// Evaluates the filter in memory. Returns true if the entry satisfies all conditions.
    #[must_use]
    pub fn matches(&self, event: &AuditEvent) -> bool {
        self.time.matches(event.at)
            && self.texts.iter().all(|(text, filter)| {
                filter.matches(event.text(AuditField::Text(*text)).as_deref(), &SearchBudget::default())
            })
    }

    /// Conditions on text fields, in the order in which they were added.
    #[must_use]
    pub fn texts(&self) -> &[(AuditText, TextFilter)] {
        &self.texts
    }

    /// Conditions on the time, with operands reduced to microseconds.
    #[must_use]
    pub fn time(&self) -> &TimeFilter {
        &self.time
    }
}

/// Position of an entry in the sorted results of a query, from which the next page continues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditPosition {
    /// Values of the sort fields, in sort order: times in the form of [`time_text`], `None` for missing values.
    pub fields: Vec<Option<String>>,
    /// Key of the entry, which orders entries with equal sort fields.
    pub key: u64,
}

impl AuditPosition {
    /// Returns the position of an entry in results with this sort order.
    #[must_use]
    pub fn of(event: &AuditEvent, order: &[SortBy<AuditField>]) -> Self {
        Self { fields: order.iter().map(|by| event.text(by.field).map(Cow::into_owned)).collect(), key: event.key }
    }

    fn parse(cursor: &Cursor, order: &[SortBy<AuditField>]) -> Option<Self> {
        let fits = |by: &SortBy<AuditField>, text: Option<&str>| match by.field {
            AuditField::Timestamp => text.is_some_and(|text| parse_time(text).is_some()),
            AuditField::Text(_) => text.is_none_or(|text| storable(text) == text),
        };
        let fields = cursor.fields.clone();
        let fitting =
            fields.len() == order.len() && order.iter().zip(&fields).all(|(by, text)| fits(by, text.as_deref()));
        let key = cursor.key.parse().ok()?;
        fitting.then_some(Self { fields, key })
    }
}

impl From<AuditPosition> for Cursor {
    fn from(position: AuditPosition) -> Self {
        Self { fields: position.fields, key: Key::Number(position.key).written() }
    }
}

/// An audit log query in the form in which a store executes it. The store reads the first [`limit`](Self::limit)
/// entries after a position, in [`AuditQuery::order`].
///
/// A page before a position is read backwards from that position, so its order is the reverse of the requested one.
/// [`AuditQuery::found`] restores the requested order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditQuery {
    filter: AuditFilter,
    order: Vec<SortBy<AuditField>>,
    key_order: Order,
    position: Option<AuditPosition>,
    offset: usize,
    limit: usize,
}

impl AuditQuery {
    /// Creates a query for one page of results. If a sort field occurs twice, the first occurrence counts.
    ///
    /// # Errors
    /// If the cursor of the window does not fit these sort fields.
    pub fn new(filter: AuditFilter, sort: &[SortBy<AuditField>], window: &Window) -> Result<Self, InvalidValue> {
        let (cursor, offset, key_order) = match &window.start {
            Start::Offset(offset) => (None, *offset, Order::Ascending),
            Start::After(cursor) => (Some(cursor), 0, Order::Ascending),
            Start::Before(cursor) => (Some(cursor), 0, Order::Descending),
        };
        let mut order: Vec<SortBy<AuditField>> = Vec::new();
        for by in sort {
            if order.iter().all(|earlier| earlier.field != by.field) {
                let reading = if by.order == key_order { Order::Ascending } else { Order::Descending };
                order.push(SortBy { field: by.field, order: reading });
            }
        }
        let rule = || BrokenRule::Form("a position in these results", String::new());
        let position = cursor
            .map(|cursor| {
                AuditPosition::parse(cursor, &order).ok_or_else(|| InvalidValue { what: "cursor", rule: rule() })
            })
            .transpose()?;
        Ok(Self { filter, order, key_order, position, offset, limit: window.limit })
    }

    /// Creates the query for the matching entry with the greatest key.
    #[must_use]
    pub fn newest(filter: AuditFilter) -> Self {
        Self { filter, order: Vec::new(), key_order: Order::Descending, position: None, offset: 0, limit: 1 }
    }

    /// Creates the query for the first `limit` matching entries after a position, newest first.
    #[must_use]
    pub fn newest_first(filter: AuditFilter, position: Option<AuditPosition>, limit: usize) -> Self {
        let order = vec![SortBy { field: AuditField::Timestamp, order: Order::Descending }];
        Self { filter, order, key_order: Order::Ascending, position, offset: 0, limit }
    }

    /// Filter that the entries must match.
    #[must_use]
    pub fn filter(&self) -> &AuditFilter {
        &self.filter
    }

    /// Order in which the store reads the entries: for a page before a position, the reverse of the requested order.
    #[must_use]
    pub fn order(&self) -> &[SortBy<AuditField>] {
        &self.order
    }

    /// Order of the keys among entries with equal sort fields: descending for a page before a position, else ascending.
    #[must_use]
    pub fn key_order(&self) -> Order {
        self.key_order
    }

    /// Position after which the store begins to read. `None` to read from the first entry.
    #[must_use]
    pub fn position(&self) -> Option<&AuditPosition> {
        self.position.as_ref()
    }

    /// Number of matching entries to skip. Always 0 if there is a position.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Maximum number of entries to read after the skipped ones.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Converts entries, given in the order in which the store read them, to a result in the requested order. `total`
    /// is the number of all matching entries, not only of those read.
    #[must_use]
    pub fn found(&self, mut read: Vec<AuditEvent>, total: usize) -> Found<AuditEvent> {
        if self.key_order == Order::Descending {
            read.reverse();
        }
        let cursor = |event: &AuditEvent| Cursor::from(AuditPosition::of(event, &self.order));
        let ends = read.first().map(cursor).zip(read.last().map(cursor));
        Found { items: read, total, ends }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(sort: &[SortBy<AuditField>], start: Start) -> Result<AuditQuery, InvalidValue> {
        AuditQuery::new(AuditFilter::default(), sort, &Window { start, limit: 1 })
    }

    #[test]
    fn a_cursor_of_another_order_is_refused() {
        let by = |field| SortBy { field, order: Order::Ascending };
        let sort = [by(AuditField::Timestamp), by(AuditField::Text(AuditText::ActorId))];
        let time = Some("2026-03-01T12:00:00.000000Z");
        for (fields, key, fits) in [
            (&[time, Some("ann")][..], "1", true),
            (&[time, None], "18446744073709551615", true),
            (&[time], "1", false),
            (&[time, None, None], "1", false),
            (&[None, None], "1", false),
            (&[Some("ann"), time], "1", false),
            (&[Some("2026-03-01T12:00:00Z"), None], "1", false),
            (&[time, Some("a\0")], "1", false),
            (&[time, None], "one", false),
            (&[time, None], "", false),
        ] {
            let fields = fields.iter().map(|text| text.map(str::to_owned)).collect();
            let cursor = Cursor { fields, key: key.to_owned() };
            assert_eq!(query(&sort, Start::After(cursor.clone())).is_ok(), fits, "{cursor:?}");
            assert_eq!(query(&sort, Start::Before(cursor.clone())).is_ok(), fits, "{cursor:?}");
        }
    }

    #[test]
    fn a_window_before_a_position_is_read_in_reverse() {
        let by = |order| SortBy { field: AuditField::Text(AuditText::Result), order };
        let cursor = Cursor { fields: vec![None], key: "7".to_owned() };
        let order = |sort: &[_], start| {
            let query = query(sort, start).unwrap();
            (query.order().iter().map(|by| by.order).collect::<Vec<_>>(), query.key_order())
        };
        let (up, down) = (Order::Ascending, Order::Descending);
        assert_eq!(order(&[by(down)], Start::After(cursor.clone())), (vec![down], up));
        assert_eq!(order(&[by(down)], Start::Before(cursor.clone())), (vec![up], down));
        assert_eq!(order(&[by(up), by(down)], Start::Before(cursor)), (vec![down], down), "the second says nothing");
    }
}
