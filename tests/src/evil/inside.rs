//! What the server's own machine holds besides the store, its login setup: with it an attack answers logins itself.

use crypto::account::handle::Handle;
use crypto::opaque::server::{self, Record, Setup};
use sdk::native::SystemRandom;
use shared::account::CreateAccount;
use shared::session::LoginStart;
use shared::{DeploymentId, path};

use super::login::alter_ke2;
use super::way_in::creations;
use super::{Attack, Exchange, path as path_of};
use crate::adversary::Fate;
use crate::world::World;

/// The login setup of one deployment, in the attacker's hands.
pub struct Inside {
    setup: Setup,
    deployment: DeploymentId,
}

impl Inside {
    /// Reads the setup file of `world`; `deployment` is what its card says.
    #[must_use]
    pub fn of(world: &World, deployment: DeploymentId) -> Self {
        let file = std::fs::read(world.data().join("keys").join("opaque.setup")).expect("the setup file");
        Self {
            setup: Setup::parse(&file).expect("a login setup"),
            deployment,
        }
    }

    /// Answers every login with this record (192 B), under the OPRF key of `handle`.
    #[must_use]
    pub fn answers_with(self, name: &str, handle: &str, registration: &[u8]) -> Attack {
        let (handle, registration) = (handle.to_owned(), registration.to_owned());
        Attack::new(name, move |_, request, response| {
            if path_of(request) == path::SESSIONS_START {
                let ke2 = self.challenge(&handle, &registration, &request.body);
                alter_ke2(response, |answered| *answered = ke2);
            }
            Fate::Pass
        })
    }

    /// KE2 for the login in `request`.
    fn challenge(&self, handle: &str, registration: &[u8], request: &[u8]) -> Vec<u8> {
        let start = serde_json::from_slice::<LoginStart>(request).expect("a login");
        let credential_id = Handle::parse(handle).expect("a handle").credential_id();
        let record = Record::accept(&self.setup, registration).expect("a registration");
        let (_, ke2) = server::login_start(
            &self.setup,
            self.deployment.as_bytes(),
            &credential_id,
            Some(&record),
            start.ke1.as_slice(),
            &mut SystemRandom,
        )
        .expect("an answer");
        ke2.to_vec()
    }
}

/// The creation of the account of this handle, as the server saw it.
#[must_use]
pub fn creation_of(seen: &[Exchange], handle: &str) -> CreateAccount {
    creations(seen)
        .find(|made| made.handle == handle)
        .expect("the account was created before these eyes")
}
