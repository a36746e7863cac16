//! Archives that somebody brings: the directory of the ZIP file, the list in it (`spec/archive.md`).

use sdk::parsers as client;
use shared::{AccountId, Blob, Hash};

use super::draw::Draw;
use super::{Parser, Rule};

/// The table.
pub const PARSERS: &[Parser] = &[
    Parser {
        name: "List::parse",
        file: "sdk/src/flows/archive/list.rs",
        rule: Rule::Exact,
        run: client::archive_list,
        valid: list,
    },
    Parser {
        name: "parse_directory",
        file: "sdk/src/flows/archive/zip.rs",
        rule: Rule::Exact,
        run: client::archive_directory,
        valid: directory,
    },
];

/// A member: path, bytes, CRC-32, Unix seconds of a day's beginning, with that day as DOS writes it.
type Member = (String, u64, u32, u32, u16);

/// 29 February 2000, 12 March 2026, 31 December 2037: (year - 1980) << 9 | month << 5 | day.
const DAYS: [(u32, u16); 3] = [
    (951_782_400, 20 << 9 | 2 << 5 | 29),
    (1_773_273_600, 46 << 9 | 3 << 5 | 12),
    (2_145_830_400, 57 << 9 | 12 << 5 | 31),
];

fn directory(draw: &mut Draw) -> Vec<u8> {
    let members: Vec<Member> = (0..draw.below(5))
        .map(|number| {
            let (time, day) = *draw.pick(&DAYS);
            let folder = if draw.below(4) == 0 { "/" } else { "" };
            let len = match draw.below(4) {
                0 => u64::from(u32::MAX) + draw.below(3) as u64,
                _ => draw.number() >> 30,
            };
            let path = format!("documents/{number}{}{folder}", draw.letters(3));
            (path, len, draw.number32(), time, day)
        })
        .collect();
    let (mut out, mut at) = (Vec::new(), 0_u64);
    for member in &members {
        let (path, len, ..) = member;
        out.extend(central(member, at));
        let wide = if *len >= u64::from(u32::MAX) { 20 } else { 0 };
        at += 30 + path.len() as u64 + wide + 9 + len;
    }
    let (len, count) = (out.len() as u64, members.len() as u16);
    if at >= u64::from(u32::MAX) {
        let end = at + len;
        out.extend(b"PK\x06\x06\x2c\0\0\0\0\0\0\0\x2d\x03\x2d\0\0\0\0\0\0\0\0\0");
        for number in [u64::from(count), u64::from(count), len, at] {
            out.extend(number.to_le_bytes());
        }
        out.extend(b"PK\x06\x07\0\0\0\0");
        out.extend(end.to_le_bytes());
        out.extend(b"\x01\0\0\0");
    }
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend([count.to_le_bytes(), count.to_le_bytes()].concat());
    out.extend([narrow(len), narrow(at)].concat());
    out.extend([0, 0]);
    [at.to_be_bytes().as_slice(), &out].concat()
}

fn central((path, len, crc, time, day): &Member, at: u64) -> Vec<u8> {
    let mut wide = Vec::new();
    if *len >= u64::from(u32::MAX) {
        wide.extend([len.to_le_bytes(), len.to_le_bytes()].concat());
    }
    if at >= u64::from(u32::MAX) {
        wide.extend(at.to_le_bytes());
    }
    let version = if wide.is_empty() { 20 } else { 45 };
    let mut extra = Vec::new();
    if !wide.is_empty() {
        extra.extend([1, 0, wide.len() as u8, 0]);
        extra.extend(wide);
    }
    extra.extend(b"UT\x05\0\x01");
    extra.extend(time.to_le_bytes());
    let mut out = b"PK\x01\x02".to_vec();
    out.extend([version, 3, version, 0, 0, 8, 0, 0, 0, 0]);
    out.extend(day.to_le_bytes());
    out.extend(crc.to_le_bytes());
    out.extend([narrow(*len), narrow(*len)].concat());
    out.extend((path.len() as u16).to_le_bytes());
    out.extend((extra.len() as u16).to_le_bytes());
    let mode: u32 = if path.ends_with('/') {
        0x41ed_0010
    } else {
        0x81a4_0000
    };
    out.extend([0; 6]);
    out.extend(mode.to_le_bytes());
    out.extend(narrow(at));
    out.extend(path.as_bytes());
    out.extend(extra);
    out
}

