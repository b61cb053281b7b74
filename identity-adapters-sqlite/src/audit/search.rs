//! Searches of the audit log as SQL: what [`AuditFilter::matches`] finds, in the order of the [`AuditQuery`].

use identity_core::entity::time_text;
use identity_core::port::{AuditField, AuditFilter, AuditQuery, AuditText};
use identity_core::search::{LikePattern, Order, Part, TextFilter};
use sqlx::{QueryBuilder, Sqlite};

type Sql = QueryBuilder<Sqlite>;

pub(super) fn count(filter: &AuditFilter) -> Sql {
    let mut sql = Sql::new("SELECT COUNT(*) FROM audit_log");
    push_filter(&mut sql, filter);
    sql
}

pub(super) fn page(query: &AuditQuery) -> Sql {
    let mut sql = Sql::new("SELECT * FROM audit_log");
    push_filter(&mut sql, query.filter());
    push_position(&mut sql, query);
    sql.push(" ORDER BY ");
    for by in query.order() {
        let (field, direction) = (column(by.field), direction(by.order));
        // Times are never missing; to say so would keep their index from being used.
        let missing = match (by.field, by.order) {
            (AuditField::Timestamp, _) => "",
            (AuditField::Text(_), Order::Ascending) => " NULLS LAST",
            (AuditField::Text(_), Order::Descending) => " NULLS FIRST",
        };
        sql.push(format_args!("{field} {direction}{missing}, "));
    }
    sql.push(format_args!("audit_key {} LIMIT ", direction(query.key_order()))).push_bind(number(query.limit()));
    sql.push(" OFFSET ").push_bind(number(query.offset()));
    sql
}

fn push_filter(sql: &mut Sql, filter: &AuditFilter) {
    sql.push(" WHERE TRUE");
    for (text, conditions) in filter.texts() {
        push_text(sql, column(AuditField::Text(*text)), conditions);
    }
    let time = filter.time();
    let bounds = [("=", time.eq), ("<>", time.neq), (">", time.gt), (">=", time.gte), ("<", time.lt), ("<=", time.lte)];
    for (comparison, bound) in bounds {
        if let Some(bound) = bound {
            sql.push(format_args!(" AND occurred_at {comparison} ")).push_bind(time_text(bound));
        }
    }
    if let Some(exists) = time.exists {
        sql.push(if exists { " AND occurred_at IS NOT NULL" } else { " AND occurred_at IS NULL" });
    }
    if let Some(wanted) = &time.is_in {
        let wanted = wanted.iter().map(|time| time_text(*time)).collect();
        sql.push(" AND ");
        push_membership(sql, "occurred_at", wanted);
    }
}

fn push_text(sql: &mut Sql, column: &str, conditions: &TextFilter) {
    let TextFilter { eq, neq, exists, is_in, not_in, like } = conditions;
    if let Some(wanted) = eq {
        sql.push(format_args!(" AND {column} = ")).push_bind(wanted.clone());
    }
    if let Some(unwanted) = neq {
        sql.push(format_args!(" AND {column} IS DISTINCT FROM ")).push_bind(unwanted.clone());
    }
    if let Some(exists) = exists {
        sql.push(format_args!(" AND {column} IS {}NULL", if *exists { "NOT " } else { "" }));
    }
    if let Some(wanted) = is_in {
        sql.push(" AND ");
        push_membership(sql, column, wanted.clone());
    }
    if let Some(unwanted) = not_in {
        sql.push(" AND (");
        push_membership(sql, column, unwanted.clone());
        sql.push(") IS NOT TRUE");
    }
    if let Some(pattern) = like {
        // Not LIKE, which takes ASCII letters in any case.
        sql.push(format_args!(" AND {column} GLOB ")).push_bind(glob(pattern));
    }
}

/// One parameter however many texts: a statement has room for some ten thousand only.
fn push_membership(sql: &mut Sql, column: &str, texts: Vec<String>) {
    let list = serde_json::Value::from(texts).to_string();
    sql.push(format_args!("{column} IN (SELECT value FROM json_each(")).push_bind(list).push("))");
}

/// Keeps what comes after the position: by the first field, or by the next where that is the same, and so on.
fn push_position(sql: &mut Sql, query: &AuditQuery) {
    let Some(position) = query.position() else { return };
    sql.push(" AND ");
    // What has to be closed at the end.
    let mut open = String::new();
    for (by, text) in query.order().iter().zip(&position.fields) {
        let field = column(by.field);
        match (text, by.order) {
            (Some(text), order) => {
                let after = after(order);
                if order == Order::Ascending && by.field != AuditField::Timestamp {
                    sql.push(format_args!("({field} IS NULL OR "));
                    open.push(')');
                }
                // The first comparison is the range that an index can look up.
                sql.push(format_args!("({field} {after}= ")).push_bind(text.clone());
                sql.push(format_args!(" AND ({field} {after} ")).push_bind(text.clone()).push(" OR ");
                open.push_str("))");
            }
            (None, Order::Ascending) => {
                sql.push(format_args!("({field} IS NULL AND "));
                open.push(')');
            }
            (None, Order::Descending) => {
                sql.push(format_args!("({field} IS NOT NULL OR "));
                open.push(')');
            }
        }
    }
    let key = i64::try_from(position.key).unwrap_or(i64::MAX);
    sql.push(format_args!("audit_key {} ", after(query.key_order()))).push_bind(key).push(open);
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

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
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
            AuditText::Category => "'ADMIN'",
            AuditText::Reason => "reason",
            AuditText::Absent => "CAST(NULL AS TEXT)",
        },
    }
}

/// The pattern in the syntax of GLOB, where brackets take a character literally.
fn glob(pattern: &LikePattern) -> String {
    let mut glob = String::new();
    for part in pattern.parts() {
        match part {
            Part::Run => glob.push('*'),
            Part::One => glob.push('?'),
            Part::Literal(special @ ('*' | '?' | '[')) => glob.extend(['[', *special, ']']),
            Part::Literal(literal) => glob.push(*literal),
        }
    }
    glob
}
