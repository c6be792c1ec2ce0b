//! The table of exit codes: what a process that made this run says to whoever started it.
//!
//! | code | holds when |
//! |---|---|
//! | 0 | all was looked at, and nothing at or above the fail-on severity was found |
//! | 1 | a check at or above it does not hold |
//! | 2 | the command line or the runbook is wrong; nothing was sent |
//! | 3 | nothing could be asked |
//! | 4 | a selector matched nothing |
//! | 5 | some targets or checks could not be looked at |
//! | 6 | a debug container that started, or may have, is not proven ended |
//! | 130 | interrupted |
//!
//! Where several hold, the first of 6, 130, 2, 1, 3, 5, 4 is the code and the others are in `also`.

use super::outcome::{Phase, Status};
use super::run::{Exit, Report, TargetReport};

/// The codes of a run and what each means, as the README has them.
pub const CODES: [(u8, &str); 8] = [
    (0, "nothing at or above `--fail-on` (default `error`)"),
    (1, "a check at or above it does not hold"),
    (
        2,
        "the command line or the runbook is wrong; nothing was sent",
    ),
    (3, "nothing could be asked"),
    (4, "a selector matched nothing (`--allow-none` makes it 0)"),
    (5, "some targets or checks could not be looked at"),
    (
        6,
        "a debug container that started, or may have, is not proven ended",
    ),
    (130, "interrupted"),
];

/// What the report alone does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Circumstances {
    /// The user interrupted the run.
    pub interrupted: bool,
    /// A selector could not even be looked up.
    pub unasked: bool,
    /// A selector matched nothing, whatever others did.
    pub unmatched: bool,
    /// A selector that matches nothing is fine.
    pub allow_none: bool,
    /// A failed check is reported, but does not change the code.
    pub exit_zero: bool,
}

/// Codes, gravest first; 0 is none of them.
const GRAVITY: [u8; 7] = [6, 130, 2, 1, 3, 5, 4];

/// The graver of two codes, by the order of the table.
pub fn graver(one: u8, other: u8) -> u8 {
    GRAVITY
        .into_iter()
        .find(|code| *code == one || *code == other)
        .unwrap_or(one)
}

/// The exit code of a run, with every other code whose condition holds.
pub fn settle(report: &Report, circumstances: Circumstances) -> Exit {
    let targets = &report.targets;
    let nothing = targets.is_empty() && !circumstances.unasked;
    let silent = (circumstances.unasked || !targets.is_empty()) && !targets.iter().any(asked);
    let holds = |code: u8| match code {
        6 => targets.iter().any(unproven),
        130 => circumstances.interrupted,
        1 => targets.iter().any(|target| target.status == Status::Fail),
        3 => silent && !circumstances.interrupted,
        5 => {
            !silent
                && (circumstances.unasked
                    || targets.iter().any(|target| {
                        target.status == Status::Error
                            || target.steps.iter().any(|step| {
                                step.phase != Phase::Finally && step.status.undetermined()
                            })
                    }))
        }
        4 => {
            (nothing || circumstances.unmatched)
                && !circumstances.allow_none
                && !circumstances.interrupted
        }
        _ => false,
    };
    let mut also: Vec<u8> = GRAVITY.into_iter().filter(|code| holds(*code)).collect();
    // A failed check alone is let pass; what could not be looked at never is.
    let counts = |code: &u8| !(circumstances.exit_zero && *code == 1);
    let code = match also.iter().position(counts) {
        Some(place) => also.remove(place),
        None => 0,
    };
    Exit { code, also }
}

/// Whether anything was sent to it: an answer that never came was asked for all the same.
fn asked(target: &TargetReport) -> bool {
    target.steps.iter().any(|step| !step.argv.is_empty())
        || (target.status != Status::Error && target.reason.is_none())
}

