//! Whether bytes look like ciphertext (A9): ones and zeros, values of bytes, what compression gains. It exposes plaintext
//! and cannot prove encryption: what is random for these tests may be anything.

use miniz_oxide::deflate::compress_to_vec;

/// What many samples have in common.
#[derive(Debug)]
pub struct Fleet {
    counts: [u64; 256],
    samples: u64,
}

/// Which test a sample fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Ones and zeros are not even.
    Bits,
    /// Values of bytes are not even, or too even.
    Values,
    /// It can be compressed.
    Compressible,
}

impl Default for Fleet {
    fn default() -> Self {
        Self {
            counts: [0; 256],
            samples: 0,
        }
    }
}

impl Fleet {
    /// Looks at one sample and adds it to all.
    pub fn look(&mut self, sample: &[u8]) -> Option<Fault> {
        let counts = counted(sample);
        for (all, own) in self.counts.iter_mut().zip(counts) {
            *all += own;
        }
        self.samples += 1;
        fault_of(&counts).or_else(|| is_compressible(sample).then_some(Fault::Compressible))
    }

    /// Looks at all of them together: what hides in single samples adds up.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        fault_of(&self.counts)
    }

    /// Samples looked at.
    #[must_use]
    pub const fn samples(&self) -> u64 {
        self.samples
    }

    /// Bytes looked at.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.counts.iter().sum()
    }
}

fn counted(sample: &[u8]) -> [u64; 256] {
    let mut counts = [0; 256];
    for byte in sample {
        counts[usize::from(*byte)] += 1;
    }
    counts
}

fn fault_of(counts: &[u64; 256]) -> Option<Fault> {
    let bytes: u64 = counts.iter().sum();
    if bytes < LEAST {
        return None;
    }
    let ones: u64 = (0..)
        .zip(counts)
        .map(|(value, count): (u32, &u64)| u64::from(value.count_ones()) * count)
        .sum();
    let bits = bytes as f64 * 8.0;
    let deviation = (ones as f64 - bits / 2.0) / (bits / 4.0).sqrt();
    if deviation.abs() > FAR {
        return Some(Fault::Bits);
    }
    let expected = bytes as f64 / 256.0;
    let square = |count: &u64| (*count as f64 - expected).powi(2) / expected;
    let chi_squared: f64 = counts.iter().map(square).sum();
    // Wilson and Hilferty: the cube root is nearly normal.
    let spread = 2.0 / (9.0 * DEGREES);
    let deviation = ((chi_squared / DEGREES).cbrt() - (1.0 - spread)) / spread.sqrt();
    (deviation.abs() > FAR).then_some(Fault::Values)
}

/// What cannot be compressed comes out longer than it went in.
fn is_compressible(sample: &[u8]) -> bool {
    sample.len() as u64 >= LEAST
        && [1, 6, 9]
            .iter()
            .any(|level| compress_to_vec(sample, *level).len() < sample.len())
}

/// Standard deviations that chance passes once in 2^40 samples.
const FAR: f64 = 7.15;
/// Values of a byte, less one.
const DEGREES: f64 = 255.0;
/// Bytes below which nothing is said: five of each value.
const LEAST: u64 = 1_280;

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(len: usize) -> Vec<u8> {
        let mut state = 7_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_be_bytes()[3]
        };
        (0..len).map(|_| next()).collect()
    }

    #[test]
    fn noise_passes_alone_and_in_numbers() {
        let mut fleet = Fleet::default();
        for chunk in noise(400 * 16_400).chunks(16_400) {
            assert_eq!(fleet.look(chunk), None);
        }
        assert_eq!(
            (fleet.fault(), fleet.samples(), fleet.bytes()),
            (None, 400, 6_560_000)
        );
    }

    #[test]
    fn what_is_not_noise_is_seen() {
        let text = "Avis d’imposition sur les revenus de l’année. "
            .repeat(400)
            .into_bytes();
        let base64 = base64::BASE64.encode(&noise(12_000)).into_bytes();
        let even: Vec<u8> = (0..16_384_u32)
            .map(|at| (at.wrapping_mul(167) >> 3) as u8)
            .collect();
        let repeated = noise(4_100).repeat(4);
        for sample in [&text, &base64, &even, &repeated, &vec![0; 16_400]] {
            assert!(Fleet::default().look(sample).is_some());
        }
        // A bias that no single chunk shows.
        let mut fleet = Fleet::default();
        for chunk in noise(3_000 * 2_000).chunks(2_000) {
            let mut chunk = chunk.to_vec();
            chunk[..24].fill(b' ');
            assert_eq!(fleet.look(&chunk), None);
        }
        assert!(fleet.fault().is_some());
    }

    #[test]
    fn of_a_few_bytes_nothing_is_said() {
        assert_eq!(Fleet::default().look(&[0; 1_000]), None);
    }
}
