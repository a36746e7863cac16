//! Dates in the reader's language, by the browser's own tables. May not translate.

use js_sys::{Date, Object, Reflect};
use wasm_bindgen::JsValue;

use crate::text::Locale;

/// `12 mars 2026`, in the local time zone.
#[must_use]
pub fn date(seconds: u64, locale: Locale) -> String {
    written(
        seconds,
        locale,
        &[("day", "numeric"), ("month", "long"), ("year", "numeric")],
    )
}

/// `12 mars 2026`, shortened where the language has short months: `12 sept. 2026`.
#[must_use]
pub fn short_date(seconds: u64, locale: Locale) -> String {
    written(
        seconds,
        locale,
        &[("day", "numeric"), ("month", "short"), ("year", "numeric")],
    )
}

/// `12 mars`, for what is not long ago.
#[must_use]
pub fn day(seconds: u64, locale: Locale) -> String {
    written(seconds, locale, &[("day", "numeric"), ("month", "long")])
}

/// Hour and minute in the local time zone; the minute has two figures.
#[must_use]
pub fn clock(seconds: u64) -> (String, String) {
    let date = Date::new(&JsValue::from_f64(seconds as f64 * 1000.0));
    (date.get_hours().to_string(), format!("{:02}", date.get_minutes()))
}

/// This moment, Unix seconds.
#[must_use]
pub fn now() -> u64 {
    (Date::now() / 1000.0) as u64
}

fn written(seconds: u64, locale: Locale, parts: &[(&str, &str)]) -> String {
    let options = Object::new();
    for (key, value) in parts {
        // Setting a field of a fresh object does not fail.
        let _ = Reflect::set(&options, &JsValue::from_str(key), &JsValue::from_str(value));
    }
    let date = Date::new(&JsValue::from_f64(seconds as f64 * 1000.0));
    // Dates must not break over two lines.
    String::from(date.to_locale_date_string(region(locale), &options)).replace(' ', "\u{a0}")
}

/// Day before month in both languages.
const fn region(locale: Locale) -> &'static str {
    match locale {
        Locale::Fr => "fr-FR",
        Locale::En => "en-GB",
    }
}
