//! The grammar of the wire: everything that a client may say, route by route, value by value. Nothing else may leave a
//! device. The table is the one of `spec/wire.md`, section 10; a test holds them to each other.
//!
//! A value has to be what its place says: a structure is parsed, JSON must be the type's own bytes and nothing around
//! them, a header stands once. What this cannot see: random bytes where random bytes belong.

use base64::BASE64URL_NOPAD;
use crypto::account::bundle::VerifiedBundle;
use crypto::account::handle::Handle;
use crypto::account::record::{Record, RecordKind};
use crypto::account::slot::Slot;
use crypto::audit::tile::Tile;
use crypto::collection::charter::Charter;
use crypto::collection::head::Head;
use crypto::collection::page::verify_page_len;
use crypto::document::body::{BodyHeader, part_hash};
use crypto::document::padding::verify_ct_len;
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::{Hash, path};

use super::wire::Request;

pub use super::table::RULES;

/// What one route may carry.
pub struct Rule {
    /// `GET`, `POST`.
    pub method: &'static str,
    /// The route, with axum's parameters.
    pub route: &'static str,
    /// Whether a session signs it.
    pub signed: Signed,
    /// What its body is.
    pub body: Body,
    /// Every place beside `authorization` and `content-type` that holds a value.
    pub places: &'static [(&'static str, Form)],
}

/// Whether a session signs a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signed {
    /// Nobody's name is on it.
    Never,
    /// Always.
    Always,
    /// By whoever changes a password, not by whoever makes an account.
    Either,
}

/// What a body is.
#[derive(Clone, Copy)]
pub enum Body {
    /// There is none.
    None,
    /// JSON of one type, as this reads and writes it again.
    Json(fn(&[u8]) -> bool),
    /// One part of a body, which the part's hash names.
    Part,
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// 16 bytes.
    Id,
    /// 32 bytes.
    Hash,
    /// So many bytes.
    Bytes(usize),
    /// A count, a size of the log, a number of a head.
    Number,
    /// A number that may be left out.
    NumberOrNone,
    /// A length of ciphertext that padding can give.
    PaddedLen,
    /// What a person is called: the one word that they choose and the server reads.
    Handle,
    /// CVS1.
    Slot,
    /// CAR1 of this kind.
    Record(RecordKind),
    /// CID1, signed by itself.
    Bundle,
    /// CVK1.
    Charter,
    /// CVH1.
    Head,
    /// CVB1.
    Header,
    /// Ciphertext of a page's length.
    Page,
    /// `"<hash>"`.
    Tag,
    /// `bytes=<number>-<number>`.
    Range,
}

/// A request that is not of the grammar: which one, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Method and route.
    pub request: String,
    /// The place that does not belong there, or does not hold what belongs there.
    pub place: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.request, self.place)
    }
}

/// Holds a request to the grammar.
///
/// # Errors
/// The first [`Fault`].
pub fn judge(request: &Request) -> Result<(), Fault> {
    let fault = |place: &str| Fault {
        request: request.title(),
        place: place.to_owned(),
    };
    let (path, query) = match request.path.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (request.path.as_str(), None),
    };
    let rule = RULES
        .iter()
        .find(|rule| rule.method == request.method && fits(rule.route, path))
        .ok_or_else(|| fault("route"))?;
    if !fits_query(rule, query) {
        return Err(fault("query"));
    }
    let signs = request.headers.iter().any(|(name, _)| name == "authorization");
    if matches!(
        (rule.signed, signs),
        (Signed::Never, true) | (Signed::Always, false)
    ) {
        return Err(fault("header authorization"));
    }
    for (at, (name, value)) in request.headers.iter().enumerate() {
        let before = request.headers.get(..at).unwrap_or_default();
        if before.iter().any(|(other, _)| other == name) || !fits_header(rule, request, name, value) {
            return Err(fault(&format!("header {name}")));
        }
    }
    for (place, _) in rule
        .places
        .iter()
        .filter(|(place, _)| place.starts_with("header "))
    {
        let name = place.trim_start_matches("header ");
        if request.headers.iter().all(|(other, _)| other != name) {
            return Err(fault(place));
        }
    }
    if !fits_body(rule, request) {
        return Err(fault("body"));
    }
    for (place, value) in request.values() {
        if place.starts_with("json") && !form(rule, &place).is_some_and(|form| form.is(&value)) {
            return Err(fault(&place));
        }
    }
    Ok(())
}

/// The table as `spec/wire.md` has it: each request with its places below it.
pub fn lines() -> impl Iterator<Item = String> {
    RULES.iter().flat_map(|rule| {
        let signed = match rule.signed {
            Signed::Never => "",
            Signed::Always => " signed",
            Signed::Either => " signed or not",
        };
        let head = format!("{} {}{signed}", rule.method, rule.route);
        let places = rule
            .places
            .iter()
            .map(|(place, form)| format!("  {place}: {}", form.name()));
        let part = matches!(rule.body, Body::Part)
            .then(|| "  octets: ciphertext of one part, which the hash names".to_owned());
        [head].into_iter().chain(places).chain(part).collect::<Vec<_>>()
    })
}

