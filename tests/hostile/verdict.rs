//! What every refusal owes: a typed error, a sentence in both languages, kept evidence, and silence towards the server.

use std::fmt::Debug;

use sdk::{Check, Fault, Subject};
use tests::evil::{Attack, Evil, writes};
use tests::person::Desk;

/// What the person was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// The code of the error.
    pub(crate) code: &'static str,
    /// The failed check, where bytes were refused.
    pub(crate) check: Option<Check>,
    /// What it was about.
    pub(crate) subject: Option<Subject>,
}

impl Verdict {
    /// The failed check; only for refusals.
    pub(crate) fn check(&self) -> Check {
        self.check.unwrap_or_else(|| panic!("no refusal: {self:?}"))
    }
}

/// Runs `act` while the server lies by `attack`. The lie must be told, and noticed: an error with a sentence, evidence
/// on the device where bytes were refused, and nothing written to the server after the lie. Honest again afterwards.
pub(crate) async fn noticed<T, E: Fault + Debug>(
    desk: &Desk,
    evil: &Evil,
    attack: Attack,
    act: impl AsyncFnOnce() -> Result<T, E>,
) -> Verdict {
    let name = attack.name().to_owned();
    evil.begin(attack);
    let result = act().await;
    let (lies, sent) = (evil.lies(), evil.sent_since_the_lie());
    evil.end();
    let Err(error) = result else {
        panic!("{name}: it was believed ({lies} lies)")
    };
    assert!(lies > 0, "{name}: the lie was never told: {error:?}");
    let written: Vec<_> = sent
        .iter()
        .filter(|request| writes(request))
        .map(|request| &request.path)
        .collect();
    assert!(written.is_empty(), "{name}: written after the lie: {written:?}");
    let verdict = verdict(&error);
    assert_sentence(&verdict, &name);
    if let Some(refusal) = error.refusal() {
        let kept = refusal
            .evidence
            .as_ref()
            .is_some_and(|id| desk.drawer.0.borrow().contains_key(&id.0));
        assert!(kept, "{name}: no evidence");
    }
    verdict
}

/// What an error tells the person.
pub(crate) fn verdict(error: &impl Fault) -> Verdict {
    Verdict {
        code: error.code(),
        check: error.refusal().map(|refusal| refusal.check),
        subject: error.refusal().map(|refusal| refusal.subject.clone()),
    }
}

/// The sentence stands in both languages: of the check where bytes were refused, of the error otherwise.
fn assert_sentence(verdict: &Verdict, attack: &str) {
    for locale in ["fr", "en"] {
        let path = format!("{}/../client/locales/{locale}.json", env!("CARGO_MANIFEST_DIR"));
        let texts: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let sentence = match verdict.check {
            Some(check) => {
                let key = serde_json::to_value(check).unwrap();
                &texts["check"][key.as_str().unwrap()]
            }
            None => &texts["error"][verdict.code],
        };
        let said = sentence.as_str().is_some_and(|text| text.ends_with('.'));
        assert!(said, "{attack}: no sentence in {locale} for {verdict:?}");
    }
}
