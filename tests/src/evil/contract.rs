//! One good answer, broken in every way that `spec/wire.md` does not allow: status, media type, length, JSON.

use sdk::flows::Response;
use serde_json::{Value, json};
use shared::error::PROBLEM_JSON;
use shared::{ErrorCode, Problem, RequestId};

/// Every broken form of a good answer, each with its name; the first word of the name is its kind.
#[must_use]
pub fn broken(good: &Response) -> Vec<(String, Response)> {
    let mut all = Vec::new();
    statuses(good, &mut all);
    problems(good, &mut all);
    if good.body.is_empty() {
        all.push(with("unasked: a body", good, good.status, None, b"{}"));
        return all;
    }
    media_types(good, &mut all);
    lengths(good, &mut all);
    if let Ok(value) = serde_json::from_slice::<Value>(&good.body) {
        structure(good, &value, &mut all);
    }
    all
}

/// The kinds, one for each first word.
pub(super) const KINDS: [&str; 11] = [
    "status", "redirect", "problem", "media", "html", "cut", "longer", "extra", "repeated", "missing",
    "another",
];

type Named = (String, Response);

fn with(name: &str, good: &Response, status: u16, media: Option<&str>, body: &[u8]) -> Named {
    let mut headers = good.headers.clone();
    headers.retain(|(name, _)| name != "content-type");
    headers.extend(media.map(|media| ("content-type".to_owned(), media.to_owned())));
    let response = Response {
        status,
        headers,
        body: body.to_vec().into(),
    };
    (name.to_owned(), response)
}

fn statuses(good: &Response, all: &mut Vec<Named>) {
    let others = [200, 201, 202, 203, 204, 205, 206, 226, 400, 404, 500, 503];
    for status in others.into_iter().filter(|status| *status != good.status) {
        let answer = Response {
            status,
            ..good.clone()
        };
        all.push((format!("status: {status}"), answer));
    }
    for status in [301, 302, 303, 307, 308] {
        for place in ["https://ailleurs.example/", "/api/v1/deployment"] {
            let mut answer = good.clone();
            answer.status = status;
            answer.headers.push(("location".to_owned(), place.to_owned()));
            all.push((format!("redirect: {status} to {place}"), answer));
        }
    }
}

/// Problems that contradict themselves: a client that read their codes anyway would follow a liar.
fn problems(good: &Response, all: &mut Vec<Named>) {
    let honest = Problem::new(ErrorCode::NotFound, RequestId([7; 16]));
    let honest = serde_json::to_value(honest).expect("JSON");
    let mut add = |name: &str, status: u16, media: &str, change: &dyn Fn(&mut Value)| {
        let mut problem = honest.clone();
        change(&mut problem);
        let body = problem.to_string();
        all.push(with(
            &format!("problem: {name}"),
            good,
            status,
            Some(media),
            body.as_bytes(),
        ));
    };
    add("of success", good.status, PROBLEM_JSON, &|_| {});
    add("of another status than its code", 409, PROBLEM_JSON, &|_| {});
    add("that says another status", 404, PROBLEM_JSON, &|problem| {
        problem["status"] = json!(410)
    });
    add("as plain JSON", 404, "application/json", &|_| {});
    add("of an unknown code", 404, PROBLEM_JSON, &|problem| {
        problem["code"] = json!("gone")
    });
    add("of a type of its own", 404, PROBLEM_JSON, &|problem| {
        problem["type"] = json!("https://ailleurs.example/")
    });
    add("with a text", 404, PROBLEM_JSON, &|problem| {
        problem["detail"] = json!("<a>")
    });
    add("that waits too long", 404, PROBLEM_JSON, &|problem| {
        problem["retry_after"] = json!(1_u64 << 40)
    });
    for field in ["type", "status", "code", "retry_after", "limit", "request"] {
        add(&format!("without {field}"), 404, PROBLEM_JSON, &|problem| {
            problem.as_object_mut().expect("an object").remove(field);
        });
    }
}

