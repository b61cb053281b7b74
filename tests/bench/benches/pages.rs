//! Benchmarks of searches with filter, sort order and page, compared with filtering and sorting all entities.

#![expect(clippy::unwrap_used, reason = "a benchmark")]

use std::cmp::Ordering;

use identity_bench::measure::{Bench, Goal, asked_for, shown};
use identity_bench::policies::{Owner, Policies, Size, resource_id, username};
use identity_bench::report::record;
use identity_core::catalog::ResourceCatalog;
use identity_core::entity::{Authorization, PartyKind, Scope, User};
use identity_core::search::entities::{
    AuthorizationField, AuthorizationFilter, Filter, UserField, UserFilter, authorizations, users,
};
use identity_core::search::{Cursor, LikePattern, Order, SearchBudget, SortBy, Start, TextFilter, Visible, Window};
use identity_core::value::{Email, Name, PasswordHash, ResourceTypeName, Revision};
use identity_core::world::{Change, Sources, World};

/// Number of items per page.
const PAGE: usize = 50;

fn user(number: usize) -> User {
    User {
        username: username(number),
        // A thousand names, in a different order than the users.
        name: Name::parse(&format!("Name {:03}", number * 7919 % 1000)).ok(),
        email: Email::parse(&format!("u{}@example.com", number * 31 % 1009)).ok(),
        password: PasswordHash::new("h".into()),
    }
}

/// A world with `count` users.
fn of_users(count: usize) -> World {
    let mut world = World::new(Sources::BuiltIn, ResourceCatalog::standard());
    let numbers: Vec<usize> = (0..count).collect();
    for some in numbers.chunks(10_000) {
        let rows: Vec<Change> = some.iter().map(|number| Change::UserPut(user(*number))).collect();
        world = world.replay(Revision(1), &rows).0;
    }
    world
}

fn page(start: Start) -> Window {
    Window { start, limit: PAGE }
}

fn by<F>(field: F) -> SortBy<F> {
    SortBy { field, order: Order::Ascending }
}

fn like(pattern: &str) -> Option<TextFilter> {
    Some(TextFilter { like: LikePattern::parse(pattern).ok(), ..TextFilter::default() })
}

/// A search of users.
struct OfUsers {
    name: &'static str,
    filter: UserFilter,
    sort: Vec<SortBy<UserField>>,
    window: Window,
    /// The same conditions and order, implemented manually.
    passes: fn(&User) -> bool,
    order: fn(&User, &User) -> Ordering,
    /// Whether an index is expected to serve the search.
    indexed: bool,
}

fn searches_of_users() -> Vec<OfUsers> {
    let cursor = |number| Cursor { fields: Vec::new(), key: username(number).to_string() };
    let none = UserFilter::default;
    let by_id: fn(&User, &User) -> Ordering = |a, b| a.username.cmp(&b.username);
    vec![
        OfUsers {
            name: "in the order of ids, backwards",
            filter: none(),
            sort: vec![SortBy { field: UserField::Username, order: Order::Descending }],
            window: page(Start::Offset(0)),
            passes: |_| true,
            order: |a, b| b.username.cmp(&a.username),
            indexed: true,
        },
        OfUsers {
            name: "after a cursor in the middle",
            filter: none(),
            sort: vec![],
            window: page(Start::After(cursor(50))),
            passes: |user| user.username.as_str() > "user-50@example.com",
            order: by_id,
            indexed: true,
        },
        OfUsers {
            name: "ids that begin alike, by name",
            filter: UserFilter { username: like("user-123*"), ..none() },
            sort: vec![by(UserField::Name)],
            window: page(Start::Offset(0)),
            passes: |user| user.username.as_str().starts_with("user-123"),
            order: |a, b| a.name.cmp(&b.name).then_with(|| a.username.cmp(&b.username)),
            indexed: true,
        },
        OfUsers {
            name: "names that end alike, by e-mail",
            filter: UserFilter { name: like("*7"), ..none() },
            sort: vec![by(UserField::Email)],
            window: page(Start::Offset(0)),
            passes: |user| user.name.as_ref().is_some_and(|name| name.as_str().ends_with('7')),
            order: |a, b| a.email.cmp(&b.email).then_with(|| a.username.cmp(&b.username)),
            indexed: false,
        },
        OfUsers {
            name: "all, by name",
            filter: none(),
            sort: vec![by(UserField::Name)],
            window: page(Start::Offset(0)),
            passes: |_| true,
            order: |a, b| a.name.cmp(&b.name).then_with(|| a.username.cmp(&b.username)),
            indexed: false,
        },
    ]
}

