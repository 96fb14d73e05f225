//! `cargo xtask soak`: builds and runs the soak test in `tests/examples/soak`.

use std::process::{Command, ExitCode, Stdio};

use clap::{Args, ValueEnum};

use crate::artifacts::Artifacts;
use crate::child::{self, Child};
use crate::output;
use crate::prerequisites;
use crate::signals::StopSignal;
use crate::workspace::{SELECTION, Workspace};

#[derive(Args)]
pub struct Options {
    /// Optimised functions, which take minutes to build
    #[arg(long)]
    release: bool,
    /// Number of users
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(2..=2_000))]
    people: u16,
    /// Number of rooms; every user is in each
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=500))]
    rooms: u16,
    /// Messages per second, of all users together
    #[arg(long, default_value_t = 20.0)]
    rate: f64,
    /// Duration in seconds
    #[arg(long, default_value_t = 45)]
    seconds: u64,
    /// Run until this many messages were delivered, instead of a duration
    #[arg(long)]
    deliveries: Option<usize>,
    /// Seed of the random generator, to repeat a run
    #[arg(long)]
    seed: Option<u64>,
    /// Faults to inject; all by default
    #[arg(long, value_enum, value_delimiter = ',', num_args = 0..)]
    faults: Option<Vec<Fault>>,
    /// Compare presence instead of messages, with ten invocations per function; every
    /// user is in one room
    #[arg(long)]
    presence: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Fault {
    /// Cut the networks of users
    Cuts,
    /// Kill processes of functions
    Kills,
    /// Stop RabbitMQ
    Broker,
    /// Cut the connection to the database
    Database,
    /// Withhold the gateway's `$disconnect`
    Disconnects,
}

impl Options {
    /// The options of the example, which are the same except `--release`.
    fn arguments(&self) -> Vec<String> {
        let mut arguments = vec![
            format!("--people={}", self.people),
            format!("--rooms={}", self.rooms),
            format!("--rate={}", self.rate),
            format!("--seconds={}", self.seconds),
        ];
        arguments.extend(self.deliveries.map(|count| format!("--deliveries={count}")));
        arguments.extend(self.seed.map(|seed| format!("--seed={seed}")));
        if self.presence {
            arguments.push("--presence".to_owned());
        }
        if let Some(faults) = &self.faults {
            arguments.push("--faults".to_owned());
            let names = faults.iter().filter_map(Fault::to_possible_value);
            arguments.extend(names.map(|value| value.get_name().to_owned()));
        }
        arguments
    }
}

pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let workspace = Workspace::load()?;
    prerequisites::ensure(prerequisites::DEV)?;
    let artifacts = Artifacts::build(&workspace, options.release)?;
    let mut cargo = workspace.cargo();
    cargo.arg("build").args(SELECTION);
    cargo.args(["--bin=embedded-mongo", "--example=soak"]);
    if options.release {
        cargo.arg("--release");
    }
    child::run(&mut cargo)?;
    output::step("soaking");
    let mut soak = Command::new(artifacts.binaries.join("examples/soak"));
    soak.args(options.arguments())
        .env("BANTER_BIN", &artifacts.binaries)
        .env("BANTER_PAGE", &artifacts.page)
        .stdin(Stdio::null());
    if options.presence {
        soak.env("BANTER_CONCURRENCY", "10");
    }
    let status = Child::start(&mut soak, StopSignal::Group)?.wait()?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::{Args as _, Command};

    use super::Options;

    #[test]
    fn the_options_are_those_of_the_example() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let example = root.join("../tests/examples/soak.rs");
        let text = std::fs::read_to_string(example).expect("the example exists");
        let (_, fields) = text
            .split_once("struct Arguments {")
            .expect("it has options");
        let (fields, _) = fields.split_once("\n}").expect("the struct ends");
        let theirs: Vec<_> = fields
            .lines()
            .filter_map(|line| line.trim().split_once(": "))
            .map(|(name, _)| name)
            .filter(|name| name.chars().all(|c| c.is_ascii_lowercase()))
            .collect();
        let command = Options::augment_args(Command::new("soak"));
        let ours: Vec<_> = command
            .get_arguments()
            .map(|argument| argument.get_id().as_str())
            .filter(|name| *name != "release")
            .collect();
        assert_eq!(ours, theirs);
    }
}