/// Whether these bytes are a value of `T` exactly as the wire writes it.
pub(super) fn json<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> bool {
    shared::json::from_slice::<T>(bytes)
        .ok()
        .and_then(|value| serde_json::to_vec(&value).ok())
        .is_some_and(|again| again == bytes)
}

fn form(rule: &Rule, place: &str) -> Option<Form> {
    rule.places
        .iter()
        .find(|(known, _)| *known == place)
        .map(|(_, form)| *form)
}

/// Whether a path is one of a route: an id in the place of an id, a number in the place of a number.
fn fits(route: &str, path: &str) -> bool {
    if let Some((before, _)) = route.split_once("tile/{*") {
        return path
            .strip_prefix(before)
            .is_some_and(|tile| Tile::parse(tile).is_some());
    }
    let (route, path): (Vec<_>, Vec<_>) = (route.split('/').collect(), path.split('/').collect());
    route.len() == path.len()
        && route.iter().zip(&path).all(|(of, step)| match *of {
            "{part}" => Form::Number.is(step),
            of if of.starts_with('{') => Form::Id.is(step),
            of => of == *step,
        })
}

fn fits_query(rule: &Rule, query: Option<&str>) -> bool {
    let mut said = query
        .map_or_else(Vec::new, |query| query.split('&').collect())
        .into_iter()
        .peekable();
    for (place, form) in rule.places {
        let Some(name) = place.strip_prefix("query ") else {
            continue;
        };
        let value = said
            .peek()
            .and_then(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        match value {
            Some(value) if form.is(value) => _ = said.next(),
            None if *form == Form::NumberOrNone => {}
            _ => return false,
        }
    }
    said.next().is_none()
}

fn fits_header(rule: &Rule, request: &Request, name: &str, value: &str) -> bool {
    match name {
        "authorization" => value
            .strip_prefix(path::AUTH_SCHEME)
            .and_then(|value| value.strip_prefix(' '))
            .and_then(|value| value.split_once('.'))
            .is_some_and(|(id, mac)| Form::Id.is(id) && Form::Hash.is(mac)),
        "content-type" => match rule.body {
            Body::None => false,
            Body::Json(_) => value == "application/json",
            Body::Part => value == "application/octet-stream",
        },
        // What HTTP itself adds below a client.
        "content-length" => value.parse() == Ok(request.body.len()),
        "accept" => value == "*/*",
        "host" => value
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || ".-:[]".contains(c)),
        name => form(rule, &format!("header {name}")).is_some_and(|form| form.is(value)),
    }
}

fn fits_body(rule: &Rule, request: &Request) -> bool {
    let is_said = request.headers.iter().any(|(name, _)| name == "content-type");
    match rule.body {
        Body::None => request.body.is_empty(),
        Body::Json(is_type) => is_said && is_type(&request.body),
        Body::Part => {
            let named = request.headers.iter().find(|(name, _)| name == path::PART_HASH);
            let hash = part_hash(&request.body).map(|hash| Hash(hash).to_string());
            is_said && named.is_some_and(|(_, named)| hash.as_ref() == Ok(named))
        }
    }
}

impl Form {
    /// Whether this text is a value of this form.
    #[must_use]
    pub fn is(self, text: &str) -> bool {
        let bytes = || BASE64URL_NOPAD.decode(text.as_bytes()).ok();
        let number = |text: &str| text.parse::<u64>().is_ok_and(|number| number.to_string() == text);
        match self {
            Self::Id => bytes().is_some_and(|bytes| bytes.len() == 16),
            Self::Hash => bytes().is_some_and(|bytes| bytes.len() == 32),
            Self::Bytes(count) => bytes().is_some_and(|bytes| bytes.len() == count),
            Self::Number | Self::NumberOrNone => number(text),
            Self::PaddedLen => number(text) && text.parse().is_ok_and(|len| verify_ct_len(len).is_ok()),
            Self::Handle => Handle::parse(text).is_ok(),
            Self::Slot => bytes().is_some_and(|bytes| Slot::parse(&bytes).is_ok()),
            Self::Record(kind) => bytes()
                .and_then(|bytes| Record::parse(&bytes).ok())
                .is_some_and(|record| record.header().kind == kind),
            Self::Bundle => bytes().is_some_and(|bytes| VerifiedBundle::parse(&bytes).is_ok()),
            Self::Charter => bytes().is_some_and(|bytes| Charter::parse(&bytes).is_ok()),
            Self::Head => bytes().is_some_and(|bytes| Head::parse(&bytes).is_ok()),
            Self::Header => bytes().is_some_and(|bytes| BodyHeader::parse(&bytes).is_ok()),
            Self::Page => bytes().is_some_and(|bytes| verify_page_len(bytes.len()).is_ok()),
            Self::Tag => text
                .strip_prefix('"')
                .and_then(|text| text.strip_suffix('"'))
                .is_some_and(|text| Self::Hash.is(text)),
            Self::Range => text
                .strip_prefix("bytes=")
                .and_then(|text| text.split_once('-'))
                .is_some_and(|(from, to)| number(from) && number(to)),
        }
    }

