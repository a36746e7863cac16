//! Deterministic CBOR with a closed schema (RFC 8949, 4.2.1): decode, encode again, compare the bytes.
//!
//! Only unsigned integers, byte strings, text, arrays, maps with unsigned keys, and null exist here.

use minicbor::Decoder;
use minicbor::data::Type;
use zeroize::Zeroizing;

use super::Malformed;

/// A structure with exactly one CBOR form.
pub(crate) trait Schema: Sized {
    /// Writes it, map keys in ascending order, absent optional keys left out.
    fn encode(&self, out: &mut CborWriter);

    /// Reads it; caps on counts and lengths are checked here, before anything is kept.
    fn decode(input: &mut CborReader<'_>) -> Result<Self, Malformed>;
}

/// The one CBOR form of `value`. It may hold keys, hence the zeroing.
pub(crate) fn to_cbor<T: Schema>(value: &T) -> Zeroizing<Vec<u8>> {
    let mut out = CborWriter::new();
    value.encode(&mut out);
    out.finish()
}

/// Reads `bytes` as `T`; trailing bytes or any other form than the deterministic one are refused.
pub(crate) fn from_cbor<T: Schema>(bytes: &[u8]) -> Result<T, Malformed> {
    let mut input = CborReader::new(bytes);
    let value = T::decode(&mut input)?;
    input.finish()?;
    if to_cbor(&value).as_slice() == bytes {
        Ok(value)
    } else {
        Err(Malformed)
    }
}

/// Writes CBOR items, each in its shortest form. Writing to memory cannot fail.
pub(crate) struct CborWriter {
    out: Zeroizing<Vec<u8>>,
}

impl CborWriter {
    pub(crate) fn new() -> Self {
        Self {
            out: Zeroizing::new(Vec::new()),
        }
    }

    /// The head of a map with `entries` entries; then each [`key`](Self::key) and its value, keys ascending.
    pub(crate) fn map(&mut self, entries: usize) -> &mut Self {
        self.head(MAP, entries as u64)
    }

    /// The head of an array of `len` items.
    pub(crate) fn array(&mut self, len: usize) -> &mut Self {
        self.head(ARRAY, len as u64)
    }

    /// A map key.
    pub(crate) fn key(&mut self, key: u64) -> &mut Self {
        self.uint(key)
    }

    pub(crate) fn uint(&mut self, value: u64) -> &mut Self {
        self.head(UINT, value)
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.head(BYTES, bytes.len() as u64).put(bytes)
    }

    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.head(TEXT, text.len() as u64).put(text.as_bytes())
    }

    pub(crate) fn null(&mut self) -> &mut Self {
        self.put(&[NULL])
    }

    /// A nested structure.
    pub(crate) fn nested<T: Schema>(&mut self, value: &T) -> &mut Self {
        value.encode(self);
        self
    }

    pub(crate) fn finish(self) -> Zeroizing<Vec<u8>> {
        self.out
    }

    fn head(&mut self, major: u8, value: u64) -> &mut Self {
        let major = major << 5;
        match value {
            0..=23 => self.put(&[major | value as u8]),
            24..=0xff => self.put(&[major | 24, value as u8]),
            0x100..=0xffff => self.put(&[major | 25]).put(&(value as u16).to_be_bytes()),
            0x1_0000..=0xffff_ffff => self.put(&[major | 26]).put(&(value as u32).to_be_bytes()),
            _ => self.put(&[major | 27]).put(&value.to_be_bytes()),
        }
    }

    fn put(&mut self, bytes: &[u8]) -> &mut Self {
        let needed = self.out.len() + bytes.len();
        if needed > self.out.capacity() {
            // Grown by hand: a plain growth would leave the old copy, which may hold keys, unzeroed.
            let mut larger = Zeroizing::new(Vec::with_capacity((2 * needed).max(512)));
            larger.extend_from_slice(&self.out);
            self.out = larger;
        }
        self.out.extend_from_slice(bytes);
        self
    }
}

/// How many keys of a map are still to come.
pub(crate) struct Keys {
    left: u64,
}

impl Keys {
    /// The map ends here: an unknown key is refused.
    pub(crate) const fn end(self) -> Result<(), Malformed> {
        if self.left == 0 { Ok(()) } else { Err(Malformed) }
    }
}

