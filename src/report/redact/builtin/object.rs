//! Secrets of Kubernetes as objects: every value of their `data` and `stringData`, whatever its key is called.
//!
//! What an object is may stand behind what it holds, as `kubectl get -o yaml` writes it, so that no anchor will do: the text is read
//! once, as YAML by its columns (`yaml.rs`) and as JSON by its brackets (`json.rs`), with no parser, since it may stand among other
//! lines or be cut. Values are held until their object says what it is. An object that was cut before it did is taken for one that
//! holds secrets.

mod json;
mod yaml;

use std::ops::Range;

use super::super::token::Tokens;

/// Name of the rule in the report's ledger.
pub(super) const NAME: &str = "kubernetes-secret";

/// What an object says of itself, and the values that wait for that.
#[derive(Debug)]
struct Object<T> {
    /// It is a Secret, or a list of them: their `kind` stands with the list alone.
    secret: bool,
    /// It is something else.
    other: bool,
    /// It says that it is of the first version of the API.
    versioned: bool,
    held: Vec<T>,
}

impl<T> Default for Object<T> {
    fn default() -> Self {
        Self {
            secret: false,
            other: false,
            versioned: false,
            held: Vec::new(),
        }
    }
}

impl<T> Object<T> {
    /// Hears a pair of the object.
    fn hear(&mut self, key: &[u8], value: &[u8]) {
        match (key, value) {
            (b"kind", b"Secret" | b"SecretList") => self.secret = true,
            (b"kind", _) => self.other = true,
            (b"apiVersion", b"v1") => self.versioned = true,
            _ => {}
        }
    }

    /// Takes what it holds at its end: it is struck, or forgotten, or waits with what is around it. `cut` where the text ended first.
    fn close(mut self, around: Option<&mut Self>, struck: &mut Vec<T>, cut: bool) {
        if self.secret || cut && self.versioned && !self.other {
            struck.append(&mut self.held);
        } else if let Some(around) = around.filter(|_| !self.other) {
            // The fewer go to the more, so that no depth of brackets makes this slow.
            if around.held.len() < self.held.len() {
                std::mem::swap(&mut around.held, &mut self.held);
            }
            around.held.append(&mut self.held);
        }
    }
}

/// The text with the values of all Secrets masked, and each told to `count`; `None` where there is none.
pub(super) fn masked(text: &[u8], tokens: &Tokens, count: &mut dyn FnMut(&str)) -> Option<Vec<u8>> {
    if !may_hold(text) {
        return None;
    }
    let lines = yaml::masked(text, tokens, count);
    let text = lines.as_deref().unwrap_or(text);
    json::masked(text, tokens, count).or(lines)
}

/// Most texts are no objects at all, and are not read for them.
fn may_hold(text: &[u8]) -> bool {
    let has = |word: &[u8]| memchr::memmem::find(text, word).is_some();
    let kind = |at: usize| {
        let before = &text[at.saturating_sub(24)..at];
        memchr::memmem::find(before, b"kind").is_some()
    };
    let says = has(b"apiVersion") || memchr::memmem::find_iter(text, b"Secret").any(kind);
    // The letters that `data` and `stringData` have alike.
    says && (has(b"ata:") || has(b"ata\"") || has(b"ata\\"))
}

fn is_data(key: &[u8]) -> bool {
    matches!(key, b"data" | b"stringData")
}

