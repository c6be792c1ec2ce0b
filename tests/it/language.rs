//! The runbook language: what a good runbook comes to.
use housecall::runbook::{Paint, Runbook, render};
#[test]
fn play() {
    let s = housecall::catalog::Catalog::find("smoke/web").unwrap();
    match Runbook::parse(s.source, s.name) {
        Ok((r, w)) => println!(
            "{} steps\n{}",
            r.steps.len(),
            render(&w, s.source, Paint::Plain)
        ),
        Err(e) => panic!("{}", render(&e, s.source, Paint::Plain)),
    }
}