/// Reads CBOR items. Lengths are bounded by what is left, counts by the caller's cap.
pub(crate) struct CborReader<'a> {
    input: Decoder<'a>,
}

impl<'a> CborReader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self {
            input: Decoder::new(bytes),
        }
    }

    /// The head of a map. Follow with [`key`](Self::key) and [`has_key`](Self::has_key), then [`Keys::end`].
    pub(crate) fn map(&mut self) -> Result<Keys, Malformed> {
        let left = self.input.map().map_err(|_| Malformed)?.ok_or(Malformed)?;
        Ok(Keys { left })
    }

    /// The next key must be `key`.
    pub(crate) fn key(&mut self, keys: &mut Keys, key: u64) -> Result<(), Malformed> {
        if self.has_key(keys, key)? {
            Ok(())
        } else {
            Err(Malformed)
        }
    }

    /// Whether the next key is `key`; if so it is consumed.
    pub(crate) fn has_key(&mut self, keys: &mut Keys, key: u64) -> Result<bool, Malformed> {
        if keys.left == 0 {
            return Ok(false);
        }
        if self.input.probe().u64().map_err(|_| Malformed)? != key {
            return Ok(false);
        }
        keys.left -= 1;
        self.uint().map(|_| true)
    }

    /// The head of an array of at most `max` items.
    pub(crate) fn array(&mut self, max: usize) -> Result<usize, Malformed> {
        let len = self.input.array().map_err(|_| Malformed)?.ok_or(Malformed)?;
        usize::try_from(len)
            .ok()
            .filter(|len| *len <= max)
            .ok_or(Malformed)
    }

    /// The head of an array of exactly `len` items.
    pub(crate) fn tuple(&mut self, len: usize) -> Result<(), Malformed> {
        if self.array(len)? == len {
            Ok(())
        } else {
            Err(Malformed)
        }
    }

    /// An array of at most `max` items, each read by `item`.
    pub(crate) fn list<T>(
        &mut self,
        max: usize,
        mut item: impl FnMut(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, Malformed> {
        let len = self.array(max)?;
        // Grown item by item: every item was really there before room for the next is made.
        let mut out = Vec::new();
        for _ in 0..len {
            out.push(item(self)?);
        }
        Ok(out)
    }

    pub(crate) fn uint(&mut self) -> Result<u64, Malformed> {
        self.input.u64().map_err(|_| Malformed)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Malformed> {
        self.input.u32().map_err(|_| Malformed)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Malformed> {
        self.input.u8().map_err(|_| Malformed)
    }

    /// A byte string of at most `max` bytes.
    pub(crate) fn bytes(&mut self, max: usize) -> Result<&'a [u8], Malformed> {
        let bytes = self.input.bytes().map_err(|_| Malformed)?;
        if bytes.len() <= max {
            Ok(bytes)
        } else {
            Err(Malformed)
        }
    }

    /// A byte string of exactly `N` bytes.
    pub(crate) fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.bytes(N)?.try_into().map_err(|_| Malformed)
    }

    /// Text of at most `max` bytes of UTF-8. Normal form is the caller's check.
    pub(crate) fn text(&mut self, max: usize) -> Result<&'a str, Malformed> {
        let text = self.input.str().map_err(|_| Malformed)?;
        if text.len() <= max {
            Ok(text)
        } else {
            Err(Malformed)
        }
    }

    /// Whether the next item is null; if so it is consumed.
    pub(crate) fn is_null(&mut self) -> Result<bool, Malformed> {
        if self.input.datatype().map_err(|_| Malformed)? != Type::Null {
            return Ok(false);
        }
        self.input.null().map_err(|_| Malformed)?;
        Ok(true)
    }

    /// A nested structure.
    pub(crate) fn nested<T: Schema>(&mut self) -> Result<T, Malformed> {
        T::decode(self)
    }

    fn finish(&self) -> Result<(), Malformed> {
        if self.input.position() == self.input.input().len() {
            Ok(())
        } else {
            Err(Malformed)
        }
    }
}

