//! What an audit says: for people in French or English, for programs as JSON. The words are in `locales/`.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;
use serde_json::Value;

use super::Outcome;
use super::finding::{Check, Piece};

/// A language of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Français.
    French,
    /// English.
    English,
}

/// What became of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Done, and nothing is wrong.
    Passed,
    /// Something is wrong.
    Failed,
    /// Not done this time.
    NotDone,
    /// What it is about does not exist in this deployment.
    Absent,
    /// No program can prove it.
    Unproven,
}

/// A report as programs read it. Every field, in this order.
#[derive(Debug, Serialize)]
pub struct Report {
    format: &'static str,
    origin: String,
    when: u64,
    size_before: u64,
    size: u64,
    checkpoint: String,
    passed: bool,
    checks: BTreeMap<String, Verdict>,
    numbers: BTreeMap<&'static str, u64>,
    findings: Vec<Listed>,
}

#[derive(Debug, Serialize)]
struct Listed {
    name: &'static str,
    check: String,
    count: u64,
    places: Vec<String>,
    proof: Vec<Vec<Piece>>,
}

impl Report {
    /// The report of an audit that ended at `when`, seconds UTC.
    #[must_use]
    pub fn new(outcome: &Outcome, when: u64) -> Self {
        let checks = Check::ALL.map(|check| (check.name(), verdict(outcome, check)));
        let listed = outcome.findings.counts().iter().map(|(name, count)| {
            let kept = || outcome.findings.kept().iter().filter(|kept| kept.name == *name);
            Listed {
                name: name.name(),
                check: name.check().name(),
                count: *count,
                places: kept().map(|kept| kept.place.clone()).collect(),
                proof: kept().map(|kept| kept.proof.clone()).collect(),
            }
        });
        Self {
            format: "civis-audit-1",
            origin: outcome.origin.clone(),
            when,
            size_before: outcome.sizes.0,
            size: outcome.sizes.1,
            checkpoint: String::from_utf8_lossy(&outcome.checkpoint).into_owned(),
            passed: outcome.findings.is_empty(),
            checks: checks.into(),
            numbers: numbers(outcome),
            findings: listed.collect(),
        }
    }

    /// JSON, indented.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// For a person.
    #[must_use]
    pub fn to_text(&self, language: Language) -> String {
        let words = Words::of(language);
        let mut out = String::new();
        let mut line = |text: &str| _ = writeln!(out, "{text}");
        line(&words.say("title").replace("{origin}", &self.origin));
        let sizes = words
            .say("sizes")
            .replace("{before}", &self.size_before.to_string());
        line(&sizes.replace("{now}", &self.size.to_string()));
        line("");
        for check in Check::ALL {
            let name = check.name();
            let verdict = self.checks.get(&name).copied().unwrap_or(Verdict::NotDone);
            let said = words.say(&format!("verdict.{}", verdict.key()));
            line(&format!(
                "{name:<4}{said:<27}{}",
                words.say(&format!("check.{name}"))
            ));
        }
        line("");
        for (name, number) in &self.numbers {
            line(
                &words
                    .say(&format!("number.{name}"))
                    .replace("{n}", &number.to_string()),
            );
        }
        for finding in &self.findings {
            line("");
            let head = words.say("finding").replace("{name}", finding.name);
            line(&head.replace("{n}", &finding.count.to_string()));
            line(&format!("  {}", words.say(&format!("finding.{}", finding.name))));
            let places: Vec<&str> = finding
                .places
                .iter()
                .map(String::as_str)
                .filter(|place| !place.is_empty())
                .collect();
            if !places.is_empty() {
                line(&format!("  {}", places.join(", ")));
            }
        }
        line("");
        line(&words.say(if self.passed { "passed" } else { "failed" }));
        for limit in ["limit.proof", "limit.time", "limit.first"] {
            line(&words.say(limit));
        }
        if self.numbers.contains_key("canary_requests") {
            line(&words.say("limit.canary"));
        }
        if self.numbers.get("quorum") == Some(&0) {
            line(&words.say("limit.witnesses"));
        }
        out
    }
}

impl Verdict {
    const fn key(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotDone => "not_done",
            Self::Absent => "absent",
            Self::Unproven => "unproven",
        }
    }
}