    /// As `spec/wire.md` words it.
    #[must_use]
    pub fn name(self) -> String {
        let name = match self {
            Self::Id => "id",
            Self::Hash => "32 bytes",
            Self::Bytes(count) => return format!("{count} bytes"),
            Self::Number => "number",
            Self::NumberOrNone => "number, or none",
            Self::PaddedLen => "padded length",
            Self::Handle => "handle",
            Self::Slot => "CVS1",
            Self::Record(RecordKind::Secrets) => "CAR1, secrets",
            Self::Record(RecordKind::Manifest) => "CAR1, manifest",
            Self::Record(RecordKind::Upload) => "CAR1, upload",
            Self::Bundle => "CID1",
            Self::Charter => "CVK1",
            Self::Head => "CVH1",
            Self::Header => "CVB1",
            Self::Page => "ciphertext of a page's length",
            Self::Tag => "\"hash\"",
            Self::Range => "bytes=number-number",
        };
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const ID: &str = "AAAAAAAAAAAAAAAAAAAAAA";

    fn request(method: &str, path: &str, body: &str) -> Request {
        let mut headers = vec![("accept".to_owned(), "*/*".to_owned())];
        if !body.is_empty() {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        Request {
            method: method.to_owned(),
            path: path.to_owned(),
            headers,
            body: body.as_bytes().to_vec(),
        }
    }

    fn signed(mut request: Request) -> Request {
        let mac = Hash([7; 32]);
        request
            .headers
            .push(("authorization".to_owned(), format!("Civis {ID}.{mac}")));
        request
    }

    fn place(request: &Request) -> String {
        judge(request).unwrap_err().place
    }

    #[test]
    fn what_a_client_says_is_of_the_grammar() {
        let recovery = format!("{{\"recovery_id\":\"{ID}\"}}");
        for good in [
            request("GET", path::DEPLOYMENT, ""),
            request("GET", "/log/tile/entries/x001/067.p/5", ""),
            request("POST", path::RECOVERIES_START, &recovery),
            signed(request(
                "GET",
                &format!("/api/v1/collections/{ID}/heads?after=3&limit=500"),
                "",
            )),
            signed(request(
                "GET",
                &format!("/api/v1/collections/{ID}/heads?limit=500"),
                "",
            )),
        ] {
            assert_eq!(judge(&good), Ok(()));
        }
    }

    #[test]
    fn what_no_client_says_is_not() {
        let recovery = format!("{{\"recovery_id\":\"{ID}\"}}");
        let heads = format!("/api/v1/collections/{ID}/heads");
        assert_eq!(place(&request("GET", "/healthz", "")), "route");
        assert_eq!(place(&request("PUT", path::DEPLOYMENT, "")), "route");
        assert_eq!(
            place(&request("GET", "/api/v1/bodies/Avis-d-imposition", "")),
            "route"
        );
        assert_eq!(place(&request("GET", "/log/tile/entries/name", "")), "route");
        assert_eq!(place(&request("GET", "/api/v1/deployment?name=x", "")), "query");
        assert_eq!(
            place(&signed(request("GET", &format!("{heads}?after=03&limit=1"), ""))),
            "query"
        );
        assert_eq!(place(&signed(request("GET", &heads, ""))), "query");
        assert_eq!(
            place(&signed(request("GET", &format!("{heads}?limit=1&after=3"), ""))),
            "query"
        );
        assert_eq!(place(&request("GET", path::ACCOUNT, "")), "header authorization");
        assert_eq!(
            place(&signed(request("GET", path::DEPLOYMENT, ""))),
            "header authorization"
        );
        let start = |body: &str| request("POST", path::RECOVERIES_START, body);
        assert_eq!(place(&start(&recovery.replace(':', ": "))), "body");
        assert_eq!(place(&start(&recovery.replace('}', ",\"name\":\"x\"}"))), "body");
        assert_eq!(place(&start("")), "body");
        let mut more = start(&recovery);
        more.headers.push(("x-name".to_owned(), "Avis".to_owned()));
        assert_eq!(place(&more), "header x-name");
        let mut twice = start(&recovery);
        twice.headers.push(("accept".to_owned(), "*/*".to_owned()));
        assert_eq!(place(&twice), "header accept");
        let upload = format!("{{\"body_id\":\"{ID}\",\"ct_len\":1234567,\"record\":\"AAAA\"}}");
        assert_eq!(
            place(&signed(request("POST", path::UPLOADS, &upload))),
            "json.ct_len"
        );
        let mut part = signed(request("PUT", &format!("/api/v1/uploads/{ID}/parts/0"), "plain"));
        assert_eq!(place(&part), "header content-type");
        part.headers.retain(|(name, _)| name != "content-type");
        part.headers
            .push(("content-type".to_owned(), "application/octet-stream".to_owned()));
        assert_eq!(place(&part), "header civis-part-hash");
        part.headers
            .push((path::PART_HASH.to_owned(), Hash([1; 32]).to_string()));
        assert_eq!(place(&part), "body");
    }
}
