//! Names that stand for nothing: variables and functions are looked for in the tree of a program before it ever runs.

use std::collections::{BTreeMap, BTreeSet};

use rhai::{AST, ASTNode, Engine, Expr, FnCallExpr, Position, Stmt};

use super::fault::{Fault, Weight};
use super::place::Places;
use crate::script::words::nearest;

/// Functions that the language answers by itself, whatever they are given.
const OF_THE_LANGUAGE: [&str; 8] = [
    "Fn",
    "call",
    "curry",
    "is_def_fn",
    "is_def_var",
    "is_shared",
    "type_of",
    "contains",
];

/// What holds one value against another.
const COMPARISONS: [&str; 6] = ["==", "!=", "<", "<=", ">", ">="];

/// What is known before a program is read.
pub(super) struct Known<'k> {
    /// Native functions, each with the counts of arguments it takes.
    pub(super) natives: &'k BTreeMap<String, BTreeSet<usize>>,
    /// Constants outside of functions.
    pub(super) constants: &'k BTreeSet<String>,
    /// Params of the document, where there is one.
    pub(super) params: Option<&'k BTreeSet<String>>,
    /// Those of them that are secrets.
    pub(super) secrets: &'k BTreeSet<String>,
    /// What is imported, by the name it has here, with its functions and constants; `None` where it could not be read.
    pub(super) modules: &'k BTreeMap<String, Option<BTreeSet<String>>>,
}

/// The functions that an engine has, without operators.
pub(super) fn natives(engine: &Engine) -> BTreeMap<String, BTreeSet<usize>> {
    let mut known: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    let all = engine.collect_fn_metadata(
        None,
        |function| {
            Some((
                function.metadata.name.to_string(),
                function.metadata.num_params,
            ))
        },
        true,
    );
    for (name, count) in all {
        if name.starts_with(|c: char| c.is_ascii_alphabetic()) && !name.contains('$') {
            known.entry(name).or_default().insert(count);
        }
    }
    known
}

/// Every name that stands for nothing, and every function that nothing calls.
pub(super) fn unknown(places: &Places<'_>, tree: &AST, known: &Known<'_>) -> Vec<Fault> {
    let mut own: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for function in tree.iter_fn_def() {
        own.entry(function.name.to_string())
            .or_default()
            .insert(function.params.len());
    }
    let mut search = Search {
        places,
        known,
        own,
        called: BTreeSet::new(),
        faults: Vec::new(),
    };
    for function in tree.iter_fn_def() {
        // Rhai 1.27 ignores the filter of `clone_functions_only_filtered` where the copy is still empty.
        let mut only = tree.clone_functions_only();
        only.retain_functions(|_, _, name, count| {
            name == function.name.as_str() && count == function.params.len()
        });
        let takes_params = matches!(function.name.as_str(), "main" | "on_fail" | "finally");
        let within = Within {
            locals: function.params.iter().map(ToString::to_string).collect(),
            params: takes_params
                .then(|| function.params.first().map(ToString::to_string))
                .flatten(),
        };
        only.walk(&mut |nodes: &[ASTNode<'_>]| {
            search.visit(nodes, &within);
            true
        });
    }
    search.idle(tree);
    search.faults
}

struct Search<'p> {
    places: &'p Places<'p>,
    known: &'p Known<'p>,
    own: BTreeMap<String, BTreeSet<usize>>,
    called: BTreeSet<String>,
    faults: Vec<Fault>,
}

/// The function that is being searched.
struct Within {
    locals: Vec<String>,
    /// The name that the document's params have in it.
    params: Option<String>,
}

