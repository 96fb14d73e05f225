//! `cargo xtask preflight`: read-only checks before a deployment, each with its remedy.

use std::env;
use std::process::{Command, ExitCode};

use anyhow::Context as _;
use clap::Args;
use serde::Deserialize;

use crate::aws::{Aws, StackOptions};
use crate::prerequisites::python::TOOLS;
use crate::{child, output};

#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    stack: StackOptions,
    /// DomainName of the deployment
    #[arg(long, requires = "certificate")]
    domain: Option<String>,
    /// CertificateArn of the deployment
    #[arg(long, requires = "domain")]
    certificate: Option<String>,
    /// DatabaseTier of the deployment
    #[arg(long, default_value = "unreserved")]
    tier: String,
}

/// What became of a check.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Good(String),
    /// What is wrong, and what to do.
    Wrong(String),
    /// Why it could not be checked.
    Unknown(String),
}

use Outcome::{Good, Unknown, Wrong};

/// Names of CloudFront's and Amazon MQ's resources contain that of the stack.
const LONGEST_STACK_NAME: usize = 30;

/// The least concurrency of the account for each tier: what the template reserves, and the 100
/// that Lambda keeps unreserved. A rule computes them.
const CONCURRENCY: [(&str, u32); 4] = [("unreserved", 10), ("M0", 149), ("M10", 261), ("M30", 423)];

/// Distributions of an account, by default (CloudFront, "Quotas").
const DISTRIBUTIONS: usize = 200;

const INSTANCE_TYPE: &str = "mq.m7g.medium";
const ENGINE_VERSION: &str = "4.2";

/// The oldest versions that build this workspace.
const SAM: [u32; 3] = [1, 165, 0];
const CARGO_LAMBDA: [u32; 3] = [1, 9, 2];

type LocalCheck = fn(&Options) -> Outcome;
type AccountCheck = fn(&Options, &Aws) -> anyhow::Result<Outcome>;

/// Checks that need no account.
const LOCAL: [(&str, LocalCheck); 4] = [
    ("stack name", |options| match Aws::new(&options.stack) {
        Ok(aws) => stack_name(&aws.stack),
        Err(error) => Wrong(error.to_string()),
    }),
    ("sam", |_| {
        version(
            "sam",
            &["--version"],
            SAM,
            "pip install aws-sam-cli==1.170.0",
        )
    }),
    ("cargo-lambda", |_| {
        let remedy = "pip install cargo-lambda==1.9.2 ziglang==0.17.1";
        version(
            "cargo-lambda",
            &["lambda", "--version"],
            CARGO_LAMBDA,
            remedy,
        )
    }),
    ("database", |_| database()),
];

/// Checks of the account.
const ACCOUNT: [(&str, AccountCheck); 8] = [
    ("Lambda's concurrency", |options, aws| {
        concurrency(aws, &options.tier)
    }),
    ("CloudFront's distributions", |_, aws| distributions(aws)),
    ("Amazon MQ's instance type", |_, aws| instance_type(aws)),
    ("Amazon MQ's service-linked role", |_, aws| {
        service_linked_role(aws)
    }),
    ("SES out of its sandbox", |_, aws| ses_account(aws)),
    ("SES identity of MAIL_FROM", |_, aws| ses_identity(aws)),
    ("certificate", certificate),
    ("state of the stack", |_, aws| stack_state(aws)),
];

pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let mut outcomes = Vec::new();
    for (name, check) in LOCAL {
        let outcome = check(options);
        show(name, &outcome);
        outcomes.push(outcome);
    }
    let aws = Aws::new(&options.stack)?;
    let mut identity = aws.command([
        "sts",
        "get-caller-identity",
        "--query",
        "Arn",
        "--output",
        "text",
    ]);
    match aws.run(&mut identity, None) {
        Ok(arn) => show("credentials", &Good(arn)),
        Err(error) => {
            show("credentials", &Wrong(format!("{error:#}")));
            output::line("With credentials (`aws configure`) it would also check:");
            for (name, _) in ACCOUNT {
                output::line(&format!("       {name}"));
            }
            return Ok(ExitCode::FAILURE);
        }
    }
    for (name, check) in ACCOUNT {
        let outcome = check(options, &aws).unwrap_or_else(|error| Unknown(format!("{error:#}")));
        show(name, &outcome);
        outcomes.push(outcome);
    }
    let failed = outcomes.iter().any(|outcome| matches!(outcome, Wrong(_)));
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn show(name: &str, outcome: &Outcome) {
    let (mark, text) = match outcome {
        Good(text) => ("ok   ", text),
        Wrong(text) => ("WRONG", text),
        Unknown(text) => ("?    ", text),
    };
    println!("{mark}  {name}: {text}");
}

