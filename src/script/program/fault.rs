//! What is wrong with a program, found before it runs; and what went wrong while it ran.

/// How bad a fault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// The program cannot be run.
    Error,
    /// It can, but something is odd.
    Warning,
}

/// One thing that is wrong with the text of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// How bad it is.
    pub weight: Weight,
    /// First byte of the place.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
    /// What is wrong, lower case.
    pub headline: String,
    /// What to do; empty where nothing can be said.
    pub fix: String,
}

/// Why a call into a program came to no end of its own.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", place(*.line, *.column))]
pub struct Thrown {
    /// What went wrong.
    pub message: String,
    /// Line, from 1; 0 where it is not known.
    pub line: usize,
    /// Column in characters, from 1; 0 where it is not known.
    pub column: usize,
}

fn place(line: usize, column: usize) -> String {
    match line {
        0 => String::new(),
        line => format!("line {line}:{column}: "),
    }
}
