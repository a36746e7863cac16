//! The sealing of parts alone, for `cargo xtask bench`: the code that the worker runs, called from a page that measures
//! it. Not part of the bundle.

use sdk::flows::seal::SealJob;
use wasm_bindgen::prelude::wasm_bindgen;

/// Seals one body of `plain_len` bytes, part by part as an upload does; every part is `part`, cut to what is left.
/// Returns the bytes that would be sent, 0 where a part was refused.
#[wasm_bindgen]
#[must_use]
pub fn seal(part: &[u8], plain_len: u32) -> u32 {
    let mut job = [7; 80];
    job[72..].copy_from_slice(&u64::from(plain_len).to_be_bytes());
    let job = SealJob::parse(&job);
    let (mut left, mut sent) = (plain_len as usize, 0);
    for number in 0.. {
        if left == 0 {
            break;
        }
        let plain = &part[..left.min(part.len())];
        let Ok(sealed) = job.seal(number, plain) else {
            return 0;
        };
        sent += sealed.bytes.len();
        left -= plain.len();
    }
    u32::try_from(sent).unwrap_or(0)
}

fn main() {}
