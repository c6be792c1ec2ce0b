//! Taking named values out of an output.
use serde_json::{Map, Value};
/// `capture: {regex: '^(?<code>\d{3})', types: {code: int}, default: …}`.
#[derive(Clone, Debug)]
pub struct Capture {
    /// Linear-time regular expression with named groups.
    pub regex: regex::Regex,
    /// How each named group is read; text where a group is not named here.
    pub types: Vec<(String, Kind)>,
    /// Values for when nothing matches.
    pub defaults: Map<String, Value>,
}
/// How a captured text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// As it stands.
    String,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// `true` or `false`.
    Bool,
}
/// Why a capture came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CaptureError(pub String);
impl Capture {
    /// The names it yields.
    pub fn names(&self) -> Vec<&str> {
        Vec::new()
    }
    /// The values in `text`. A cut output is an error, never a match: what is not there may have been cut.
    pub fn take(&self, _text: &str, _truncated: bool) -> Result<Map<String, Value>, CaptureError> {
        Ok(Map::new())
    }
}
