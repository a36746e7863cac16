//! The worker's program. Everything is in the library.

fn main() {
    client::worker::start();
}
