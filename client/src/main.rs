//! The page's program. Everything is in the library.

fn main() {
    client::app::start();
}