const UINT: u8 = 0;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const NULL: u8 = 0xf6;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Sample {
        id: [u8; 2],
        name: Option<String>,
        list: Vec<Option<u64>>,
    }

    impl Schema for Sample {
        fn encode(&self, out: &mut CborWriter) {
            out.map(2 + usize::from(self.name.is_some()))
                .key(1)
                .bytes(&self.id);
            if let Some(name) = &self.name {
                out.key(2).text(name);
            }
            out.key(30).array(self.list.len());
            for item in &self.list {
                match item {
                    Some(value) => out.uint(*value),
                    None => out.null(),
                };
            }
        }

        fn decode(input: &mut CborReader<'_>) -> Result<Self, Malformed> {
            let mut keys = input.map()?;
            input.key(&mut keys, 1)?;
            let id = input.fixed()?;
            let name = if input.has_key(&mut keys, 2)? {
                Some(input.text(4)?.to_owned())
            } else {
                None
            };
            input.key(&mut keys, 30)?;
            let list = input.list(3, |input| {
                if input.is_null()? {
                    Ok(None)
                } else {
                    input.uint().map(Some)
                }
            })?;
            keys.end()?;
            Ok(Self { id, name, list })
        }
    }

    #[test]
    fn a_structure_reads_back() {
        for value in [
            0,
            23,
            24,
            255,
            256,
            65_535,
            65_536,
            u64::from(u32::MAX),
            1 << 32,
            u64::MAX,
        ] {
            let sample = Sample {
                id: [1, 2],
                name: Some("a".into()),
                list: vec![Some(value), None],
            };
            assert_eq!(from_cbor::<Sample>(&to_cbor(&sample)).unwrap(), sample);
            let mut minimal = Vec::new();
            minicbor::Encoder::new(&mut minimal).u64(value).unwrap();
            let mut out = CborWriter::new();
            out.uint(value);
            assert_eq!(*out.finish(), minimal);
        }
        let sample = Sample {
            id: [1, 2],
            name: None,
            list: vec![],
        };
        assert_eq!(*to_cbor(&sample), [0xa2, 1, 0x42, 1, 2, 0x18, 30, 0x80]);
        assert_eq!(from_cbor::<Sample>(&to_cbor(&sample)).unwrap(), sample);
    }

    #[test]
    fn every_other_form_is_refused() {
        let wrong: &[&[u8]] = &[
            &[],
            &[0xa2, 1, 0x42, 1, 2, 0x18, 30, 0x80, 0], // a trailing byte
            &[0xa2, 1, 0x42, 1, 2, 0x18, 30],          // cut
            &[0xbf, 1, 0x42, 1, 2, 0x18, 30, 0x80, 0xff], // indefinite map
            &[0xa2, 0x18, 1, 0x42, 1, 2, 0x18, 30, 0x80], // key not shortest
            &[0xa2, 1, 0x58, 2, 1, 2, 0x18, 30, 0x80], // length not shortest
            &[0xa2, 0x18, 30, 0x80, 1, 0x42, 1, 2],    // keys out of order
            &[0xa3, 1, 0x42, 1, 2, 0x18, 30, 0x80, 0x18, 31, 0], // unknown key
            &[0xa3, 1, 0x42, 1, 2, 1, 0x42, 1, 2, 0x18, 30, 0x80], // key twice
            &[0xa3, 1, 0x42, 1, 2, 2, 0x65, 97, 97, 97, 97, 97, 0x18, 30, 0x80], // name above its cap
            &[0xa2, 1, 0x42, 1, 2, 0x18, 30, 0x84, 1, 1, 1, 1], // list above its cap
            &[
                0xa2, 1, 0x42, 1, 2, 0x18, 30, 0x9b, 255, 255, 255, 255, 255, 255, 255, 255,
            ],
            &[0xa2, 1, 0x5b, 255, 255, 255, 255, 255, 255, 255, 255],
            &[0xa2, 1, 0x5f, 0x42, 1, 2, 0xff, 0x18, 30, 0x80], // indefinite string
            &[0xa2, 1, 0x42, 1, 2, 0x18, 30, 0x81, 0xf7],       // undefined for null
            &[0xc1, 0xa2, 1, 0x42, 1, 2, 0x18, 30, 0x80],       // a tag
        ];
        for bytes in wrong {
            assert_eq!(from_cbor::<Sample>(bytes), Err(Malformed), "{bytes:02x?}");
        }
    }
}