fn verdict(outcome: &Outcome, check: Check) -> Verdict {
    let is_done = match check {
        Check::A7 | Check::A8 => outcome.census.is_some(),
        Check::A9 | Check::A10 => outcome.sample.is_some(),
        Check::A12 => outcome.canary.is_some(),
        Check::A11 | Check::A13 | Check::A14 => return Verdict::Absent,
        Check::A15 => return Verdict::Unproven,
        // What could not be read on was not judged.
        Check::A3 | Check::A4 | Check::A5 | Check::A6 => outcome.is_replayed,
        Check::A1 | Check::A2 => true,
    };
    match (outcome.findings.fails(check), is_done) {
        (true, _) => Verdict::Failed,
        (false, true) => Verdict::Passed,
        (false, false) => Verdict::NotDone,
    }
}

fn numbers(outcome: &Outcome) -> BTreeMap<&'static str, u64> {
    let counts = &outcome.counts;
    let mut numbers = BTreeMap::from([
        ("entries", counts.entries),
        ("openings", counts.openings),
        ("drops", counts.drops),
        ("closed_accounts", counts.closed_accounts),
        ("statements", counts.statements),
        ("map_heads", counts.map_heads),
        ("quorum", outcome.quorum.into()),
    ]);
    if let Some(census) = &outcome.census {
        numbers.extend([
            ("bodies", census.bodies.len() as u64),
            ("body_bytes", census.body_bytes()),
            ("uploads", census.uploads),
            ("upload_bytes", census.upload_bytes),
            ("heads", census.heads),
            ("pages", census.pages),
            ("page_bytes", census.page_bytes),
        ]);
    }
    if let Some(sample) = &outcome.sample {
        numbers.extend([
            ("chunks", sample.chunks),
            ("chunks_of", sample.of),
            ("sample_bytes", sample.fleet.bytes()),
        ]);
    }
    if let Some(canary) = &outcome.canary {
        numbers.extend([
            ("canary_requests", canary.requests),
            ("canary_bytes", canary.searched),
            ("canary_forms", canary.needles),
        ]);
    }
    numbers
}

/// The texts of a language.
pub struct Words(Value);

impl Words {
    /// Those of `language`.
    #[must_use]
    pub fn of(language: Language) -> Self {
        let text = match language {
            Language::French => include_str!("../../locales/fr.json"),
            Language::English => include_str!("../../locales/en.json"),
        };
        Self(serde_json::from_str(text).unwrap_or_default())
    }

    /// The text under a key; the key itself where there is none.
    #[must_use]
    pub fn say(&self, key: &str) -> String {
        let text = self.0.get(key).and_then(Value::as_str);
        text.unwrap_or(key).to_owned()
    }

    /// Every key.
    pub fn keys(&self) -> impl Iterator<Item = &String> {
        self.0.as_object().into_iter().flat_map(|all| all.keys())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::finding::Name;
    use super::*;

    #[test]
    fn every_name_has_its_words_in_both_languages() {
        let [french, english] = [Language::French, Language::English].map(Words::of);
        let keys = |words: &Words| words.keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(keys(&french), keys(&english));
        let known = keys(&french);
        for name in Name::ALL {
            assert!(
                known.contains(&format!("finding.{}", name.name())),
                "{}",
                name.name()
            );
        }
        for check in Check::ALL {
            assert!(known.contains(&format!("check.{}", check.name())));
        }
    }

    #[test]
    fn a_report_that_found_something_is_never_green() {
        let mut outcome = Outcome {
            is_replayed: true,
            ..Outcome::default()
        };
        assert!(
            Report::new(&outcome, 0)
                .to_text(Language::English)
                .contains("Nothing wrong was found")
        );
        outcome.findings.add(Name::BodyLost, "here", Vec::new());
        let report = Report::new(&outcome, 0);
        assert_eq!(report.checks["A7"], Verdict::Failed);
        for language in [Language::French, Language::English] {
            let text = report.to_text(language);
            assert!(text.contains("body_lost") && text.contains("here"));
            assert!(!text.contains("Nothing wrong was found") && !text.contains("Rien d’anormal"));
            assert!(!text.contains('{'), "{text}");
        }
        assert!(report.to_json().contains("\"passed\": false"));
    }
}