/// Floor: filters and sorts all entities.
fn by_hand<T>(all: &[T], passes: impl Fn(&T) -> bool, order: impl Fn(&T, &T) -> Ordering) -> (Vec<&T>, usize) {
    let mut found: Vec<&T> = all.iter().filter(|one| passes(one)).collect();
    found.sort_by(|a, b| order(a, b));
    let total = found.len();
    found.truncate(PAGE);
    (found, total)
}

/// A search served by an index must not depend on the number of entities; any other search must scan the entities only
/// once. Ten times the results may take ten times as long.
fn compare(bench: &mut Bench<'_>, large: &str, small: &str, hand: &str, indexed: bool, finds_more: bool) {
    bench.compare(large, hand, Some(if indexed { Goal::Faster(20.0) } else { Goal::AtMost(2.0) }));
    bench.compare(large, small, Some(Goal::AtMost(if indexed && !finds_more { 3.0 } else { 20.0 })));
}

fn pages_of_users() {
    let (large, small) = (of_users(100_000), of_users(10_000));
    let all: Vec<User> = large.users().cloned().collect();
    let searches = searches_of_users();
    let mut bench = Bench::new("Pages of users, among 100,000");
    for one in &searches {
        let OfUsers { name, filter, sort, window, passes, order, indexed } = one;
        let filter = Filter::from(filter.clone());
        let search = |world| users(world, &Visible::All, &filter, sort, window, &SearchBudget::default()).unwrap();
        let (expected, _) = by_hand(&all, passes, order);
        let found = search(&large);
        assert_eq!(found.items, expected, "{name}: both give the same answer");
        let finds_more = found.total < all.len();
        let (at_small, at_hand) = (format!("{name}, of 10,000"), format!("{name}, by hand"));
        let (filter, in_small) = (filter.clone(), filter.clone());
        bench.case(*name, {
            let large = &large;
            move || users(large, &Visible::All, &filter, sort, window, &SearchBudget::default()).unwrap().items.len()
        });
        bench.case(&*at_small, {
            let small = &small;
            move || users(small, &Visible::All, &in_small, sort, window, &SearchBudget::default()).unwrap().items.len()
        });
        bench.case(&*at_hand, {
            let all = &all;
            move || by_hand(all, passes, order).1
        });
        compare(&mut bench, name, &at_small, &at_hand, *indexed, finds_more);
    }
    bench.report();
}

/// A search of authorizations.
struct OfAuthorizations {
    name: &'static str,
    filter: AuthorizationFilter,
    sort: Vec<SortBy<AuthorizationField>>,
    window: Window,
    passes: fn(&Authorization) -> bool,
    order: fn(&Authorization, &Authorization) -> Ordering,
    indexed: bool,
}

/// A role in all policies.
const ROLE: usize = 7;

