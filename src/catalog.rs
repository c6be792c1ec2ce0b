//! Shipped runbooks.
