//! Names: what may be one, and what an expression at some place of a runbook can see.

use std::collections::{BTreeMap, BTreeSet};

use super::reader::{Reader, near};
use crate::script::{Expr, Member, Template, is_keyword};
use crate::step::COMMON_FACTS;
use crate::yaml::Node;

/// What every expression sees of the target.
pub(super) const TARGET: [&str; 3] = ["target", "target_pid", "target_root"];

/// Properties of `target`.
pub(super) const TARGET_MEMBERS: [&str; 5] = ["namespace", "pod", "container", "node", "labels"];

/// Properties of an earlier step beside its facts and captures.
pub(super) const STEP_MEMBERS: [&str; 2] = ["status", "facts"];

/// The longest name that is taken.
pub(super) const LONGEST: usize = 64;

/// What is in sight: names, and for those that are maps, what is in them.
#[derive(Default)]
pub(super) struct Sight {
    names: BTreeMap<String, Option<BTreeSet<String>>>,
}

impl Sight {
    pub(super) fn of_target() -> Self {
        let mut sight = Self::default();
        for name in TARGET {
            sight.add(name);
        }
        let members = TARGET_MEMBERS.iter().map(|name| (*name).to_owned());
        sight.names.insert("target".into(), Some(members.collect()));
        sight
    }

    pub(super) fn add(&mut self, name: &str) {
        self.names.insert(name.into(), None);
    }

    /// A step that was asked before, with its facts and captures.
    pub(super) fn add_step(&mut self, id: &str, facts: &[String]) {
        let members = STEP_MEMBERS
            .iter()
            .chain(&COMMON_FACTS)
            .map(|name| (*name).to_owned())
            .chain(facts.iter().cloned());
        self.names.insert(id.into(), Some(members.collect()));
    }

    /// A step that was asked once for each item of a list.
    pub(super) fn add_items(&mut self, id: &str) {
        let members = ["status", "items"].map(str::to_owned);
        self.names.insert(id.into(), Some(members.into()));
    }

    /// A step that another runbook sees, as it is seen there.
    pub(super) fn take(&mut self, other: &Sight, id: &str) {
        if let Some(members) = other.names.get(id) {
            self.names.insert(id.into(), members.clone());
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }
}

/// Reads expressions and templates where `sight` is what they see, and notes which names are used.
pub(super) struct Language<'s> {
    pub(super) sight: &'s Sight,
    /// Facts and captures of the step itself, where it has been asked.
    pub(super) own: &'s [String],
    pub(super) used: &'s mut BTreeSet<String>,
    /// Params that are secrets.
    pub(super) secrets: &'s [String],
}

