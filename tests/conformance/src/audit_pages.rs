//! The contract of [`AuditLog::search`]: order and pages.

use identity_core::entity::{AuditEvent, AuditResult, EntityKind};
use identity_core::port::{AuditField, AuditFilter, AuditLog, AuditText};
use identity_core::search::{Cursor, Found, Order, SortBy, Start, TextFilter};
use time::Duration;

use crate::audit_log::written;
use crate::audit_search::{TEXTS, append, keys, owned, related, sample, search};
use crate::sample::{NOW, audit};
use crate::{Backend, NEVER};

fn by(field: impl Into<Option<AuditText>>, order: Order) -> SortBy<AuditField> {
    SortBy { field: field.into().map_or(AuditField::Timestamp, AuditField::Text), order }
}

async fn sorted(log: &dyn AuditLog, sort: &[SortBy<AuditField>]) -> Vec<AuditEvent> {
    search(log, AuditFilter::default(), sort, Start::Offset(0), usize::MAX).await.items
}

pub async fn texts_sort_by_their_bytes_and_keys_too(backend: &dyn Backend) {
    let log = backend.open(NEVER).await.audit;
    append(&*log, &sample()).await;
    let all = written(&*log).await;
    let mut expected = keys(&all);
    expected.sort_unstable();
    let ascending = sorted(&*log, &[by(AuditText::EntityKey, Order::Ascending)]).await;
    assert_eq!(keys(&ascending), expected);
    expected.reverse();
    let descending = sorted(&*log, &[by(AuditText::EntityKey, Order::Descending)]).await;
    assert_eq!(keys(&descending), expected);

    let mut texts: Vec<String> = all.iter().map(|event| event.key.to_string()).collect();
    texts.sort_unstable();
    assert_ne!(texts, all.iter().map(|event| event.key.to_string()).collect::<Vec<_>>(), "some have more digits");
    let by_key = sorted(&*log, &[by(AuditText::Key, Order::Ascending)]).await;
    assert_eq!(by_key.iter().map(|event| event.key.to_string()).collect::<Vec<_>>(), texts);
}

pub async fn what_is_missing_sorts_last_ascending_and_first_descending(backend: &dyn Backend) {
    let log = backend.open(NEVER).await.audit;
    let about = |key: &str, other: Option<&str>| AuditEvent {
        related: other.and_then(|other| related(EntityKind::User, other)),
        ..audit(key)
    };
    append(&*log, &[about("1", None), about("2", Some("b")), about("3", Some("")), about("4", None)]).await;
    let order = async |order| {
        let found = sorted(&*log, &[by(AuditText::RelatedEntityKey, order)]).await;
        keys(&found).join("")
    };
    assert_eq!(order(Order::Ascending).await, "3214", "what sorts alike ascends by key, either way");
    assert_eq!(order(Order::Descending).await, "1423");
    for field in [AuditText::Absent, AuditText::Category] {
        for order in [Order::Ascending, Order::Descending] {
            assert_eq!(keys(&sorted(&*log, &[by(field, order)]).await), ["1", "2", "3", "4"]);
        }
    }
}

pub async fn fields_sort_one_after_the_other(backend: &dyn Backend) {
    let log = backend.open(NEVER).await.audit;
    for (key, seconds, result) in [
        ("1", 1, AuditResult::Success),
        ("2", 2, AuditResult::Fail),
        ("3", 1, AuditResult::Fail),
        ("4", 2, AuditResult::Success),
        ("5", 1, AuditResult::Fail),
    ] {
        log.append(&[AuditEvent { at: NOW + Duration::seconds(seconds), result, ..audit(key) }]).await.unwrap();
    }
    let (up, down) = (Order::Ascending, Order::Descending);
    for (sort, expected) in [
        (&[][..], "12345"),
        (&[by(None, up)], "13524"),
        (&[by(None, down)], "24135"),
        (&[by(AuditText::Result, up), by(None, down)], "23541"),
        (&[by(None, down), by(AuditText::Result, down)], "42135"),
        (&[by(None, down), by(AuditText::Result, down), by(AuditText::EntityKey, down)], "42153"),
        (&[by(None, up), by(None, down)], "13524"),
    ] {
        assert_eq!(keys(&sorted(&*log, sort).await).join(""), expected, "{sort:?}");
    }
}

