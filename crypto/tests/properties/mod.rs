//! What must hold for every input: round trips, and that whatever is changed, swapped, dropped or added is refused.

mod body;
mod ce;
mod padding;
mod session;
mod signature;
