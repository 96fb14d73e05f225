//! `cargo xtask upload-page`: uploads the page to the stack's bucket with its content types and
//! cache headers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, bail};
use clap::Args;

use crate::artifacts::Artifacts;
use crate::aws::{Aws, StackOptions};
use crate::workspace::Workspace;
use crate::{child, output};

#[derive(Args)]
pub struct Options {
    /// The stack whose output PageBucketName is the bucket
    #[command(flatten)]
    stack: StackOptions,
    /// The bucket, instead of the stack's output
    #[arg(long)]
    bucket: Option<String>,
    /// Run the commands; without it they are only printed
    #[arg(long)]
    run: bool,
}

/// For files whose name contains a hash of their content.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// For index.html: revalidated on every load, 304 while unchanged.
const EACH_TIME: &str = "no-cache";

pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let workspace = Workspace::load()?;
    let artifacts = Artifacts::of(&workspace, true);
    artifacts.build_page(&workspace, true)?;
    let aws = Aws::new(&options.stack)?;
    let bucket = match (&options.bucket, options.run) {
        (Some(bucket), _) => bucket.clone(),
        (None, true) => ask_the_stack(&aws)?,
        (None, false) => "$BUCKET".to_owned(),
    };
    if bucket == "$BUCKET" {
        println!("BUCKET=$({})", quoted(&question(&aws)));
    }
    for mut command in plan(&artifacts.page, &bucket)? {
        println!("{}", quoted(&command));
        if options.run {
            child::run(&mut command)?;
        }
    }
    if !options.run {
        output::line("Nothing was uploaded; add --run to run these commands.");
    }
    Ok(ExitCode::SUCCESS)
}

fn question(aws: &Aws) -> Command {
    aws.command([
        "cloudformation",
        "describe-stacks",
        "--stack-name",
        &aws.stack,
        "--output",
        "text",
        "--query",
        "Stacks[0].Outputs[?OutputKey==`PageBucketName`].OutputValue",
    ])
}

fn ask_the_stack(aws: &Aws) -> anyhow::Result<String> {
    let stack = aws.describe_stack()?;
    let bucket = stack.output("PageBucketName");
    let bucket = bucket.with_context(|| format!("the stack {} has no bucket", aws.stack))?;
    Ok(bucket.to_owned())
}

/// The upload commands. Assets come before index.html, so that a page never refers to a missing
/// file; assets of earlier versions stay for pages that are open.
fn plan(page: &Path, bucket: &str) -> anyhow::Result<Vec<Command>> {
    let folder = page.join("assets");
    let entries = fs::read_dir(&folder).with_context(|| format!("no {}", folder.display()))?;
    let mut assets: Vec<PathBuf> = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<anyhow::Result<_>>()?;
    assets.sort();
    let mut commands = Vec::new();
    for asset in &assets {
        let name = asset.file_name().unwrap_or_default().to_string_lossy();
        if !is_named_by_content(&name) {
            bail!("assets/{name} is not named by its content, so it must not be cached for ever");
        }
        let target = format!("s3://{bucket}/assets/{name}");
        commands.push(copy(asset, &target, FOR_EVER)?);
    }
    let target = format!("s3://{bucket}/index.html");
    commands.push(copy(&page.join("index.html"), &target, EACH_TIME)?);
    Ok(commands)
}

fn copy(file: &Path, target: &str, caching: &str) -> anyhow::Result<Command> {
    let mut aws = Command::new("aws");
    aws.args(["s3", "cp"]).arg(file).arg(target);
    let is_compressed = file.extension().is_some_and(|extension| extension == "br");
    let plain = match is_compressed {
        true => file.with_extension(""),
        false => file.to_path_buf(),
    };
    aws.args(["--content-type", content_type(&plain)?]);
    if is_compressed {
        aws.args(["--content-encoding", "br"]);
    }
    aws.args(["--cache-control", caching]);
    Ok(aws)
}

/// The content type. With `application/wasm` a browser compiles while it downloads; S3 would
/// guess another type.
fn content_type(file: &Path) -> anyhow::Result<&'static str> {
    let extension = file.extension().and_then(|extension| extension.to_str());
    Ok(match extension {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("webmanifest") => "application/manifest+json",
        Some("woff2") => "font/woff2",
        _ => bail!(
            "{}: no content type is known for this extension",
            file.display()
        ),
    })
}

/// `name-0123456789abcdef.js`
fn is_named_by_content(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default();
    let hash = stem.rsplit('-').next().unwrap_or_default();
    hash.len() >= 8 && hash != stem && hash.chars().all(|c| c.is_ascii_hexdigit())
}

/// The command, quoted for a shell.
fn quoted(command: &Command) -> String {
    let words = child::command_line(command);
    let arguments = command.get_args().map(|word| word.to_string_lossy());
    let special = arguments.filter(|word| word.contains([' ', ';', '`', '?', '[']));
    special.fold(words, |words, word| {
        words.replacen(&*word, &format!("'{word}'"), 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shell_metacharacters_are_quoted() {
        let aws = Aws {
            stack: "banter".to_owned(),
            region: None,
        };
        assert!(
            quoted(&question(&aws))
                .ends_with("--query 'Stacks[0].Outputs[?OutputKey==`PageBucketName`].OutputValue'")
        );
    }

    #[test]
    fn the_page_comes_after_its_parts_and_each_says_how_long_it_lasts() {
        let folder = std::env::temp_dir().join(format!("upload-page-{}", std::process::id()));
        fs::create_dir_all(folder.join("assets")).expect("a folder");
        for name in [
            "app-0a1b2c3d.wasm",
            "app-0a1b2c3d.wasm.br",
            "app-deadbeef.js",
        ] {
            fs::write(folder.join("assets").join(name), "").expect("a file");
        }
        let commands = plan(&folder, "bucket").expect("a plan");
        let lines: Vec<_> = commands.iter().map(quoted).collect();
        let expected = [
            ("assets/app-0a1b2c3d.wasm", "application/wasm", FOR_EVER),
            (
                "assets/app-0a1b2c3d.wasm.br",
                "application/wasm --content-encoding br",
                FOR_EVER,
            ),
            (
                "assets/app-deadbeef.js",
                "'text/javascript; charset=utf-8'",
                FOR_EVER,
            ),
            ("index.html", "'text/html; charset=utf-8'", EACH_TIME),
        ]
        .map(|(name, kind, caching)| {
            let file = folder.join(name);
            let caching = if caching.contains(' ') {
                format!("'{caching}'")
            } else {
                caching.to_owned()
            };
            format!(
                "aws s3 cp {} s3://bucket/{name} --content-type {kind} --cache-control {caching}",
                file.display()
            )
        });
        assert_eq!(lines, expected);
        fs::write(folder.join("assets/app.js"), "").expect("a file");
        let refused = plan(&folder, "bucket").expect_err("it would be cached for ever");
        assert!(
            refused
                .to_string()
                .contains("assets/app.js is not named by its content")
        );
        fs::remove_dir_all(&folder).expect("it is ours");
    }
}
