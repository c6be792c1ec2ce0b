//! Secrets in command lines whose option does not say that it is one: `curl -u user:password`, `mysql -ppassword`.

use super::scan::{Hit, Strike};
use super::text::{Quote, line_before, run};

/// Commands, the option, and whether only what follows a colon is the secret.
struct Habit {
    commands: &'static [&'static str],
    option: &'static str,
    user: bool,
    /// The value may stand in the same word, and only there.
    joined: bool,
}

const fn habit(commands: &'static [&'static str], option: &'static str) -> Habit {
    Habit {
        commands,
        option,
        user: false,
        joined: false,
    }
}

const HABITS: &[Habit] = &[
    Habit {
        user: true,
        ..habit(&["curl", "http", "wget"], "-u")
    },
    Habit {
        user: true,
        ..habit(&["curl", "http", "wget"], "--user")
    },
    Habit {
        user: true,
        ..habit(&["curl"], "-U")
    },
    Habit {
        user: true,
        ..habit(&["curl"], "--proxy-user")
    },
    Habit {
        user: true,
        ..habit(&["http", "https"], "-a")
    },
    Habit {
        joined: true,
        ..habit(&["mysql", "mariadb"], "-p")
    },
    Habit {
        joined: true,
        ..habit(&["sshpass"], "-p")
    },
    habit(&["sshpass", "docker login", "mongo", "podman login"], "-p"),
    habit(&["redis-cli"], "-a"),
    habit(&["ldapsearch", "ldapmodify", "ldapadd", "ldapwhoami"], "-w"),
    habit(&["sqlcmd", "snmpwalk", "smbclient"], "-P"),
];

/// The value of such an option.
pub(super) fn option(hit: Hit<'_>) -> Option<Strike> {
    let Hit { text, from, .. } = hit;
    // The anchor is the option with what parts it from the word before.
    let from = from + 1;
    let line = line_before(text, from);
    HABITS.iter().find_map(|habit| {
        let behind = from + habit.option.len();
        if !text[from..].starts_with(habit.option.as_bytes()) {
            return None;
        }
        let called = habit
            .commands
            .iter()
            .any(|command| memchr::memmem::find(line, command.as_bytes()).is_some());
        if called {
            habit.value(text, behind)
        } else {
            None
        }
    })
}

impl Habit {
    fn value(&self, text: &[u8], at: usize) -> Option<Strike> {
        let parts = |byte: u8| matches!(byte, b' ' | b'\t' | 0);
        let (quote, from) = match Quote::at(text, at) {
            // `"-u", "user:password"`, as a list.
            Some((quote, behind)) => {
                let next = run(text, behind, 8, |byte| b", ".contains(&byte));
                match Quote::at(text, next).filter(|(next, _)| *next == quote) {
                    Some((quote, from)) if !self.joined => (Some(quote), from),
                    _ if self.joined => (Some(quote), behind),
                    _ => return None,
                }
            }
            None => {
                let next = run(text, at, 8, parts);
                if (next > at) == self.joined {
                    return None;
                }
                match Quote::at(text, next) {
                    Some((quote, from)) => (Some(quote), from),
                    None => (None, next),
                }
            }
        };
        let word = |byte: u8| !byte.is_ascii_whitespace() && !b"\0\"'`;|&".contains(&byte);
        let end = match quote {
            Some(quote) => quote.ends(text, from, text.len(), false).0,
            None => run(text, from, text.len(), word),
        };
        let value = text.get(from..end)?;
        if value.first().is_none_or(|first| *first == b'-') {
            return None;
        }
        let lead = if self.user {
            memchr::memchr(b':', value)? + 1
        } else {
            0
        };
        if super::plain::plain(&value[lead..]) {
            return None;
        }
        Strike::bare(from + lead, end)
    }
}

/// `--from-literal=key=value`, as `kubectl create secret` takes it.
pub(super) fn literal(hit: Hit<'_>) -> Option<Strike> {
    let Hit { text, from, .. } = hit;
    let line = line_before(text, from);
    memchr::memmem::find(line, b"secret")?;
    let at = from + b"--from-literal".len();
    let at = run(text, at, 8, |byte| b"=\0\"', ".contains(&byte));
    let key = run(text, at, 256, |byte| {
        byte.is_ascii_alphanumeric() || b"._-".contains(&byte)
    });
    if text.get(key) != Some(&b'=') {
        return None;
    }
    let (quote, from) = match Quote::at(text, key + 1) {
        Some((quote, from)) => (Some(quote), from),
        // The whole word may stand between quotes.
        None => (Quote::before(text, at).map(|(quote, _)| quote), key + 1),
    };
    let end = match quote {
        Some(quote) => quote.ends(text, from, text.len(), false).0,
        None => run(text, from, text.len(), |byte| {
            !byte.is_ascii_whitespace() && !b"\0\"'`;|&".contains(&byte)
        }),
    };
    (!super::plain::plain(text.get(from..end)?)).then(|| Strike::bare(from, end))?
}

/// `pass:…`, as `openssl -passin` takes it.
pub(super) fn passin(hit: Hit<'_>) -> Option<Strike> {
    let Hit { text, from, .. } = hit;
    let line = line_before(text, from);
    let called = ["-passin", "-passout", "-pass", "-storepass", "-keypass"]
        .iter()
        .any(|option| line.trim_ascii_end().ends_with(option.as_bytes()));
    let from = from + b"pass:".len();
    let end = run(text, from, text.len(), |byte| {
        !byte.is_ascii_whitespace() && !b"\0\"'".contains(&byte)
    });
    called.then(|| Strike::bare(from, end))?
}

/// `Bearer …` wherever it stands, where a token follows and not a word.
pub(super) fn bearer(hit: Hit<'_>) -> Option<Strike> {
    let Hit { text, from, .. } = hit;
    const SHORT: usize = 16;
    let from = from + b"bearer ".len();
    let end = run(text, from, text.len(), |byte| {
        byte.is_ascii_alphanumeric() || b"._~+/=-".contains(&byte)
    });
    let value = &text[from..end];
    let mixed = value.iter().any(u8::is_ascii_digit);
    (value.len() >= SHORT && mixed).then(|| Strike::bare(from, end))?
}