impl Search<'_> {
    fn visit(&mut self, nodes: &[ASTNode<'_>], within: &Within) {
        match nodes.last() {
            Some(ASTNode::Stmt(Stmt::FnCall(call, position))) => {
                self.call(call, *position, 0, within)
            }
            Some(ASTNode::Stmt(Stmt::Import(_, position))) => self.error(
                *position,
                "an `import` stands inside of a function".into(),
                "write it at the top, before the first function".into(),
            ),
            Some(ASTNode::Expr(expr)) => self.expr(expr, within),
            _ => {}
        }
    }

    fn expr(&mut self, expr: &Expr, within: &Within) {
        match expr {
            Expr::FnCall(call, position) => self.call(call, *position, 0, within),
            Expr::MethodCall(call, position) => self.call(call, *position, 1, within),
            Expr::Variable(variable, short, position) => {
                let (index, name, namespace, _) = &**variable;
                self.called.insert(name.to_string());
                if !namespace.is_empty() {
                    self.qualified(namespace.root(), name, *position);
                } else if index.is_none()
                    && short.is_none()
                    && !within.locals.iter().any(|local| local == name.as_str())
                    && !self.own.contains_key(name.as_str())
                {
                    self.variable(name, *position, within);
                }
            }
            Expr::StringConstant(text, _) => {
                // `Fn("name")` calls by text.
                self.called.insert(text.to_string());
            }
            Expr::Dot(pair, ..) => {
                let first = match &pair.rhs {
                    Expr::Dot(rest, ..) | Expr::Index(rest, ..) => &rest.lhs,
                    only => only,
                };
                if let (Expr::Variable(of, ..), Expr::Property(name, position)) = (&pair.lhs, first)
                    && within.params.as_deref() == Some(of.1.as_str())
                    && let Some(params) = self.known.params
                    && !params.contains(name.2.as_str())
                {
                    self.param(params, &name.2, *position);
                }
                self.looked_into(expr, within);
            }
            _ => {}
        }
    }

    fn call(&mut self, call: &FnCallExpr, position: Position, receivers: usize, within: &Within) {
        let name = call.name.as_str();
        if COMPARISONS.contains(&name) {
            for side in &call.args {
                self.compared(side, within);
            }
        }
        if call.op_token.is_some() || OF_THE_LANGUAGE.contains(&name) {
            return;
        }
        if !call.namespace.is_empty() {
            return self.qualified(call.namespace.root(), name, position);
        }
        self.called.insert(name.to_owned());
        let count = call.args.len() + receivers;
        // A function of the program takes what it is called on as `this`, beside its arguments.
        let own = self.own.get(name);
        if own.is_some_and(|counts| counts.contains(&call.args.len())) {
            return;
        }
        match (name, self.known.natives.get(name).or(own)) {
            ("sleep", _) => self.error(
                position,
                "`sleep` cannot be used in a runbook: nothing would bound it".into(),
                "bound a step with `timeout`, or ask again with `retry`".into(),
            ),
            ("exit", _) => self.error(
                position,
                "`exit` cannot be used in a runbook".into(),
                "write `return` to leave a function, or `skip(why)` to end the program".into(),
            ),
            (_, Some(counts)) if counts.contains(&count) => {}
            (_, Some(counts)) => {
                let counts: Vec<_> = counts.iter().map(ToString::to_string).collect();
                self.error(
                    position,
                    format!(
                        "`{name}` is called with {count} argument{}",
                        if count == 1 { "" } else { "s" }
                    ),
                    format!("it takes {}", counts.join(" or ")),
                );
            }
            (_, None) => {
                let all = self.known.natives.keys().chain(self.own.keys());
                let (headline, fix) = match nearest(name, all.map(String::as_str)) {
                    Some(near) => (
                        format!("there is no function `{name}`; did you mean `{near}`?"),
                        format!("write `{near}`"),
                    ),
                    None => (
                        format!("there is no function `{name}`"),
                        "a runbook asks with its step kinds, such as `run`, `sh`, `http` and `file`, and judges with `check`".into(),
                    ),
                };
                self.error(position, headline, fix);
            }
        }
    }

    fn variable(&mut self, name: &str, position: Position, within: &Within) {
        let params = within.params.as_deref();
        let is_param = self.known.params.is_some_and(|known| known.contains(name));
        let headline = format!("unknown name `{name}`");
        if self.known.constants.contains(name) {
            return self.error(
                position,
                headline,
                format!("a constant outside of functions is `global::{name}`"),
            );
        }
        if is_param {
            let p = params.unwrap_or("p");
            return self.error(position, headline, format!("a param is `{p}.{name}`"));
        }
        if self
            .known
            .natives
            .get(name)
            .is_some_and(|counts| counts.contains(&0))
        {
            return self.error(
                position,
                headline,
                format!("it is a function: write `{name}()`"),
            );
        }
        match nearest(name, within.locals.iter().map(String::as_str)) {
            Some(near) => self.error(
                position,
                format!("{headline}; did you mean `{near}`?"),
                format!("write `{near}`"),
            ),
            None => self.error(
                position,
                headline,
                format!("give it a value first: `let {name} = …;`"),
            ),
        }
    }

    fn qualified(&mut self, root: &str, name: &str, position: Position) {
        if root == "global" {
            if !self.known.constants.contains(name) {
                self.error(
                    position,
                    format!("there is no constant `{name}`"),
                    format!("write `const {name} = …;` outside of functions"),
                );
            }
            return;
        }
        match self.known.modules.get(root) {
            None => self.error(
                position,
                format!("nothing is imported as `{root}`"),
                format!("write `import \"lib/{root}\" as {root};` at the top"),
            ),
            Some(Some(names)) if !names.contains(name) => {
                let listed: Vec<_> = names.iter().map(String::as_str).collect();
                self.error(
                    position,
                    format!("`{root}` has no `{name}`"),
                    format!("it has {}", listed.join(", ")),
                );
            }
            Some(_) => {}
        }
    }

    fn param(&mut self, params: &BTreeSet<String>, name: &str, position: Position) {
        let near = nearest(name, params.iter().map(String::as_str));
        let listed: Vec<_> = params.iter().map(String::as_str).collect();
        let fix = match listed.as_slice() {
            [] => "this runbook has no params: name it under `params` of the header".into(),
            listed => format!("its params are {}", listed.join(", ")),
        };
        self.error(
            position,
            match near {
                Some(near) => format!("there is no param `{name}`; did you mean `{near}`?"),
                None => format!("there is no param `{name}`"),
            },
            fix,
        );
    }

    /// A secret that is compared: a program never holds it, only a mark that stands for it where it is sent.
    fn compared(&mut self, side: &Expr, within: &Within) {
        if let Expr::Dot(pair, ..) = side
            && let (Expr::Variable(of, ..), Expr::Property(name, position)) = (&pair.lhs, &pair.rhs)
        {
            self.masked(&of.1, &name.2, *position, within);
        }
    }

    /// A secret that is asked for what is in it, as by `p.token.starts_with("x")`.
    fn looked_into(&mut self, expr: &Expr, within: &Within) {
        if let Expr::Dot(pair, ..) = expr
            && let Expr::Dot(rest, ..) = &pair.rhs
            && let (Expr::Variable(of, ..), Expr::Property(name, position)) = (&pair.lhs, &rest.lhs)
        {
            self.masked(&of.1, &name.2, *position, within);
        }
    }

    fn masked(&mut self, of: &str, name: &str, position: Position, within: &Within) {
        if within.params.as_deref() != Some(of) || !self.known.secrets.contains(name) {
            return;
        }
        let start = self.places.byte(position);
        self.faults.push(Fault {
            weight: Weight::Warning,
            start,
            end: self.places.word(start),
            headline: format!("an expression sees of the secret `{name}` only whether it is set, never what it is"),
            fix: format!("write `is_set({of}.{name})`; to try it, ask something that takes it, and judge the answer"),
        });
    }

    /// Functions that nothing calls.
    fn idle(&mut self, tree: &AST) {
        for function in tree.iter_fn_def() {
            let name = function.name.as_str();
            if matches!(name, "main" | "on_fail" | "finally")
                || name.starts_with("test_")
                || name.starts_with("anon$")
                || self.called.contains(name)
            {
                continue;
            }
            // The body begins at its brace; the name stands somewhere before it.
            let body = self.places.byte(function.body.start_position());
            let start = self.places.source[..body].rfind(name).unwrap_or(body);
            let near = nearest(name, ["main", "on_fail", "finally"].into_iter());
            self.faults.push(Fault {
                weight: Weight::Warning,
                start,
                end: start + name.len(),
                headline: match near {
                    Some(near) => format!("nothing calls `{name}`; did you mean `{near}`?"),
                    None => format!("nothing calls `{name}`"),
                },
                fix: "call it, or take it out".into(),
            });
        }
    }

    fn error(&mut self, position: Position, headline: String, fix: String) {
        let start = self.places.byte(position);
        self.faults.push(Fault {
            weight: Weight::Error,
            start,
            end: self.places.word(start),
            headline,
            fix,
        });
    }
}
