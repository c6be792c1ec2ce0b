//! GitHub-flavoured Markdown, for a step summary or a comment: an overview, then each target that there is something to say of, its
//! details folded.
//!
//! What a pod wrote stands in fences that are longer than any run of backticks in it, and everywhere else with all that means anything
//! to Markdown or HTML as entities: there are no links, mentions, images or tags but ours. GitHub takes 1 MiB of a step summary and
//! refuses more; what does not go into that is left out, and said.

use std::io::{self, Write};

use super::case::{holds, quiet, waived, weight};
use super::command;
use super::excerpt::Excerpt;
use super::prose::{line, lines};
use super::summary::{meaning, tally};
use super::words::counted;
use crate::report::{AttachReport, CheckReport, Output, Report, Status, StepReport, TargetReport};

/// Bytes that are written at most: below the 1,024 KiB of a step summary, so that a little can stand before it.
const MOST: usize = 1000 * 1024;

/// Bytes that are kept for the end.
const END: usize = 64 * 1024;

/// Rows of the table for targets that have nothing to tell.
const QUIET: usize = 50;

/// Lines and bytes of an output.
const KEPT: (usize, usize) = (40, 4 * 1024);

/// Writes the document.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut order: Vec<_> = report.targets.iter().collect();
    order.sort_by_key(|target| std::cmp::Reverse(weight(target)));
    let mut page = head(report);
    table(&mut page, &order);
    let end = foot(report);
    let mut untold = 0;
    for target in order
        .iter()
        .filter(|target| weight(target) > 1 || order.len() == 1)
    {
        let section = section(target);
        if page.len() + section.len() + end.len() > MOST {
            untold += 1;
        } else {
            page += &section;
        }
    }
    if untold > 0 {
        page += &format!(
            "\n**{untold} targets are left out here to stay within 1 MiB; `-o json` has them all.**\n"
        );
    }
    page += &end;
    out.write_all(page.as_bytes())
}

fn head(report: &Report) -> String {
    let run = &report.run;
    let exit = match &report.exit {
        Some(exit) => format!("exit {}: {}", exit.code, meaning(exit.code)),
        None => "no exit code: the run ended before it was settled".into(),
    };
    format!(
        "## {} {}: {}\n\nrun `{}` on {}, {}. Targets {}; checks {}; **{exit}**.\n",
        sign(report.summary.status),
        text(&run.runbook.id),
        text(&run.runbook.title),
        code_text(&run.id),
        text(&run.cluster),
        run.started.strftime("%Y-%m-%d %H:%M:%SZ"),
        tally(&report.summary.targets),
        tally(&report.summary.checks),
    )
}

fn table(page: &mut String, order: &[&TargetReport]) {
    if order.is_empty() {
        return;
    }
    *page += "\n| | target | comes to | what |\n|---|---|---|---|\n";
    let mut quiet = 0;
    let mut left = 0;
    for target in order {
        quiet += usize::from(weight(target) <= 1);
        let row = format!(
            "| {} | {} | {} | {} |\n",
            sign(target.status),
            code(&target.target.to_string()),
            target.status.word(),
            text(&gist(target)),
        );
        // Half of the room: the details need the other.
        if quiet > QUIET || page.len() + row.len() > MOST / 2 {
            left += 1;
        } else {
            *page += &row;
        }
    }
    if left > 0 {
        *page += &format!("\nand {left} more of these; `-o json` lists every one\n");
    }
}

fn gist(target: &TargetReport) -> String {
    let bad: Vec<_> = target
        .steps
        .iter()
        .filter(|step| !quiet(step))
        .map(|step| format!("{} {}", step.id, step.status.word()))
        .collect();
    let whole = match &target.reason {
        _ if target.attach.as_ref().is_some_and(|attach| !attach.proven) => {
            "not proven ended".into()
        }
        _ if !bad.is_empty() => bad.join(", "),
        Some(reason) => reason.lines().next().unwrap_or_default().to_owned(),
        None => counted(target.steps.len() as u64, "step"),
    };
    super::prose::within(&whole, 120)
}

