//! What somebody asks of the audit log (orchestration reference §1.9, §1.11).

use std::borrow::Cow;

use time::OffsetDateTime;

use crate::entity::{AuditEvent, parse_time, storable, time_text, to_microsecond};
use crate::search::{Cursor, Found, Key, LikePattern, Order, Row, SearchBudget, SortBy, Start, TextFilter, Window};
use crate::value::{BrokenRule, InvalidValue};

/// What entries can be sorted by. What is missing comes last in ascending order; entries that sort alike ascend by key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditField {
    /// When.
    Timestamp,
    /// A text, in the order of its bytes.
    Text(AuditText),
}

/// The texts of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditText {
    /// The key, written in decimal; as a text, "10" comes before "9".
    Key,
    /// The key of the thing.
    EntityKey,
    /// The kind of thing.
    EntityType,
    /// What was attempted.
    Operation,
    /// The username or client id of who did it.
    ActorId,
    /// What kind of actor that is.
    ActorType,
    /// How it ended.
    Result,
    /// The key of the other party.
    RelatedEntityKey,
    /// The kind of the other party.
    RelatedEntityType,
    /// [`AuditText::CATEGORY`].
    Category,
    /// The reason code.
    Reason,
    /// What entries about identity never have: processes, decisions, jobs.
    Absent,
}

impl AuditText {
    /// The category of every entry.
    pub const CATEGORY: &'static str = "ADMIN";
}

impl Row for AuditEvent {
    type Field = AuditField;

    /// Keys are sorted as texts here, which is another order than theirs.
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

/// Conditions on a time, all of which must hold. Times are compared to the microsecond.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimeFilter {
    /// It is this.
    pub eq: Option<OffsetDateTime>,
    /// It is not this.
    pub neq: Option<OffsetDateTime>,
    /// It is there, or is not. Every entry has one.
    pub exists: Option<bool>,
    /// After.
    pub gt: Option<OffsetDateTime>,
    /// Not before.
    pub gte: Option<OffsetDateTime>,
    /// Before.
    pub lt: Option<OffsetDateTime>,
    /// Not after.
    pub lte: Option<OffsetDateTime>,
    /// It is one of these.
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

/// Which entries to show: those for which all conditions hold. Conditions are kept in the form of what is
/// [stored](AuditEvent::as_stored).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    texts: Vec<(AuditText, TextFilter)>,
    time: TimeFilter,
}

impl AuditFilter {
    /// The filter with a condition more.
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

    /// The filter with these conditions on the time.
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

    /// Whether the conditions hold for an entry.
    #[must_use]
    pub fn matches(&self, event: &AuditEvent) -> bool {
        self.time.matches(event.at)
            && self.texts.iter().all(|(text, filter)| {
                filter.matches(event.text(AuditField::Text(*text)).as_deref(), &SearchBudget::default())
            })
    }

    /// The conditions on texts.
    #[must_use]
    pub fn texts(&self) -> &[(AuditText, TextFilter)] {
        &self.texts
    }

    /// The conditions on the time.
    #[must_use]
    pub fn time(&self) -> &TimeFilter {
        &self.time
    }
}

/// A place in the order of a query: the texts of its fields, times as [`time_text`], and the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditPosition {
    /// The texts of the fields.
    pub fields: Vec<Option<String>>,
    /// The key.
    pub key: u64,
}

impl AuditPosition {
    /// Where an entry is in an order.
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

/// A search of the audit log, as a store reads it: the first entries after a position, in an order. For a window that ends
/// before a position, that is the reverse of the order asked for; [`AuditQuery::found`] turns it round.
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
    /// A search. A field that is sorted by twice counts the first time.
    ///
    /// # Errors
    /// When the window's cursor is no position in this order.
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

    /// Which entries.
    #[must_use]
    pub fn filter(&self) -> &AuditFilter {
        &self.filter
    }

    /// In which order to read.
    #[must_use]
    pub fn order(&self) -> &[SortBy<AuditField>] {
        &self.order
    }

    /// In which order of the keys to read what sorts alike.
    #[must_use]
    pub fn key_order(&self) -> Order {
        self.key_order
    }

    /// What to read after.
    #[must_use]
    pub fn position(&self) -> Option<&AuditPosition> {
        self.position.as_ref()
    }

    /// How many entries to leave out.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// How many entries to read at most.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// The result, from the entries in the order in which they were read.
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
