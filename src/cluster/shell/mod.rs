//! POSIX `sh` text for asks, and the frames that come back: pure, no IO, no clock.
//!
//! The artefact is a [`Conversation`]: one session with one `sh`, as a state machine. An adapter starts the program of
//! [`Conversation::command`] with three pipes (an exec WebSocket, a local child), writes the bytes it is given to stdin, feeds what
//! arrives on stdout and stderr in any chunking, and polls:
//!
//! ```text
//! write(opening())                                    -> Reply::Hello
//! write(find_patient(&hunt))                          -> Reply::Patient(patient)
//! write(ask(&ask, &patient)?)      -> Reply::FirstByte, Reply::Done(raw)       one step at a time
//! write(stop())    while a step is under way          -> Reply::Done(raw), ended Cancelled
//! write(farewell()), close stdin                      -> Reply::Bye, then the shell ends (and, before it, its keeper)
//! ```
//!
//! Each `Vec<u8>` must reach stdin whole and in order, also when the future that asked for it is dropped: hand it to a task that
//! writes. Closing stdin at any moment ends the step under way, the shell, and its keeper, without a farewell.
//!
//! Theory of operation. The shell reads orders from stdin with `read`, so that a signal reaches its traps at once; a step runs
//! beside it. Frames on stdout and stderr begin with a secret that no step can see (it is in no environment and no command line);
//! step processes carry another mark in their environment, which is what makes a process ours to kill. Killing goes leaf first,
//! so that parents reap and nothing is left to the patient's first process, which seldom reaps.

// API in short, bodies follow.
//   quote(word) -> Result<String, Unquotable>
//   Keeper { not_after, deadline_seconds, grace_seconds }.script() -> String
//   leave::{DEADLINE = 74, TOO_LATE = 75, NO_SHELL = 76}, leave_reason(code) -> Option<&'static str>
//   Nonce::from_bytes([u8; 16])
//   Hunt { shared_with_target, container_id, known, host }
//   Conversation::new(nonce, keeper: bool)
//     .command() -> Vec<String>      // what to exec: ["sh", "-c", "…"]; no secrets, under 300 bytes
//     .opening() -> Vec<u8>
//     .find_patient(&Hunt) -> Vec<u8>
//     .ask(&Ask, &Patient) -> Result<Vec<u8>, Unquotable>
//     .stop() -> Vec<u8>             // empty when nothing is under way
//     .farewell() -> Vec<u8>
//     .stdout(&[u8]) .stderr(&[u8]) .poll() -> Option<Reply>
//     .partial() -> Option<Raw>      // what of the step under way has arrived, both streams `truncated`
//   Reply::{Hello(Hello { shell_pid, uid, keeper_pid, notes }), FirstByte, Patient(ask::Patient), Done(Raw), Stray(u64), Bye(Bye { remarks })}
//   Raw { ended: Ended, stdout: Captured, stderr: Captured, file: Option<FileStatus>, remarks: Vec<String> }
//     Raw::answer(started, duration) -> ask::Answer