fn stack_name(name: &str) -> Outcome {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || !name.chars().all(plain) {
        return Wrong(format!(
            "{name}: begin with a letter, then letters, digits and hyphens"
        ));
    }
    if name.len() > LONGEST_STACK_NAME {
        let length = name.len();
        return Wrong(format!(
            "{name} has {length} characters: choose a name of at most {LONGEST_STACK_NAME}"
        ));
    }
    Good(name.to_owned())
}

fn version(program: &str, arguments: &[&str], least: [u32; 3], remedy: &str) -> Outcome {
    let Some(printed) = child::stdout_of(Command::new(program).args(arguments)) else {
        return Wrong(format!("not installed: {remedy}"));
    };
    let shown = least.map(|number| number.to_string()).join(".");
    match version_in(&printed) {
        Some(found) if found >= least => Good(printed),
        Some(_) => Wrong(format!("{printed} is older than {shown}: {remedy}")),
        None => Unknown(format!("it printed `{printed}`")),
    }
}

/// The first `A.B.C` of a text.
fn version_in(text: &str) -> Option<[u32; 3]> {
    text.split(|c: char| !c.is_ascii_digit() && c != '.')
        .find_map(|word| {
            let numbers: Vec<u32> = word
                .split('.')
                .map_while(|part| part.parse().ok())
                .collect();
            numbers.get(..3)?.try_into().ok()
        })
}

