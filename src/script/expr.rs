//! One expression: compiled once, evaluated strictly.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use rhai::{AST, ASTNode, Dynamic, EvalAltResult};
use serde_json::Value;

use super::complaint::{self, offset_of};
use super::sandbox::engine;
use super::trace::{self, Traced};
use super::{Scope, value};

/// Bytes that an expression may be long.
const MAX_SOURCE: usize = 16 * 1024;

/// How many compiled expressions are kept: the same few stand in many steps, and a failed check takes its own apart for each target.
const KEPT: usize = 512;

/// Bytes that the text of one that is kept may be long.
const KEPT_SOURCE: usize = 200;

/// A compiled expression, such as `code == 200 && secs < slow`.
#[derive(Clone, Debug)]
pub struct Expr {
    source: Arc<str>,
    tree: Arc<AST>,
    names: Arc<[(String, usize)]>,
    calls: Arc<[usize]>,
    members: Arc<[Member]>,
    needs: Arc<[Need]>,
}

/// A property taken straight from a free name: `http.code`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The name before the dot.
    pub of: String,
    /// The property.
    pub name: String,
    /// Byte offset of the property.
    pub offset: usize,
}

/// A free name, and what of its value is needed.
#[derive(Debug)]
struct Need {
    name: String,
    /// Only these properties of it are; `None` where the whole is.
    only: Option<Vec<String>>,
}

/// Why an expression cannot be compiled or evaluated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExprError {
    /// What is wrong, lower case.
    pub message: String,
    /// Where in the expression's text, in bytes from its start, as far as is known.
    pub offset: Option<usize>,
}

impl Expr {
    /// Compiles; syntax errors are found here.
    pub fn compile(source: &str) -> Result<Self, ExprError> {
        if source.trim().is_empty() {
            return Err(ExprError {
                message: "the expression is empty".into(),
                offset: Some(0),
            });
        }
        if source.len() > MAX_SOURCE {
            return Err(ExprError {
                message: format!("the expression is longer than {MAX_SOURCE} bytes"),
                offset: Some(0),
            });
        }
        static LAST: LazyLock<Mutex<HashMap<Arc<str>, Expr>>> = LazyLock::new(Mutex::default);
        let last = || LAST.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = last().get(source) {
            return Ok(known.clone());
        }
        let compiled = Self::anew(source)?;
        if source.len() <= KEPT_SOURCE {
            let mut last = last();
            if last.len() >= KEPT {
                last.clear();
            }
            last.insert(Arc::clone(&compiled.source), compiled.clone());
        }
        Ok(compiled)
    }

    fn anew(source: &str) -> Result<Self, ExprError> {
        let tree = engine()
            .compile_expression(source)
            .map_err(|error| ExprError {
                message: complaint::of_syntax(&error),
                offset: Some(offset_of(source, error.position()).unwrap_or(source.len())),
            })?;
        let Uses {
            names,
            calls,
            members,
        } = uses(source, &tree);
        let needs = needs(&names, &members, &tree);
        Ok(Self {
            source: source.into(),
            tree: tree.into(),
            needs: needs.into(),
            names: names.into(),
            calls: calls.into(),
            members: members.into(),
        })
    }

    /// Its text as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The free names it uses, with the byte offset of every use, in order.
    pub fn every_name(&self) -> &[(String, usize)] {
        &self.names
    }

    /// Where functions are called by name, as byte offsets.
    pub(super) fn calls(&self) -> &[usize] {
        &self.calls
    }

    /// The free names it uses, each once, in order of first use, with its byte offset.
    pub fn names(&self) -> Vec<(String, usize)> {
        let mut once: Vec<(String, usize)> = Vec::new();
        for (name, offset) in self.names.iter() {
            if !once.iter().any(|(seen, _)| seen == name) {
                once.push((name.clone(), *offset));
            }
        }
        once
    }

    /// The properties it takes straight from free names.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Its value.
    pub fn value(&self, scope: &Scope<'_>) -> Result<Value, ExprError> {
        self.evaluate(scope).map(|found| value::outward(&found))
    }

    /// Its truth; anything but a boolean is an error.
    pub fn holds(&self, scope: &Scope<'_>) -> Result<bool, ExprError> {
        let found = self.evaluate(scope)?;
        found.as_bool().map_err(|_| ExprError {
            message: format!(
                "`{}` is {}, neither true nor false",
                self.source,
                value::described(&found)
            ),
            offset: None,
        })
    }

