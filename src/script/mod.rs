//! Rhai, kept in one room: the expression language of runbooks, and the `{{ }}` templates that hold the same language.
//!
//! Strict by construction: an undefined name is an error when the runbook is loaded, a missing property or unlike types are an
//! error when it runs, and an error is never true or false. Every limit is set; nothing here can read a file, a clock or the network.

mod bounded;
mod compare;
mod complaint;
mod expr;
mod functions;
pub mod program;
mod rows;
mod sandbox;
mod scope;
mod template;
mod trace;
mod value;
mod words;

pub use expr::{Expr, ExprError, Member};
pub use functions::{FUNCTIONS, Function};
pub use scope::Scope;
pub use template::{Template, TemplateError};
pub use trace::Traced;
pub use words::{is_keyword, keywords};
