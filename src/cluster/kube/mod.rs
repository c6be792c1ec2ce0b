//! A live pod.