fn section(target: &TargetReport) -> String {
    let mut page = format!(
        "\n### {} {}\n",
        sign(target.status),
        code(&target.target.to_string())
    );
    let place: Vec<_> = [
        ("container", &target.target.container),
        ("of", &target.target.owner),
        ("on", &target.target.node),
    ]
    .into_iter()
    .filter_map(|(word, name)| Some(format!("{word} {}", code(name.as_ref()?))))
    .collect();
    if !place.is_empty() {
        page += &format!("\n{}\n", place.join(", "));
    }
    for reason in lines(target.reason.as_deref().unwrap_or_default()) {
        page += &format!("\n**{}**\n", text(reason.trim()));
    }
    if let Some(attach) = &target.attach {
        page += &reached(attach);
    }
    for step in target.steps.iter().filter(|step| !quiet(step)) {
        page += &told(step);
        page += &known(step, "");
    }
    let held: Vec<_> = target.steps.iter().filter(|step| quiet(step)).collect();
    if !held.is_empty() {
        let steps = match held.len() {
            1 => "1 step that holds".into(),
            count => format!("{count} steps that hold"),
        };
        page += &format!("\n<details><summary>{steps}</summary>\n\n");
        for step in held {
            let why = step
                .reason
                .as_deref()
                .map_or_else(String::new, |why| format!(": {why}"));
            let took = format!("{} {:.3} s{why}", step.status.word(), step.duration);
            page += &format!("- {} {}\n", code(&step.id), text(&took));
            page += &known(step, "  ");
        }
        page += "\n</details>\n";
    }
    page
}

/// The checks of a step that are known to fail, a line each.
fn known(step: &StepReport, indent: &str) -> String {
    let line = |(id, message)| format!("{indent}- {} {}\n", code(id), text(message));
    waived(step).map(line).collect()
}

fn reached(attach: &AttachReport) -> String {
    let Some(container) = &attach.container else {
        return String::new();
    };
    let end = match &attach.terminated {
        _ if !attach.proven => "**not proven ended**: it may still be running".to_owned(),
        Some(end) => format!("ended with exit {}, read back from the API", end.exit_code),
        None => "nothing of ours is running".into(),
    };
    let waiting = attach.waiting.as_deref();
    let waiting = waiting.map_or_else(String::new, |why| format!(" ({})", text(why)));
    format!("\ndebug container {}{waiting}: {end}\n", code(container))
}

fn told(step: &StepReport) -> String {
    let mut page = format!(
        "\n{} **{}** {}, {:.3} s\n",
        sign(step.status.status()),
        text(&step.id),
        step.status.word(),
        step.duration
    );
    let broken: Vec<_> = step
        .checks
        .iter()
        .filter(|check| !holds(check.status))
        .collect();
    if let Some(reason) = &step.reason
        && !broken
            .iter()
            .any(|check| check.message.as_ref() == Some(reason))
    {
        page += &format!("- {}\n", text(reason));
    }
    for check in broken {
        page += &held(check);
    }
    if step.argv.is_empty() && step.attempts.is_empty() {
        return page;
    }
    page += "\n<details><summary>what was asked and answered</summary>\n";
    if !step.argv.is_empty() {
        page += &fenced("sh", &[line(&command(&step.argv))]);
    }
    if let Some(last) = step.attempts.last() {
        let exit = last.exit.map_or("none".into(), |code| code.to_string());
        page += &match step.attempts.len() {
            1 => format!("\nexit {exit}\n"),
            count => format!("\nexit {exit}, the last of {count} attempts\n"),
        };
        page += &output("stdout", &last.stdout);
        page += &output("stderr", &last.stderr);
    }
    page + "\n</details>\n"
}

fn held(check: &CheckReport) -> String {
    let mut item = format!("- **{}** ({})", text(&check.id), check.severity.word());
    if let Some(message) = &check.message {
        item += &format!(": {}", text(message));
    }
    item.push('\n');
    if let Some(hint) = &check.hint {
        item += &format!("  - hint: {}\n", text(hint));
    }
    if let Some(url) = &check.url {
        item += &format!("  - see {}\n", link(url));
    }
    item
}

fn output(name: &str, output: &Output) -> String {
    let excerpt = Excerpt::within(output, KEPT.0, KEPT.1);
    if excerpt.lines.is_empty() && !output.truncated {
        return String::new();
    }
    let mut about = format!("{} bytes", output.bytes);
    if excerpt.before > 0 {
        about += &format!(", the first {} not shown", excerpt.before);
    }
    if output.truncated {
        about += ", cut: more came, or may have";
    }
    format!("\n{name}, {about}\n{}", fenced("text", &excerpt.lines))
}

