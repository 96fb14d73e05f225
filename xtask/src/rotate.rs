//! `cargo xtask rotate`: replaces a secret of a deployed stack, in the order that
//! `rotation` defines and an end-to-end test exercises.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use rotation::{Half, LoginChange, State, Step, Subject, change_login, plan, replace_half};
use serde::Deserialize;

use crate::aws::{Aws, StackOptions};
use crate::output;

#[derive(Args)]
pub struct Options {
    /// What to rotate
    subject: SubjectName,
    #[command(flatten)]
    stack: StackOptions,
    /// Run the commands; without it they are only printed
    #[arg(long)]
    run: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum SubjectName {
    /// The keys of hashes of codes and sessions
    Pepper,
    /// The keys of access tokens
    Signing,
    /// CloudFront's proof to the functions
    Viewer,
    /// The logins of functions and mappings at the broker
    Broker,
}

impl SubjectName {
    fn subject(self) -> Subject {
        match self {
            Self::Pepper => Subject::Pepper,
            Self::Signing => Subject::Signing,
            Self::Viewer => Subject::Viewer,
            Self::Broker => Subject::Broker,
        }
    }
}

/// The length of a key: 32 bytes in hexadecimal.
const KEY_BYTES: usize = 32;
/// That of a password of the broker.
const PASSWORD_BYTES: usize = 16;

pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let rotator = Rotator::new(&options.stack, options.subject.subject())?;
    let steps = plan(options.subject.subject(), &rotator.state)?;
    let count = steps.len();
    for (number, step) in (1..).zip(&steps) {
        println!("# {number} of {count}: {}", explained(step));
        for line in rotator.commands(step) {
            println!("{line}");
        }
        if options.run {
            rotator.execute(step)?;
        }
    }
    if !options.run {
        output::line("Nothing was changed; add --run to run these commands.");
    }
    Ok(ExitCode::SUCCESS)
}

struct Rotator {
    aws: Aws,
    state: State,
    /// The ARNs of secrets, by their logical ids.
    secrets: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SecretValue {
    secret_string: String,
}

impl Rotator {
    fn new(options: &StackOptions, subject: Subject) -> anyhow::Result<Self> {
        let aws = Aws::new(options)?;
        let stack = aws.describe_stack()?;
        let mut rotator = Self {
            aws,
            state: State {
                parameters: stack.parameters(),
                secrets: BTreeMap::new(),
            },
            secrets: BTreeMap::new(),
        };
        for id in subject.secrets() {
            let output = format!("{id}Arn");
            let arn = stack.output(&output).with_context(|| {
                format!("the stack has no output {output}: deploy the current template first")
            })?;
            rotator.secrets.insert((*id).to_owned(), arn.to_owned());
            let text = rotator.read(id)?;
            rotator.state.secrets.insert((*id).to_owned(), text);
        }
        Ok(rotator)
    }

    fn arn(&self, secret: &str) -> &str {
        self.secrets.get(secret).map_or("", String::as_str)
    }

    fn read(&self, secret: &str) -> anyhow::Result<String> {
        let id = ["--secret-id", self.arn(secret)];
        let get = ["secretsmanager", "get-secret-value"];
        let value: SecretValue = self.aws.json(get.into_iter().chain(id))?;
        Ok(value.secret_string)
    }

    /// The text comes by standard input: arguments are visible to other users.
    fn write(&self, secret: &str, text: &str) -> anyhow::Result<()> {
        let mut put = self.aws.command([
            "secretsmanager",
            "put-secret-value",
            "--secret-id",
            self.arn(secret),
            "--secret-string",
            "file:///dev/stdin",
        ]);
        self.aws.run(&mut put, Some(text)).map(|_| ())
    }

    fn execute(&self, step: &Step) -> anyhow::Result<()> {
        match step {
            Step::ReplaceHalf { secret, half } => {
                let text = replace_half(&self.read(secret)?, *half, &random(KEY_BYTES)?)?;
                self.write(secret, &text)
            }
            Step::ChangeLogin { secret, change } => {
                let password = random(PASSWORD_BYTES)?;
                let text = change_login(secret, &self.read(secret)?, *change, &password)?;
                self.write(secret, &text)
            }
            Step::Update { parameters } => {
                let arguments = self.update(parameters);
                let mut update = self.aws.command(arguments.iter().map(String::as_str));
                self.aws.run(&mut update, None)?;
                let mut wait = self.aws.command(self.wait());
                self.aws.run(&mut wait, None)?;
                self.check(parameters)
            }
        }
    }