/// Where a part begins that was not passed yet: of parts within each other the outer one counts.
fn apart<T>(mut struck: Vec<T>, place: impl Fn(&T) -> Range<usize>) -> Vec<T> {
    struck.sort_by_key(|one| (place(one).start, std::cmp::Reverse(place(one).end)));
    let mut done = 0;
    struck.retain(|one| {
        let place = place(one);
        let new = place.start >= done;
        if new {
            done = place.end;
        }
        new
    });
    struck
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(text: &str) -> String {
        let tokens = Tokens::default();
        let masked = super::masked(text.as_bytes(), &tokens, &mut |_| {});
        let Some(bytes) = masked else {
            return text.into();
        };
        let again = super::masked(&bytes, &tokens, &mut |_| {});
        assert!(again.is_none_or(|again| again == bytes), "masked again");
        let mut text = bytes.clone();
        for span in tokens.spans(&bytes).into_iter().rev() {
            text.splice(span, *b"***");
        }
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn promise_2_all_values_of_a_secret_in_yaml_are_masked_wherever_its_kind_stands() {
        for (before, then) in [
            (
                "kind: Secret\ndata:\n  a: eA==\n  b: |\n    eA==\nmetadata:\n  name: x\n",
                "kind: Secret\ndata:\n  a: \"***\"\n  b: |\n    ***\nmetadata:\n  name: x\n",
            ),
            (
                "apiVersion: v1\nstringData:\n  a: x y # z\nkind: \"Secret\" # it is\n---\nkind: ConfigMap\ndata:\n  a: x\n",
                "apiVersion: v1\nstringData:\n  a: \"***\"\nkind: \"Secret\" # it is\n---\nkind: ConfigMap\ndata:\n  a: x\n",
            ),
            (
                "items:\n- apiVersion: v1\n  data:\n    a: eA==\n  kind: Secret\n- kind: ConfigMap\n  data:\n    a: x\nkind: List\n",
                "items:\n- apiVersion: v1\n  data:\n    a: \"***\"\n  kind: Secret\n- kind: ConfigMap\n  data:\n    a: x\nkind: List\n",
            ),
            (
                "kind: SecretList\nitems:\n  - metadata: {name: x}\n    data:\n      a: eA==\n",
                "kind: SecretList\nitems:\n  - metadata: {name: x}\n    data:\n      a: \"***\"\n",
            ),
            (
                "kind: Secret\r\ndata: {a: eA==}\r\n",
                "kind: Secret\r\ndata: \"***\"\r\n",
            ),
            ("kind: Secret\ndata: {}\n", "kind: Secret\ndata: {}\n"),
            (
                "apiVersion: v1\ndata:\n  a: eA=",
                "apiVersion: v1\ndata:\n  a: \"***\"",
            ),
            (
                "kind: SealedSecret\ndata:\n  a: x\n",
                "kind: SealedSecret\ndata:\n  a: x\n",
            ),
        ] {
            assert_eq!(after(before), then);
        }
    }

    #[test]
    fn promise_2_all_values_of_a_secret_in_json_are_masked_also_where_it_is_text_or_cut() {
        for (before, then) in [
            (
                r#"x {"data":{"a":"eA==","b":""},"kind":"Secret","type":"Opaque"} {"kind":"ConfigMap","data":{"a":"x"}}"#,
                r#"x {"data":{"a":"***","b":""},"kind":"Secret","type":"Opaque"} {"kind":"ConfigMap","data":{"a":"x"}}"#,
            ),
            (
                r#"{"kind":"SecretList","items":[{"metadata":{"name":"x"},"data":{"a":"eA=="}}]}"#,
                r#"{"kind":"SecretList","items":[{"metadata":{"name":"x"},"data":{"a":"***"}}]}"#,
            ),
            (
                r#"{"was":"{\"stringData\":{\"a\":\"x \\\" y\"},\"kind\":\"Secret\"}\n","n":"x"}"#,
                r#"{"was":"{\"stringData\":{\"a\":\"***\"},\"kind\":\"Secret\"}\n","n":"x"}"#,
            ),
            (
                "{\n  \"apiVersion\": \"v1\",\n  \"data\": {\n    \"a\": \"eA==\",\n    \"b\": \"eA",
                "{\n  \"apiVersion\": \"v1\",\n  \"data\": {\n    \"a\": \"***\",\n    \"b\": \"***",
            ),
        ] {
            assert_eq!(after(before), then);
        }
    }

    #[test]
    fn promise_7_no_depth_of_objects_makes_reading_them_slow() {
        // With time beyond its length these would take minutes.
        let braces = r#"{"kind":"Secret","data":{"a":"x"},"b":"#.repeat(10_000);
        let columns: String = (0..600)
            .map(|at| format!("{}data:\n", " ".repeat(at)))
            .collect();
        let columns = format!("kind: Secret\n{}", columns.repeat(4));
        let lines = "kind: Secret\ndata:\n a: x\n".repeat(10_000);
        for text in [braces, columns, lines] {
            assert!(after(&text).len() <= text.len() * 4);
        }
    }
}
