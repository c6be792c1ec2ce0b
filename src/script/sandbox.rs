//! The limits and the strict engine that every expression runs in.

use std::sync::LazyLock;

use rhai::packages::{
    BasicArrayPackage, BasicMapPackage, BasicMathPackage, CorePackage, LogicPackage,
    MoreStringPackage, Package,
};
use rhai::{Engine, EvalAltResult, OptimizationLevel};

use super::{bounded, compare, rows, words};

/// Steps of the evaluator that one expression may take; about 0.2 s of one core.
const MAX_OPERATIONS: u64 = 1_000_000;

/// Bytes of text that an expression may hold at once: both streams at their largest cap.
pub(super) const MAX_TEXT: usize = 16 * 1024 * 1024;

/// Items of all lists that an expression may hold in one value.
pub(super) const MAX_ITEMS: usize = 100_000;

/// Entries of all maps that an expression may hold at once: every socket that fits into the largest output, with its nine keys.
const MAX_ENTRIES: usize = 1_000_000;

/// The engine: made once, when the first expression is compiled, and shared by all threads.
pub(super) fn engine() -> &'static Engine {
    static ENGINE: LazyLock<Engine> = LazyLock::new(strict);
    &ENGINE
}

fn strict() -> Engine {
    let mut engine = bare();
    engine
        .set_max_operations(MAX_OPERATIONS)
        .set_max_variables(100)
        .set_max_functions(50)
        .set_allow_looping(false);
    for word in ["eval", "import", "export", "print", "debug"] {
        engine.disable_symbol(word);
    }
    engine
}

/// The strict language with every limit set that expressions and programs share; the caller sets how much may be run.
pub(super) fn bare() -> Engine {
    let mut engine = Engine::new_raw();
    // All that is standard except clocks, blobs and bit fields.
    CorePackage::new().register_into_engine(&mut engine);
    LogicPackage::new().register_into_engine(&mut engine);
    BasicMathPackage::new().register_into_engine(&mut engine);
    BasicArrayPackage::new().register_into_engine(&mut engine);
    BasicMapPackage::new().register_into_engine(&mut engine);
    MoreStringPackage::new().register_into_engine(&mut engine);
    engine
        .set_max_call_levels(32)
        .set_max_expr_depths(64, 32)
        .set_max_modules(0)
        .set_max_string_size(MAX_TEXT)
        .set_max_array_size(MAX_ITEMS)
        .set_max_map_size(MAX_ENTRIES)
        .set_fail_on_invalid_map_property(true)
        // Without this the built-in comparisons are taken before ours: unlike types would be unequal, not an error.
        .set_fast_operators(false)
        // Folding would lose the positions that messages point at.
        .set_optimization_level(OptimizationLevel::None);
    // A disabled symbol does not remove a function, so these are covered by ones that refuse.
    engine.register_fn("sleep", |_: i64| refuse("sleep"));
    engine.register_fn("sleep", |_: f64| refuse("sleep"));
    engine.register_fn("exit", || refuse("exit"));
    engine.register_fn("exit", |_: rhai::Dynamic| refuse("exit"));
    compare::register(&mut engine);
    words::register(&mut engine);
    rows::register(&mut engine);
    bounded::register(&mut engine);
    engine
}

fn refuse(word: &str) -> Result<(), Box<EvalAltResult>> {
    Err(format!("`{word}` cannot be used in a runbook").into())
}
