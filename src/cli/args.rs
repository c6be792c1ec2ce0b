//! Every verb and flag. Words follow kubectl where kubectl has a word.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use housecall::cluster::DEFAULT_MAX_CONTAINERS;
use housecall::cluster::{Profile, Toolbox, Transport};
use housecall::render::Format;
use housecall::report::Severity;
use housecall::runbook::{Effects, Pick};

use super::custom::CustomArgs;
use super::mode::ModeArgs;

/// Makes a house call to a live pod: asks, judges, reports, and leaves nothing running.
#[derive(Parser)]
#[command(name = "housecall", version, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Subcommand)]
pub(crate) enum Verb {
    /// Runs a runbook on live pods, or on this machine
    #[command(
        override_usage = "housecall run [OPTIONS] RUNBOOK... TARGET...\n       housecall run [OPTIONS] --from-alert FILE [RUNBOOK]..."
    )]
    Run(Box<RunArgs>),
    /// Shows a diagnosis without a cluster: a patient on this machine that has one fault
    Demo(DemoArgs),
    /// Checks runbooks and says all that is wrong with them
    Lint(LintArgs),
    /// Tries the tests that runbooks carry, without a cluster
    Test(TestArgs),
    /// Shows what a run would ask and which rights it needs; changes nothing
    #[command(
        override_usage = "housecall plan [OPTIONS] RUNBOOK... TARGET...\n       housecall plan [OPTIONS] --from-alert FILE [RUNBOOK]..."
    )]
    Plan(Box<PlanArgs>),
    /// Lists the shipped runbooks
    List(ListArgs),
    /// Shows a runbook: what it is for, its params, its checks
    Show(ShowArgs),
    /// Writes runbooks, or the language reference, as Markdown
    Docs(DocsArgs),
    /// Renders a saved report again, in any format
    Render(RenderArgs),
    /// Judges the answers of a recorded run again, with its runbook as it is now or another one; asks nobody
    Judge(JudgeArgs),
    /// Plays a recorded run back with the runbook that it was made with, unchanged; asks nobody
    Replay(ReplayArgs),
    /// Joins the reports of shards, or of retries, and exits as the whole says
    Merge(MergeArgs),
    /// Runs the runbook of a saved report again, on its targets or on those that failed
    Rerun(RerunArgs),
    /// Tells what changed between two runs: checks, facts, outputs
    Diff(DiffArgs),
    /// Tells what got worse than in a report that was kept, and fails only for that
    Baseline(BaselineArgs),
    /// Writes down that a check is known to fail: why, who answers for it, and until when
    Waive(WaiveArgs),
    /// Makes a runbook of a command line
    New(NewArgs),
    /// Prints the JSON Schema of runbooks, for editors, or of reports
    Schema(SchemaArgs),
    /// Lists the debug containers that runs have added to pods, and ends those that still run
    Containers(ContainersArgs),
    /// Tells beforehand whether a run would get in: rights, Pod Security, the pod; changes nothing
    Doctor(DoctorArgs),
    /// Writes shell completions to stdout
    Completions(CompletionsArgs),
    /// Serves as the demo's patient until its stdin ends
    #[command(hide = true)]
    DemoPatient,
}

#[derive(Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) visit: VisitArgs,
    /// Targets that are examined at once (10, where the runbook says nothing else)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) parallel: Option<u32>,
    /// A failed check is reported, but the exit code stays 0
    #[arg(long)]
    pub(crate) exit_zero: bool,
    /// A selector that matches nothing is no error
    #[arg(long)]
    pub(crate) allow_none: bool,
    /// Reads what a oneshot run has left whose client is gone, and asks nothing: its id, as `housecall containers` lists it
    #[arg(long, value_name = "RUN_ID")]
    pub(crate) resume: Option<String>,
    /// Writes every ask and answer into this new folder while the run goes on; see `test --recorded`
    #[arg(long, value_name = "DIR")]
    pub(crate) record: Option<PathBuf>,
    /// A folder for the files that `collect` steps bring: one folder in it for each target
    #[arg(long, value_name = "DIR")]
    pub(crate) artifacts: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Args)]
