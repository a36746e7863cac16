//! Lists whose length is bounded before they are read: a million empty items cost the sender three megabytes, and
//! would cost the reader thirty.

use core::fmt;
use core::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};

/// Keeps `N + 1` items of a longer list, so that who counts them sees that they are too many.
pub(crate) fn at_most<'de, const N: usize, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    deserializer.deserialize_seq(List::<N, T>(PhantomData))
}

struct List<const N: usize, T>(PhantomData<T>);

impl<'de, const N: usize, T: Deserialize<'de>> Visitor<'de> for List<N, T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::new();
        while list.len() <= N {
            match items.next_element()? {
                Some(item) => list.push(item),
                None => return Ok(list),
            }
        }
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use crate::collection::ReadPages;
    use crate::{Hash, limit};

    #[test]
    fn a_list_is_kept_up_to_one_more_than_it_may_hold() {
        let read = |count: usize| {
            let ids = vec![Hash([7; 32]); count];
            let text = serde_json::to_string(&ReadPages { ids }).unwrap();
            serde_json::from_str::<ReadPages>(&text).unwrap().ids.len()
        };
        let most = usize::try_from(limit::PAGES).unwrap();
        assert_eq!([read(0), read(most), read(most + 1)], [0, most, most + 1]);
        assert_eq!(read(10_000), most + 1);
    }
}
