//! Optional values that must stand in the JSON all the same: `null` where there is none.

use serde::{Deserialize, Deserializer};

/// For `deserialize_with` on an [`Option`]: serde alone takes a missing field for `None`, and the wire has one form.
pub(crate) fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer)
}
