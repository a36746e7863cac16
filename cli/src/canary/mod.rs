//! The canary (A12): a throw-away account that does what people do, while everything it says is kept and read.
//!
//! Each request must be of the [grammar]; nothing that only the canary knows may stand in a request, in an answer, or in
//! what the server lists for auditors, in any usual encoding. What that proves and what not: `spec/wire.md`, section 10.

pub mod grammar;
pub mod life;
pub mod lists;
pub mod needle;
pub mod secrets;
mod table;
pub mod watch;
pub mod wire;

use std::rc::Rc;

use crypto::id::Hash32;
use sdk::flows::Transport;
use shared::limit;

use crate::audit::finding::{Findings, Name, Piece};
use crate::audit::source::Source;
use crate::audit::statistics::Fleet;
use life::{Life, Stopped};
use needle::Haystacks;
use secrets::Secrets;
use watch::{Exchange, Watch};

/// What a canary is made of.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What it alone knows.
    pub secrets: Secrets,
    /// The client's side of the watched line: nothing in an audit, a client that leaks in the tests of this.
    pub client: fn(Rc<Watch>, &Secrets) -> Rc<dyn Transport>,
}

/// What a canary saw.
#[derive(Debug, Default, Clone, Copy)]
pub struct Canary {
    /// Requests that it sent.
    pub requests: u64,
    /// Bytes that were searched.
    pub searched: u64,
    /// Forms of its secrets that were looked for.
    pub needles: u64,
}

impl Plan {
    /// The product's client, which speaks to the line itself.
    #[must_use]
    pub fn new(secrets: Secrets) -> Self {
        Self {
            secrets,
            client: |line, _| line,
        }
    }
}

/// Lives a canary's life and judges it. Nothing where it was stopped, which is a finding.
pub async fn examine(
    source: &Source,
    plan: &Plan,
    nonce: &Hash32,
    findings: &mut Findings,
) -> Option<Canary> {
    let line = Rc::new(Watch::on(source.transport()));
    let client = (plan.client)(Rc::clone(&line), &plan.secrets);
    let mut stacks = Haystacks::default();
    let mut sheet = Vec::new();
    let lived = Box::pin(live(
        source,
        plan,
        client,
        &line,
        nonce,
        &mut sheet,
        &mut stacks,
        findings,
    ))
    .await;
    let exchanges = line.exchanges();
    speaks(&exchanges, findings);
    for (number, exchange) in exchanges.iter().enumerate() {
        let title = format!("{number}, {}", exchange.request.title());
        stacks.add(format!("request {title}"), exchange.request.to_bytes());
        stacks.add(format!("answer {title}"), exchange.answer_bytes());
    }
    let needles = plan.secrets.needles(&sheet).needles();
    for leak in stacks.search(&needles) {
        findings.add(Name::CanaryLeak, leak.to_string(), Vec::new());
    }
    if let Err((stopped, seen)) = lived {
        let last = exchanges.get(..seen).and_then(<[_]>::last).map(|last| {
            vec![
                Piece::new("request", &last.request.to_bytes()),
                Piece::new("answer", &last.answer_bytes()),
            ]
        });
        findings.add(Name::CanaryStopped, stopped.to_string(), last.unwrap_or_default());
        return None;
    }
    Some(Canary {
        requests: exchanges.len() as u64,
        searched: stacks.len() as u64,
        needles: needles.len() as u64,
    })
}

/// The life, with a look at the auditor's lists before its end. Where it was stopped, and how many requests it had sent by
/// then. Whatever stops it, the account is closed as far as the server lets it.
#[expect(
    clippy::too_many_arguments,
    reason = "one caller, which reads all of them afterwards"
)]
async fn live(
    source: &Source,
    plan: &Plan,
    client: Rc<dyn Transport>,
    line: &Watch,
    nonce: &Hash32,
    sheet: &mut Vec<String>,
    stacks: &mut Haystacks,
    findings: &mut Findings,
) -> Result<(), (Stopped, usize)> {
    let halt = |stopped| (stopped, line.exchanges().len());
    let begun = Life::begin(Rc::clone(&client), source.clock(), &plan.secrets, sheet);
    let mut life = match Box::pin(begun).await {
        Ok(life) => life,
        Err(stopped) => {
            let halted = halt(stopped);
            life::close(client, source.clock(), &plan.secrets).await;
            return Err(halted);
        }
    };
    let lived = async {
        Box::pin(life.keeps_a_document()).await?;
        Box::pin(life.is_read_elsewhere()).await?;
        lists::look(source, &line.exchanges(), nonce, stacks, findings).await;
        Box::pin(life.erases_it()).await
    };
    let lived = lived.await.map_err(halt);
    let closed = life.ends().await.map_err(halt);
    lived.and(closed)
}

/// Holds every request to the grammar, and every part to what ciphertext looks like.
fn speaks(exchanges: &[Exchange], findings: &mut Findings) {
    let mut fleet = Fleet::default();
    let chunk = usize::try_from(limit::CHUNK_BYTES).unwrap_or(usize::MAX);
    for exchange in exchanges {
        let request = &exchange.request;
        let proof = || vec![Piece::new("request", &request.to_bytes())];
        if let Err(fault) = grammar::judge(request) {
            findings.add(Name::CanaryWire, fault.to_string(), proof());
        }
        if request.title().contains("/parts/") {
            for (number, chunk) in request.body.chunks(chunk).enumerate() {
                if fleet.look(chunk).is_some() {
                    let place = format!("{}: chunk {number}", request.title());
                    findings.add(Name::CanaryWire, place, proof());
                }
            }
        }
    }
    if fleet.fault().is_some() {
        findings.add(Name::CanaryWire, "all parts together", Vec::new());
    }
}
