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

/// The same without the year where that is this one: `12 sept.`
#[must_use]
pub fn shortest_date(seconds: u64, locale: Locale) -> String {
    let year = |seconds: u64| Date::new(&JsValue::from_f64(seconds as f64 * 1000.0)).get_full_year();
    if year(seconds) == year(now()) {
        written(seconds, locale, &[("day", "numeric"), ("month", "short")])
    } else {
        short_date(seconds, locale)
    }
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

/// `2026-03-12`, in the local time zone: what a field for a day takes.
#[must_use]
pub fn iso_day(seconds: u64) -> String {
    let date = Date::new(&JsValue::from_f64(seconds as f64 * 1000.0));
    let (year, month, day) = (date.get_full_year(), date.get_month() + 1, date.get_date());
    format!("{year:04}-{month:02}-{day:02}")
}

/// The last second of a day written like that; `None` for what is no day.
#[must_use]
pub fn end_of_day(day: &str) -> Option<u64> {
    let milliseconds = Date::parse(&format!("{day}T23:59:59"));
    (milliseconds.is_finite() && milliseconds > 0.0).then_some((milliseconds / 1000.0) as u64)
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
