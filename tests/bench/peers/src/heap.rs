//! Live heap of a world of a million authorizations and 30,000 memberships, counted by the allocator.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use identity_bench::policies::{Policies, Size};
use identity_bench::report::record;

struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);

// SAFETY: all calls are passed on to the allocator of the system.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const AUTHORIZATIONS: usize = 1_000_000;

fn main() {
    let policies = Policies::generate(Size::w2(AUTHORIZATIONS));
    let before = LIVE.load(Ordering::Relaxed);
    let world = policies.world();
    let live = (LIVE.load(Ordering::Relaxed) - before) as f64;
    println!("{:.0} MB for {} authorizations", live / 1e6, world.authorization_count());
    record("1 M authorizations: live heap of each", live / AUTHORIZATIONS as f64, "the whole world, counted");
}
