//! A complaint about a source, and how it is shown: headline, file, line and column, the line itself with carets, and the fix.

use std::fmt;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level as Title, Renderer, Snippet};
use serde::Serialize;

use crate::yaml::Span;

/// How bad a complaint is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The runbook cannot be run.
    Error,
    /// It can, but something is odd.
    Warning,
}

/// One complaint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// How bad it is.
    pub level: Level,
    /// What is wrong, lower case.
    pub headline: String,
    /// What to do.
    pub fix: Option<String>,
    /// File name as given, or the name of a shipped runbook.
    pub origin: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Characters it spans on its line, at least 1.
    pub length: usize,
    #[serde(skip)]
    span: Span,
    #[serde(skip)]
    source: Source,
}

/// The text that is complained about. A debug print tells its length: it may be long, and is shown by [`render`].
#[derive(Clone, PartialEq, Eq)]
struct Source(Arc<str>);

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// Whether a rendering carries colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// Text alone.
    Plain,
    /// With ANSI colours.
    Coloured,
}

impl Diagnostic {
    pub(super) fn new(
        level: Level,
        origin: &str,
        source: &Arc<str>,
        span: Span,
        headline: String,
        fix: Option<String>,
    ) -> Self {
        let start = boundary(source, span.start);
        let line_start = source[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = source[start..]
            .find(['\n', '\r'])
            .map_or(source.len(), |at| start + at);
        // Carets under one line: where a value goes on over many, its first line says which.
        let end = boundary(source, span.end.clamp(start, line_end));
        Self {
            level,
            headline,
            fix,
            origin: origin.into(),
            line: source[..start].matches('\n').count() + 1,
            column: source[line_start..start].chars().count() + 1,
            length: source[start..end].chars().count().max(1),
            span: Span { start, end },
            source: Source(Arc::clone(source)),
        }
    }

    /// Where it stands, in bytes of the source after its byte order mark.
    pub fn span(&self) -> Span {
        self.span
    }
}

/// `at`, or the next place where a character begins.
fn boundary(source: &str, at: usize) -> usize {
    (at..source.len())
        .find(|at| source.is_char_boundary(*at))
        .unwrap_or(source.len())
}

/// All complaints, each with its line, in the order given.
pub fn render(diagnostics: &[Diagnostic], paint: Paint) -> String {
    let renderer = match paint {
        Paint::Plain => Renderer::plain(),
        Paint::Coloured => Renderer::styled(),
    };
    let mut text = String::new();
    for diagnostic in diagnostics {
        let title = match diagnostic.level {
            Level::Error => Title::ERROR,
            Level::Warning => Title::WARNING,
        };
        let span = diagnostic.span;
        let mut group: Group<'_> = title.primary_title(diagnostic.headline.as_str()).element(
            Snippet::source(&*diagnostic.source.0)
                .path(diagnostic.origin.as_str())
                .annotation(AnnotationKind::Primary.span(span.start..span.end)),
        );
        if let Some(fix) = &diagnostic.fix {
            group = group.element(Title::HELP.message(fix.as_str()));
        }
        text.push_str(&renderer.render(&[group]));
        text.push_str("\n\n");
    }
    text.truncate(text.trim_end().len());
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_debug_print_tells_where_and_not_the_whole_source() {
        let source: Arc<str> = "id: x\n".repeat(1000).into();
        let span = Span { start: 6, end: 11 };
        let one = Diagnostic::new(Level::Error, "a.yaml", &source, span, "odd".into(), None);
        let told = format!("{one:?}");
        assert!(
            told.contains("a.yaml") && told.contains("6000 bytes"),
            "{told}"
        );
        assert!(told.len() < 300 && !told.contains("id: x"), "{told}");
    }
}