impl Language<'_> {
    pub(super) fn expr(
        &mut self,
        reader: &mut Reader<'_>,
        node: &Node,
        what: &str,
    ) -> Option<Expr> {
        let text = reader.word(node, what)?;
        if reader.is_literal() {
            reader.error(
                node.span,
                format!("{what} cannot stand in what a program asks"),
                "judge in the program itself",
            );
            return None;
        }
        match Expr::compile(text) {
            Ok(expr) => {
                self.see(reader, node, text, expr.names(), expr.members());
                self.masked(reader, node, &expr);
                Some(expr)
            }
            Err(error) => {
                let offset = error.offset.unwrap_or(0);
                let fix = match error.message.as_str() {
                    "unexpected '='" => "compare with `==`",
                    "unexpected 'and'" => "write `&&`",
                    "unexpected 'or'" => "write `||`",
                    "unexpected 'not'" => "write `!`",
                    _ => "write an expression, such as `exit == 0 && stdout.contains(\"ok\")`",
                };
                let span = reader.inside(node, text, offset, 1);
                reader.error(
                    span,
                    format!("{what} cannot be read: {}", error.message),
                    fix,
                );
                None
            }
        }
    }

    pub(super) fn template(
        &mut self,
        reader: &mut Reader<'_>,
        node: &Node,
        what: &str,
    ) -> Option<Template> {
        let text = reader.word(node, what)?;
        if let Some(marks) = reader.marks() {
            return Some(Template::marked(text, marks));
        }
        match Template::parse(text) {
            Ok(template) => {
                self.see(reader, node, text, template.names(), &template.members());
                Some(template)
            }
            Err(error) => {
                let span = reader.inside(node, text, error.offset.unwrap_or(0), 2);
                reader.error(
                    span,
                    format!("{what} cannot be read: {}", error.message),
                    "write `{{ expression }}`; a `{{` that is meant as text is `{{ \"{{\" }}`",
                );
                None
            }
        }
    }

    /// An expression does not see a secret, so comparing one finds nothing, and the text that it is compared with can be read here.
    fn masked(&self, reader: &mut Reader<'_>, node: &Node, expr: &Expr) {
        let text = expr.source();
        for (name, offset) in expr.every_name() {
            let (before, after) = (&text[..*offset], &text[offset + name.len()..]);
            let asked =
                before.trim_end().ends_with("is_set(") && after.trim_start().starts_with(')');
            if asked || self.own.contains(name) || !self.secrets.contains(name) {
                continue;
            }
            reader.warn(
                reader.inside(node, text, *offset, name.len()),
                format!("an expression sees of the secret `{name}` only whether it is set, never what it is"),
                format!("write `is_set({name})`; to try it, ask something that takes it, and judge the answer"),
            );
        }
    }

    /// A secret stands only where `allowed`: an argv, an environment and a report can be read by others.
    pub(super) fn no_secret(
        &self,
        reader: &mut Reader<'_>,
        node: &Node,
        template: &Template,
        allowed: bool,
        what: &str,
    ) -> Option<()> {
        let names = template.names();
        let secret = names
            .iter()
            .find(|(name, _)| !allowed && self.secrets.contains(name));
        let Some((name, offset)) = secret else {
            return Some(());
        };
        let span = reader.inside(node, template.source(), *offset, name.len());
        reader.error(
            span,
            format!("the secret `{name}` cannot stand in {what}: it would be seen in the process list, the pod or the report"),
            "a secret may stand in `stdin`, in the `headers` and `body` of `http`, and in what `talk` sends",
        );
        None
    }

    /// What a fact of the step itself hides where both are in sight: nobody would see which is meant.
    fn hidden(&self, name: &String) -> Option<&'static str> {
        let own = self.own.iter().filter(|own| *own == name).count();
        match self.sight.names.get(name) {
            Some(Some(_)) if own > 0 => Some("the earlier step"),
            Some(None) if own > 0 => Some("the param"),
            _ => (own > 1).then_some("the item of `each`"),
        }
    }

    fn see(
        &mut self,
        reader: &mut Reader<'_>,
        node: &Node,
        text: &str,
        names: Vec<(String, usize)>,
        members: &[Member],
    ) {
        for (name, offset) in names {
            if let Some(hidden) = self.hidden(&name) {
                let span = reader.inside(node, text, offset, name.len());
                reader.error(
                    span,
                    format!("`{name}` is a fact of this step, and hides {hidden} of that name"),
                    format!("give {hidden} another name"),
                );
            }
            if self.own.contains(&name) || self.sight.has(&name) {
                self.used.insert(name);
                continue;
            }
            if reader.is_full() {
                reader.error(node.span, "unknown name", "");
                continue;
            }
            let known: BTreeSet<&str> = self
                .sight
                .names
                .keys()
                .chain(self.own)
                .map(String::as_str)
                .collect();
            let span = reader.inside(node, text, offset, name.len());
            let (headline, fix) = match near(&name, known.iter().copied()) {
                Some(near) => (
                    format!("unknown name `{name}`; did you mean `{near}`?"),
                    format!("write `{near}`"),
                ),
                None => (
                    format!("unknown name `{name}`"),
                    format!("known here: {}", listed(&known)),
                ),
            };
            reader.error(span, headline, fix);
        }
        for member in members {
            if self.own.contains(&member.of) {
                continue;
            }
            let Some(Some(known)) = self.sight.names.get(&member.of) else {
                continue;
            };
            if known.contains(&member.name) {
                continue;
            }
            let span = reader.inside(node, text, member.offset, member.name.len());
            let listed = known.iter().cloned().collect::<Vec<_>>().join(", ");
            let mut headline = format!("`{}` has no `{}`", member.of, member.name);
            if let Some(near) = near(&member.name, known.iter().map(String::as_str)) {
                headline.push_str(&format!("; did you mean `{near}`?"));
            }
            reader.error(span, headline, format!("it has {listed}"));
        }
    }
}

/// Names as a text, as many of them as somebody reads.
fn listed(names: &BTreeSet<&str>) -> String {
    const MOST: usize = 30;
    let first: Vec<_> = names.iter().copied().take(MOST).collect();
    match names.len().saturating_sub(MOST) {
        0 => first.join(", "),
        more => format!("{}, and {more} more", first.join(", ")),
    }
}

/// Names that every step has already.
pub(super) fn given_names() -> impl Iterator<Item = &'static str> {
    TARGET.into_iter().chain(COMMON_FACTS).chain(["truncated"])
}

/// Why `name` cannot name a param, a step or a capture.
pub(super) fn unfit_identifier(name: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(plain) || name.starts_with(|c: char| c.is_ascii_digit())
    {
        return Some(
            "is no identifier: letters, digits and `_`, not beginning with a digit".into(),
        );
    }
    if name.len() > LONGEST {
        return Some(format!("is longer than {LONGEST} characters"));
    }
    if is_keyword(name) {
        return Some("is a keyword of the expression language".into());
    }
    if given_names().any(|given| given == name) {
        return Some("is a name that every step has already".into());
    }
    None
}

/// True for `http-up`: lower case words with hyphens between.
pub(super) fn is_kebab(name: &str) -> bool {
    name.len() <= LONGEST
        && name.split('-').all(|word| {
            !word.is_empty()
                && word
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        })
}
