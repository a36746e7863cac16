//! Numbers and names as people read them. Pure; texts come from the locale files.

use crate::text::{self, Locale};

/// `2,4 Mo`, `184 Ko`, `2 Go`: powers of ten, one decimal below ten.
#[must_use]
pub fn size(bytes: u64, locale: Locale) -> String {
    let units: [fn(Locale, &str) -> String; 4] = [
        text::size::bytes,
        text::size::kilo,
        text::size::mega,
        text::size::giga,
    ];
    let mut scaled = bytes as f64;
    let mut unit = 0;
    // 999.5 of one unit would be written 1000: it is 1 of the next.
    while scaled >= 999.5 && unit + 1 < units.len() {
        scaled /= 1000.0;
        unit += 1;
    }
    let mut number = if unit > 0 && scaled < 9.95 {
        format!("{scaled:.1}")
    } else {
        format!("{scaled:.0}")
    };
    if let Some(whole) = number.strip_suffix(".0") {
        number = whole.to_owned();
    }
    if locale == Locale::Fr {
        number = number.replace('.', ",");
    }
    units
        .get(unit)
        .map_or_else(String::new, |write| write(locale, &number))
}

/// A file name as stem and extension, so that the extension stays in sight: `("Bail", ".pdf")`.
#[must_use]
pub fn split_name(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if dot > 0 && name.len() - dot <= 6 && dot + 1 < name.len() => name.split_at(dot),
        _ => (name, ""),
    }
}

/// A stem of at most two lines on a narrow phone: beginning and end stay, what is left out is shown as left out.
#[must_use]
pub fn shorten(stem: &str) -> String {
    let letters: Vec<char> = stem.chars().collect();
    if letters.len() <= STEM {
        return stem.to_owned();
    }
    let (begin, end) = (
        letters.iter().take(STEM_BEGIN),
        letters.iter().skip(letters.len() - STEM_END),
    );
    begin.chain(std::iter::once(&'…')).chain(end).collect()
}

const STEM: usize = 48;
const STEM_BEGIN: usize = 32;
const STEM_END: usize = 15;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_take_the_unit_that_keeps_them_short() {
        let written = |bytes| size(bytes, Locale::Fr);
        assert_eq!(written(0), "0\u{a0}o");
        assert_eq!(written(999), "999\u{a0}o");
        assert_eq!(written(1_000), "1\u{a0}Ko");
        assert_eq!(written(184_320), "184\u{a0}Ko");
        assert_eq!(written(2_400_000), "2,4\u{a0}Mo");
        assert_eq!(written(9_960_000), "10\u{a0}Mo");
        assert_eq!(written(999_600), "1\u{a0}Mo");
        assert_eq!(written(2_000_000_000), "2\u{a0}Go");
        assert_eq!(size(2_400_000, Locale::En), "2.4\u{a0}MB");
    }

    #[test]
    fn a_long_name_keeps_both_its_ends() {
        assert_eq!(shorten("Bail"), "Bail");
        let short = shorten(&format!("Avis {} 2026", "é".repeat(200)));
        assert_eq!(short.chars().count(), STEM);
        assert!(short.starts_with("Avis é") && short.contains('…') && short.ends_with("é 2026"));
    }

    #[test]
    fn the_extension_is_told_from_the_name() {
        assert_eq!(split_name("Bail du 14.06.pdf"), ("Bail du 14.06", ".pdf"));
        assert_eq!(split_name("notes"), ("notes", ""));
        assert_eq!(split_name(".profile"), (".profile", ""));
        assert_eq!(split_name("fin."), ("fin.", ""));
        assert_eq!(split_name("M. et Mme Arnaud"), ("M. et Mme Arnaud", ""));
    }
}
