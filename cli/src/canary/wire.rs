//! Requests as they were sent: what was asked, under which headers, with which body.
//!
//! Reads recorded HTTP/1.1 only as our own clients send it: a `content-length`, never chunks.

use serde_json::Value;

/// One request as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `POST`.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl From<&sdk::flows::Request> for Request {
    /// As a transport was given it.
    fn from(request: &sdk::flows::Request) -> Self {
        let headers = request.headers.iter();
        Self {
            method: request.method.as_str().to_owned(),
            path: request.path.clone(),
            headers: headers
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
            body: request.body.to_vec(),
        }
    }
}

impl Request {
    /// The whole of it as bytes to be searched.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = format!("{} {}\r\n", self.method, self.path).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// Every request of a stream, in order; an unfinished last one is left out.
    #[must_use]
    pub fn all(mut stream: &[u8]) -> Vec<Self> {
        let mut requests = Vec::new();
        while let Some((request, rest)) = Self::first(stream) {
            requests.push(request);
            stream = rest;
        }
        requests
    }

    /// The path with `{id}` for every id or hash, `{n}` for every number, and `{tile}` for a tile's whole address.
    #[must_use]
    pub fn route(&self) -> String {
        let (path, query) = self.path.split_once('?').unwrap_or((&self.path, ""));
        if path.starts_with("/log/tile/") {
            // Which one, is a matter of how long the log is.
            return "/log/tile/{tile}".to_owned();
        }
        let steps: Vec<&str> = path.split('/').map(kind_of_step).collect();
        let names: Vec<&str> = query
            .split('&')
            .filter_map(|pair| pair.split('=').next())
            .collect();
        if query.is_empty() {
            steps.join("/")
        } else {
            format!("{}?{}", steps.join("/"), names.join("&"))
        }
    }

    /// Method and route.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{} {}", self.method, self.route())
    }

    /// Every value that the request carries, by its place: `header civis-part-hash`, `json header`, `octets`.
    #[must_use]
    pub fn values(&self) -> Vec<(String, String)> {
        let mut values: Vec<(String, String)> = self
            .headers
            .iter()
            .map(|(name, value)| (format!("header {name}"), value.clone()))
            .collect();
        match serde_json::from_slice(&self.body) {
            Ok(json) if self.is_json() => flatten("json", &json, &mut values),
            _ if self.body.is_empty() => {}
            _ => values.push(("octets".to_owned(), format!("{} bytes", self.body.len()))),
        }
        values
    }

    fn is_json(&self) -> bool {
        self.headers
            .iter()
            .any(|(name, value)| name == "content-type" && value == "application/json")
    }

    fn first(stream: &[u8]) -> Option<(Self, &[u8])> {
        let end = stream.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = std::str::from_utf8(stream.get(..end)?).ok()?;
        let mut lines = head.split("\r\n");
        let mut words = lines.next()?.split(' ');
        let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length: usize = length.map_or(Some(0), |(_, value)| value.parse().ok())?;
        let body = stream.get(end + 4..end + 4 + length)?.to_owned();
        Some((
            Self {
                method,
                path,
                headers,
                body,
            },
            stream.get(end + 4 + length..)?,
        ))
    }
}

fn kind_of_step(step: &str) -> &str {
    let id = matches!(step.len(), 22 | 43)
        && step
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    match step {
        _ if id => "{id}",
        _ if !step.is_empty() && step.bytes().all(|b| b.is_ascii_digit()) => "{n}",
        other => other,
    }
}

/// Every leaf of a JSON value by its path; the items of a list share one path.
fn flatten(path: &str, value: &Value, into: &mut Vec<(String, String)>) {
    match value {
        Value::Object(map) => map
            .iter()
            .for_each(|(key, value)| flatten(&format!("{path}.{key}"), value, into)),
        Value::Array(items) => items
            .iter()
            .for_each(|item| flatten(&format!("{path}[]"), item, into)),
        Value::String(text) => into.push((path.to_owned(), text.clone())),
        other => into.push((path.to_owned(), other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn reads_what_was_sent() {
        let stream = b"PUT /api/v1/uploads/AAAAAAAAAAAAAAAAAAAAAA/parts/12 HTTP/1.1\r\nA: b\r\nContent-Length: 3\r\n\r\nxyz\
            POST /x?after=1&limit=2 HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: 17\r\n\r\n\
            {\"a\":[{\"b\":\"c\"}]}GET /cut";
        let all = Request::all(stream);
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].route(), "/api/v1/uploads/{id}/parts/{n}");
        assert!(
            all[0]
                .values()
                .contains(&("octets".to_owned(), "3 bytes".to_owned()))
        );
        assert_eq!(all[1].route(), "/x?after&limit");
        assert!(
            all[1]
                .values()
                .contains(&("json.a[].b".to_owned(), "c".to_owned()))
        );
    }
}
