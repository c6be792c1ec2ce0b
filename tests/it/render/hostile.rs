//! Whatever a pod writes, in whatever place of a report: each format stays sound, and small.

use housecall::render::{Format, Look};
use housecall::report::Report;
use proptest::prelude::*;

use super::bytes;
use super::sample::{self, HOSTILE, report_saying};
use super::sound::SOUND;

fn judged(report: &Report) {
    for (format, judge) in SOUND {
        for colour in [false, true] {
            let look = Look {
                colour,
                ..Look::default()
            };
            judge(report, &bytes(*format, report, look));
        }
    }
}

#[test]
fn every_format_has_its_judge() {
    let judged: Vec<_> = SOUND.iter().map(|(format, _)| *format).collect();
    let all: Vec<_> = Format::WORDS.iter().map(|(format, _)| *format).collect();
    assert_eq!(judged, all);
}

#[test]
fn promise_7_hostile_output_is_inert_in_every_format() {
    judged(&sample::report());
    for hostile in HOSTILE {
        judged(&report_saying(hostile));
    }
}

#[test]
fn promise_7_an_output_of_megabytes_is_bounded_in_every_format_but_those_that_hold_the_report() {
    let flood = "x".repeat(4 << 20) + "\nthe end";
    let report = report_saying(flood.as_bytes());
    for (format, judge) in SOUND {
        if matches!(format, Format::Json | Format::Jsonl | Format::Bundle) {
            continue;
        }
        let text = bytes(*format, &report, Look::default());
        // A page is there to be read through: it has 64 KiB of each of the eight streams.
        let most = if *format == Format::Html { 1024 } else { 200 };
        assert!(text.len() < most * 1024, "{format:?}: {}", text.len());
        judge(&report, &text);
    }
}

#[test]
fn a_run_of_a_thousand_targets_stays_within_what_its_readers_take() {
    let mut report = report_saying(b"```` <b> ::error::x");
    let one = report.targets[0].clone();
    report.targets = (0..1000)
        .map(|n| {
            let mut entry = one.clone();
            entry.target.pod = Some(format!("web-{n}"));
            entry
        })
        .collect();
    // As a run would have told it, with its summary.
    let events = bytes(Format::Jsonl, &report, Look::default());
    let report = housecall::report::read(&events, "events").unwrap();
    for (format, judge) in SOUND {
        let text = bytes(*format, &report, Look::default());
        judge(&report, &text);
        if *format == Format::Markdown {
            let text = String::from_utf8(text).unwrap();
            assert!(text.contains("left out here to stay within 1 MiB"));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn promise_7_whatever_a_pod_writes_every_format_is_sound(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        text in "(::|##|vso|error|\\[|\\]\\]>|<|&|%0A|`{1,5}|~|\\||\\\\|\"|'|#|,|\n|\r| |\\PC|\\p{Cc}|\\p{Cf}|\\p{Z}){0,60}",
    ) {
        for said in [bytes.as_slice(), text.as_bytes()] {
            judged(&report_saying(said));
        }
    }
}