/// A fence that is longer than every run of backticks within it.
fn fenced(word: &str, lines: &[String]) -> String {
    let longest = lines
        .iter()
        .map(|line| longest_run(line))
        .max()
        .unwrap_or(0);
    let fence = "`".repeat(3.max(longest + 1));
    format!("\n{fence}{word}\n{}\n{fence}\n", lines.join("\n"))
}

fn longest_run(line: &str) -> usize {
    line.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

fn foot(report: &Report) -> String {
    let mut page = String::new();
    for note in &report.notes {
        let about = note.target.as_deref();
        let about = about.map_or_else(String::new, |target| format!("{}: ", code(target)));
        page += &format!("\n- note: {about}{}", text(&note.text));
    }
    if !report.redactions.is_empty() {
        let rules: Vec<_> = report
            .redactions
            .iter()
            .map(|struck| format!("{} {} times", text(&struck.rule), struck.count))
            .collect();
        page += &format!("\n- redacted: {}", rules.join(", "));
    }
    for group in &report.groups {
        let named: Vec<_> = group
            .targets
            .iter()
            .take(3)
            .map(|name| code(name))
            .collect();
        let why = group
            .reason
            .as_deref()
            .map_or_else(String::new, |why| format!(": {}", text(why)));
        let (count, status) = (group.targets.len(), group.status.word());
        page += &format!("\n- alike: {count} {status}{why} ({}, …)", named.join(", "));
    }
    if page.len() > END {
        let lines = page.lines().count();
        page = format!("\n- {lines} notes are left out here; `-o json` has them all");
    }
    if page.is_empty() { page } else { page + "\n" }
}

fn sign(status: Status) -> &'static str {
    match status {
        Status::Pass => "✅",
        Status::Warn => "⚠️",
        Status::Fail => "❌",
        Status::Error => "❓",
        Status::Skip => "➖",
    }
}

/// A link where it leads to the web, else the text of it.
fn link(url: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#@!$&'*+,;=%".contains(c);
    let web = url.starts_with("https://") || url.starts_with("http://");
    if web && url.chars().all(plain) && url.len() < 2000 {
        format!("<{url}>")
    } else {
        code(url)
    }
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", self::text(text))
}

/// Between backticks, where entities are not read: what it holds is only what an id has.
fn code_text(id: &str) -> String {
    let plain = |c: &char| c.is_ascii_alphanumeric() || "-_.".contains(*c);
    id.chars().filter(plain).take(64).collect()
}

/// One line of text that means only itself, in a paragraph, an item, a cell of a table or a tag of ours.
fn text(text: &str) -> String {
    let mut out = String::new();
    for c in line(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            // `:` and `@` make links of their own; a `.` may make one of `www`, or a numbered list.
            '\'' | '\\' | '`' | '*' | '_' | '~' | '[' | ']' | '(' | ')' | '{' | '}' | '#' | '|'
            | '!' | ':' | '@' | '$' | '+' | '=' => out.push_str(&format!("&#{};", u32::from(c))),
            '.' if out.ends_with("www") || out.ends_with("WWW") => out.push_str("&#46;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        assert_eq!(fenced("text", &["a".into()]), "\n```text\na\n```\n");
        let long = fenced("text", &["````".into(), "a ````` b".into()]);
        assert!(long.starts_with("\n``````text\n") && long.ends_with("\n``````\n"));
    }

    #[test]
    fn text_means_only_itself() {
        assert_eq!(
            text("<b>*a*</b> | [x](y)"),
            "&lt;b&gt;&#42;a&#42;&lt;/b&gt; &#124; &#91;x&#93;&#40;y&#41;"
        );
        assert_eq!(text("http://a www.b @c"), "http&#58;//a www&#46;b &#64;c");
    }

    #[test]
    fn only_what_leads_to_the_web_is_a_link() {
        assert_eq!(link("https://a.example/b?c#d"), "<https://a.example/b?c#d>");
        for bad in ["javascript:alert(1)", "https://a> <script>", "//a"] {
            assert!(link(bad).starts_with("<code>"), "{bad}");
        }
    }
}
