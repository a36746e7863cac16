//! What clients may say: the table in code, the block of `spec/wire.md` and its list of routes are one.

use std::collections::BTreeSet;

use cli::canary::grammar;

use crate::tree::{none, text};

#[test]
fn the_grammar_of_the_wire_is_the_specified_one() {
    let spec = text("spec/wire.md");
    let section = spec.split("## 10. ").nth(1).unwrap_or_default();
    let block = section.split("```").nth(1).unwrap_or_default();
    let specified: Vec<&str> = block.lines().skip(1).collect();
    let code: Vec<String> = grammar::lines().collect();
    assert!(
        specified == code,
        "section 10 of spec/wire.md should hold:\n{}",
        code.join("\n")
    );
}

#[test]
fn the_grammar_has_every_route_of_clients_and_no_other() {
    let spec = text("spec/wire.md");
    let section = spec.split("## 2. Routes").nth(1).unwrap_or_default();
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains('`'));
    let specified: BTreeSet<String> = rows
        .map(|row| {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let signed = match cells[3] {
                "no" => "",
                cell if cell.starts_with("yes") => " signed",
                cell if cell.starts_with("no, or") => " signed or not",
                // Auditors and witnesses, who are no clients.
                _ => " otherwise",
            };
            format!("{} {}{signed}", cells[1], cells[2].trim_matches('`'))
        })
        .collect();
    let code: BTreeSet<String> = grammar::lines().filter(|line| !line.starts_with(' ')).collect();
    let unknown: Vec<String> = code.difference(&specified).cloned().collect();
    none("section 2 of spec/wire.md does not have these", &unknown);
    let missing: Vec<String> = specified
        .difference(&code)
        .filter(|line| !line.ends_with(" otherwise") && !NO_CLIENTS.contains(&line.as_str()))
        .cloned()
        .collect();
    none(
        "no client may say these, or cli/src/canary/table.rs lacks them",
        &missing,
    );
}

/// Routes that no session signs, of witnesses, auditors and operators.
const NO_CLIENTS: [&str; 4] = [
    "POST /api/v1/log/cosignatures",
    "GET /log/checkpoint/newest",
    "GET /healthz",
    "GET /readyz",
];
