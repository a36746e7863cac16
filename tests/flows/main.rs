//! The flows of `spec/flows.md`, each driven through the sdk against the product's server and store.

#![allow(clippy::unwrap_used, reason = "tests")]

mod account;
mod archive;
mod bad_input;
mod commit;
mod device;
mod document;
mod evidence;
mod kit;
mod resume;
mod import;
mod secrets;
mod upload;
mod ways;
mod many;
mod random;
mod secrets;
mod upload;
mod versions;

use tests::world::World;

/// A server of the product's own making, with its ordinary settings.
async fn world() -> World {
    World::start(|_| {}).await.unwrap()
}