/// Connects as the functions do. That they may connect from AWS as well is not known here.
fn database() -> Outcome {
    let Some(uri) = env::var_os("MONGODB_URI").filter(|uri| !uri.is_empty()) else {
        return Unknown("set MONGODB_URI to the MongoUri of the deployment".to_owned());
    };
    let script = "import os, pymongo\n\
                  client = pymongo.MongoClient(os.environ['MONGODB_URI'], serverSelectionTimeoutMS=8000)\n\
                  name = client.get_default_database().name\n\
                  client.admin.command('ping')\n\
                  print('connected from here; database ' + name)";
    let python = TOOLS.install().and_then(|()| TOOLS.programs());
    let output = python.and_then(|folder| {
        let mut python = Command::new(folder.join("python"));
        let output = python.args(["-c", script]).env("MONGODB_URI", uri).output();
        output.context("cannot start Python")
    });
    match output {
        Ok(output) if output.status.success() => {
            Good(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        }
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            let class = text
                .lines()
                .rfind(|line| !line.trim().is_empty())
                .unwrap_or_default();
            // What follows the class may quote the URI.
            let class = class.split(':').next().unwrap_or_default();
            Wrong(format!(
                "{class}: check the password, the name of the database and Atlas's Network Access"
            ))
        }
        Err(error) => Unknown(format!("{error:#}")),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AccountSettings {
    account_limit: AccountLimit,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AccountLimit {
    concurrent_executions: u32,
}

fn concurrency(aws: &Aws, tier: &str) -> anyhow::Result<Outcome> {
    let settings: AccountSettings = aws.json(["lambda", "get-account-settings"])?;
    Ok(enough_concurrency(
        tier,
        settings.account_limit.concurrent_executions,
    ))
}

fn enough_concurrency(tier: &str, limit: u32) -> Outcome {
    match CONCURRENCY.iter().find(|(name, _)| *name == tier) {
        None => Wrong(format!("there is no DatabaseTier {tier}")),
        Some((_, least)) if limit < *least => Wrong(format!(
            "{limit}, but DatabaseTier={tier} needs {least}: request an increase under Service \
             Quotas → Lambda → Concurrent executions, or deploy without a tier"
        )),
        Some(_) => Good(format!("{limit}, enough for DatabaseTier={tier}")),
    }
}

fn distributions(aws: &Aws) -> anyhow::Result<Outcome> {
    let query = "length(DistributionList.Items || `[]`)";
    let count: usize = aws.json(["cloudfront", "list-distributions", "--query", query])?;
    Ok(if count < DISTRIBUTIONS {
        Good(format!("{count} of {DISTRIBUTIONS}"))
    } else {
        Wrong(format!(
            "{count}, the default limit is {DISTRIBUTIONS}: request an increase"
        ))
    })
}

fn instance_type(aws: &Aws) -> anyhow::Result<Outcome> {
    let query = "BrokerInstanceOptions[].SupportedEngineVersions[]";
    let versions: Vec<String> = aws.json([
        "mq",
        "describe-broker-instance-options",
        "--engine-type",
        "RABBITMQ",
        "--host-instance-type",
        INSTANCE_TYPE,
        "--query",
        query,
    ])?;
    Ok(
        if versions.iter().any(|version| version == ENGINE_VERSION) {
            Good(format!("{INSTANCE_TYPE} runs RabbitMQ {ENGINE_VERSION}"))
        } else {
            Wrong(format!(
                "{INSTANCE_TYPE} does not run RabbitMQ {ENGINE_VERSION} in this region: choose another"
            ))
        },
    )
}

fn service_linked_role(aws: &Aws) -> anyhow::Result<Outcome> {
    const ROLE: &str = "AWSServiceRoleForAmazonMQ";
    let mut get = aws.command(["iam", "get-role", "--role-name", ROLE]);
    match aws.run(&mut get, None) {
        Ok(_) => Ok(Good("it exists".to_owned())),
        Err(error) if error.to_string().contains("NoSuchEntity") => Ok(Good(
            "the first broker creates it: the deployer needs iam:CreateServiceLinkedRole"
                .to_owned(),
        )),
        Err(error) => Err(error),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SesAccount {
    #[serde(default)]
    production_access_enabled: bool,
    #[serde(default)]
    sending_enabled: bool,
}

fn ses_account(aws: &Aws) -> anyhow::Result<Outcome> {
    let account: SesAccount = aws.json(["sesv2", "get-account"])?;
    Ok(match account {
        SesAccount {
            sending_enabled: false,
            ..
        } => Wrong("sending is suspended: see the reputation page of SES".to_owned()),
        SesAccount {
            production_access_enabled: false,
            ..
        } => Wrong(
            "only verified addresses get email: SES → Account dashboard → Request production access"
                .to_owned(),
        ),
        _ => Good("production access".to_owned()),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SesIdentity {
    #[serde(default)]
    verified_for_sending_status: bool,
}

fn ses_identity(aws: &Aws) -> anyhow::Result<Outcome> {
    let Some(from) = env::var("MAIL_FROM").ok().filter(|from| !from.is_empty()) else {
        return Ok(Unknown(
            "set MAIL_FROM to the MailFrom of the deployment".to_owned(),
        ));
    };
    let address = address_of(&from);
    let Some((_, domain)) = address.split_once('@') else {
        return Ok(Wrong(format!("{from} is not an address")));
    };
    for identity in [address, domain] {
        let found: anyhow::Result<SesIdentity> =
            aws.json(["sesv2", "get-email-identity", "--email-identity", identity]);
        match found {
            Ok(found) if found.verified_for_sending_status => {
                return Ok(Good(format!("{identity} is verified")));
            }
            Ok(_) => {}
            Err(error) if error.to_string().contains("NotFoundException") => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Wrong(format!(
        "neither {address} nor {domain} is verified: SES → Identities → Create identity → Domain"
    )))
}

/// `ann@example.com` of `Ann <ann@example.com>`.
fn address_of(from: &str) -> &str {
    let inside = from.split_once('<').map_or(from, |(_, rest)| rest);
    inside.trim_end().trim_end_matches('>').trim()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CertificateDetails {
    certificate: Certificate,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Certificate {
    status: String,
    domain_name: String,
    #[serde(default)]
    subject_alternative_names: Vec<String>,
}

fn certificate(options: &Options, aws: &Aws) -> anyhow::Result<Outcome> {
    let (Some(domain), Some(arn)) = (&options.domain, &options.certificate) else {
        return Ok(Good("none: the site has CloudFront's name".to_owned()));
    };
    if arn.split(':').nth(3) != Some("us-east-1") {
        return Ok(Wrong(format!(
            "{arn}: CloudFront accepts only certificates in us-east-1"
        )));
    }
    let mut describe = Command::new("aws");
    describe.args(["acm", "describe-certificate", "--certificate-arn", arn]);
    describe.args(["--region", "us-east-1", "--output", "json"]);
    let details: CertificateDetails = serde_json::from_str(&aws.run(&mut describe, None)?)?;
    Ok(certificate_for(domain, &details.certificate))
}

fn certificate_for(domain: &str, certificate: &Certificate) -> Outcome {
    let names = &certificate.subject_alternative_names;
    let covers = |name: &String| match name.strip_prefix("*.") {
        Some(parent) => domain
            .split_once('.')
            .is_some_and(|(_, rest)| rest == parent),
        None => name == domain,
    };
    if !names.iter().chain([&certificate.domain_name]).any(covers) {
        let name = &certificate.domain_name;
        return Wrong(format!(
            "it is for {name}, not for {domain}: request one for {domain}"
        ));
    }
    match certificate.status.as_str() {
        "ISSUED" => Good(format!("issued for {domain}")),
        status => Wrong(format!(
            "{status}: add the DNS record that ACM shows, and wait"
        )),
    }
}

fn stack_state(aws: &Aws) -> anyhow::Result<Outcome> {
    let mut describe = aws.command([
        "cloudformation",
        "describe-stacks",
        "--stack-name",
        &aws.stack,
        "--query",
        "Stacks[0].StackStatus",
        "--output",
        "text",
    ]);
    Ok(match aws.run(&mut describe, None) {
        Err(error) if error.to_string().contains("does not exist") => Good("it is new".to_owned()),
        Err(error) => return Err(error),
        Ok(state) if ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED"].contains(&state.as_str()) => {
            Wrong(format!("{state}: `sam delete`, then deploy again"))
        }
        Ok(state) if state == "UPDATE_ROLLBACK_FAILED" => Wrong(format!(
            "{state}: `aws cloudformation continue-update-rollback --stack-name {}`",
            aws.stack
        )),
        Ok(state) if state.ends_with("_IN_PROGRESS") => Wrong(format!("{state}: wait for it")),
        Ok(state) => Good(state),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(outcome: Outcome) -> String {
        match outcome {
            Wrong(text) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_name_that_is_too_long_is_refused_before_anything_is_made() {
        assert_eq!(stack_name("banter"), Good("banter".to_owned()));
        let text = wrong(stack_name("banter-for-the-whole-department-of-tea"));
        assert!(text.contains("at most 30"), "{text}");
        wrong(stack_name("1banter"));
        wrong(stack_name("ban_ter"));
    }

    #[test]
    fn a_tier_that_the_account_does_not_allow_is_refused_with_its_limit() {
        let text = wrong(enough_concurrency("M10", 200));
        assert!(text.contains("261"), "{text}");
        assert!(matches!(enough_concurrency("M10", 261), Good(_)));
        assert!(matches!(enough_concurrency("unreserved", 10), Good(_)));
        wrong(enough_concurrency("M5", 1_000));
    }

    #[test]
    fn a_certificate_is_issued_and_for_the_domain() {
        let of = |status: &str, name: &str| Certificate {
            status: status.to_owned(),
            domain_name: "example.com".to_owned(),
            subject_alternative_names: vec![name.to_owned()],
        };
        let check = |certificate| certificate_for("chat.example.com", &certificate);
        assert!(matches!(check(of("ISSUED", "chat.example.com")), Good(_)));
        assert!(matches!(check(of("ISSUED", "*.example.com")), Good(_)));
        wrong(check(of("ISSUED", "*.chat.example.com")));
        wrong(check(of("PENDING_VALIDATION", "chat.example.com")));
    }

    #[test]
    fn versions_are_compared_by_their_numbers() {
        assert_eq!(version_in("SAM CLI, version 1.170.0"), Some([1, 170, 0]));
        assert_eq!(
            version_in("cargo-lambda 1.9.2 (2026-11-01Z)"),
            Some([1, 9, 2])
        );
        assert_eq!(version_in("cargo"), None);
        assert!([1, 165, 0] > [1, 99, 9]);
        assert_eq!(
            address_of("Banter <no-reply@example.com>"),
            "no-reply@example.com"
        );
        assert_eq!(address_of("no-reply@example.com"), "no-reply@example.com");
    }
}