pub(crate) struct TestArgs {
    /// Files, folders of them, or names of shipped runbooks
    #[arg(value_name = "RUNBOOK", required = true)]
    pub(crate) runbooks: Vec<String>,
    /// Judges this recorded run instead, with one runbook, and reports as `run` does
    #[arg(long, value_name = "DIR")]
    pub(crate) recorded: Option<PathBuf>,
    /// Masks what the rules of this file find as well, in a recorded run: `redact:` as a runbook has it
    #[arg(long, value_name = "FILE", requires = "recorded")]
    pub(crate) redact: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) visit: VisitArgs,
    /// Prints the rights the run needs instead, as a Role and a RoleBinding
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub(crate) rbac: Option<Rbac>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Rbac {
    /// Manifests for `kubectl apply -f -`
    Yaml,
}

/// Which runbook, whom, and how to get there: what `run` and `plan` have in common.
#[derive(Args)]
pub(crate) struct VisitArgs {
    /// Runbooks (files, or names of shipped ones), which one debug container is asked one after another, then targets: pod/NAME, NAME, deploy/NAME, sts/NAME, ds/NAME, job/NAME,
    /// svc/NAME, node/NAME, `local` (this machine), `pid:N` (a process here)
    #[arg(value_name = "RUNBOOK TARGET", num_args = 1.., required_unless_present = "from_alert")]
    pub(crate) words: Vec<String>,
    /// Takes runbook, targets and params from the alerts of this webhook body (Alertmanager, Grafana), `-` for stdin; runbooks that
    /// are named are chosen from instead of the shipped ones
    #[arg(long, value_name = "FILE", conflicts_with_all = ["all_namespaces", "selector", "field_selector"])]
    pub(crate) from_alert: Option<PathBuf>,
    /// Namespace of the targets
    #[arg(short, long, value_name = "NAMESPACE")]
    pub(crate) namespace: Option<String>,
    /// Those of the targets that are named, in their order, where each has its own: a saved report says so, and no flag does
    #[arg(skip)]
    pub(crate) namespaces: Vec<Option<String>>,
    /// All namespaces, for selectors
    #[arg(short = 'A', long, conflicts_with = "namespace")]
    pub(crate) all_namespaces: bool,
    /// Pods by label, as `kubectl -l`
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    pub(crate) selector: Option<String>,
    /// Pods by field, as `kubectl --field-selector`
    #[arg(long, value_name = "SELECTOR")]
    pub(crate) field_selector: Option<String>,
    /// Of several pods this many, or `all`
    #[arg(long, value_name = "N|all", value_parser = pick)]
    pub(crate) pick: Option<Pick>,
    /// Context of the kubeconfig
    #[arg(long, value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// Path of the kubeconfig
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Container whose processes are examined
    #[arg(long, value_name = "CONTAINER")]
    pub(crate) target: Option<String>,
    /// Image of the debug container
    #[arg(long, value_name = "IMAGE")]
    pub(crate) image: Option<String>,
    /// Nix packages that the image is composed of, such as curl,dig,htop, by $HOUSECALL_NIXERY (nixery.dev), at $HOUSECALL_NIXERY_TAG
    #[arg(long, value_name = "PACKAGES", value_parser = Toolbox::of, conflicts_with = "image")]
    pub(crate) tools: Option<Toolbox>,
    /// When the kubelet pulls it
    #[arg(long, value_name = "POLICY", value_parser = ["Always", "IfNotPresent", "Never"])]
    pub(crate) image_pull_policy: Option<String>,
    #[command(flatten)]
    pub(crate) mode: ModeArgs,
    #[command(flatten)]
    pub(crate) custom: CustomArgs,
    /// Security profile: general, baseline, restricted, netadmin, sysadmin, or auto: the least that the steps need and the namespace admits
    #[arg(long, value_name = "PROFILE")]
    pub(crate) profile: Option<Profile>,
    /// How questions reach the container: live, oneshot (needs no exec, outlives its client), or auto
    #[arg(long, value_name = "TRANSPORT", default_value = "auto")]
    pub(crate) transport: Transport,
    /// The most debug containers of earlier runs that a pod may carry; one with as many is left alone
    #[arg(long, value_name = "N", default_value_t = DEFAULT_MAX_CONTAINERS)]
    pub(crate) max_containers: usize,
    /// A value for a param of the runbook; of several, for each that has it, or for one as RUNBOOK/NAME=VALUE
    #[arg(short, long, value_name = "NAME=VALUE")]
    pub(crate) param: Vec<String>,
    /// How long a debug container may live at most, such as 5m
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub(crate) deadline: Option<Duration>,
    /// Checks from this severity up fail: info, warning, error, critical
    #[arg(long, value_name = "SEVERITY", default_value = "error", value_parser = severity)]
    pub(crate) fail_on: Severity,
    /// Masks what the rules of this file find as well: `redact:` as a runbook has it
    #[arg(long, value_name = "FILE")]
    pub(crate) redact: Option<PathBuf>,
    /// Checks that are known to fail, as `housecall waive` writes them down, beside those of the runbook
    #[arg(long, value_name = "FILE")]
    pub(crate) waivers: Option<PathBuf>,
    /// The most that the runbook's commands may do: none, network, signal, write
    #[arg(long, value_name = "EFFECT", default_value = "network", value_parser = effects)]
    pub(crate) allow_effects: Effects,
}

