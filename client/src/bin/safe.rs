//! The safe's program: every screen. Everything is in the library.

fn main() {
    client::app::start_safe();
}
