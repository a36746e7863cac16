//! CPU time of this process by thread, in nanoseconds, as the kernel's scheduler counts it (`/proc/self/task/*/schedstat`).
//!
//! A thread's count is brought up to date when it leaves its processor: so everything rests for a moment before it is read,
//! and what resting and reading cost is measured as well and taken off.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

/// Nanoseconds of CPU.
#[derive(Clone, Copy, Default, PartialEq)]
pub(crate) struct Spent {
    /// By the thread that measures: the client's.
    pub(crate) here: f64,
    /// By all the others: the server's, with its store.
    pub(crate) there: f64,
}

impl Spent {
    /// Of both.
    pub(crate) fn all(self) -> f64 {
        self.here + self.there
    }
}

/// Counts from one lap to the next.
pub(crate) struct Meter {
    own: String,
    last: HashMap<String, u64>,
    /// Of a lap in which nothing happens.
    idle: Spent,
}

impl Meter {
    /// Of the thread that calls; finds out what measuring itself costs.
    pub(crate) async fn start() -> Self {
        let own = fs::read_link("/proc/thread-self").unwrap();
        let own = own.file_name().unwrap().to_string_lossy().into_owned();
        let mut meter = Self {
            own,
            last: HashMap::new(),
            idle: Spent::default(),
        };
        meter.lap().await;
        let mut idle = Vec::new();
        for _ in 0..IDLE_LAPS {
            idle.push(meter.lap().await);
        }
        meter.idle = median(&idle);
        meter
    }

    /// What was spent since the last lap.
    pub(crate) async fn lap(&mut self) -> Spent {
        tokio::time::sleep(REST).await;
        let now = counts();
        let mut spent = Spent::default();
        for (thread, count) in &now {
            let since = count - self.last.get(thread).unwrap_or(&0).min(count);
            if *thread == self.own {
                spent.here += since as f64;
            } else {
                spent.there += since as f64;
            }
        }
        self.last = now;
        Spent {
            here: spent.here - self.idle.here,
            there: spent.there - self.idle.there,
        }
    }
}

fn counts() -> HashMap<String, u64> {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    // A thread that has just ended has no count any more.
    let counts = tasks.filter_map(|task| {
        let task = task.ok()?;
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        let count = text.split(' ').next()?.parse().ok()?;
        Some((task.file_name().to_string_lossy().into_owned(), count))
    });
    counts.collect()
}

/// The middle one, of each of the two.
pub(crate) fn median(laps: &[Spent]) -> Spent {
    Spent {
        here: middle(laps.iter().map(|lap| lap.here)),
        there: middle(laps.iter().map(|lap| lap.there)),
    }
}

/// The middle one.
pub(crate) fn middle(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

const REST: Duration = Duration::from_millis(2);
const IDLE_LAPS: usize = 51;
