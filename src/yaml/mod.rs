//! Reading YAML: text in, a tree of [`Node`]s out, each with the bytes it stands in.
//!
//! One reader for everything a user writes as YAML. It takes YAML 1.2 at its word (`no` is text, `012` is twelve), refuses duplicate
//! keys, merge keys and a second document, and is bounded in depth, nodes and aliases, so that no text can make it slow or large.
//! What a node should be is for the caller to say; here is only what it is and where.

mod complaint;
mod plain;
mod read;
mod tree;

pub use complaint::YamlError;
pub use read::{
    MAX_ALIASES, MAX_BYTES, MAX_COMPLAINTS, MAX_DEPTH, MAX_NODES, read, read_on, without_mark,
};
pub use tree::{Key, Node, Scalar, Span, Yaml};
