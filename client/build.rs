//! Turns `locales/fr.json` and `locales/en.json` into one Rust function per text, so that a missing key, a missing
//! language or a wrong parameter does not compile. May not know any text itself.
//!
//! A text is a string, or a plural `{"one": .., "other": ..}` chosen by `count`. `{name}` is a parameter.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use serde_json::{Map, Value};

fn main() {
    println!("cargo::rerun-if-changed=../client/locales");
    let root = env::var("CARGO_MANIFEST_DIR").expect("set by cargo");
    let read = |name: &str| -> Map<String, Value> {
        // Seen from the client itself, and from the tests that compile its pure parts natively.
        let path = Path::new(&root).join("../client/locales").join(name);
        let text = fs::read_to_string(&path).expect("a locale file");
        match serde_json::from_str(&text) {
            Ok(Value::Object(map)) => map,
            other => panic!("{name} is not a JSON object: {other:?}"),
        }
    };
    let mut out = String::new();
    write_group(&mut out, &read("fr.json"), &read("en.json"), "", 0);
    let target = Path::new(&env::var("OUT_DIR").expect("set by cargo")).join("text.rs");
    fs::write(target, out).expect("the output folder takes a file");
}

/// One JSON object becomes one module; a group of plain texts also gets `by_key`, for codes known at run time.
fn write_group(out: &mut String, fr: &Map<String, Value>, en: &Map<String, Value>, path: &str, depth: usize) {
    assert!(
        fr.keys().eq(en.keys()),
        "fr.json and en.json differ in the keys of `{path}`"
    );
    let mut plain = Vec::new();
    for (key, fr) in fr {
        let at = format!("{path}.{key}");
        match (fr, &en[key]) {
            (Value::Object(fr), Value::Object(en)) if !is_plural(fr) => {
                let _ = writeln!(out, "pub mod {key} {{ use super::*;");
                write_group(out, fr, en, &at, depth + 1);
                out.push_str("}\n");
            }
            (fr, en) => {
                let parameters = parameters_of(fr);
                assert!(
                    parameters == parameters_of(en),
                    "fr and en differ in the parameters of `{at}`"
                );
                write_text(out, key, fr, en, &parameters);
                if parameters.is_empty() {
                    plain.push(key);
                }
            }
        }
    }
    if plain.len() == fr.len() && depth > 0 {
        out.push_str("pub fn by_key(l: Locale, key: &str) -> Option<&'static str> { match key {\n");
        for key in plain {
            let _ = writeln!(out, "{key:?} => Some({key}(l)),");
        }
        out.push_str("_ => None } }\n");
    }
}

fn write_text(out: &mut String, key: &str, fr: &Value, en: &Value, parameters: &BTreeSet<String>) {
    if parameters.is_empty() {
        let (fr, en) = (fr.as_str().expect("a text"), en.as_str().expect("a text"));
        let _ = writeln!(
            out,
            "pub fn {key}(l: Locale) -> &'static str {{ match l {{ Locale::Fr => {fr:?}, Locale::En => {en:?} }} }}"
        );
        return;
    }
    let _ = write!(out, "pub fn {key}(l: Locale");
    // A plural takes its count as a number; everything else arrives as text, already in the reader's form.
    let plural = fr.is_object();
    for name in parameters {
        let kind = if plural && name == "count" { "u64" } else { "&str" };
        let _ = write!(out, ", {name}: {kind}");
    }
    out.push_str(") -> String { match l {\n");
    for (locale, value) in [("Fr", fr), ("En", en)] {
        match value {
            Value::String(text) => {
                let _ = writeln!(out, "Locale::{locale} => {},", filled(text));
            }
            Value::Object(forms) => {
                let _ = writeln!(
                    out,
                    "Locale::{locale} => if l.is_one(count) {{ {} }} else {{ {} }},",
                    filled(forms["one"].as_str().expect("a text")),
                    filled(forms["other"].as_str().expect("a text")),
                );
            }
            _ => panic!("`{key}` is neither a text nor a plural"),
        }
    }
    out.push_str("} }\n");
}

/// What makes a text with its parameters; one form of a plural may have none.
fn filled(text: &str) -> String {
    if text.contains('{') {
        format!("format!({text:?})")
    } else {
        format!("{text:?}.to_owned()")
    }
}

fn is_plural(map: &Map<String, Value>) -> bool {
    map.len() == 2 && map.contains_key("one") && map.contains_key("other")
}

fn parameters_of(value: &Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let texts: Vec<&str> = match value {
        Value::String(text) => vec![text],
        Value::Object(forms) => {
            names.insert("count".to_owned());
            forms.values().filter_map(Value::as_str).collect()
        }
        _ => panic!("a text is a string or a plural"),
    };
    for text in texts {
        for rest in text.split('{').skip(1) {
            let name = rest.split('}').next().expect("split gives at least one piece");
            names.insert(name.to_owned());
        }
    }
    names
}