fn unproven(target: &TargetReport) -> bool {
    target.attach.as_ref().is_some_and(|attach| !attach.proven)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{AttachReport, Happening, Verdict, fold};
    use crate::report::{Event, StepReport};
    use crate::target::Target;

    fn step(status: Verdict) -> StepReport {
        StepReport {
            id: "s".into(),
            kind: "run".into(),
            phase: Phase::Steps,
            argv: vec!["true".into()],
            status,
            reason: None,
            started: None,
            duration: 0.0,
            attempts: Vec::new(),
            facts: serde_json::Map::new(),
            checks: Vec::new(),
            artifacts: Vec::new(),
        }
    }

    fn attach(proven: bool) -> AttachReport {
        AttachReport {
            mode: "ephemeral".into(),
            transport: "live".into(),
            proven,
            ..AttachReport::default()
        }
    }

    fn report(targets: &[(Status, Option<Verdict>, bool)]) -> Report {
        let mut events = Vec::new();
        for (target, (status, verdict, proven)) in targets.iter().enumerate() {
            events.push(Happening::TargetFound {
                target,
                who: Target::local(),
            });
            if let Some(verdict) = verdict {
                events.push(Happening::StepFinished {
                    target,
                    step: step(*verdict),
                });
            }
            events.push(Happening::Closed {
                target,
                attach: Some(attach(*proven)),
            });
            events.push(Happening::TargetFinished {
                target,
                status: *status,
                reason: verdict.is_none().then(|| "refused".into()),
            });
        }
        let events: Vec<_> = events
            .into_iter()
            .map(|happening| Event {
                at: jiff::Timestamp::UNIX_EPOCH,
                happening,
            })
            .collect();
        fold(&events)
    }

    fn code(
        targets: &[(Status, Option<Verdict>, bool)],
        circumstances: Circumstances,
    ) -> (u8, Vec<u8>) {
        let exit = settle(&report(targets), circumstances);
        (exit.code, exit.also)
    }

    const PASS: (Status, Option<Verdict>, bool) = (Status::Pass, Some(Verdict::Pass), true);
    const FAIL: (Status, Option<Verdict>, bool) = (Status::Fail, Some(Verdict::Fail), true);
    const LOST: (Status, Option<Verdict>, bool) = (Status::Error, Some(Verdict::Timeout), true);
    const REFUSED: (Status, Option<Verdict>, bool) = (Status::Error, None, true);
    const UNPROVEN: (Status, Option<Verdict>, bool) = (Status::Pass, Some(Verdict::Pass), false);

    #[test]
    fn every_row_of_the_table_has_its_code() {
        let plain = Circumstances::default();
        assert_eq!(code(&[PASS], plain), (0, vec![]));
        assert_eq!(code(&[PASS, FAIL], plain), (1, vec![]));
        assert_eq!(code(&[REFUSED], plain), (3, vec![]));
        assert_eq!(code(&[], plain), (4, vec![]));
        assert_eq!(code(&[PASS, REFUSED], plain), (5, vec![]));
        assert_eq!(code(&[LOST], plain), (5, vec![]));
        assert_eq!(code(&[UNPROVEN], plain), (6, vec![]));
    }

    #[test]
    fn where_several_hold_the_gravest_is_the_code_and_the_rest_are_told() {
        let interrupted = Circumstances {
            interrupted: true,
            ..Circumstances::default()
        };
        assert_eq!(code(&[PASS], interrupted), (130, vec![]));
        assert_eq!(
            code(&[UNPROVEN, FAIL, LOST], interrupted),
            (6, vec![130, 1, 5])
        );
        assert_eq!(
            code(&[FAIL, REFUSED], Circumstances::default()),
            (1, vec![5])
        );
    }

    #[test]
    fn unknown_is_never_zero() {
        let unasked = Circumstances {
            unasked: true,
            ..Circumstances::default()
        };
        assert_eq!(code(&[], unasked).0, 3);
        assert_eq!(code(&[PASS], unasked).0, 5);
        let lenient = Circumstances {
            allow_none: true,
            exit_zero: true,
            ..Circumstances::default()
        };
        assert_eq!(code(&[], lenient).0, 0);
        assert_eq!(code(&[FAIL], lenient), (0, vec![1]));
        assert_eq!(code(&[LOST], lenient).0, 5);
        assert_eq!(code(&[FAIL, LOST], lenient), (5, vec![1]));
    }

    #[test]
    fn a_selector_that_matches_nothing_is_told_beside_one_that_matches() {
        let unmatched = Circumstances {
            unmatched: true,
            ..Circumstances::default()
        };
        assert_eq!(code(&[PASS], unmatched), (4, vec![]));
        assert_eq!(code(&[LOST], unmatched), (5, vec![4]));
    }

    #[test]
    fn of_two_codes_the_graver_counts() {
        assert_eq!(graver(6, 3), 6);
        assert_eq!(graver(5, 3), 3);
        assert_eq!(graver(0, 3), 3);
        assert_eq!(graver(0, 0), 0);
    }
}
