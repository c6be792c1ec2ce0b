//! The rules that hold unless a runbook says `builtin: false`: one line each.
//!
//! A rule has anchors, words one of which stands wherever it could strike, and a look around such a place. The words of all rules are
//! sought in one pass (`scan.rs`); a look is bounded, or all that it passes is masked, so that no text takes longer than its length
//! says.

mod command;
mod hash;
mod key;
mod object;
mod pair;
mod pem;
mod plain;
mod scan;
mod shape;
mod text;
mod url;
mod value;
mod word;

use scan::{Hit, Strike};

use super::token::Tokens;

/// A rule of the house.
#[derive(Clone, Copy, Debug)]
pub struct Builtin {
    /// Name in the report's ledger.
    pub name: &'static str,
    /// What it masks.
    pub doc: &'static str,
    /// Where the shape is defined.
    pub source: &'static str,
    /// Words one of which stands wherever it strikes, in either case.
    anchors: &'static [&'static str],
    /// What it masks there.
    find: fn(Hit<'_>) -> Option<Strike>,
}

/// The text with all that the rules find masked, and each rule that struck told to `count`; `None` where nothing was found.
pub(super) fn masked(text: &[u8], tokens: &Tokens, count: &mut dyn FnMut(&str)) -> Option<Vec<u8>> {
    let objects = object::masked(text, tokens, count);
    let text = objects.as_deref().unwrap_or(text);
    scan::masked(text, tokens, count).or(objects)
}

/// Words that stand in the keys of secrets.
const KEYS: &[&str] = &[
    "pass",
    "pwd",
    "secret",
    "token",
    "credential",
    "apikey",
    "api_key",
    "api-key",
    "api.key",
    "accesskey",
    "access_key",
    "access-key",
    "access.key",
    "accountkey",
    "account_key",
    "account-key",
    "privatekey",
    "private_key",
    "private-key",
    "private.key",
    "key-data",
    "encryptionkey",
    "encryption_key",
    "encryption-key",
    "encryption.key",
    "signingkey",
    "signing_key",
    "signing-key",
    "sharedkey",
    "authkey",
    "auth_key",
    "auth-key",
    "master_key",
    "master-key",
    "masterkey",
    "masterauth",
    "session_key",
    "deploy_key",
    "ssh_key",
    "webhook_key",
    "_key=",
    "_key\"",
    "_key:",
    "authorization",
    "cookie",
    "sessid",
    "sessionid",
];

