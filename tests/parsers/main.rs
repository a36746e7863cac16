//! Every parser against what a peer may send: valid encodings, encodings with one thing changed, any bytes, and
//! every file of the fuzz targets' corpora. The table is `tests::parsers`.
#![allow(clippy::unwrap_used, reason = "tests")]

mod corpus;
mod property;
