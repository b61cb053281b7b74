//! SQL statements that search the audit log. They select the entries that [`AuditFilter::matches`] accepts, in the
//! order of the [`AuditQuery`].

use std::fmt::Write as _;

use identity_core::entity::AuditEvent;
use identity_core::port::{AuditField, AuditFilter, AuditQuery, AuditText};
use identity_core::search::{LikePattern, Order, TextFilter};
use identity_core::value::time_text;
use serde_json::Value;
use sqlx::SqlStr;

use crate::entity::Stored as _;
use crate::table::sql;

/// SQL fragments that differ between the databases. Operands are passed as SQL text, such as `$1`.
#[derive(Clone, Copy, Debug)]
pub struct Dialect {
    /// Suffix of a text expression that selects comparison in byte order. Empty if this is the database's default.
    pub byte_order: &'static str,
    /// Returns the expression for a time that is passed in its text form ([`time_text`]). It has the type of time
    /// columns.
    pub time: fn(text: &str) -> String,
    /// Returns the condition that a text column equals an element of a JSON array of strings.
    pub is_text_in: fn(column: &str, list: &str) -> String,
    /// Returns the condition that a time column equals an element of a JSON array of times in their text form
    /// ([`time_text`]).
    pub is_time_in: fn(column: &str, list: &str) -> String,
    /// Returns the condition that a text column matches a pattern. The pattern is in the syntax of [`Self::pattern`].
    pub is_like: fn(column: &str, pattern: &str) -> String,
    /// Converts a pattern to the syntax that [`Self::is_like`] requires, such as that of `LIKE`.
    pub pattern: fn(&LikePattern) -> String,
}

/// Search statement with its parameters, all of which are texts.
#[derive(Clone, Debug)]
pub struct Search {
    /// Statement with parameters `$1`, `$2` and so on.
    pub sql: SqlStr,
    /// Values of the parameters, in order.
    pub parameters: Vec<String>,
}

/// Returns the statement that counts the entries that match a filter.
#[must_use]
pub fn count(filter: &AuditFilter, dialect: &Dialect) -> Search {
    let mut search = Builder::new(dialect);
    search.filter(filter);
    search.build(|clauses| sql(format!("SELECT COUNT(*) FROM audit_log {clauses}")))
}

/// Returns the statement that reads one page of entries, in the order of the query.
#[must_use]
pub fn page(query: &AuditQuery, dialect: &Dialect) -> Search {
    let mut search = Builder::new(dialect);
    search.filter(query.filter());
    search.position(query);
    search.push(" ORDER BY ");
    for by in query.order() {
        // Times are never missing, and a clause for missing values would prevent the use of their index.
        let missing = match (by.field, by.order) {
            (AuditField::Timestamp, _) => "",
            (AuditField::Text(_), Order::Ascending) => " NULLS LAST",
            (AuditField::Text(_), Order::Descending) => " NULLS FIRST",
        };
        let field = search.sortable(by.field);
        search.push(format_args!("{field} {}{missing}, ", direction(by.order)));
    }
    let (limit, offset) = (search.number(query.limit()), search.number(query.offset()));
    search.push(format_args!("audit_key {} LIMIT {limit} OFFSET {offset}", direction(query.key_order())));
    search.build(|clauses| AuditEvent::TABLE.select(clauses))
}

struct Builder<'d> {
    dialect: &'d Dialect,
    clauses: String,
    parameters: Vec<String>,
}

impl<'d> Builder<'d> {
    fn new(dialect: &'d Dialect) -> Self {
        Self { dialect, clauses: "WHERE TRUE".to_owned(), parameters: Vec::new() }
    }

    fn build(self, statement: impl FnOnce(&str) -> SqlStr) -> Search {
        Search { sql: statement(&self.clauses), parameters: self.parameters }
    }

    fn push(&mut self, clause: impl std::fmt::Display) {
        _ = write!(self.clauses, "{clause}");
    }

    /// Adds a parameter and returns its placeholder, such as `$1`.
    fn bind(&mut self, value: String) -> String {
        self.parameters.push(value);
        format!("${}", self.parameters.len())
    }

    fn number(&mut self, number: impl TryInto<i64>) -> String {
        let number = number.try_into().unwrap_or(i64::MAX);
        format!("CAST({} AS BIGINT)", self.bind(number.to_string()))
    }

    fn list(&mut self, texts: impl IntoIterator<Item = String>) -> String {
        self.bind(Value::from_iter(texts).to_string())
    }

    fn value(&mut self, field: AuditField, text: &str) -> String {
        let value = self.bind(text.to_owned());
        if field == AuditField::Timestamp { (self.dialect.time)(&value) } else { value }
    }

