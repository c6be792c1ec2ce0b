//! A headless Chromium, spoken to over WebDriver: JSON over HTTP on loopback, which needs no library.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

/// A browser with one page; it ends with its test.
pub(crate) struct Browser {
    driver: Child,
    port: u16,
    session: String,
    profile: tempfile::TempDir,
}

impl Browser {
    /// Starts one; none where there is none on this machine and `HOUSECALL_BROWSER` is not `required`: then that is told.
    pub(crate) fn start() -> Option<Self> {
        let driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut driver = match driver {
            Ok(driver) => driver,
            Err(error) => {
                skipped(&format!("chromedriver does not start: {error}"));
                return None;
            }
        };
        let said = BufReader::new(driver.stdout.take().unwrap());
        let port = said
            .lines()
            .map_while(Result::ok)
            .find_map(|line| {
                let port = line.split_once("successfully on port ")?.1;
                port.trim_end_matches('.').parse().ok()
            })
            .unwrap();
        let mut browser = Self {
            driver,
            port,
            session: String::new(),
            profile: tempfile::tempdir().unwrap(),
        };
        let mut flags = vec![
            "--headless=new".to_owned(),
            "--disable-gpu".into(),
            "--disable-dev-shm-usage".into(),
            "--window-size=1280,900".into(),
            format!("--user-data-dir={}", browser.profile.path().display()),
        ];
        if rustix::process::geteuid().is_root() {
            // Chromium's own sandbox does not work for root.
            flags.push("--no-sandbox".into());
        }
        let session = browser.send(
            "/session",
            &json!({"capabilities": {"alwaysMatch": {
                "browserName": "chrome",
                "goog:chromeOptions": {"args": flags},
                "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            }}}),
        );
        let id = session["sessionId"].as_str().unwrap();
        browser.session = format!("/session/{id}");
        Some(browser)
    }

    /// Opens a page, and returns when its `load` event is over.
    pub(crate) fn open(&self, url: &str) {
        self.command("/url", &json!({"url": url}));
    }

    /// What a function body returns in the page.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.command("/execute/sync", &json!({"script": script, "args": []}))
    }

    /// What a function body hands to `done` in the page.
    pub(crate) fn awaited(&self, script: &str) -> Value {
        let script = format!("const done = arguments[0]; {script}");
        self.command("/execute/async", &json!({"script": script, "args": []}))
    }

    /// Presses keys, one after the other, where the focus is. Special keys have code points of their own in WebDriver.
    pub(crate) fn press(&self, keys: &str) {
        self.press_once(keys);
        self.settled();
    }

    /// The same where no script of the page could say that it has been drawn again.
    pub(crate) fn press_once(&self, keys: &str) {
        let strokes: Vec<_> = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({"type": kind, "value": key})))
            .collect();
        self.command(
            "/actions",
            &json!({"actions": [{"type": "key", "id": "keyboard", "actions": strokes}]}),
        );
    }

    /// Clicks the middle of the first element that matches.
    pub(crate) fn click(&self, css: &str) {
        let found = self.command("/element", &json!({"using": "css selector", "value": css}));
        let id = found.as_object().unwrap().values().next().unwrap();
        self.command(
            &format!("/element/{}/click", id.as_str().unwrap()),
            &json!({}),
        );
        self.settled();
    }

    /// Returns when the page has been drawn again.
    pub(crate) fn settled(&self) {
        self.awaited("requestAnimationFrame(() => requestAnimationFrame(() => done(null)))");
    }

    /// A command of the Chrome DevTools Protocol.
    pub(crate) fn tools(&self, cmd: &str, params: &Value) -> Value {
        self.command("/goog/cdp/execute", &json!({"cmd": cmd, "params": params}))
    }

    /// Shows the page as for someone who prefers `light` or `dark`.
    pub(crate) fn prefer(&self, scheme: &str) {
        self.tools(
            "Emulation.setEmulatedMedia",
            &json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]}),
        );
    }

    /// What the page wrote to the console, policy violations among it.
    pub(crate) fn console(&self) -> Vec<String> {
        let entries = self.command("/se/log", &json!({"type": "browser"}));
        let entries = entries.as_array().unwrap().clone();
        entries
            .iter()
            .map(|entry| entry["message"].to_string())
            .collect()
    }

    /// Every address that was asked for since the last call, but by the browser's own pages.
    pub(crate) fn requests(&self) -> Vec<String> {
        let entries = self.command("/se/log", &json!({"type": "performance"}));
        let events = entries.as_array().unwrap().clone();
        events
            .iter()
            .map(|entry| serde_json::from_str::<Value>(entry["message"].as_str().unwrap()).unwrap())
            .filter(|event| event["message"]["method"] == "Network.requestWillBeSent")
            .filter(|event| {
                let asker = event["message"]["params"]["documentURL"].as_str();
                !asker.is_some_and(|asker| asker.starts_with("chrome:"))
            })
            .map(|event| {
                event["message"]["params"]["request"]["url"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect()
    }

    fn command(&self, path: &str, body: &Value) -> Value {
        self.send(&format!("{}{path}", self.session), body)
    }

    fn send(&self, path: &str, body: &Value) -> Value {
        let body = body.to_string();
        let reply = self
            .exchange("POST", path, &body)
            .unwrap_or_else(|error| panic!("{path}: {error}"));
        let value = reply["value"].clone();
        assert!(value.get("error").is_none(), "{path}: {value:#}");
        value
    }

    fn exchange(&self, method: &str, path: &str, body: &str) -> io::Result<Value> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.port,
            body.len()
        )?;
        let mut reader = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            match line.trim_end().split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.trim().parse().map_err(io::Error::other)?;
                }
                _ if line.trim_end().is_empty() => break,
                _ => {}
            }
        }
        let mut reply = vec![0; length];
        reader.read_exact(&mut reply)?;
        serde_json::from_slice(&reply).map_err(io::Error::other)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The session first: it ends the browser, which would outlive its driver.
        if !self.session.is_empty() {
            let _ = self.exchange("DELETE", &self.session, "");
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// Tells that something was not tested, past the capture of the test harness; where a browser is required, that is a failure.
pub(crate) fn skipped(why: &str) {
    let required = std::env::var("HOUSECALL_BROWSER").is_ok_and(|value| value == "required");
    assert!(!required, "a browser is required, and {why}");
    let _ = writeln!(
        io::stderr(),
        "SKIPPED a test of the page in a browser: {why}\n  help: tests/browser/run installs what is needed"
    );
}

/// Tells a figure, past the capture of the test harness.
pub(crate) fn told(figure: &str) {
    let _ = writeln!(io::stderr(), "figure: {figure}");
}