pub async fn pages_have_everything_once_in_either_direction(backend: &dyn Backend) {
    let log = backend.open(NEVER).await.audit;
    append(&*log, &sample()).await;
    let (up, down) = (Order::Ascending, Order::Descending);
    let mut sorts = vec![vec![], vec![by(None, up), by(AuditText::ActorId, down)], vec![by(None, down)]];
    for text in TEXTS {
        sorts.push(vec![by(text, up), by(None, down)]);
        sorts.push(vec![by(text, down)]);
        sorts.push(vec![by(AuditText::RelatedEntityType, down), by(text, up), by(AuditText::Reason, up)]);
    }
    let all = written(&*log).await.len();
    for sort in sorts {
        let whole = sorted(&*log, &sort).await;
        assert_eq!(whole.len(), all);
        let page = async |start| {
            let found = search(&*log, AuditFilter::default(), &sort, start, 7).await;
            assert_eq!(found.total, all);
            found
        };
        let (mut forward, mut last, mut start) = (vec![], None, Start::Offset(0));
        while let Found { items, ends: Some((_, end)), .. } = page(start).await {
            forward.extend(items);
            last = Some(end.clone());
            start = Start::After(end);
        }
        assert_eq!(forward, whole, "forward by {sort:?}");

        let mut backward = whole.last().cloned().into_iter().collect::<Vec<_>>();
        let mut start = Start::Before(last.unwrap());
        while let Found { mut items, ends: Some((first, _)), .. } = page(start).await {
            items.extend(backward);
            backward = items;
            start = Start::Before(first);
        }
        assert_eq!(backward, whole, "backward by {sort:?}");
    }
}

/// A cursor may outlive its entry, or come from a search with another filter.
pub async fn a_position_needs_no_entry(backend: &dyn Backend) {
    let log = backend.open(NEVER).await.audit;
    append(&*log, &["a", "c", "c", "e"].map(audit)).await;
    let first = written(&*log).await[0].key;
    let sort = [by(AuditText::EntityKey, Order::Ascending), by(AuditText::Category, Order::Descending)];
    let at = |key: &str, number: u64| Cursor {
        fields: vec![Some(key.to_owned()), Some("ADMIN".to_owned())],
        key: number.to_string(),
    };
    let missing = Cursor { fields: vec![None, None], key: "0".to_owned() };
    for (start, expected) in [
        (Start::After(at("b", u64::MAX)), "cce"),
        (Start::Before(at("b", 0)), "a"),
        (Start::After(at("c", 0)), "cce"),
        (Start::After(at("c", u64::MAX)), "e"),
        (Start::After(at("c", first + 1)), "ce"),
        (Start::Before(at("c", u64::MAX)), "acc"),
        (Start::Before(at("c", 0)), "a"),
        (Start::After(missing.clone()), ""),
        (Start::Before(missing), "acce"),
    ] {
        let found = search(&*log, AuditFilter::default(), &sort, start.clone(), 10).await;
        assert_eq!((keys(&found.items).join("").as_str(), found.total), (expected, 4), "{start:?}");
        assert_eq!(found.ends.is_some(), !expected.is_empty());
    }
    let filter = AuditFilter::default().and(AuditText::EntityKey, TextFilter::equals("e"));
    let found = search(&*log, filter, &sort, Start::After(at("c", 0)), 10).await;
    assert_eq!((keys(&found.items), found.total), (vec!["e"], 1));
}

pub async fn windows_may_lie_anywhere(backend: &dyn Backend) {
    let log = backend.open(NEVER).await.audit;
    let window = async |start, limit| {
        let found = search(&*log, AuditFilter::default(), &[by(None, Order::Descending)], start, limit).await;
        (keys(&found.items).join(""), found.total, found.ends)
    };
    assert_eq!(window(Start::Offset(0), 10).await, (String::new(), 0, None));
    for n in 1..=5 {
        log.append(&[AuditEvent { at: NOW + Duration::seconds(n), ..audit(&n.to_string()) }]).await.unwrap();
    }
    for (offset, limit, expected) in [
        (0, 2, "54"),
        (1, 2, "43"),
        (4, 2, "1"),
        (5, 2, ""),
        (usize::MAX, 2, ""),
        (0, 0, ""),
        (3, usize::MAX, "21"),
        (usize::MAX, usize::MAX, ""),
    ] {
        let (found, total, ends) = window(Start::Offset(offset), limit).await;
        assert_eq!((found.as_str(), total, ends.is_some()), (expected, 5, !expected.is_empty()), "{offset} {limit}");
    }
    let (_, _, ends) = window(Start::Offset(1), 3).await;
    let (first, last) = ends.unwrap();
    assert_eq!(window(Start::After(last.clone()), 1).await.0, "1");
    assert_eq!(window(Start::Before(last), 1).await.0, "3", "the window ends at the position");
    assert_eq!(window(Start::Before(first), 3).await.0, "5");
}

pub async fn totals_count_what_passes(backend: &dyn Backend) {
    let log = backend.open(NEVER).await.audit;
    append(&*log, &sample()).await;
    let denials = AuditFilter::default().and(AuditText::Result, TextFilter::equals("DENIED"));
    let expected = sample().iter().filter(|event| event.result == AuditResult::Denied).count();
    let found = search(&*log, denials.clone(), &[], Start::Offset(1), 1).await;
    assert_eq!((found.items.len(), found.total), (1, expected));
    let narrower = denials.and(AuditText::Result, TextFilter { not_in: owned(&["DENIED"]), ..TextFilter::default() });
    assert_eq!(search(&*log, narrower, &[], Start::Offset(0), 1).await.total, 0, "all conditions must hold");
}
