//! The canary: silent before an honest server, and named findings for a client that says more and a server that stops it.

use std::rc::Rc;

use async_trait::async_trait;
use cli::audit::Outcome;
use cli::audit::finding::Check;
use cli::audit::report::{Language, Report};
use cli::canary::Plan;
use cli::canary::secrets::Secrets;
use cli::canary::watch::Watch;
use sdk::error::TransportError;
use sdk::flows::{Request, Response, Transport};
use sdk::native::SystemRandom;
use shared::{ErrorCode, path};
use tests::adversary::Fate;
use tests::evil::{is_of, problem};

use crate::ground::Ground;

fn plan() -> Plan {
    Plan::new(Secrets::make(&mut SystemRandom).unwrap())
}

fn names(outcome: &Outcome) -> Vec<&'static str> {
    outcome.findings.counts().keys().map(|name| name.name()).collect()
}

/// Where a finding was made.
fn places(outcome: &Outcome, name: &str) -> Vec<String> {
    let kept = outcome.findings.kept().iter();
    kept.filter(|finding| finding.name.name() == name)
        .map(|finding| finding.place.clone())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_sees_nothing_but_the_protocol() {
    let ground = Ground::with(1, 3).await;
    ground.is_signed().await;
    let plan = plan();
    let outcome = ground.audit_with("state", 20, Some(plan.clone())).await;
    assert!(outcome.findings.is_empty(), "{:#?}", outcome.findings.kept());
    let canary = outcome.canary.unwrap();
    println!(
        "canary: {} requests, {} bytes searched for {} forms",
        canary.requests, canary.searched, canary.needles
    );
    assert!(canary.requests > 30, "{canary:?}");
    // The document goes up once and comes back twice.
    assert!(canary.searched > 3 * plan.secrets.size, "{canary:?}");
    let text = Report::new(&outcome, 0).to_text(Language::English);
    assert!(text.contains("A12 passed "), "{text}");
    assert!(text.contains("What the canary shows"), "{text}");
    // Without one, nothing is said of it.
    ground.is_signed().await;
    let without = ground.audit("state", 20).await;
    assert!(without.findings.is_empty(), "{:#?}", without.findings.kept());
    // Its end is in the log, in this audit or in the one before.
    let closed = [&outcome, &without].map(|each| each.counts.closed_accounts);
    assert_eq!(closed.iter().sum::<u64>(), 1);
    let text = Report::new(&without, 0).to_text(Language::English);
    assert!(
        text.contains("A12 not done ") && !text.contains("What the canary shows"),
        "{text}"
    );
}

/// A client that says the document's name wherever it says anything about an upload.
struct Leaky {
    line: Rc<Watch>,
    name: String,
}

#[async_trait(?Send)]
impl Transport for Leaky {
    async fn send(&self, mut request: Request) -> Result<Response, TransportError> {
        if is_of(&request, path::UPLOADS) {
            request.headers.push(("x-name", self.name.clone()));
        }
        self.line.send(request).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_says_more_than_the_protocol_is_found() {
    let ground = Ground::with(1, 1).await;
    ground.is_signed().await;
    let mut plan = plan();
    plan.client = |line, secrets| {
        // In a form that travels: a header holds no accents.
        let name = base64::HEXLOWER.encode(secrets.name.as_bytes());
        Rc::new(Leaky { line, name })
    };
    let outcome = ground.audit_with("state", 20, Some(plan)).await;
    assert_eq!(names(&outcome), ["canary_wire", "canary_leak"]);
    assert_eq!(
        places(&outcome, "canary_wire"),
        ["POST /api/v1/uploads: header x-name"]
    );
    let leaks = places(&outcome, "canary_leak");
    assert!(
        leaks
            .iter()
            .all(|place| place.starts_with("name as UTF-8 in hex at byte")
                && place.ends_with("POST /api/v1/uploads")),
        "{leaks:?}"
    );
    assert!(outcome.findings.fails(Check::A12));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_answers_outside_the_contract_or_refuses_stops_the_canary() {
    let ground = Ground::with(1, 1).await;
    ground.is_signed().await;
    // A field more, such as a page would run if it were careless.
    ground.line.alter("/account", |response| {
        let mut value: serde_json::Value = serde_json::from_slice(&response.body).unwrap_or_default();
        if let Some(fields) = value.as_object_mut() {
            fields.insert("notice".to_owned(), "<script>alert(1)</script>".into());
            response.body = serde_json::to_vec(&value).unwrap().into();
        }
    });
    let outcome = ground.audit_with("state", 20, Some(plan())).await;
    assert_eq!(names(&outcome), ["canary_stopped"]);
    let place = places(&outcome, "canary_stopped");
    assert!(place[0].starts_with("creates the account: "), "{place:?}");
    assert!(
        !place[0].contains("script"),
        "the server's text is in no sentence"
    );
    ground.line.mend();

    ground.line.after(|request, response| {
        if is_of(request, path::ACCOUNTS) {
            *response = problem(ErrorCode::Refused);
        }
        Fate::Pass
    });
    let outcome = ground.audit_with("state", 20, Some(plan())).await;
    assert_eq!(names(&outcome), ["canary_stopped"]);
    assert!(outcome.canary.is_none());
    ground.line.mend();

    // One that gives another document back.
    ground.line.alter("/content", |response| {
        let mut bytes = response.body.to_vec();
        tests::adversary::flip(&mut bytes, 5_000);
        response.body = bytes.into();
    });
    let outcome = ground.audit_with("state", 20, Some(plan())).await;
    assert_eq!(names(&outcome), ["canary_stopped"]);
    assert!(places(&outcome, "canary_stopped")[0].starts_with("reads it elsewhere: "));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_shows_auditors_something_else_than_clients_sent_is_found() {
    let ground = Ground::with(1, 1).await;
    ground.is_signed().await;
    let plan = plan();
    // The name of the canary's document stands in a page that the server shows; the true page does not.
    let name = plan.secrets.name.clone();
    let pages = path::AUDIT_LIST.replace("{list}", "pages");
    ground.line.after(move |request, response| {
        if request.path.starts_with(&pages) && request.path.contains("after=") && response.status < 300 {
            let mut records = crypto::audit::listing::Record::parse_all(&response.body).unwrap_or_default();
            if let Some(first) = records.first_mut() {
                first.value.truncate(100);
                first.value.extend_from_slice(name.as_bytes());
            }
            let bytes: Vec<u8> = records
                .iter()
                .flat_map(|record| record.to_bytes().unwrap())
                .collect();
            response.body = bytes.into();
        }
        Fate::Pass
    });
    let outcome = ground.audit_with("state", 0, Some(plan)).await;
    let found = names(&outcome);
    for name in ["canary_wire", "canary_leak", "list_withheld"] {
        assert!(found.contains(&name), "{found:?}");
    }
}