    /// The value of every sub-expression that is a name, a property or a call, for the message of a failed check.
    pub fn trace(&self, scope: &Scope<'_>) -> Vec<Traced> {
        trace::trace(self, scope)
    }

    fn evaluate(&self, scope: &Scope<'_>) -> Result<Dynamic, ExprError> {
        let mut known = rhai::Scope::new();
        for Need { name, only } in self.needs.iter() {
            if let Some(found) = scope.get(name) {
                let found = match only {
                    Some(properties) => value::part_inward(found, properties),
                    None => value::inward(found),
                };
                known.push_constant_dynamic(name.as_str(), found);
            }
        }
        engine()
            .eval_ast_with_scope::<Dynamic>(&mut known, &self.tree)
            .map(Dynamic::flatten)
            .map_err(|error| refusal(&self.source, *error))
    }
}

#[derive(Default)]
struct Uses {
    names: Vec<(String, usize)>,
    calls: Vec<usize>,
    members: Vec<Member>,
}

/// Each free name once. Of an earlier step mostly its status is taken: the output beside that stays where it is.
fn needs(names: &[(String, usize)], members: &[Member], tree: &AST) -> Vec<Need> {
    let mut needs: Vec<Need> = Vec::new();
    for (name, _) in names {
        if needs.iter().any(|known| known.name == *name) {
            continue;
        }
        let uses = names.iter().filter(|(used, _)| used == name).count();
        let of_it = || members.iter().filter(|member| member.of == *name);
        // What a function of the expression's own takes of it is not among the members.
        let only = (!tree.has_functions() && of_it().count() == uses)
            .then(|| of_it().map(|member| member.name.clone()).collect());
        needs.push(Need {
            name: name.clone(),
            only,
        });
    }
    needs
}

fn uses(source: &str, tree: &AST) -> Uses {
    let mut found = Uses::default();
    let mut path = Vec::new();
    for statement in tree.statements() {
        statement.walk(&mut path, &mut |nodes: &[ASTNode<'_>]| {
            if let Some(ASTNode::Expr(node)) = nodes.last() {
                found.note(source, node);
            }
            true
        });
    }
    found.names.sort_by_key(|(_, offset)| *offset);
    found.names.dedup();
    found
}

impl Uses {
    fn note(&mut self, source: &str, node: &rhai::Expr) {
        match node {
            rhai::Expr::Variable(variable, _, position) => {
                let name = variable.1.to_string();
                let offset = offset_of(source, *position)
                    .filter(|at| source[*at..].starts_with(name.as_str()))
                    .or_else(|| source.find(name.as_str()))
                    .unwrap_or(0);
                self.names.push((name, offset));
            }
            rhai::Expr::FnCall(call, position)
                if call.op_token.is_none()
                    && let Some(offset) = offset_of(source, *position)
                    && source[offset..].starts_with(call.name.as_str()) =>
            {
                self.calls.push(offset);
            }
            rhai::Expr::Dot(pair, ..) => {
                let first = match &pair.rhs {
                    rhai::Expr::Dot(rest, ..) | rhai::Expr::Index(rest, ..) => &rest.lhs,
                    only => only,
                };
                if let rhai::Expr::Variable(of, ..) = &pair.lhs
                    && let rhai::Expr::Property(name, position) = first
                {
                    self.members.push(Member {
                        of: of.1.to_string(),
                        name: name.2.to_string(),
                        offset: offset_of(source, *position).unwrap_or(0),
                    });
                }
            }
            _ => {}
        }
    }
}

