//! What is looked at before the first change: whether a debug container would be admitted, would start, and would be of use.

mod crowd;

pub(super) use crowd::Crowd;
