//! Benchmark of the lists of the management API over HTTP, on one worker. Compares the cost of a page among one
//! thousand and among one million authorizations with a request that reads nothing, and measures the latency of that
//! request while the worker serves lists.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "a benchmark")]

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use identity_bench::driver::Driver;
use identity_bench::http::serve;
use identity_bench::measure::{Bench, Goal, asked_for};
use identity_core::entity::{Authorization, Container, Membership, Party, Scope};
use identity_core::value::{
    AuthorizationKey, GroupId, PermissionName, ResourceId, ResourceTypeName, RoleId, TenantId, Username,
};
use identity_core::world::Change;

const SMALL: usize = 1000;
const LARGE: usize = 1_000_000;
/// Number of owners of each kind.
const OWNERS: usize = 10_000;
const BEARER: &str = "Bearer a.b.c";
/// A request that reads nothing.
const FLOOR: &str = "/api/me";
const LISTS: [&str; 8] = [
    "/api/authorizations?page=0&resultSize=50",
    "/api/authorizations?page=LAST&resultSize=50",
    "/api/authorizations?resourceType=process-definition&page=5&resultSize=50",
    "/api/authorizations?entityType=ROLE&entityId=role-5838&resultSize=50",
    "/api/resources?page=0&resultSize=50",
    "/api/authorizations",
    "/api/authorizations?search=order-99",
    "/api/tenants/%3Cdefault%3E/users",
];

fn authorization(number: usize) -> Change {
    let owner = number * 7919 % OWNERS;
    let owner = match number % 3 {
        0 => Party::User(Username::parse(&format!("user-{owner}")).unwrap()),
        1 => Party::Group(GroupId::parse(&format!("group-{owner}")).unwrap()),
        _ => Party::Role(RoleId::parse(&format!("role-{owner}")).unwrap()),
    };
    let (resource_type, permission) =
        if number.is_multiple_of(2) { ("process-definition", "READ") } else { ("decision-definition", "DELETE") };
    Change::AuthorizationPut(Authorization {
        key: AuthorizationKey(1_000_000_000 + number as u64),
        owner,
        resource_type: ResourceTypeName::parse(resource_type).unwrap(),
        scope: Scope::Id(ResourceId::parse(&format!("order-{}", number / 3)).unwrap()),
        permissions: [PermissionName::parse(permission).unwrap()].into(),
        condition: None,
    })
}

fn member(number: usize) -> Change {
    let user = Party::User(Username::parse(&format!("user-{number}")).unwrap());
    Change::MemberAdded(Membership::new(Container::Tenant(TenantId::default_tenant()), user).unwrap())
}

fn start(count: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    serve(listener, (0..count).map(authorization).chain((0..count / 10).map(member)).collect());
    address
}

fn path(path: &str, count: usize) -> String {
    path.replace("LAST", &(count / 50 - 1).to_string())
}

/// Returns the median time of `list`, and the median and maximum time of the floor request, while `list` is requested
/// continuously on the same worker.
fn neighbour(address: SocketAddr, list: &str) -> (Duration, Duration, Duration) {
    let (mut lists, mut floor) = (Driver::get(address, list, BEARER, 1), Driver::get(address, FLOOR, BEARER, 1));
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let listing = scope.spawn(|| {
            let begun = Instant::now();
            let mut times = Vec::new();
            while begun.elapsed() < Duration::from_secs(3) || times.len() < 3 {
                let begun = Instant::now();
                lists.round();
                times.push(begun.elapsed());
            }
            ended.store(true, Ordering::Relaxed);
            times.sort_unstable();
            times[times.len() / 2]
        });
        let mut times = Vec::new();
        while !ended.load(Ordering::Relaxed) {
            let begun = Instant::now();
            floor.round();
            times.push(begun.elapsed());
        }
        times.sort_unstable();
        (listing.join().unwrap(), times[times.len() / 2], *times.last().unwrap())
    })
}

fn main() {
    if !asked_for() {
        return;
    }
    let (small, large) = (start(SMALL), start(LARGE));
    let mut drivers = Vec::new();
    for list in LISTS {
        for (size, address, count) in [("1,000", small, SMALL), ("a million", large, LARGE)] {
            drivers.push((format!("`{list}` at {size}"), Driver::get(address, &path(list, count), BEARER, 1)));
        }
    }
    let mut floor = Driver::get(large, FLOOR, BEARER, 1);
    println!("ready: {:?}", String::from_utf8(floor.round()));
    let mut bench = Bench::new("Lists over HTTP, at a million authorizations");
    for (name, driver) in &mut drivers {
        bench.case(name.as_str(), || driver.round().len());
    }
    bench.case(FLOOR, || floor.round().len());
    for list in LISTS {
        let (of_large, of_small) = (format!("`{list}` at a million"), format!("`{list}` at 1,000"));
        let is_page = list.contains("resultSize") && !list.contains("search");
        bench.compare(&*of_large, &*of_small, is_page.then_some(Goal::AtMost(3.0)));
        bench.compare(&*of_large, FLOOR, is_page.then_some(Goal::AtMost(20.0)));
    }
    bench.report();

    println!("\n### A neighbour on the same worker\n");
    println!("| while it answers | which takes | `{FLOOR}` takes | at most |\n|---|---|---|---|");
    for list in LISTS {
        let (time, usual, most) = neighbour(large, &path(list, LARGE));
        println!("| `{list}` | {time:.1?} | {usual:.1?} | {most:.1?} |");
    }
}