#[derive(Args)]
pub(crate) struct OutputArgs {
    #[command(flatten)]
    pub(crate) formats: FormatArgs,
    /// No progress on stderr
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

#[derive(Args)]
pub(crate) struct FormatArgs {
    #[arg(short, long, value_name = "FORMAT[=FILE]", value_parser = output, help = formats())]
    pub(crate) output: Vec<Output>,
}

fn formats() -> String {
    let words = Format::words();
    format!("Format of the report: {words}; to stdout, or to a file after `=`")
}

/// One wanted report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Output {
    pub(crate) format: Format,
    /// Stdout when `None`.
    pub(crate) file: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct DemoArgs {
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Args)]
pub(crate) struct LintArgs {
    /// Files, folders of them, or names of shipped runbooks
    #[arg(value_name = "RUNBOOK", required = true)]
    pub(crate) runbooks: Vec<String>,
    /// How it is told: text for people, json, or sarif (2.1.0) for code scanning
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "text")]
    pub(crate) format: LintFormat,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum LintFormat {
    /// For people: each complaint with its line, on stderr
    Text,
    /// One object on stdout
    Json,
    /// A SARIF 2.1.0 log on stdout
    Sarif,
}

#[derive(Args)]
pub(crate) struct ListArgs {
    /// For programs
    #[arg(short, long, value_name = "FORMAT", value_enum)]
    pub(crate) output: Option<DataFormat>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum DataFormat {
    /// JSON on stdout
    Json,
}

#[derive(Args)]
pub(crate) struct DocsArgs {
    /// Files, or names of shipped runbooks
    #[arg(value_name = "RUNBOOK", required_unless_present = "kinds")]
    pub(crate) runbooks: Vec<String>,
    /// The language instead: every key, every kind with its facts, every function
    #[arg(long, conflicts_with = "runbooks")]
    pub(crate) kinds: bool,
}

#[derive(Args)]
pub(crate) struct RenderArgs {
    /// What a run wrote with -o json, -o jsonl (of a killed run, too) or -o bundle, `-` for stdin
    #[arg(value_name = "REPORT")]
    pub(crate) report: PathBuf,
    #[command(flatten)]
    pub(crate) formats: FormatArgs,
}

#[derive(Args)]
pub(crate) struct JudgeArgs {
    /// What a run wrote with -o bundle=FILE or --record DIR
    #[arg(value_name = "BUNDLE")]
    pub(crate) bundle: PathBuf,
    /// Judges by this runbook; else by the one that the run was made with, as it is now. As often as the run had runbooks
    #[arg(long, value_name = "RUNBOOK")]
    pub(crate) runbook: Vec<String>,
    /// The least severity at which a failed check fails; else as the run had it
    #[arg(long, value_name = "SEVERITY", value_parser = severity)]
    pub(crate) fail_on: Option<Severity>,
    /// Masks what the rules of this file find as well: `redact:` as a runbook has it
    #[arg(long, value_name = "FILE")]
    pub(crate) redact: Option<PathBuf>,
    /// Checks that are known to fail, as `housecall waive` writes them down, beside those of the runbook
    #[arg(long, value_name = "FILE")]
    pub(crate) waivers: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Args)]
