//! What can be said of a program before it runs: where it asks and judges, as far as that is written out.

use rhai::{AST, ASTNode, Expr, FnCallExpr, Position, Stmt};

use super::Words;

/// A place at which a program asks a step. Whether it comes to it, and how often, only a run tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreseen {
    /// Word of the kind.
    pub kind: String,
    /// Id of the step, where it is written out.
    pub id: Option<String>,
    /// The path of the imported file it stands in; `None` for the program's own.
    pub file: Option<String>,
    /// Line in that file, from 1.
    pub line: usize,
}

/// Every place that asks, and the ids of checks that are written out, in the order of the source.
pub(super) fn foreseen(
    tree: &AST,
    file: Option<&str>,
    words: &Words,
) -> (Vec<Foreseen>, Vec<String>) {
    let mut asks: Vec<(Position, Foreseen)> = Vec::new();
    let mut checks: Vec<(Position, String)> = Vec::new();
    tree.walk(&mut |nodes: &[ASTNode<'_>]| {
        let Some(
            ASTNode::Expr(Expr::FnCall(call, position))
            | ASTNode::Stmt(Stmt::FnCall(call, position)),
        ) = nodes.last()
        else {
            return true;
        };
        let first = written(call);
        if let Some(kind) = words.kind_of(&call.name) {
            let ask = Foreseen {
                kind: kind.to_owned(),
                id: first.filter(|id| super::host::is_identifier(id)),
                file: file.map(str::to_owned),
                line: position.line().unwrap_or(0),
            };
            asks.push((*position, ask));
        } else if call.name == "check"
            && let Some(id) = first
        {
            checks.push((*position, id));
        }
        true
    });
    asks.sort_by_key(|(position, _)| *position);
    checks.sort_by_key(|(position, _)| *position);
    (
        asks.into_iter().map(|(_, ask)| ask).collect(),
        checks.into_iter().map(|(_, id)| id).collect(),
    )
}

/// The first argument, where it is text that is written out.
fn written(call: &FnCallExpr) -> Option<String> {
    match call.args.first() {
        Some(Expr::StringConstant(text, _)) => Some(text.to_string()),
        _ => None,
    }
}
