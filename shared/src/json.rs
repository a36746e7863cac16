//! Reads the wire's JSON strictly: an object stands where a type has fields, and nowhere a list in its place.
//!
//! The library would also take `["a", "b"]` for a type of two fields. One message has one shape here, so every
//! type is asked for as an object, at every depth. No logic beyond that. `spec/wire.md`, section 1.

use core::fmt;

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};

/// The bytes are not JSON of the expected type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not JSON of the expected type")]
pub struct JsonError;

/// Reads one value; anything behind it but white space is refused.
///
/// # Errors
/// Not JSON, or of another type, or with a field more, fewer or twice.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    let mut input = serde_json::Deserializer::from_slice(bytes);
    let value = T::deserialize(Strict(&mut input)).map_err(|_| JsonError)?;
    input.end().map_err(|_| JsonError)?;
    Ok(value)
}

/// A deserializer that gives fields from objects alone.
struct Strict<D>(D);

/// A visitor that is shown strict values.
struct Inside<V>(V);

/// The parts of a value, each strict.
struct Parts<A>(A);

/// One of them.
struct Part<S>(S);

/// What cannot hold fields is left to the library.
macro_rules! plain {
    ($($name:ident)*) => {$(
        fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.0.$name(visitor)
        }
    )*};
}

macro_rules! holding {
    ($($name:ident)*) => {$(
        fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.0.$name(Inside(visitor))
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Strict<D> {
    type Error = D::Error;

    plain! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8
        deserialize_u16 deserialize_u32 deserialize_u64 deserialize_f32 deserialize_f64 deserialize_char
        deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf deserialize_unit
        deserialize_identifier deserialize_ignored_any
    }

    holding! { deserialize_any deserialize_option deserialize_seq deserialize_map }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(Inside(visitor))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_enum(name, variants, Inside(visitor))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_newtype_struct(name, Inside(visitor))
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_unit_struct(name, visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_tuple(len, Inside(visitor))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_tuple_struct(name, len, Inside(visitor))
    }
}

macro_rules! seen {
    ($($name:ident: $value:ty,)*) => {$(
        fn $name<E: Error>(self, value: $value) -> Result<V::Value, E> {
            self.0.$name(value)
        }
    )*};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Inside<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    seen! {
        visit_bool: bool,
        visit_i64: i64,
        visit_u64: u64,
        visit_f64: f64,
        visit_str: &str,
        visit_borrowed_str: &'de str,
        visit_string: String,
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.0.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.0.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, input: D) -> Result<V::Value, D::Error> {
        self.0.visit_some(Strict(input))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, input: D) -> Result<V::Value, D::Error> {
        self.0.visit_newtype_struct(Strict(input))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, parts: A) -> Result<V::Value, A::Error> {
        self.0.visit_seq(Parts(parts))
    }

    fn visit_map<A: MapAccess<'de>>(self, parts: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(Parts(parts))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, parts: A) -> Result<V::Value, A::Error> {
        self.0.visit_enum(Parts(parts))
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Parts<A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.0.next_element_seed(Part(seed))
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Parts<A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.0.next_key_seed(seed)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.0.next_value_seed(Part(seed))
    }
}

impl<'de, A: EnumAccess<'de>> EnumAccess<'de> for Parts<A> {
    type Error = A::Error;
    type Variant = Parts<A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self::Variant), A::Error> {
        let (which, rest) = self.0.variant_seed(seed)?;
        Ok((which, Parts(rest)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Parts<A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.0.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        self.0.newtype_variant_seed(Part(seed))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.0.tuple_variant(len, Inside(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.0.struct_variant(fields, Inside(visitor))
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Part<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<S::Value, D::Error> {
        self.0.deserialize(Strict(input))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{Account, Quota};
    use crate::collection::{Commit, Reference};
    use crate::{ErrorCode, Problem};

    #[test]
    fn fields_come_from_objects_alone() {
        let quota = Quota {
            used: 1,
            reserved: 2,
            limit: 3,
        };
        assert_eq!(from_slice(br#" {"used":1,"reserved":2,"limit":3} "#), Ok(quota));
        assert_eq!(from_slice::<Quota>(b"[1,2,3]"), Err(JsonError));
        assert_eq!(
            from_slice::<Quota>(br#"{"used":1,"reserved":2,"limit":3}0"#),
            Err(JsonError)
        );
    }

    #[test]
    fn at_every_depth() {
        let account = |quota: &str| {
            let (id, hash) = ("A".repeat(22), "A".repeat(43));
            let json = format!(
                r#"{{"account_id":"{id}","handle":"a","slots":[],"secrets":"","manifest":"","logged":{{"index":0,"blind":"{hash}"}},"bundle":"","quota":{quota},"events":[]}}"#
            );
            from_slice::<Account>(json.as_bytes())
        };
        assert!(account(r#"{"used":1,"reserved":2,"limit":3}"#).is_ok());
        assert_eq!(account("[1,2,3]"), Err(JsonError));
    }

    #[test]
    fn a_choice_has_one_form() {
        let page = format!(r#"{{"page":"{}"}}"#, "A".repeat(43));
        assert!(from_slice::<Reference>(page.as_bytes()).is_ok());
        assert!(
            from_slice::<Commit>(
                format!(
                    r#"{{"pages":[],"adds":[{page}],"drops":[],"head":"","log":{{"seed":"{}","tag":"{}"}}}}"#,
                    "A".repeat(43),
                    "A".repeat(22)
                )
                .as_bytes()
            )
            .is_ok()
        );
        assert_eq!(from_slice(br#""conflict""#), Ok(ErrorCode::Conflict));
        assert_eq!(from_slice::<ErrorCode>(br#"{"conflict":null}"#), Err(JsonError));
        let problem = |code: &str| {
            let json = format!(
                r#"{{"type":"about:blank","status":409,"code":{code},"retry_after":null,"limit":null,"request":"{}"}}"#,
                "A".repeat(22)
            );
            from_slice::<Problem>(json.as_bytes())
        };
        assert!(problem(r#""conflict""#).is_ok());
        assert_eq!(problem(r#"{"conflict":null}"#), Err(JsonError));
    }
}