pub(crate) struct ReplayArgs {
    /// What a run wrote with -o bundle=FILE or --record DIR
    #[arg(value_name = "BUNDLE")]
    pub(crate) bundle: PathBuf,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Args)]
pub(crate) struct MergeArgs {
    /// What runs of one runbook wrote with -o json or -o jsonl; of a target that several have, the last run's word counts
    #[arg(value_name = "REPORT", required = true)]
    pub(crate) reports: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) formats: FormatArgs,
}

#[derive(Args)]
pub(crate) struct SchemaArgs {
    /// Of what
    #[arg(value_enum, default_value = "runbook")]
    pub(crate) of: SchemaOf,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum SchemaOf {
    /// A runbook in YAML
    Runbook,
    /// What `-o json` writes
    Report,
}

#[derive(Args)]
pub(crate) struct RerunArgs {
    /// Only the targets that failed, or could not be looked at
    #[arg(long)]
    pub(crate) failed: bool,
    /// What the run wrote with -o json, jsonl or bundle
    #[arg(value_name = "REPORT")]
    pub(crate) report: PathBuf,
    /// Whatever else `run` takes, such as -o json or -p NAME=VALUE
    #[arg(
        value_name = "OPTIONS OF RUN",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub(crate) options: Vec<String>,
}

#[derive(Args)]
pub(crate) struct DiffArgs {
    /// What the earlier run wrote with -o json, jsonl or bundle
    #[arg(value_name = "BEFORE")]
    pub(crate) before: PathBuf,
    /// What the later run wrote
    #[arg(value_name = "AFTER")]
    pub(crate) after: PathBuf,
    /// How it is told: terminal or json
    #[arg(short, long, value_name = "FORMAT", value_parser = output)]
    pub(crate) output: Vec<Output>,
}

#[derive(Args)]
pub(crate) struct BaselineArgs {
    /// The report that was kept, from -o json, jsonl or bundle
    #[arg(value_name = "KEPT")]
    pub(crate) kept: PathBuf,
    /// The report that is held against it, `-` for stdin
    #[arg(value_name = "REPORT")]
    pub(crate) report: PathBuf,
    /// Checks from this severity up count
    #[arg(long, value_name = "SEVERITY", default_value = "error", value_parser = severity)]
    pub(crate) fail_on: Severity,
    /// How it is told: terminal or json
    #[arg(short, long, value_name = "FORMAT", value_parser = output)]
    pub(crate) output: Vec<Output>,
}

#[derive(Args)]
pub(crate) struct WaiveArgs {
    /// Id of the check
    #[arg(value_name = "CHECK")]
    pub(crate) check: String,
    /// Why it may fail
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Who answers for that
    #[arg(long, value_name = "NAME")]
    pub(crate) owner: String,
    /// The last day on which it may, such as 2027-01-31
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub(crate) until: jiff::civil::Date,
    /// The file that holds the waivers, for `--waivers`
    #[arg(long, value_name = "FILE", default_value = "housecall-waivers.yaml")]
    pub(crate) file: PathBuf,
}

#[derive(Args)]
pub(crate) struct NewArgs {
    /// A file for it, which must not be there yet; else stdout
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Keeps the words as they are, where a portable kind could ask the same
    #[arg(long)]
    pub(crate) verbatim: bool,
    /// The program and its words, after `--`
    #[arg(value_name = "COMMAND", last = true, required = true)]
    pub(crate) command: Vec<String>,
}

#[derive(Args)]
pub(crate) struct ShowArgs {
    /// A file, or the name of a shipped runbook
    #[arg(value_name = "RUNBOOK")]
    pub(crate) runbook: String,
    /// Prints its source
    #[arg(long, conflicts_with = "output")]
    pub(crate) source: bool,
    /// For programs
    #[arg(short, long, value_name = "FORMAT", value_enum)]
    pub(crate) output: Option<DataFormat>,
}

#[derive(Args)]
pub(crate) struct ContainersArgs {
    /// One pod; all of the namespace without it
    #[arg(value_name = "POD", conflicts_with_all = ["all_namespaces", "selector"])]
    pub(crate) pod: Option<String>,
    /// Namespace of the pods
    #[arg(short, long, value_name = "NAMESPACE")]
    pub(crate) namespace: Option<String>,
    /// All namespaces
    #[arg(short = 'A', long, conflicts_with = "namespace")]
    pub(crate) all_namespaces: bool,
    /// Pods by label, as `kubectl -l`
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    pub(crate) selector: Option<String>,
    /// Ends those that run, each by an order to its own keeper, and reads their end back
    #[arg(long)]
    pub(crate) stop: bool,
    /// Counts instead: how many each pod carries
    #[arg(long, conflicts_with = "stop")]
    pub(crate) report: bool,
    /// Context of the kubeconfig
    #[arg(long, value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// Path of the kubeconfig
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// For programs
    #[arg(short, long, value_name = "FORMAT", value_enum)]
    pub(crate) output: Option<DataFormat>,
}

#[derive(Args)]
pub(crate) struct DoctorArgs {
    /// A pod; without it the cluster, the rights and the namespace are looked at
    #[arg(value_name = "POD")]
    pub(crate) pod: Option<String>,
    /// Namespace of the pod
    #[arg(short, long, value_name = "NAMESPACE")]
    pub(crate) namespace: Option<String>,
    /// Container that would be examined
    #[arg(long, value_name = "CONTAINER", requires = "pod")]
    pub(crate) target: Option<String>,
    /// Image of the debug container that would be added
    #[arg(long, value_name = "IMAGE", requires = "pod")]
    pub(crate) image: Option<String>,
    /// The most debug containers of earlier runs that a pod may carry
    #[arg(long, value_name = "N", default_value_t = DEFAULT_MAX_CONTAINERS)]
    pub(crate) max_containers: usize,
    /// Context of the kubeconfig
    #[arg(long, value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// Path of the kubeconfig
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// For programs
    #[arg(short, long, value_name = "FORMAT", value_enum)]
    pub(crate) output: Option<DataFormat>,
}

#[derive(Args)]
pub(crate) struct CompletionsArgs {
    /// Which shell
    pub(crate) shell: clap_complete::Shell,
}

fn day(text: &str) -> Result<jiff::civil::Date, String> {
    text.parse()
        .map_err(|_| "a day is written like 2027-01-31".into())
}

fn severity(text: &str) -> Result<Severity, String> {
    Severity::ALL
        .into_iter()
        .find(|severity| severity.word() == text)
        .ok_or_else(|| "there are info, warning, error and critical".into())
}

fn pick(text: &str) -> Result<Pick, String> {
    let count = match text.parse::<usize>() {
        _ if text == "all" => None,
        Ok(count) if count > 0 => Some(count),
        _ => return Err("write a number from 1, or `all`".into()),
    };
    Ok(Pick {
        count,
        ..Pick::default()
    })
}

fn effects(text: &str) -> Result<Effects, String> {
    Effects::WORDS
        .into_iter()
        .find(|(_, word)| *word == text)
        .map(|(effects, _)| effects)
        .ok_or_else(|| "there are none, network, signal, write".into())
}

fn output(text: &str) -> Result<Output, String> {
    let (format, file) = match text.split_once('=') {
        None => (text, None),
        Some((_, "")) => return Err("the file name after `=` is empty".into()),
        Some((format, file)) => (format, Some(PathBuf::from(file))),
    };
    Ok(Output {
        format: format.parse().map_err(|error| format!("{error}"))?,
        file,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_flags_do_not_contradict_each_other() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn an_output_is_a_format_and_maybe_a_file() {
        assert_eq!(
            output("json=out.json"),
            Ok(Output {
                format: Format::Json,
                file: Some("out.json".into())
            })
        );
        assert!(output("jsno").is_err());
        assert!(output("json=").is_err());
    }
}