fn narrow(number: u64) -> [u8; 4] {
    u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes()
}

/// Written line by line: the order of the fields is part of the form.
fn list(draw: &mut Draw) -> Vec<u8> {
    let account = AccountId(draw.array());
    let made = draw.number() >> 30;
    let mut out = format!(
        "{{\n  \"format\": \"civis-archive-1\",\n  \"made\": {made},\n  \"account\": \"{account}\",\n  \"folders\": "
    );
    let folders = draw.below(3);
    let folder = |draw: &mut Draw, number: usize| {
        let above = (number > 0 && draw.coin()).then(|| format!("documents/f{}", number - 1));
        format!(
            "    {{\n      \"path\": \"documents/f{number}\",\n      \"name\": \"été {number}\",\n      \"folder\": {},\n{}      \"trashed\": {}\n    }}",
            text(above),
            labels(draw),
            date(draw),
        )
    };
    out += &rows((0..folders).map(|number| folder(draw, number)).collect());
    out += ",\n  \"documents\": ";
    let documents = draw.below(3);
    out += &rows(
        (0..documents)
            .map(|number| document(draw, number, folders))
            .collect(),
    );
    out += ",\n  \"missing\": ";
    let missing = draw.below(2);
    let lost = |draw: &mut Draw| {
        let why = *draw.pick(&["refused", "gone", "changed"]);
        format!(
            "    {{\n      \"name\": \"perdu\",\n      \"folder\": null,\n      \"why\": \"{why}\"\n    }}"
        )
    };
    out += &rows((0..missing).map(|_| lost(draw)).collect());
    out += "\n}\n";
    out.into_bytes()
}

fn document(draw: &mut Draw, number: usize, folders: usize) -> String {
    let folder = (folders > 0 && draw.coin()).then(|| "documents/f0".to_owned());
    let sha256: String = draw.bytes(32).iter().map(|byte| format!("{byte:02x}")).collect();
    let mut out = format!(
        "    {{\n      \"path\": \"documents/{number}.pdf\",\n      \"name\": \"CON: {number}.pdf\",\n      \"folder\": {},\n      \"media\": \"application/pdf\",\n      \"size\": {},\n      \"sha256\": \"{sha256}\",\n",
        text(folder),
        draw.number() >> 24,
    );
    out += &labels(draw);
    out += &format!(
        "      \"added\": {},\n      \"modified\": {},\n      \"keep_until\": {},\n      \"trashed\": {},\n",
        draw.number() >> 30,
        draw.number() >> 30,
        date(draw),
        date(draw),
    );
    let (account, identity) = (AccountId(draw.array()), draw.number32());
    let (body, root) = (Hash(draw.array()), Hash(draw.array()));
    let signature = serde_json::to_string(&Blob(draw.bytes(64))).unwrap_or_default();
    out += &format!(
        "      \"author\": {{\n        \"account\": \"{account}\",\n        \"identity\": {identity},\n        \"body_hash\": \"{body}\",\n        \"content_root\": \"{root}\",\n        \"signature\": {signature}\n      }}\n    }}"
    );
    out
}

fn labels(draw: &mut Draw) -> String {
    let category = draw.coin().then(|| "tax".to_owned());
    let tags = match draw.below(3) {
        0 => "[]",
        1 => "[\n        \"à trier\"\n      ]",
        _ => "[\n        \"2026\",\n        \"à trier\"\n      ]",
    };
    format!(
        "      \"category\": {},\n      \"tags\": {tags},\n",
        text(category)
    )
}

fn rows(rows: Vec<String>) -> String {
    match rows.as_slice() {
        [] => "[]".to_owned(),
        rows => format!("[\n{}\n  ]", rows.join(",\n")),
    }
}

fn text(value: Option<String>) -> String {
    value.map_or_else(|| "null".to_owned(), |value| format!("\"{value}\""))
}

fn date(draw: &mut Draw) -> String {
    match draw.below(3) {
        0 => "null".to_owned(),
        _ => (draw.number() >> 30).to_string(),
    }
}
