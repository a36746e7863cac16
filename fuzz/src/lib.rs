//! What every fuzz target does: feed one input to a family of parsers, and hold it to the family's bound on memory.
//!
//! The parsers and their rules stand in `tests/src/parsers`, compiled here a second time so that the targets do not
//! build what only the browser tests need. The one place of Civis with `unsafe`: an allocator has to be.

#[path = "../../tests/src/parsers/mod.rs"]
pub mod parsers;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use parsers::Family;

/// Feeds `input` to the family of this name.
///
/// # Panics
/// Where a rule of a parser does not hold, or the input takes more memory than its family may.
pub fn run(name: &str, input: &[u8]) {
    let family = Family::named(name).expect("a family of this name");
    // Once before anything is counted: what is made on first use stays.
    static WARM: std::sync::Once = std::sync::Once::new();
    WARM.call_once(|| {
        for number in 0..=u8::MAX {
            family.feed(&[number]);
            let parser = family.parsers[usize::from(number) % family.parsers.len()];
            parser.hold(&(parser.valid)(&mut parsers::draw::Draw::new(0)));
        }
    });
    if input.len() > family.max_len {
        return;
    }
    let before = LIVE.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    family.feed(input);
    let taken = PEAK.load(Ordering::Relaxed).saturating_sub(before);
    let allowed = family.memory.fixed + family.memory.per_byte * input.len();
    assert!(
        taken <= allowed,
        "{} bytes of input took {taken} bytes of memory, and may take {allowed}",
        input.len()
    );
}

/// Counts what is allocated. Several threads may be counted together: targets have one.
struct Counted;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator as it came; counting touches no memory of the caller.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(live, Ordering::Relaxed);
        // SAFETY: the caller's promise is the system's condition.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counted = Counted;
