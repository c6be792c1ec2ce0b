//! The HTML report in a real browser: Chromium without a head, from the file system. `tests/browser/run` installs what is needed.
//! Without a browser each test says that it is skipped, unless `HOUSECALL_BROWSER` is `required`.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod driver;
#[path = "../it/render/sample.rs"]
mod sample;

use driver::{Browser, skipped, told};
use housecall::render::{Format, Look, render};
use housecall::report::Report;
use serde_json::json;

const TAB: &str = "\u{e004}";
const ESCAPE: &str = "\u{e00c}";
const ENTER: &str = "\u{e007}";

/// A page on disk, open in a browser.
struct Opened {
    browser: Browser,
    url: String,
    _folder: tempfile::TempDir,
}

fn opened(report: &Report) -> Option<Opened> {
    Some(shown(Browser::start()?, report))
}

fn shown(browser: Browser, report: &Report) -> Opened {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    let mut page = Vec::new();
    render(Format::Html, report, &mut page, Look::default()).unwrap();
    std::fs::write(&path, page).unwrap();
    let url = format!("file://{}", path.display());
    browser.requests();
    browser.tools("Performance.enable", &json!({}));
    browser.open(&url);
    Opened {
        browser,
        url,
        _folder: folder,
    }
}

impl Opened {
    /// What the page says it shows.
    fn shown(&self) -> String {
        let text = self
            .browser
            .run("return document.getElementById('shown').textContent");
        text.as_str().unwrap().to_owned()
    }

    /// Ids of the steps that can be seen, in the order of the page.
    fn steps(&self) -> Vec<String> {
        let ids = self.browser.run(
            "return [...document.querySelectorAll('.step')].filter(s => s.checkVisibility()).map(s => s.querySelector('h4').textContent)",
        );
        serde_json::from_value(ids).unwrap()
    }

    /// Sets a field of the filters as a user does, and waits until the page shows it.
    fn choose(&self, name: &str, value: &str) {
        self.browser.run(&format!(
            "const field = document.forms[0].elements[{name:?}]; field.value = {value:?}; field.dispatchEvent(new Event('input', {{bubbles: true}}))"
        ));
        self.browser.settled();
    }

    /// Nothing was asked for but the page, and nothing went wrong in it.
    fn assert_quiet(&self) {
        assert_eq!(self.browser.requests(), [self.url.as_str()]);
        assert_eq!(self.browser.console(), Vec::<String>::new());
    }
}

/// 200 targets with 20 steps each; one in ten fails.
fn many() -> Report {
    let mut report = sample::report();
    let (pass, fail) = (report.targets[0].clone(), report.targets[1].clone());
    report.targets = (0..200)
        .map(|n| {
            let mut entry = if n % 10 == 0 { &fail } else { &pass }.clone();
            entry.target.pod = Some(format!("web-{n}"));
            let steps = entry.steps.clone();
            entry.steps = steps.into_iter().cycle().take(20).collect();
            for (place, step) in entry.steps.iter_mut().enumerate() {
                step.id = format!("{}-{place}", step.id);
            }
            entry
        })
        .collect();
    report
}

#[test]
fn the_page_opens_from_the_file_system_and_asks_for_nothing() {
    let Some(page) = opened(&sample::report()) else {
        return;
    };
    assert_eq!(page.shown(), "8 steps in 6 targets");
    assert_eq!(
        page.browser.run("return document.title"),
        "fail web-smoke: HTTP, DNS and connections of a web pod"
    );
    page.assert_quiet();
}

#[test]
fn it_filters_by_status_by_target_and_by_check() {
    let Some(page) = opened(&sample::report()) else {
        return;
    };
    page.browser.click(".chip.fail");
    assert_eq!(page.steps(), ["connections"]);
    assert_eq!(page.shown(), "1 of 8 steps in 1 of 6 targets");
    page.browser.click(".chip.warn");
    assert_eq!(page.steps(), ["connections", "hostile"]);
    page.browser.click("button[type=reset]");
    assert_eq!(page.shown(), "8 steps in 6 targets");
    page.choose("target", "3");
    assert_eq!(page.steps(), ["dns", "dns-again"]);
    page.browser.click("button[type=reset]");
    page.browser.click("[data-pick] button");
    assert_eq!(page.steps(), ["connections"]);
    page.assert_quiet();
}