    /// An update that was rolled back ends the wait with an error, but one that never
    /// started does not.
    fn check(&self, parameters: &[(&str, String)]) -> anyhow::Result<()> {
        let now = self.aws.describe_stack()?.parameters();
        for (name, value) in parameters {
            if now.get(*name) != Some(value) {
                bail!("the stack has another {name} than {value}: look at its events");
            }
        }
        Ok(())
    }

    fn update(&self, parameters: &[(&str, String)]) -> Vec<String> {
        let start = [
            "cloudformation",
            "update-stack",
            "--stack-name",
            &self.aws.stack,
            "--use-previous-template",
            "--capabilities",
            "CAPABILITY_IAM",
            "CAPABILITY_AUTO_EXPAND",
            "--parameters",
        ];
        let changed = parameters
            .iter()
            .map(|(name, value)| format!("ParameterKey={name},ParameterValue={value}"));
        let others = self.state.parameters.keys();
        let others = others.filter(|name| !parameters.iter().any(|(changed, _)| changed == name));
        let others = others.map(|name| format!("ParameterKey={name},UsePreviousValue=true"));
        let start = start.into_iter().map(str::to_owned);
        start.chain(changed).chain(others).collect()
    }

    fn wait(&self) -> [&str; 5] {
        [
            "cloudformation",
            "wait",
            "stack-update-complete",
            "--stack-name",
            &self.aws.stack,
        ]
    }

    /// The step as a shell (bash) runs it.
    fn commands(&self, step: &Step) -> Vec<String> {
        let line = |arguments: Vec<String>| {
            let command = self.aws.command(arguments.iter().map(String::as_str));
            crate::child::command_line(&command)
        };
        let get = |secret: &str| {
            format!(
                "OLD=$(aws secretsmanager get-secret-value --secret-id {} --query SecretString --output text)",
                self.arn(secret)
            )
        };
        let put = |secret: &str| {
            format!(
                "aws secretsmanager put-secret-value --secret-id {} --secret-string file:///dev/stdin",
                self.arn(secret)
            )
        };
        match step {
            Step::ReplaceHalf { secret, half } => {
                let halves = match half {
                    Half::First => "\"$(openssl rand -hex 32)\" \"${OLD:64}\"",
                    Half::Second => "\"${OLD:0:64}\" \"$(openssl rand -hex 32)\"",
                };
                vec![
                    get(secret),
                    format!("printf %s%s {halves} | {}", put(secret)),
                ]
            }
            Step::ChangeLogin { secret, change } => {
                let next = "P=$(openssl rand -hex 16) jq -c '.also = {username: (.username | split(\"-\") \
                            | \"\\(.[0])-\\((.[1] | tonumber) + 1)\"), password: env.P}'";
                let filter = match change {
                    LoginChange::AddNext => next,
                    LoginChange::Switch => "jq -c '.also + {also: del(.also)}'",
                    LoginChange::DropEarlier => "jq -c 'del(.also)'",
                };
                vec![
                    get(secret),
                    format!("printf %s \"$OLD\" | {filter} | {}", put(secret)),
                ]
            }
            Step::Update { parameters } => {
                let wait = self.wait().map(str::to_owned).to_vec();
                vec![line(self.update(parameters)), line(wait)]
            }
        }
    }
}

fn explained(step: &Step) -> String {
    match step {
        Step::ReplaceHalf { secret, half } => format!("a new {half} half of {secret}"),
        Step::ChangeLogin { secret, change } => match change {
            LoginChange::AddNext => format!("{secret} names the next user, which Setup makes"),
            LoginChange::Switch => format!("{secret} logs in as the next user"),
            LoginChange::DropEarlier => format!("{secret} forgets the earlier user"),
        },
        Step::Update { .. } => "deploy, and wait until it is complete (5 to 15 minutes)".to_owned(),
    }
}

/// Random bytes in hexadecimal.
fn random(bytes: usize) -> anyhow::Result<String> {
    let mut random = vec![0; bytes];
    let file = File::open("/dev/urandom").context("the system has no randomness")?;
    file.take(bytes as u64).read_exact(&mut random)?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}