fn media_types(good: &Response, all: &mut Vec<Named>) {
    let own = good.header("content-type").unwrap_or_default().to_owned();
    let others = [
        "text/html",
        "text/plain",
        "application/json",
        "application/octet-stream",
        "application/problem+json",
        "application/jsonx",
        "application/json; charset=utf-7",
        "application/json, text/html",
    ];
    // A charset may be left out: there is one.
    let bare = own.split(';').next().unwrap_or_default();
    for media in others
        .into_iter()
        .filter(|media| ![own.as_str(), bare].contains(media))
    {
        all.push(with(
            &format!("media: {media}"),
            good,
            good.status,
            Some(media),
            &good.body,
        ));
    }
    all.push(with("media: none", good, good.status, None, &good.body));
    let page = b"<!doctype html><title>Connexion</title><form action=//ailleurs.example>";
    all.push(with("html: said", good, good.status, Some("text/html"), page));
    all.push(with("html: unsaid", good, good.status, Some(&own), page));
}

fn lengths(good: &Response, all: &mut Vec<Named>) {
    let own = good.header("content-type").unwrap_or_default().to_owned();
    let body = &good.body;
    for (name, body) in [
        ("cut: to nothing", &body[..0]),
        ("cut: in the middle", &body[..body.len() / 2]),
        ("cut: by a byte", &body[..body.len() - 1]),
        ("longer: by a byte", &[body, &b"0"[..]].concat()),
        ("longer: twice", &[&body[..], &body[..]].concat()),
    ] {
        all.push(with(name, good, good.status, Some(&own), body));
    }
}

/// Every object with a field too many, too few or twice; every value of another type or out of range.
fn structure(good: &Response, whole: &Value, all: &mut Vec<Named>) {
    let mut add = |name: String, text: String| {
        let answer = Response {
            body: text.into_bytes().into(),
            ..good.clone()
        };
        all.push((name, answer));
    };
    for place in places(whole) {
        let at = |change: &dyn Fn(&mut Value)| {
            let mut value = whole.clone();
            change(value.pointer_mut(&place).expect("a place of this value"));
            value.to_string()
        };
        let here = whole.pointer(&place).expect("a place of this value");
        if let Value::Object(fields) = here {
            add(
                format!("extra: a field in {place:?}"),
                at(&|value| value["more"] = json!(1)),
            );
            for (field, twice) in fields {
                let text = at(&|value| value["TWICE"] = twice.clone());
                add(
                    format!("repeated: {field} in {place:?}"),
                    text.replace("\"TWICE\"", &format!("{field:?}")),
                );
                let text = at(&|value| {
                    value.as_object_mut().expect("an object").remove(field);
                });
                add(format!("missing: {field} in {place:?}"), text);
            }
        }
        for other in others(&place, here) {
            let name = format!("another: {other} in {place:?}");
            let other = at(&|value| *value = json!("OTHER")).replace("\"OTHER\"", &other);
            add(name, other);
        }
    }
}

/// JSON pointers of a value and everything in it; of a list, the first item.
fn places(value: &Value) -> Vec<String> {
    let mut all = vec![String::new()];
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(items) => items.iter().take(1).map(|item| ("0".to_owned(), item)).collect(),
        _ => Vec::new(),
    };
    for (name, value) in inner {
        all.extend(places(value).into_iter().map(|place| format!("/{name}{place}")));
    }
    all
}

/// JSON texts that may not stand where this value stands.
fn others(place: &str, value: &Value) -> Vec<String> {
    let own = value.to_string();
    let mut texts: Vec<String> = match value {
        Value::Object(_) => vec!["[]".to_owned(), "null".to_owned(), "\"\"".to_owned()],
        Value::Array(_) => vec!["{}".to_owned(), "null".to_owned(), "0".to_owned()],
        Value::String(_) => vec![
            "0".to_owned(),
            "true".to_owned(),
            "[]".to_owned(),
            "{}".to_owned(),
        ],
        Value::Number(_) => vec![
            format!("\"{own}\""),
            format!("{own}.5"),
            "-1".to_owned(),
            "1e99".to_owned(),
            "18446744073709551616".to_owned(),
            "[]".to_owned(),
        ],
        // A number that is not there.
        _ => vec![
            "\"0\"".to_owned(),
            "-1".to_owned(),
            "1e99".to_owned(),
            "{}".to_owned(),
        ],
    };
    if value.is_number() && !place.ends_with("/next") {
        texts.push("null".to_owned());
    }
    let plain = ["handle", "version", "licence", "source", "key"];
    let field = place.rsplit('/').next().unwrap_or_default();
    if let Value::String(text) = value
        && !plain.contains(&field)
    {
        // Bytes have one form.
        texts.extend([
            format!("\"{text}=\""),
            format!("\" {text}\""),
            format!("\"{}+\"", text.get(1..).unwrap_or_default()),
        ]);
    }
    texts
}