fn searches_of_authorizations() -> Vec<OfAuthorizations> {
    let none = AuthorizationFilter::default;
    let role = Owner::Role(ROLE).party().id().to_owned();
    let by_resource: fn(&Authorization, &Authorization) -> Ordering =
        |a, b| a.scope.resource_id().cmp(&b.scope.resource_id()).then(a.key.cmp(&b.key));
    let process = || ResourceTypeName::parse("PROCESS_DEFINITION").ok();
    let resource: fn(&Authorization) -> bool = |one| {
        one.resource_type.as_str() == "PROCESS_DEFINITION"
            && matches!(&one.scope, Scope::Id(id) if id.as_str() == resource_id(42))
    };
    vec![
        OfAuthorizations {
            name: "of an owner, by resource",
            filter: AuthorizationFilter { owner_id: Some(role), owner_type: Some(PartyKind::Role), ..none() },
            sort: vec![by(AuthorizationField::ResourceId)],
            window: page(Start::Offset(0)),
            passes: |one| one.owner == Owner::Role(ROLE).party(),
            order: by_resource,
            indexed: true,
        },
        OfAuthorizations {
            name: "on a resource, by owner",
            filter: AuthorizationFilter {
                resource_ids: Some(vec![resource_id(42)]),
                resource_type: process(),
                ..none()
            },
            sort: vec![by(AuthorizationField::OwnerId)],
            window: page(Start::Offset(0)),
            passes: resource,
            order: |a, b| a.owner.id().cmp(b.owner.id()).then(a.key.cmp(&b.key)),
            indexed: true,
        },
        OfAuthorizations {
            name: "in the order of keys, after a cursor",
            filter: none(),
            sort: vec![],
            window: page(Start::After(Cursor { fields: Vec::new(), key: "50000".to_owned() })),
            passes: |one| one.key.0 > 50_000,
            order: |a, b| a.key.cmp(&b.key),
            indexed: true,
        },
        OfAuthorizations {
            name: "on a type, by resource",
            filter: AuthorizationFilter { resource_type: process(), ..none() },
            sort: vec![by(AuthorizationField::ResourceId)],
            window: page(Start::Offset(0)),
            passes: |one| one.resource_type.as_str() == "PROCESS_DEFINITION",
            order: by_resource,
            indexed: false,
        },
    ]
}

fn pages_of_authorizations() {
    let large = Policies::generate(Size::w2(1_000_000)).world();
    let small = Policies::generate(Size::w2(100_000)).world();
    let all: Vec<Authorization> = large.authorizations().collect();
    let searches = searches_of_authorizations();
    let mut bench = Bench::new("Pages of authorizations, among a million");
    for one in &searches {
        let OfAuthorizations { name, filter, sort, window, passes, order, indexed } = one;
        let found = authorizations(&large, &Visible::All, filter, sort, window, &SearchBudget::default()).unwrap();
        let (expected, _) = by_hand(&all, passes, order);
        assert_eq!(found.items.iter().collect::<Vec<_>>(), expected, "{name}: both give the same answer");
        let finds_more = found.total < all.len();
        let (at_small, at_hand) = (format!("{name}, of 100,000"), format!("{name}, by hand"));
        for (case, world) in [(*name, &large), (&*at_small, &small)] {
            bench.case(case, move || {
                authorizations(world, &Visible::All, filter, sort, window, &SearchBudget::default())
                    .unwrap()
                    .items
                    .len()
            });
        }
        bench.case(&*at_hand, {
            let all = &all;
            move || by_hand(all, passes, order).1
        });
        compare(&mut bench, name, &at_small, &at_hand, *indexed, finds_more);
    }
    bench.report();
    last_page(&small);
}

/// The last page by offset, compared with the first one.
fn last_page(world: &World) {
    let (filter, last) = (AuthorizationFilter::default(), world.authorization_count() - PAGE);
    let mut bench = Bench::new("The last page of 100,000 authorizations");
    for (name, offset) in [("first page", 0), ("last page", last)] {
        let (filter, window) = (&filter, page(Start::Offset(offset)));
        bench.case(name, move || {
            let found = authorizations(world, &Visible::All, filter, &[], &window, &SearchBudget::default()).unwrap();
            assert_eq!(found.items.len(), PAGE);
            found.items.len()
        });
    }
    bench.compare("last page", "first page", Some(Goal::AtMost(1.5)));
    let times = bench.report();
    let (first, last) = (times.of("first page"), times.of("last page"));
    let note = format!("{} against {}", shown(last), shown(first));
    record("page at the end of 100,000 authorizations, of the first", last / first, &note);
}

fn main() {
    if asked_for() {
        pages_of_users();
        pages_of_authorizations();
    }
}
