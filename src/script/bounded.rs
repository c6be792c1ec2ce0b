//! What the standard functions do without a bound, with one: the language weighs a value only once it is there.

use rhai::{Array, Dynamic, Engine, EvalAltResult, FnPtr, ImmutableString, NativeCallContext};

use super::sandbox::{MAX_ITEMS, MAX_TEXT};

type Outcome<T> = Result<T, Box<EvalAltResult>>;

/// How deep lists and maps may stand in each other where a value leaves the language, or is taken together item by item: deeper ones
/// cannot be written down, and whoever walks through them runs out of stack.
pub(super) const MAX_DEPTH: usize = 64;

pub(super) fn register(engine: &mut Engine) {
    engine
        .register_fn(
            "replace",
            |text: ImmutableString, from: ImmutableString, to: ImmutableString| {
                replaced(&text, &from, &to)
            },
        )
        .register_fn(
            "replace",
            |text: ImmutableString, from: char, to: ImmutableString| {
                replaced(&text, from.encode_utf8(&mut [0; 4]), &to)
            },
        )
        .register_fn(
            "replace",
            |text: ImmutableString, from: ImmutableString, to: char| {
                replaced(&text, &from, to.encode_utf8(&mut [0; 4]))
            },
        )
        .register_fn("replace", |text: ImmutableString, from: char, to: char| {
            replaced(
                &text,
                from.encode_utf8(&mut [0; 4]),
                to.encode_utf8(&mut [0; 4]),
            )
        })
        .register_fn("split", |text: ImmutableString, by: ImmutableString| {
            list(text.split(by.as_str()))
        })
        .register_fn("split", |text: ImmutableString, by: char| {
            list(text.split(by))
        })
        .register_fn("split", |text: ImmutableString| {
            list(text.split_whitespace())
        })
        .register_fn("lines", |text: ImmutableString| list(text.lines()))
        .register_fn("words", |text: ImmutableString| {
            list(text.split_whitespace())
        })
        .register_fn(
            "reduce",
            |context: NativeCallContext<'_>, items: Array, by: FnPtr| {
                reduced(&context, items, &by, Dynamic::UNIT)
            },
        )
        .register_fn(
            "reduce",
            |context: NativeCallContext<'_>, items: Array, by: FnPtr, first: Dynamic| {
                reduced(&context, items, &by, first)
            },
        )
        .register_fn(
            "reduce_rev",
            |context: NativeCallContext<'_>, mut items: Array, by: FnPtr| {
                items.reverse();
                reduced(&context, items, &by, Dynamic::UNIT)
            },
        )
        .register_fn(
            "reduce_rev",
            |context: NativeCallContext<'_>, mut items: Array, by: FnPtr, first: Dynamic| {
                items.reverse();
                reduced(&context, items, &by, first)
            },
        );
}

/// A list of texts, no longer than lists may be.
fn list<'a>(items: impl Iterator<Item = &'a str>) -> Outcome<Array> {
    let found: Array = items
        .take(MAX_ITEMS + 1)
        .map(|item| Dynamic::from(item.to_owned()))
        .collect();
    if found.len() > MAX_ITEMS {
        return Err(format!("a list grows beyond {MAX_ITEMS} items").into());
    }
    Ok(found)
}

fn replaced(text: &str, from: &str, to: &str) -> Outcome<String> {
    let growth = to.len().saturating_sub(from.len());
    let most = text.matches(from).count().saturating_mul(growth);
    fits(text.len().saturating_add(most))?;
    Ok(text.replace(from, to))
}

/// An error for a text of more bytes than a text may have.
pub(super) fn fits(bytes: usize) -> Outcome<()> {
    if bytes > MAX_TEXT {
        return Err(format!("a text grows beyond {} MiB", MAX_TEXT / 1024 / 1024).into());
    }
    Ok(())
}

fn reduced(
    context: &NativeCallContext<'_>,
    items: Array,
    by: &FnPtr,
    first: Dynamic,
) -> Outcome<Dynamic> {
    let mut all = first;
    for item in items {
        all = by.call_within_context(context, (all, item))?;
        shallow(&all)?;
    }
    Ok(all)
}

/// An error for a value in which lists and maps stand too deep in each other.
pub(super) fn shallow(value: &Dynamic) -> Outcome<()> {
    if is_deep(value, MAX_DEPTH) {
        return Err(
            format!("lists and maps stand more than {MAX_DEPTH} deep in each other").into(),
        );
    }
    Ok(())
}

fn is_deep(value: &Dynamic, left: usize) -> bool {
    if let Ok(items) = value.as_array_ref() {
        return left == 0 || items.iter().any(|item| is_deep(item, left - 1));
    }
    if let Ok(entries) = value.as_map_ref() {
        return left == 0 || entries.values().any(|item| is_deep(item, left - 1));
    }
    false
}

#[cfg(test)]
mod tests {
    use crate::script::{Expr, Scope};

    fn said(source: &str) -> String {
        let text = "x".repeat(200_000);
        let names = serde_json::Map::from_iter([("text".to_owned(), text.into())]);
        match Expr::compile(source).unwrap().value(&Scope::of(&names)) {
            Ok(value) => value.to_string(),
            Err(error) => error.message,
        }
    }

    #[test]
    fn what_would_grow_without_bound_is_refused_before_it_does() {
        for source in [
            r#"text.replace("x", text)"#,
            "text.replace('x', text)",
            "text.replace(\"\", text)",
            r#"text.split("").join(text)"#,
            r#"[text, text, text].join(text.replace("x", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"))"#,
        ] {
            assert!(
                said(source).contains("grows beyond"),
                "{source}: {}",
                said(source)
            );
        }
    }

    #[test]
    fn what_would_be_nested_without_bound_is_refused_before_it_is() {
        let deep = r#"text.sub_string(0, 90000).split("").reduce(|all, x| [all], [])"#;
        assert!(said(deep).contains("64 deep"), "{}", said(deep));
        let deep = r#"text.sub_string(0, 90000).split("").reduce_rev(|all, x| #{x: all})"#;
        assert!(said(deep).contains("64 deep"), "{}", said(deep));
    }

    #[test]
    fn what_fits_is_as_it_always_was() {
        assert_eq!(said(r#""a.b".replace(".", "/")"#), "\"a/b\"");
        assert_eq!(said("\"a.b\".replace('.', '/')"), "\"a/b\"");
        assert_eq!(said(r#""a:b".split(":")"#), r#"["a","b"]"#);
        assert_eq!(said("[1, 2, 3].reduce(|sum, n| sum + n, 0)"), "6");
        assert_eq!(
            said(r#"["a", "b"].reduce_rev(|all, s| all + s, "")"#),
            "\"ba\""
        );
    }
}
