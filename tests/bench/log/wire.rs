//! Which of the recorded bytes are the log's.

use serde_json::Value;
use tests::recorder::Recorder;

/// Of one round: everything, and what is the log's.
#[derive(Default)]
pub(crate) struct Bytes {
    pub(crate) sent: usize,
    pub(crate) received: usize,
    pub(crate) sent_for_log: usize,
    pub(crate) received_for_log: usize,
    parts: [usize; PARTS.len()],
}

impl Bytes {
    /// Both ways, of one of [`PARTS`].
    pub(crate) fn part(&self, name: &str) -> usize {
        let at = PARTS.iter().position(|part| *part == name).unwrap();
        self.parts[at]
    }

    /// One request and its answer.
    fn count(&mut self, request: &Message, answer: &Message) {
        self.sent += request.size;
        self.received += answer.size;
        let target = request.first.split(' ').nth(1).unwrap_or_default();
        let part = match target {
            shared::path::CHECKPOINT => 1,
            shared::path::PROOFS => 2,
            target if target.starts_with("/log/tile/") => 3,
            target if target.starts_with("/log") || target.starts_with("/api/v1/log") => 4,
            _ => 0,
        };
        let (sent, received) = if part > 0 {
            (request.size, answer.size)
        } else {
            (in_json(&request.body), in_json(&answer.body))
        };
        self.sent_for_log += sent;
        self.received_for_log += received;
        self.parts[part] += sent + received;
    }
}

/// How far each stream has come: where a round begins or ends. Nothing is under way then.
pub(crate) fn marks(recorder: &Recorder) -> Vec<usize> {
    recorder
        .streams()
        .iter()
        .map(|stream| stream.bytes.len())
        .collect()
}

/// The rounds between these marks.
pub(crate) fn rounds(recorder: &Recorder, marks: &[Vec<usize>]) -> Vec<Bytes> {
    let streams = recorder.streams();
    let mut rounds = Vec::new();
    for pair in marks.windows(2) {
        let (begin, end) = (&pair[0], &pair[1]);
        let piece = |stream: usize| {
            let from = begin.get(stream).copied().unwrap_or(0);
            messages(&streams[stream].bytes[from..end[stream]])
        };
        let mut bytes = Bytes::default();
        // Each connection is two streams: to the server, from it.
        for up in (0..end.len()).step_by(2) {
            let (requests, answers) = (piece(up), piece(up + 1));
            assert_eq!(requests.len(), answers.len(), "every question has its answer");
            let both = requests.iter().zip(&answers);
            both.for_each(|(request, answer)| bytes.count(request, answer));
        }
        rounds.push(bytes);
    }
    rounds
}

/// One message of HTTP/1.1.
struct Message {
    first: String,
    body: Vec<u8>,
    size: usize,
}

/// Whole messages, one behind the other; each says its length.
fn messages(mut bytes: &[u8]) -> Vec<Message> {
    let mut messages = Vec::new();
    while !bytes.is_empty() {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let length = head.to_lowercase();
        let length = length
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
        let (message, rest) = bytes.split_at(end + length);
        messages.push(Message {
            first: head.lines().next().unwrap().to_owned(),
            body: message[end..].to_vec(),
            size: message.len(),
        });
        bytes = rest;
    }
    messages
}

/// By how much a body would be shorter without what it says for the log.
fn in_json(body: &[u8]) -> usize {
    let Ok(mut json) = serde_json::from_slice::<Value>(body) else {
        return 0;
    };
    let before = json.to_string().len();
    take_out(&mut json);
    before - json.to_string().len()
}

fn take_out(json: &mut Value) {
    match json {
        Value::Object(map) => {
            map.retain(|key, _| !["log", "log_index", "logged"].contains(&key.as_str()));
            map.values_mut().for_each(take_out);
        }
        Value::Array(items) => items.iter_mut().for_each(take_out),
        _ => {}
    }
}

/// What the log's bytes are.
pub(crate) const PARTS: [&str; 5] = [
    "seed, tag, index, blind in others",
    "checkpoint",
    "proofs",
    "entries",
    "card and map",
];
