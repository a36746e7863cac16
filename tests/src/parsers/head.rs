//! What the server reads in the head of a request: `Authorization`, `If-Match`, ranges, queries, addresses, types,
//! numbers (`spec/wire.md`).

use server::parsers;
use shared::{Hash, SessionId};

use super::{Parser, Rule};

/// The table.
pub const PARSERS: &[Parser] = &[
    Parser {
        name: "credentials",
        file: "server/src/auth.rs",
        rule: Rule::Exact,
        run: parsers::authorization,
        valid: |draw| format!("Civis {}.{}", SessionId(draw.array()), Hash(draw.array())).into(),
    },
    Parser {
        name: "if_match",
        file: "server/src/params.rs",
        rule: Rule::Exact,
        run: parsers::if_match,
        valid: |draw| format!("\"{}\"", Hash(draw.array())).into(),
    },
    Parser {
        name: "range",
        file: "server/src/params.rs",
        rule: Rule::Exact,
        run: parsers::range,
        valid: |draw| {
            let (a, b) = (draw.number(), draw.number());
            match draw.below(3) {
                0 => format!("bytes={a}-"),
                1 => format!("bytes=-{a}"),
                _ => format!("bytes={}-{}", a.min(b), a.max(b)),
            }
            .into()
        },
    },
    Parser {
        name: "page",
        file: "server/src/params.rs",
        rule: Rule::Normal,
        run: parsers::query,
        valid: |draw| {
            let (after, limit) = (draw.number(), 1 + draw.below(500));
            let (after, limit) = (format!("after={after}"), format!("limit={limit}"));
            match draw.below(4) {
                0 => after,
                1 => limit,
                2 => format!("{after}&{limit}"),
                _ => format!("{limit}&{after}"),
            }
            .into()
        },
    },
    Parser {
        name: "forwarded",
        file: "server/src/params.rs",
        rule: Rule::Normal,
        run: parsers::forwarded,
        valid: |draw| {
            let four: [u8; 4] = draw.array();
            let six: [u8; 16] = draw.array();
            let (four, six) = (std::net::Ipv4Addr::from(four), std::net::Ipv6Addr::from(six));
            if draw.coin() {
                format!("{six}, {four}")
            } else {
                format!("unknown,{six} ")
            }
            .into()
        },
    },
    Parser {
        name: "content_type",
        file: "server/src/extract.rs",
        rule: Rule::Normal,
        run: parsers::content_type,
        valid: |draw| {
            draw.pick(&["application/json", "Application/JSON; charset=utf-8"])
                .as_bytes()
                .to_vec()
        },
    },
    Parser {
        name: "decimal, of 32 bits",
        file: "server/src/extract.rs",
        rule: Rule::Exact,
        run: parsers::decimal_u32,
        valid: |draw| draw.number32().to_string().into(),
    },
    Parser {
        name: "decimal, of 64 bits",
        file: "server/src/extract.rs",
        rule: Rule::Exact,
        run: parsers::decimal_u64,
        valid: |draw| draw.number().to_string().into(),
    },
];