    fn filter(&mut self, filter: &AuditFilter) {
        for (text, conditions) in filter.texts() {
            self.text(column(AuditField::Text(*text)), conditions);
        }
        let time = filter.time();
        let bounds =
            [("=", time.eq), ("<>", time.neq), (">", time.gt), (">=", time.gte), ("<", time.lt), ("<=", time.lte)];
        for (comparison, bound) in bounds {
            if let Some(bound) = bound {
                let bound = self.value(AuditField::Timestamp, &time_text(bound));
                self.push(format_args!(" AND occurred_at {comparison} {bound}"));
            }
        }
        if let Some(exists) = time.exists {
            self.push(if exists { " AND occurred_at IS NOT NULL" } else { " AND occurred_at IS NULL" });
        }
        if let Some(wanted) = &time.is_in {
            let list = self.list(wanted.iter().copied().map(time_text));
            self.push(format_args!(" AND {}", (self.dialect.is_time_in)("occurred_at", &list)));
        }
    }

    fn text(&mut self, column: &str, conditions: &TextFilter) {
        let TextFilter { eq, neq, exists, is_in, not_in, like } = conditions;
        if let Some(wanted) = eq {
            let wanted = self.bind(wanted.clone());
            self.push(format_args!(" AND {column} = {wanted}"));
        }
        if let Some(unwanted) = neq {
            let unwanted = self.bind(unwanted.clone());
            self.push(format_args!(" AND {column} IS DISTINCT FROM {unwanted}"));
        }
        if let Some(exists) = exists {
            self.push(format_args!(" AND {column} IS {}NULL", if *exists { "NOT " } else { "" }));
        }
        if let Some(wanted) = is_in {
            let list = self.list(wanted.iter().cloned());
            self.push(format_args!(" AND {}", (self.dialect.is_text_in)(column, &list)));
        }
        if let Some(unwanted) = not_in {
            let list = self.list(unwanted.iter().cloned());
            self.push(format_args!(" AND ({}) IS NOT TRUE", (self.dialect.is_text_in)(column, &list)));
        }
        if let Some(pattern) = like {
            let pattern = self.bind((self.dialect.pattern)(pattern));
            self.push(format_args!(" AND {}", (self.dialect.is_like)(column, &pattern)));
        }
    }

    /// Restricts the search to entries after the position of the query. Entries are compared by the first sort field,
    /// then, for equal values, by the next one, and so on.
    fn position(&mut self, query: &AuditQuery) {
        let Some(position) = query.position() else { return };
        self.push(" AND ");
        // Closing parentheses to append at the end.
        let mut open = String::new();
        for (by, text) in query.order().iter().zip(&position.fields) {
            let field = self.sortable(by.field);
            match (text, by.order) {
                (Some(text), order) => {
                    if order == Order::Ascending && by.field != AuditField::Timestamp {
                        self.push(format_args!("({field} IS NULL OR "));
                        open.push(')');
                    }
                    let (after, value) = (after(order), self.value(by.field, text));
                    // The first comparison is redundant, but a range that an index supports.
                    self.push(format_args!("({field} {after}= {value} AND ({field} {after} {value} OR "));
                    open.push_str("))");
                }
                (None, Order::Ascending) => {
                    self.push(format_args!("({field} IS NULL AND "));
                    open.push(')');
                }
                (None, Order::Descending) => {
                    self.push(format_args!("({field} IS NOT NULL OR "));
                    open.push(')');
                }
            }
        }
        let key = self.number(position.key);
        self.push(format_args!("audit_key {} {key}{open}", after(query.key_order())));
    }

    /// Returns the expression by which a field is sorted and compared, in byte order. Filters use the plain column
    /// instead, because a collation would prevent the use of the indexes.
    fn sortable(&self, field: AuditField) -> String {
        match field {
            AuditField::Timestamp => column(field).to_owned(),
            AuditField::Text(_) => format!("{}{}", column(field), self.dialect.byte_order),
        }
    }
}

fn after(order: Order) -> &'static str {
    match order {
        Order::Ascending => ">",
        Order::Descending => "<",
    }
}

fn direction(order: Order) -> &'static str {
    match order {
        Order::Ascending => "ASC",
        Order::Descending => "DESC",
    }
}

fn column(field: AuditField) -> &'static str {
    match field {
        AuditField::Timestamp => "occurred_at",
        AuditField::Text(text) => match text {
            AuditText::Key => "CAST(audit_key AS TEXT)",
            AuditText::EntityKey => "entity_key",
            AuditText::EntityType => "entity_type",
            AuditText::Operation => "operation",
            AuditText::ActorId => "actor_id",
            AuditText::ActorType => "actor_type",
            AuditText::Result => "result",
            AuditText::RelatedEntityKey => "related_key",
            AuditText::RelatedEntityType => "related_type",
            AuditText::Category => "CAST('ADMIN' AS TEXT)",
            AuditText::Reason => "reason",
            AuditText::Absent => "CAST(NULL AS TEXT)",
        },
    }
}
