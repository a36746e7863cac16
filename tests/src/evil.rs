//! The evil server: the honest one, behind a line that lies. One [`Switch`] for each number of the checklist.
//!
//! A switch is a list of attacks; an attack sees all that a server sees (every request, every answer so far, whole) and
//! may rewrite, replay, reorder, withhold or invent answers. What is stored can be rolled back with
//! [`World::snapshot`](crate::world::World::snapshot). `spec/hostile.md` names what each number must not achieve.

use std::cell::RefCell;
use std::rc::Rc;

use sdk::flows::{Method, Request, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::adversary::{Fate, Line};

mod body;
mod contract;
mod forge;
mod frame;
mod inside;
mod insider;
mod list;
mod log;
mod login;
mod switch;
mod way_in;
mod wire;

pub use contract::broken;
pub use forge::{Door, Twofold};
pub use inside::{Inside, creation_of};
pub use insider::{Forged, Insider};
pub use log::{LogKeeper, asked, logged, tile_of};
pub use switch::Switch;
pub use way_in::answers;
pub use wire::{is_of, problem, refusing};

/// One way to carry a lie out.
pub struct Attack {
    name: String,
    act: Act,
}

/// What passed between a client and the server, as the server could have kept it.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// What was asked.
    pub request: Request,
    /// What was answered, honestly.
    pub response: Response,
}

/// Sees everything that passed before, the request, and the honest answer, which it may alter.
type Act = Box<dyn FnMut(&[Exchange], &Request, &mut Response) -> Fate>;

impl Attack {
    /// An attack that may alter any answer.
    pub fn new(
        name: impl Into<String>,
        act: impl FnMut(&[Exchange], &Request, &mut Response) -> Fate + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            act: Box::new(act),
        }
    }

    /// Alters the good answers to requests that `fits` picks.
    pub fn rewrite(
        name: impl Into<String>,
        fits: impl Fn(&Request) -> bool + 'static,
        mut change: impl FnMut(&mut Response) + 'static,
    ) -> Self {
        Self::new(name, move |_, request, response| {
            if fits(request) && response.status < 300 {
                change(response);
            }
            Fate::Pass
        })
    }

    /// Alters the JSON of good answers to requests that `fits` picks.
    pub fn json<T: Serialize + DeserializeOwned>(
        name: impl Into<String>,
        fits: impl Fn(&Request) -> bool + 'static,
        mut change: impl FnMut(&mut T) + 'static,
    ) -> Self {
        Self::rewrite(name, fits, move |response| {
            let mut value = serde_json::from_slice::<T>(&response.body).expect("the wire's type");
            change(&mut value);
            response.body = serde_json::to_vec(&value).expect("JSON").into();
        })
    }

    /// Carries it out on one answer: for an attack that has several lies in it.
    pub fn act(&mut self, memory: &[Exchange], request: &Request, response: &mut Response) -> Fate {
        (self.act)(memory, request, response)
    }

    /// What it does, in a few words.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// The evil server on one line.
#[derive(Clone)]
pub struct Evil {
    line: Rc<Line>,
    state: Rc<RefCell<State>>,
}

#[derive(Default)]
struct State {
    memory: Vec<Exchange>,
    attack: Option<Attack>,
    lies: usize,
    since: Vec<Request>,
}

impl Evil {
    /// Takes a line over. Honest, and remembering, until an attack begins.
    #[must_use]
    pub fn on(line: &Rc<Line>) -> Self {
        let state = Rc::<RefCell<State>>::default();
        let seen = Rc::clone(&state);
        line.after(move |request, response| seen.borrow_mut().answer(request, response));
        Self {
            line: Rc::clone(line),
            state,
        }
    }

    /// Remembers what passes on another line too; lies on its own line alone.
    pub fn listens_to(&self, line: &Line) {
        let seen = Rc::clone(&self.state);
        line.after(move |request, response| {
            seen.borrow_mut().remember(request, response);
            Fate::Pass
        });
    }

    /// Lies from now on, in this one way.
    pub fn begin(&self, attack: Attack) {
        let mut state = self.state.borrow_mut();
        state.attack = Some(attack);
        state.lies = 0;
        state.since.clear();
    }

    /// Honest again; what was seen stays known.
    pub fn end(&self) {
        self.state.borrow_mut().attack = None;
    }

    /// Every exchange so far, answers as the honest server gave them.
    #[must_use]
    pub fn memory(&self) -> Vec<Exchange> {
        self.state.borrow().memory.clone()
    }

    /// Answers altered or withheld since the attack began.
    #[must_use]
    pub fn lies(&self) -> usize {
        self.state.borrow().lies
    }

    /// What the client sent after the first lie of this attack.
    #[must_use]
    pub fn sent_since_the_lie(&self) -> Vec<Request> {
        self.state.borrow().since.clone()
    }

    /// The line that was taken over.
    #[must_use]
    pub const fn line(&self) -> &Rc<Line> {
        &self.line
    }
}

impl State {
    fn answer(&mut self, request: &Request, response: &mut Response) -> Fate {
        if self.lies > 0 {
            self.since.push(request.clone());
        }
        let honest = response.clone();
        let fate = match &mut self.attack {
            Some(attack) => (attack.act)(&self.memory, request, response),
            None => Fate::Pass,
        };
        let told_the_truth = matches!(fate, Fate::Pass) && is_same(&honest, response);
        self.lies += usize::from(!told_the_truth);
        self.remember(request, &honest);
        fate
    }

    fn remember(&mut self, request: &Request, response: &Response) {
        self.memory.push(Exchange {
            request: request.clone(),
            response: response.clone(),
        });
    }
}

fn is_same(one: &Response, other: &Response) -> bool {
    (one.status, &one.headers, &one.body) == (other.status, &other.headers, &other.body)
}

/// Whether a request stores, begins or ends anything: reading pages is a POST only for its length.
#[must_use]
pub fn writes(request: &Request) -> bool {
    request.method != Method::Get
        && !["/pages", "/proofs", "/map"]
            .iter()
            .any(|read| request.path.ends_with(read))
}

/// The path without its query.
#[must_use]
pub fn path(request: &Request) -> &str {
    request.path.split('?').next().unwrap_or_default()
}
