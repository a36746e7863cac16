//! What the server reads from its own disk: rows, keys of reminders, frames, entries of parts, settings
//! (`spec/store.md`, `spec/wire.md`, 9).

use server::parsers;

use super::draw::Draw;
use super::{Parser, Rule};

macro_rules! rows {
    ($($name:literal $run:ident: $valid:expr,)*) => {
        &[$(Parser {
            name: concat!($name, "::read"),
            file: "server/src/row.rs",
            rule: Rule::Exact,
            run: parsers::$run,
            valid: $valid,
        }),*]
    };
}

const ROWS: &[Parser; 12] = rows! {
    "DeploymentRow" deployment_row: |draw| fields(draw, &[32], &[], &[], 0),
    "AccountRow" account_row: |draw| {
        let len = draw.below(30);
        let handle = draw.letters(len);
        [fields(draw, &[32, 16, 32, 16, 32, 32], &[], &[], 0), handle.into()].concat()
    },
    "QuotaRow" quota_row: |draw| fields(draw, &[28], &[], &[], 0),
    "LoginRow" login_row: |draw| fields(draw, &[16], &[], &[], 300),
    "RecoveryRow" recovery_row: |draw| fields(draw, &[48], &[], &[], 0),
    "UploadRow" upload_row: |draw| fields(draw, &[32], &[0, 1], &[32], 400),
    "BodyRow" body_row: |draw| fields(draw, &[16], &[0, 1, 2], &[20], 200),
    "CollectionRow" collection_row: |draw| fields(draw, &[60], &[], &[], 0),
    "PageRow" page_row: |draw| fields(draw, &[], &[], &[], 600),
    "DroppedRow" dropped_row: |draw| fields(draw, &[8], &[], &[], 0),
    "EventsRow" events_row: |draw| {
        let mut out = fields(draw, &[24], &[0, 1], &[], 0);
        out.push(u8::from(draw.coin()));
        out
    },
    "ClosingRow" closing_row: |draw| fields(draw, &[32], &[], &[], 0),
};

const JOURNAL: &str = "server/src/journal/row.rs";

/// The table.
pub const PARSERS: &[Parser] = &[
    ROWS[0],
    ROWS[1],
    ROWS[2],
    ROWS[3],
    ROWS[4],
    ROWS[5],
    ROWS[6],
    ROWS[7],
    ROWS[8],
    ROWS[9],
    ROWS[10],
    ROWS[11],
    Parser {
        name: "TallyRow::read",
        file: JOURNAL,
        rule: Rule::Exact,
        run: parsers::tally_row,
        valid: |draw| fields(draw, &[48], &[], &[], 0),
    },
    Parser {
        name: "EventRow::read",
        file: JOURNAL,
        rule: Rule::Exact,
        run: parsers::event_row,
        valid: event,
    },
    Parser {
        name: "read_references",
        file: JOURNAL,
        rule: Rule::Exact,
        run: parsers::event_row,
        valid: change,
    },
    Parser {
        name: "StatementRow::read",
        file: JOURNAL,
        rule: Rule::Exact,
        run: parsers::statement_row,
        valid: |draw| {
            let len = draw.below(80);
            let text = draw.letters(len);
            [fields(draw, &[8], &[], &[], 0), text.into()].concat()
        },
    },
    Parser {
        name: "read_due",
        file: "server/src/key.rs",
        rule: Rule::Exact,
        run: parsers::due,
        valid: |draw| {
            let (kind, len) = *draw.pick(&[(b'u', 16), (b'b', 16), (b'p', 48), (b'a', 16), (b'j', 16)]);
            [&b"t"[..], &draw.array::<8>(), &[kind], &draw.bytes(len)].concat()
        },
    },
    Parser {
        name: "unframe",
        file: "server/src/store/record.rs",
        rule: Rule::Exact,
        run: parsers::frame,
        valid: |draw| {
            let len = draw.below(300);
            parsers::framed(&draw.bytes(len))
        },
    },
    Parser {
        name: "PartEntry::parse",
        file: "server/src/store/record.rs",
        rule: Rule::Exact,
        run: parsers::part_entry,
        valid: |draw| draw.bytes(36),
    },
    Parser {
        name: "read_settings",
        file: "server/src/config.rs",
        rule: Rule::Normal,
        run: parsers::settings,
        valid: settings,
    },
];

/// The format, fields of these lengths, one of these marks, more fields, then up to `rest` bytes.
fn fields(draw: &mut Draw, before: &[usize], mark: &[u8], after: &[usize], rest: usize) -> Vec<u8> {
    let mut out = vec![1];
    before.iter().for_each(|len| out.extend(draw.bytes(*len)));
    if !mark.is_empty() {
        out.push(*draw.pick(mark));
    }
    after.iter().for_each(|len| out.extend(draw.bytes(*len)));
    let rest = draw.below(rest + 1);
    out.extend(draw.bytes(rest));
    out
}

fn event(draw: &mut Draw) -> Vec<u8> {
    let flag = u8::from(draw.coin());
    let (kind, len, flags) = *draw.pick(&[
        (1, 16, &[0][..]),
        (2, 152, &[]),
        (3, 16, &[]),
        (4, 32, &[]),
        (5, 20, &[]),
        (7, 24, &[]),
        (9, 16, &[]),
    ]);
    let mut out = fields(draw, &[8], &[kind], &[len], 0);
    out.extend(flags.iter().map(|_| flag));
    out
}

fn change(draw: &mut Draw) -> Vec<u8> {
    let mut out = fields(draw, &[8], &[8], &[24], 0);
    for _ in 0..2 {
        let count = draw.below(5);
        out.extend(u32::try_from(count).unwrap_or_default().to_be_bytes());
        for _ in 0..count {
            let (kind, len) = *draw.pick(&[(1, 16), (2, 32)]);
            out.push(kind);
            out.extend(draw.bytes(len));
        }
    }
    out
}

fn settings(draw: &mut Draw) -> Vec<u8> {
    let number = draw.number32();
    let lines = [
        format!("listen = \"127.0.0.1:{}\"", number % 65_536),
        "data = 'a \"folder\"'".to_owned(),
        "assets_dir = \"dist\"".to_owned(),
        format!("https = {}", draw.coin()),
        format!("account_bytes = {number}"),
        format!("min_free_bytes = \"{number}\""),
        "attempts_per_address = 0".to_owned(),
        "source = \"https://civis.example/\\u00e9\"".to_owned(),
        format!("log = \"{}\"", draw.pick(&["error", "warn", "info"])),
    ];
    let mut some: Vec<String> = lines.into_iter().filter(|_| draw.coin()).collect();
    some.push("# a remark".to_owned());
    some.join("\n").into()
}