/// Every built-in rule. Of two that strike at one place the earlier one does.
pub const BUILTIN: &[Builtin] = &[
    // No word stands wherever it strikes: it is a pass of its own.
    Builtin {
        name: object::NAME,
        doc: "all values of Secrets in YAML and JSON, whatever their keys are called",
        source: "Kubernetes: Secret, `data` and `stringData`",
        anchors: &[],
        find: |_| None,
    },
    Builtin {
        name: "private-key",
        doc: "private keys as text, of every kind, also cut off and with line feeds written as `\\n`",
        source: "RFC 7468; the formats of OpenSSH, PGP and PuTTY",
        anchors: &["-----BEGIN"],
        find: pem::private,
    },
    Builtin {
        name: "private-key",
        doc: "the private lines of a key of PuTTY",
        source: "PuTTY manual, appendix C",
        anchors: &["private-lines:"],
        find: pem::putty,
    },
    Builtin {
        name: "encoded-key",
        doc: "private keys and the passwords of registries in base64, as Kubernetes keeps them",
        source: "Kubernetes: Secrets of the types tls and dockerconfigjson, kubeconfig",
        anchors: &["LS0tLS1CRUdJTi", "eyJhdXRo", "ewogICJhdXRo", "ewoJImF1dGhz"],
        find: shape::coded,
    },
    Builtin {
        name: "token",
        doc: "tokens that begin as their maker says: of clouds, forges, registries, payments, chats, models",
        source: "each maker's documentation",
        anchors: shape::BEGINNINGS,
        find: shape::find,
    },
    Builtin {
        name: "jwt",
        doc: "JSON Web Tokens, such as those of Kubernetes' service accounts",
        source: "RFC 7519",
        anchors: &["eyJ"],
        find: shape::jwt,
    },
    Builtin {
        name: "token",
        doc: "client secrets of Entra",
        source: "Microsoft: client secrets",
        anchors: &[
            "0Q~", "1Q~", "2Q~", "3Q~", "4Q~", "5Q~", "6Q~", "7Q~", "8Q~", "9Q~",
        ],
        find: shape::entra,
    },
    Builtin {
        name: "token",
        doc: "tokens of Telegram's bots",
        source: "Telegram Bot API",
        anchors: &[":AA"],
        find: shape::telegram,
    },
    Builtin {
        name: "bootstrap-token",
        doc: "tokens with which nodes join a cluster, as `kubeadm token list` shows them",
        source: "Kubernetes: Bootstrap Tokens",
        anchors: &["authentication,signing"],
        find: shape::bootstrap,
    },
    Builtin {
        name: "bootstrap-token",
        doc: "tokens with which nodes join k3s",
        source: "k3s: token formats",
        anchors: &["K10"],
        find: shape::node,
    },
    Builtin {
        name: "url-password",
        doc: "the password of an address, or a token in its place",
        source: "RFC 3986, section 3.2.1",
        anchors: &["://"],
        find: url::user,
    },
    Builtin {
        name: "url-password",
        doc: "the same in an address that is percent-encoded",
        source: "RFC 3986, section 2.1",
        anchors: &["%3A%2F%2F"],
        find: url::coded,
    },
    Builtin {
        name: "url-password",
        doc: "the password in an address of Oracle's driver",
        source: "Oracle: JDBC thin-style service names",
        anchors: &["jdbc:oracle:"],
        find: url::oracle,
    },
    Builtin {
        name: "signature",
        doc: "what signs an address: anybody who has it may ask",
        source: "Azure: shared access signatures; AWS: Signature Version 4; Google Cloud: signed URLs",
        anchors: &["sig=", "sig%3D", "x-amz-signature", "x-goog-signature"],
        find: url::signature,
    },
    Builtin {
        name: "password-hash",
        doc: "hashes of passwords, as in shadow files and htpasswd",
        source: "crypt(5); Apache: password formats",
        anchors: &[
            "$1$", "$2a$", "$2b$", "$2y$", "$5$", "$6$", "$y$", "$7$", "$apr1$", "$argon2",
            "$pbkdf2", "$scrypt$",
        ],
        find: hash::crypt,
    },
    Builtin {
        name: "password-hash",
        doc: "hashes of passwords in a directory",
        source: "RFC 2307; Apache: password formats",
        anchors: &[
            "{sha}",
            "{ssha}",
            "{sha256}",
            "{ssha256}",
            "{sha512}",
            "{ssha512}",
            "{md5}",
            "{smd5}",
        ],
        find: hash::directory,
    },
    Builtin {
        name: "command-line",
        doc: "passwords in the options of common commands: `curl -u`, `mysql -p`",
        source: "each command's manual",
        anchors: &[
            " -u",
            "\0-u",
            "\"-u",
            "'-u",
            " --user",
            "\0--user",
            "\"--user",
            " --proxy-user",
            "\0--proxy-user",
            " -a",
            "\0-a",
            "\"-a",
            " -p",
            "\0-p",
            "\"-p",
            " -w ",
            "\0-w\0",
        ],
        find: command::option,
    },
    Builtin {
        name: "command-line",
        doc: "values that `kubectl create secret` is given",
        source: "kubectl create secret generic --help",
        anchors: &["--from-literal"],
        find: command::literal,
    },
    Builtin {
        name: "command-line",
        doc: "passphrases as options of OpenSSL",
        source: "openssl-passphrase-options(1)",
        anchors: &["pass:"],
        find: command::passin,
    },
    Builtin {
        name: "password",
        doc: "the value of a key that says it is one of a secret, however the two are written",
        source: "the habits of environments, JSON, YAML, properties, XML, connection strings, command lines and headers",
        anchors: KEYS,
        find: pair::find,
    },
    Builtin {
        name: "registry-auth",
        doc: "the password of a registry in base64",
        source: "Docker: config.json; npm: .npmrc",
        anchors: &["auth\"", "auth\\", "_auth="],
        find: pair::auth,
    },
    Builtin {
        name: "authorization",
        doc: "bearer tokens wherever they stand",
        source: "RFC 6750",
        anchors: &["bearer "],
        find: command::bearer,
    },
];