#[test]
fn it_searches_everything() {
    let Some(page) = opened(&sample::report()) else {
        return;
    };
    for (words, found) in [
        ("close_wait=12", "1 of 8 steps in 1 of 6 targets"),
        ("COMPARE open files", "1 of 8 steps in 1 of 6 targets"),
        ("web-3", "2 of 8 steps in 1 of 6 targets"),
        ("web-3 127", "1 of 8 steps in 1 of 6 targets"),
        ("errimagepull", "0 of 8 steps in 1 of 6 targets"),
        ("nowhere at all", "0 of 8 steps in 0 of 6 targets"),
        ("", "8 steps in 6 targets"),
    ] {
        page.choose("q", words);
        assert_eq!(page.shown(), found, "{words}");
    }
}

#[test]
fn it_unfolds_and_copies() {
    let Some(page) = opened(&sample::report()) else {
        return;
    };
    let browser = &page.browser;
    let open = || browser.run("return document.querySelectorAll('.step[open]').length");
    browser.click("#fold");
    assert_eq!(open(), 0);
    browser.click("#unfold");
    assert_eq!(open(), 8);
    browser.tools(
        "Browser.grantPermissions",
        &json!({"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}),
    );
    page.choose("q", "close_wait=12");
    browser.click(".step:not([hidden]) .copy[aria-label='Copy stdout']");
    let copied = browser.awaited("navigator.clipboard.readText().then(done, e => done(String(e)))");
    assert_eq!(copied, "listen=1\testablished=0\tclose_wait=12\n");
    assert_eq!(page.shown(), "Copied stdout");
    browser.open(&format!("{}#t0-s1", page.url));
    assert_eq!(
        browser.run("return document.getElementById('t0').open"),
        true
    );
}

#[test]
fn it_is_read_without_its_script() {
    let Some(browser) = Browser::start() else {
        return;
    };
    browser.tools(
        "Emulation.setScriptExecutionDisabled",
        &json!({"value": true}),
    );
    let page = shown(browser, &sample::report());
    let visible = |css: &str| {
        let script = format!("return document.querySelector({css:?}).checkVisibility()");
        page.browser.run(&script)
    };
    for nothing in ["#filters", "#nothing", ".copy"] {
        assert_eq!(visible(nothing), false, "{nothing} does nothing here");
    }
    assert!(
        page.steps().contains(&"connections".to_owned()),
        "what fails is open"
    );
    // What is folded unfolds all the same, the outer folds first: that is the browser's own. By its keys: a pointer would have to wait
    // until the page lies still, and no script can tell.
    let first = "document.querySelector('details:not([open]) > summary').focus()";
    let folded = "return document.querySelectorAll('details:not([open])').length";
    while let Some(1..) = page.browser.run(folded).as_u64() {
        page.browser.run(first);
        page.browser.press_once(ENTER);
    }
    assert_eq!(page.steps().len(), 8);
    let unseen =
        "return [...document.querySelectorAll('pre')].filter(p => !p.checkVisibility()).length";
    assert_eq!(page.browser.run(unseen), 0);
    page.assert_quiet();
}

#[test]
fn a_keyboard_is_enough() {
    let Some(page) = opened(&sample::report()) else {
        return;
    };
    let browser = &page.browser;
    let focus = "const at = document.activeElement; ";
    browser.press(TAB);
    assert_eq!(browser.run(&format!("{focus} return at.id")), "skip");
    assert_eq!(
        browser.run(&format!(
            "{focus} return at.getBoundingClientRect().left >= 0"
        )),
        true
    );
    browser.press("/");
    assert_eq!(browser.run(&format!("{focus} return at.name")), "q");
    browser.press("dig");
    assert_eq!(page.shown(), "2 of 8 steps in 1 of 6 targets");
    browser.press(ESCAPE);
    assert_eq!(page.shown(), "8 steps in 6 targets");
    browser.press(TAB);
    browser.press(" ");
    assert_eq!(page.steps(), ["connections"]);
    browser.run("document.querySelector('.step:not([hidden]) summary').focus()");
    let outlined = format!("{focus} return getComputedStyle(at).outlineStyle");
    assert_eq!(browser.run(&outlined), "solid");
    browser.press(" ");
    assert_eq!(
        browser.run(&format!("{focus} return at.parentElement.open")),
        false
    );
}

#[test]
fn it_prints_what_is_unfolded_and_no_controls() {
    let Some(page) = opened(&sample::report()) else {
        return;
    };
    page.browser
        .tools("Emulation.setEmulatedMedia", &json!({"media": "print"}));
    let shown = |css: &str| {
        let script = format!("return document.querySelector({css:?}).checkVisibility()");
        page.browser.run(&script)
    };
    assert_eq!(shown("#filters"), false);
    assert_eq!(shown(".copy"), false);
    assert_eq!(shown(".step[open] pre"), true);
    let height = "return getComputedStyle(document.querySelector('.step[open] pre')).maxHeight";
    assert_eq!(page.browser.run(height), "none");
}

#[test]
fn it_passes_axe_in_light_and_in_dark() {
    let axe = match std::env::var("HOUSECALL_AXE").map(std::fs::read_to_string) {
        Ok(Ok(axe)) => axe,
        Ok(Err(error)) => return skipped(&format!("HOUSECALL_AXE cannot be read: {error}")),
        Err(_) => return skipped("HOUSECALL_AXE names no axe.min.js"),
    };
    let mut all = sample::report();
    all.run.runbook.title = "Everything".into();
    let Some(page) = opened(&all) else {
        return;
    };
    page.browser.click("#unfold");
    page.browser.run(&axe);
    for scheme in ["light", "dark"] {
        page.browser.prefer(scheme);
        let found = page.browser.awaited(
            "axe.run(document).then(r => done(r.passes.length < 20 ? ['only ' + r.passes.length + ' rules passed'] : r.violations.map(v => v.id + ': ' + v.help + ' ' + v.nodes.slice(0, 5).map(n => n.html.slice(0, 200) + ' ' + n.failureSummary).join(' | '))), e => done([String(e)]))",
        );
        assert_eq!(found, json!([]), "{scheme}: {found:#}");
    }
}

/// What would be obeyed, were it markup anywhere.
const MARKUP: [&str; 8] = [
    "<svg onload=\"window.canary=1\">",
    "<img src=x onerror=window.canary=1>",
    "</pre><script>window.canary=1</script>",
    "</script><script>window.canary=1</script></style></title></option></select>",
    "javascript:window.canary=1",
    "\" onfocus=window.canary=1 autofocus x=\"' onclick='window.canary=1",
    "<iframe srcdoc='<script>parent.canary=1</script>'></iframe><base href=http://127.0.0.1:9/><meta http-equiv=refresh content='0;url=http://127.0.0.1:9/'>",
    "<!--<script>",
];

#[test]
fn promise_7_nothing_that_a_pod_writes_runs_or_loads_anything() {
    let Some(first) = opened(&sample::passing()) else {
        return;
    };
    let said = MARKUP.map(str::as_bytes);
    for said in said.iter().chain(sample::HOSTILE) {
        let mut page = Vec::new();
        render(
            Format::Html,
            &sample::report_saying(said),
            &mut page,
            Look::default(),
        )
        .unwrap();
        std::fs::write(first.url.strip_prefix("file://").unwrap(), page).unwrap();
        let browser = &first.browser;
        browser.requests();
        browser.open(&first.url);
        browser.click("#unfold");
        let of = String::from_utf8_lossy(said);
        assert_eq!(
            browser.run("return typeof window.canary"),
            "undefined",
            "{of}"
        );
        let alien = browser.run(
            "return [...document.querySelectorAll('*')].filter(e => [...e.attributes].some(a => /^on/i.test(a.name)) || /^(iframe|img|base|object|embed|link)$/i.test(e.tagName)).length + document.scripts.length + document.links.length - document.querySelectorAll('a#skip').length",
        );
        assert_eq!(alien, 1, "its own script alone: {of}");
        first.assert_quiet();
    }
}

#[test]
fn promise_7_even_markup_could_load_nothing_and_run_nothing() {
    let Some(page) = opened(&sample::report()) else {
        return;
    };
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let there = format!("http://{}/", listener.local_addr().unwrap());
    // No frame among them: Chromium opens a connection ahead of one, and then refuses it; nothing is sent over it.
    let refused = page.browser.awaited(&format!(
        "const refused = []; document.addEventListener('securitypolicyviolation', e => {{ refused.push(e.effectiveDirective); if (new Set(refused).size === 4) done([...new Set(refused)].sort()); }});
         const add = (name, key, value) => {{ const node = document.createElement(name); node.setAttribute(key, value); document.body.append(node); return node; }};
         add('img', 'src', {there:?}); fetch({there:?}).catch(() => {{}}); add('p', 'style', 'color: red');
         try {{ add('p', 'id', 'x').innerHTML = '<b>'; }} catch {{}}"
    ));
    assert_eq!(
        refused,
        json!([
            "connect-src",
            "img-src",
            "require-trusted-types-for",
            "style-src-attr"
        ])
    );
    let came = listener.accept().map(|(_, from)| from);
    assert!(came.is_err(), "{came:?}");
}

#[test]
fn two_hundred_targets_with_twenty_steps_open_and_filter_at_once() {
    let Some(page) = opened(&many()) else {
        return;
    };
    assert_eq!(page.shown(), "4000 steps in 200 targets");
    let opens = page.browser.run(
        "const [load] = performance.getEntriesByType('navigation'); const [paint] = performance.getEntriesByName('first-contentful-paint'); return [load.loadEventEnd, paint.startTime]",
    );
    let [opens, paints] = [0, 1].map(|at| opens[at].as_f64().unwrap());
    let metrics = page.browser.tools("Performance.getMetrics", &json!({}));
    let metrics = metrics["metrics"].as_array().unwrap();
    let thread = metrics.iter().find(|one| one["name"] == "ThreadTime");
    let thread = thread.unwrap()["value"].as_f64().unwrap();
    let timed = |act: &str| {
        let script = format!(
            "const from = performance.now(); {act}; requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - from)))"
        );
        page.browser.awaited(&script).as_f64().unwrap()
    };
    let filters = timed("document.querySelector('.chip.fail input').click()");
    assert!(
        page.shown().ends_with("of 4000 steps in 20 of 200 targets"),
        "{}",
        page.shown()
    );
    let clears = timed("document.querySelector('.chip.fail input').click()");
    let all = timed(
        "const q = document.forms[0].elements.q; q.value = 'close_wait=12'; q.dispatchEvent(new Event('input', {bubbles: true}))",
    );
    assert!(
        page.shown().ends_with("of 4000 steps in 20 of 200 targets"),
        "{}",
        page.shown()
    );
    told(&format!(
        "200 targets x 20 steps: opens in {opens:.0} ms (shown after {paints:.0} ms; {thread:.2} s of processor time), filters by status in {filters:.0} ms, clears in {clears:.0} ms, searches in {all:.0} ms"
    ));
    // A second each on a quiet machine; this bound only tells a page that does not scale from one that does.
    for took in [opens, filters, clears, all] {
        assert!(took < 10_000.0, "{took} ms");
    }
}
