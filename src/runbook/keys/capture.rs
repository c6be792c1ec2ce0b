//! Keys of captures.

use super::{CAPTURE_TYPE, Choice, Key, REGEX, Rule, Takes};

/// Captures by name.
pub(super) const NAMES: Takes = Takes::NamedSome(&Takes::Choice(&NAMED));
const FROM_FACT: Key = Key::new("from", Takes::Plain, "the fact that is read").or("stdout");

/// Keys of a capture that takes named groups.
pub(in crate::runbook) const GROUPS: &[Key] = &[
    Key::new(
        "regex",
        REGEX,
        "each named group becomes a value: `^(?<code>\\d+)`",
    )
    .required(),
    Key::new(
        "types",
        Takes::Pairs(&CAPTURE_TYPE),
        "types of the groups that are no text",
    ),
    Key::new(
        "default",
        Takes::Pairs(&Takes::Value),
        "values of the groups where nothing matches; without it that is an error",
    ),
    FROM_FACT,
];

/// Keys of a capture that has a name.
pub(in crate::runbook) const NAMED: Choice = Choice {
    keys: &[
        Key::new(
            "regex",
            REGEX,
            "the first match: its first group, or all of it",
        ),
        Key::new("lines", REGEX, "a list of the lines that match"),
        Key::new("json", Takes::Plain, "what a JSON path of RFC 9535 finds"),
        Key::new(
            "table",
            Takes::Choice(&TABLE),
            "a list of maps, one for each line of a table",
        ),
        Key::new(
            "pairs",
            Takes::Filled,
            "a map of the lines that hold this separator",
        ),
        Key::new(
            "type",
            CAPTURE_TYPE,
            "type of what `regex` or `lines` takes",
        )
        .or("string"),
        Key::new(
            "default",
            Takes::Anything,
            "the value where nothing is found; without it that is an error",
        ),
        FROM_FACT,
    ],
    of: &["regex", "lines", "json", "table", "pairs"],
    rule: Rule::One,
};

/// Keys of `table`.
pub(in crate::runbook) const TABLE: Choice = Choice {
    keys: &[
        Key::new(
            "header",
            Takes::Count(1, 1000),
            "the line that names the columns, from 1",
        ),
        Key::new(
            "columns",
            Takes::List(&Takes::Plain),
            "the names of the columns, where no line has them",
        ),
        Key::new(
            "into",
            Takes::Pairs(&CAPTURE_TYPE),
            "types of the columns that are no text",
        ),
    ],
    of: &["header", "columns"],
    rule: Rule::Some,
};