fn refusal(source: &str, error: EvalAltResult) -> ExprError {
    let (message, position) = complaint::of_run(&error);
    ExprError {
        message,
        offset: offset_of(source, position),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Map, json};

    fn names() -> Map<String, Value> {
        let Value::Object(names) = json!({
            "code": 503, "none": null, "name": "web", "list": ["a", "b"], "limit": 1,
            "rows": [{"stat": "Z"}, {"stat": "S"}], "http": {"code": 503, "status": "fail"},
        }) else {
            unreachable!()
        };
        names
    }

    fn holds(source: &str) -> Result<bool, ExprError> {
        Expr::compile(source)?.holds(&Scope::of(&names()))
    }

    #[test]
    fn numbers_are_alike_and_all_else_that_is_unlike_is_an_error() {
        for yes in [
            "code == 503.0",
            "code > 502.5",
            "is_set(code)",
            "!is_set(none)",
            "list == [\"a\", \"b\"]",
            "code in [1, 503]",
            "\"a\" in list",
        ] {
            assert_eq!(holds(yes), Ok(true), "{yes}");
        }
        for error in [
            "code != \"503\"",
            "none != 3",
            "none < 3",
            "code < \"5\"",
            "1 == \"1\"",
            "1 in list",
            "name + none == name",
            "code && true",
            "!code",
            "code",
            "true < false",
        ] {
            assert!(holds(error).is_err(), "{error}");
        }
    }

    #[test]
    fn what_is_missing_is_an_error_and_never_false() {
        for (source, message) in [
            ("http.cod == 1", "there is no `cod` in it"),
            ("zip == 1", "`zip` has no value here"),
            (
                "list[7] == \"a\"",
                "array index 7 out of bounds: only 2 elements in array",
            ),
            ("rows.map(|r| r.x) == []", "there is no `x` in it"),
            ("name.to_int() == 1", "\"web\" is no whole number"),
            (
                "name.start_with(\"w\")",
                "there is no function `start_with` for text, text; did you mean `starts_with`?",
            ),
            (
                "probe(1)",
                "there is no function `probe` for a whole number",
            ),
        ] {
            assert_eq!(holds(source).unwrap_err().message, message, "{source}");
        }
    }

    #[test]
    fn what_is_used_of_a_map_is_there_however_it_is_used() {
        for yes in [
            "http.code == 503 && http.status == \"fail\"",
            "http.code == 503 && \"status\" in http",
            "http.code == 503 && http.keys().len() == 2",
            "http.code == 503 && http[\"status\"] == \"fail\"",
            "http.code == 503 && rows.some(|r| http.status == \"fail\")",
            "rows.some(|r| http.status == \"fail\") && http.code == 503",
            "http?.code == 503 && http?.status == \"fail\"",
            "http.status.len() == 4 && http.code == 503",
        ] {
            assert_eq!(holds(yes), Ok(true), "{yes}");
        }
    }

    #[test]
    fn an_expression_has_no_power_and_an_end() {
        for source in [
            "eval(\"1\")",
            "sleep(1)",
            "sleep(1.5)",
            "exit(true)",
            "print(1)",
            "debug(1)",
            "timestamp() == 1",
            "import \"x\"",
            "while true {}",
            "let x = 1; true",
            "loop {}",
            "fn f() { f() }",
            "\"x\".pad(999999999, 'y') == name",
            "range(0, 999999999).all(|x| true)",
        ] {
            assert!(holds(source).is_err(), "{source}");
        }
    }

    #[test]
    fn free_names_are_told_with_their_place_and_closures_own_are_not() {
        let expr = Expr::compile("é.len() > 1 && rows.all(|r| r.stat == want)");
        assert!(expr.is_err(), "names are ASCII");
        let expr = Expr::compile("\"é\" == name && rows.all(|r| r.stat == want)").unwrap();
        assert_eq!(
            expr.names(),
            [("name".into(), 8), ("rows".into(), 16), ("want".into(), 39)]
        );
    }

    #[test]
    fn a_trace_tells_the_values_inside() {
        let told = |source: &str| -> Vec<String> {
            Expr::compile(source)
                .unwrap()
                .trace(&Scope::of(&names()))
                .into_iter()
                .map(|t| format!("{} = {}", t.source, t.value.unwrap()))
                .collect()
        };
        assert_eq!(told("code == 200"), ["code = 503"]);
        assert_eq!(
            told("http.status == \"pass\" && rows.filter(|r| r.stat == \"Z\").len() < limit"),
            [
                "http.status = \"fail\"",
                "rows.filter(|r| r.stat == \"Z\").len() = 1",
                "limit = 1"
            ]
        );
        assert_eq!(told("len(name) > 3"), ["len(name) = 3", "name = \"web\""]);
    }

    #[test]
    fn ten_thousand_rows_can_be_judged() {
        let row = json!({
            "proto": "tcp", "state": "CLOSE_WAIT", "local": "10.0.0.1", "lport": 80, "peer": "10.0.0.2", "pport": 40000, "rq": 1, "sq": 0, "uid": 0,
        });
        let names = Map::from_iter([("rows".into(), Value::from(vec![row; 10_000]))]);
        let scope = Scope::of(&names);
        for that in [
            "rows.len() == 10000",
            "rows.filter(|row| row.lport == 80 && row.state == \"CLOSE_WAIT\").len() == 10000",
            "!rows.some(|row| row.rq > 1)",
        ] {
            assert_eq!(
                Expr::compile(that).unwrap().holds(&scope),
                Ok(true),
                "{that}"
            );
        }
    }
}
