//! The functions of expressions, told: by this table a misspelt one is told, and the language reference is made of it.

/// One function.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// What it gives, one line.
    pub about: &'static str,
    /// An expression that uses it.
    pub example: &'static str,
    /// What that comes to, JSON.
    pub gives: &'static str,
}

const fn told(
    name: &'static str,
    about: &'static str,
    example: &'static str,
    gives: &'static str,
) -> Function {
    Function {
        name,
        about,
        example,
        gives,
    }
}

/// Every function that is worth telling, by name.
pub const FUNCTIONS: &[Function] = &[
    told("abs", "the number without its sign", "abs(-3)", "3"),
    told(
        "all",
        "whether it holds of every item",
        "[80, 443].all(|port| port < 1024)",
        "true",
    ),
    told(
        "contains",
        "whether the text or the list has it",
        r#""no such host".contains("such")"#,
        "true",
    ),
    told(
        "count_by",
        "how many rows have each value of a column",
        r#"[#{state: "Z"}, #{state: "S"}, #{state: "S"}].count_by("state")"#,
        r#"{"S":2,"Z":1}"#,
    ),
    told(
        "ends_with",
        "whether the text ends so",
        r#""app.log".ends_with(".log")"#,
        "true",
    ),
    told(
        "filter",
        "the items of which it holds",
        "[80, 8080].filter(|port| port > 1024)",
        "[8080]",
    ),
    told(
        "group_by",
        "the rows of each value of a column",
        r#"[#{state: "Z", pid: 7}].group_by("state")"#,
        r#"{"Z":[{"pid":7,"state":"Z"}]}"#,
    ),
    told(
        "index_of",
        "where the text or the list has it, from 0; -1 where it has not",
        r#""db:5432".index_of(":")"#,
        "2",
    ),
    told(
        "is_empty",
        "whether there is nothing in it",
        "[].is_empty()",
        "true",
    ),
    told(
        "is_set",
        "false for a value that is not there, true for any other",
        "is_set(0)",
        "true",
    ),
    told(
        "join",
        "the items as one text",
        r#"["a", "b"].join(", ")"#,
        r#""a, b""#,
    ),
    told(
        "keys",
        "the keys of a map",
        "#{http: 80}.keys()",
        r#"["http"]"#,
    ),
    told(
        "len",
        "how many characters, items or keys",
        r#""pod".len()"#,
        "3",
    ),
    told(
        "lines",
        "the lines of a text, without their ends",
        r#""a\nb\n".lines()"#,
        r#"["a","b"]"#,
    ),
    told(
        "map",
        "of every item what the function makes of it",
        "[1, 2].map(|n| n * 10)",
        "[10,20]",
    ),
    told(
        "matches",
        "whether a linear-time regular expression matches anywhere",
        r"`eth0: up`.matches(`^eth\d`)",
        "true",
    ),
    told("max", "the greater of two", "max(2, 3)", "3"),
    told("min", "the lesser of two", "min(2, 3)", "2"),
    told(
        "pairs",
        "a map of the lines that are `name = value`",
        r#""a = 1\nb = 2".pairs("=")"#,
        r#"{"a":"1","b":"2"}"#,
    ),
    told(
        "parse_json",
        "what the text says as JSON; an error where it is none",
        r#"parse_json(`{"ready": true}`)"#,
        r#"{"ready":true}"#,
    ),
    told(
        "reduce",
        "the items taken together, one after the other",
        "[1, 2, 3].reduce(|sum, n| sum + n, 0)",
        "6",
    ),
    told(
        "replace",
        "the text with every one replaced",
        r#""a.b.c".replace(".", "/")"#,
        r#""a/b/c""#,
    ),
    told("round", "the nearest whole number", "round(2.6)", "3.0"),
    told(
        "some",
        "whether it holds of at least one item",
        "[80, 8080].some(|port| port > 1024)",
        "true",
    ),
    told(
        "split",
        "the parts of a text between the separators",
        r#""10.0.0.7:80".split(":")"#,
        r#"["10.0.0.7","80"]"#,
    ),
    told(
        "starts_with",
        "whether the text begins so",
        r#""/healthz".starts_with("/")"#,
        "true",
    ),
    told(
        "sub_string",
        "a part of the text, from a place and for a length",
        r#""kubelet".sub_string(0, 4)"#,
        r#""kube""#,
    ),
    told(
        "sum_by",
        "the sum of a column",
        r#"[#{rss: 40}, #{rss: 2}].sum_by("rss")"#,
        "42",
    ),
    told(
        "table",
        "a map for each line but the first, which names the columns",
        r#""PID CMD\n7 sh -c x\n".table()"#,
        r#"[{"pid":"7","cmd":"sh -c x"}]"#,
    ),
    told(
        "to_float",
        "the number that the text spells; an error where it spells none",
        r#""0.25".to_float()"#,
        "0.25",
    ),
    told(
        "to_int",
        "the whole number that the text spells; an error where it spells none",
        r#"" 42\n".to_int()"#,
        "42",
    ),
    told(
        "to_lower",
        "the text in lower case",
        r#""UP".to_lower()"#,
        r#""up""#,
    ),
    told("to_string", "the value as text", "to_string(80)", r#""80""#),
    told(
        "to_upper",
        "the text in upper case",
        r#""up".to_upper()"#,
        r#""UP""#,
    ),
    told(
        "trim",
        "the text without white space at its ends",
        r#""  ok\n".trim()"#,
        r#""ok""#,
    ),
    told(
        "values",
        "the values of a map",
        "#{http: 80}.values()",
        "[80]",
    ),
    told(
        "words",
        "the words of a text, split at white space",
        r#""a  b\n".words()"#,
        r#"["a","b"]"#,
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::{Expr, Scope};

    #[test]
    fn every_function_gives_what_it_is_told_to_give() {
        for function in FUNCTIONS {
            assert!(
                function.example.contains(function.name),
                "{}",
                function.name
            );
            let value = Expr::compile(function.example)
                .and_then(|expr| expr.value(&Scope::new()))
                .unwrap_or_else(|error| panic!("{}: {error}", function.name));
            let gives: serde_json::Value = serde_json::from_str(function.gives).unwrap();
            assert_eq!(value, gives, "{}", function.name);
        }
    }

    #[test]
    fn the_functions_stand_by_name() {
        assert!(FUNCTIONS.is_sorted_by_key(|function| function.name));
    }
}
