//! Searches of the audit log as SQL: what [`AuditFilter::matches`] finds, in the order of the [`AuditQuery`].

use identity_core::port::{AuditField, AuditFilter, AuditQuery, AuditText};
use identity_core::search::{LikePattern, Order, Part, TextFilter};
use sqlx::{Postgres, QueryBuilder};

type Sql = QueryBuilder<Postgres>;

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
    // What is missing is the greatest, as here it is by default.
    for by in query.order() {
        sql.push(format_args!("{} {}, ", sortable(by.field), direction(by.order)));
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
            sql.push(format_args!(" AND occurred_at {comparison} ")).push_bind(bound);
        }
    }
    if let Some(exists) = time.exists {
        sql.push(if exists { " AND occurred_at IS NOT NULL" } else { " AND occurred_at IS NULL" });
    }
    if let Some(wanted) = &time.is_in {
        sql.push(" AND occurred_at = ANY(").push_bind(wanted.clone()).push(")");
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
        sql.push(format_args!(" AND {column} = ANY(")).push_bind(wanted.clone()).push(")");
    }
    if let Some(unwanted) = not_in {
        sql.push(format_args!(" AND ({column} = ANY(")).push_bind(unwanted.clone()).push(")) IS NOT TRUE");
    }
    if let Some(pattern) = like {
        sql.push(format_args!(" AND {column} COLLATE \"C\" LIKE ")).push_bind(like_text(pattern));
        sql.push(" ESCAPE '!'");
    }
}

/// Keeps what comes after the position: by the first field, or by the next where that is the same, and so on.
fn push_position(sql: &mut Sql, query: &AuditQuery) {
    let Some(position) = query.position() else { return };
    sql.push(" AND ");
    // What has to be closed at the end.
    let mut open = String::new();
    for (by, text) in query.order().iter().zip(&position.fields) {
        let field = sortable(by.field);
        match (text, by.order) {
            (Some(text), order) => {
                let after = after(order);
                let cast = if by.field == AuditField::Timestamp { "::text::timestamptz" } else { "" };
                if order == Order::Ascending && by.field != AuditField::Timestamp {
                    sql.push(format_args!("({field} IS NULL OR "));
                    open.push(')');
                }
                // The first comparison is the range that an index can look up.
                sql.push(format_args!("({field} {after}= ")).push_bind(text.clone());
                sql.push(format_args!("{cast} AND ({field} {after} ")).push_bind(text.clone());
                sql.push(format_args!("{cast} OR "));
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
            AuditText::Key => "audit_key::text",
            AuditText::EntityKey => "entity_key",
            AuditText::EntityType => "entity_type",
            AuditText::Operation => "operation",
            AuditText::ActorId => "actor_id",
            AuditText::ActorType => "actor_type",
            AuditText::Result => "result",
            AuditText::RelatedEntityKey => "related_key",
            AuditText::RelatedEntityType => "related_type",
            AuditText::Category => "'ADMIN'::text",
            AuditText::Reason => "reason",
            AuditText::Absent => "NULL::text",
        },
    }
}

/// The column in the order of bytes. Equality is left without: it would not use the indexes.
fn sortable(field: AuditField) -> String {
    match field {
        AuditField::Timestamp => column(field).to_owned(),
        AuditField::Text(_) => format!("{} COLLATE \"C\"", column(field)),
    }
}

fn like_text(pattern: &LikePattern) -> String {
    let mut like = String::new();
    for part in pattern.parts() {
        match part {
            Part::Run => like.push('%'),
            Part::One => like.push('_'),
            Part::Literal(special @ ('%' | '_' | '!')) => like.extend(['!', *special]),
            Part::Literal(literal) => like.push(*literal),
        }
    }
    like
}
