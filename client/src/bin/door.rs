//! The door's program: the screens that a person sees before a safe is open. Everything is in the library.

fn main() {
    client::app::start_door();
}
