//! Documents that are kept until a day: which are past it or near it. Computed on the device from the list; the server
//! knows no date, and nothing is deleted by itself. spec/flows.md section 5.

use serde::{Deserialize, Serialize};

use super::item::{Item, ObjectId};

/// How a document stands to the day until which the person wanted to keep it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Due {
    /// The day is over.
    Past,
    /// It is at most thirty days ahead.
    Soon,
}

/// One document to be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reminder {
    /// Which.
    pub object: ObjectId,
    /// The day, as the person set it: Unix seconds.
    pub end: u64,
    /// Past or near.
    pub due: Due,
}

/// How `end` stands to `now`, both Unix seconds; `None` where it is far ahead.
#[must_use]
pub const fn due(end: u64, now: u64) -> Option<Due> {
    if end <= now {
        Some(Due::Past)
    } else if end - now <= SOON_SECONDS {
        Some(Due::Soon)
    } else {
        None
    }
}

/// What is past its day or near it, outside the trash; the oldest day first.
#[must_use]
pub fn reminders(items: &[Item], now: u64) -> Vec<Reminder> {
    let mut found: Vec<Reminder> = items
        .iter()
        .filter(|item| !item.in_trash)
        .filter_map(|item| {
            let end = item.retention_end?;
            Some(Reminder {
                object: item.id.clone(),
                end,
                due: due(end, now)?,
            })
        })
        .collect();
    found.sort_by(|a, b| (a.end, &a.object).cmp(&(b.end, &b.object)));
    found
}

/// Near: thirty days.
const SOON_SECONDS: u64 = 30 * 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_past_near_or_far() {
        let now = 1_795_305_600;
        assert_eq!(due(0, now), Some(Due::Past));
        assert_eq!(due(now, now), Some(Due::Past));
        assert_eq!(due(now + 1, now), Some(Due::Soon));
        assert_eq!(due(now + SOON_SECONDS, now), Some(Due::Soon));
        assert_eq!(due(now + SOON_SECONDS + 1, now), None);
        assert_eq!(due(u64::MAX, now), None);
    }
}
