//! Whether bytes could be chance: bits by their place, bytes by their place, and what neighbours have in common.
//!
//! Bounds so far out that honest randomness passes them less than once in a million logs.

/// Something about the values that chance does not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bias {
    /// This bit is not one half of the time.
    Bit(usize),
    /// This byte prefers some values.
    Byte(usize),
    /// This bit of a value says something about that of the value so many further on.
    Neighbour(usize, usize),
    /// There are too few values to say anything.
    TooFew,
}

/// Everything that is odd about these values, all of one length.
pub(super) fn biases<const N: usize>(values: &[[u8; N]]) -> Vec<Bias> {
    if values.len() < LEAST {
        return vec![Bias::TooFew];
    }
    let mut found: Vec<Bias> = odd_bits(values.iter().copied()).map(Bias::Bit).collect();
    found.extend((0..N).filter(|at| is_uneven(values, *at)).map(Bias::Byte));
    for lag in 1..=LAGS {
        let pairs = values.iter().zip(values.iter().skip(lag));
        let differences =
            pairs.map(|(one, other)| -> [u8; N] { std::array::from_fn(|at| one[at] ^ other[at]) });
        let odd = odd_bits(differences);
        found.extend(odd.map(|bit| Bias::Neighbour(bit, lag)));
    }
    found
}

/// Bits that are set more or less often than a coin would.
fn odd_bits<const N: usize>(values: impl Iterator<Item = [u8; N]>) -> impl Iterator<Item = usize> {
    let mut ones = vec![0_u32; 8 * N];
    let mut count = 0_u32;
    for value in values {
        count += 1;
        for (bit, ones) in ones.iter_mut().enumerate() {
            *ones += u32::from(value[bit / 8] >> (bit % 8) & 1);
        }
    }
    let count = f64::from(count);
    let is_odd = move |ones: u32| (f64::from(ones) - count / 2.0).abs() > DEVIATIONS * count.sqrt() / 2.0;
    let bits = ones.into_iter().enumerate();
    bits.filter(move |(_, ones)| is_odd(*ones)).map(|(bit, _)| bit)
}

/// Chi-squared over the 256 values of the byte at this place.
fn is_uneven<const N: usize>(values: &[[u8; N]], at: usize) -> bool {
    let mut seen = [0_u32; 256];
    for value in values {
        seen[usize::from(value[at])] += 1;
    }
    let expected = values.len() as f64 / 256.0;
    let distance = |seen: &u32| (f64::from(*seen) - expected).powi(2) / expected;
    let chi_squared: f64 = seen.iter().map(distance).sum();
    // 255 degrees of freedom: mean 255, variance 510.
    chi_squared > 255.0 + CHI_DEVIATIONS * 510_f64.sqrt()
}

/// Values without which nothing is said.
const LEAST: usize = 200;
/// How far on a value is looked at beside another.
const LAGS: usize = 4;
/// Of a normal distribution: 8 in 10^11, for some two thousand bits.
const DEVIATIONS: f64 = 6.5;
/// More, since chi-squared has the longer tail.
const CHI_DEVIATIONS: f64 = 9.0;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use crypto::hash::sha256;

    use super::*;

    fn random(count: u32, from: u8) -> Vec<[u8; 32]> {
        let input = |n: u32| [&[from][..], &n.to_be_bytes()].concat();
        (0..count).map(|n| sha256(&input(n))).collect()
    }

    #[test]
    fn chance_is_not_accused() {
        for from in 0..20 {
            assert_eq!(biases(&random(400, from)), []);
        }
        assert_eq!(biases(&random(2_000, 0)), []);
        assert_eq!(biases(&random(100, 0)), [Bias::TooFew]);
    }

    #[test]
    fn a_bit_a_byte_and_a_neighbour_are_seen() {
        let mut values = random(300, 0);
        values.iter_mut().for_each(|value| value[3] |= 0x10);
        assert!(biases(&values).contains(&Bias::Bit(3 * 8 + 4)));

        // Sixteen values, each bit of them fair.
        let mut values = random(300, 0);
        values
            .iter_mut()
            .for_each(|value| value[5] = value[5] & 0x0f | value[5] << 4);
        let found = biases(&values);
        assert!(found.contains(&Bias::Byte(5)) && !found.iter().any(|bias| matches!(bias, Bias::Bit(_))));

        // A bit that tells one act of two.
        let mut values = random(300, 0);
        for (n, value) in values.iter_mut().enumerate() {
            value[0] = value[0] & 0xfe | u8::from(n % 2 == 0);
        }
        let found = biases(&values);
        assert!(found.contains(&Bias::Neighbour(0, 1)) && found.contains(&Bias::Neighbour(0, 2)));
    }
}
