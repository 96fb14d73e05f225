//! Debian's `rustc-web` and its sources, unpacked into a folder of our own.
//!
//! Not installed: the packages conflict with rustup's, and a build has no
//! business replacing a system's compiler. Package lists are private too, so
//! that neither root nor a fresh `apt-get update` of the system is needed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::apt::Apt;
use super::first_lines;
use crate::{cache, say};

/// A compiler in the cache.
#[derive(Debug)]
pub struct Unpacked {
    /// The folder that holds its `usr`.
    pub folder: PathBuf,
}

/// The file that marks a compiler as ready.
const READY: &str = "ready";
/// How the standard library is built: another way has another number, and with it
/// another folder.
const BUILD: u32 = 2;

impl Unpacked {
    /// The script that starts the compiler with its own libraries.
    pub fn rustc(&self) -> PathBuf {
        self.folder.join("rustc")
    }

    /// The script that starts its clippy.
    pub fn clippy(&self) -> PathBuf {
        self.folder.join("clippy-driver")
    }

    /// Where the compiler looks for the libraries of a target.
    pub fn libraries(&self, target: &str) -> PathBuf {
        self.folder.join("usr/lib/rustlib").join(target).join("lib")
    }

    /// From now on [`ready`] finds this one. The sources, the greater part of
    /// it, have served.
    pub fn mark_ready(&self) -> Result<()> {
        fs::remove_dir_all(self.folder.join("usr/src"))
            .context("cannot remove the compiler's sources")?;
        fs::write(self.folder.join(READY), "").context("cannot mark the compiler as ready")
    }
}

/// A compiler that an earlier run has made; the newest, if there are several.
pub fn ready() -> Result<Option<Unpacked>> {
    let Ok(entries) = fs::read_dir(cache::folder()?) else {
        return Ok(None);
    };
    let newest = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|folder| folder.to_string_lossy().ends_with(&suffix()))
        .map(|folder| Unpacked { folder })
        .filter(|unpacked| {
            let parts = [
                unpacked.folder.join(READY),
                unpacked.rustc(),
                unpacked.clippy(),
            ];
            parts.iter().all(|part| part.is_file())
        })
        .max_by_key(|unpacked| {
            let ready = fs::metadata(unpacked.folder.join(READY));
            ready.and_then(|ready| ready.modified()).ok()
        });
    Ok(newest)
}

/// A flag without effect that is another for each [`BUILD`].
pub fn library_flag() -> String {
    format!("--cfg=standard_library=\"{BUILD}\"")
}

/// Where a version of the compiler goes.
pub fn folder(version: &str) -> Result<PathBuf> {
    Ok(cache::folder()?.join(format!("rustc-web-{version}{}", suffix())))
}

fn suffix() -> String {
    format!(".build-{BUILD}")
}

/// The version that the system's own package lists offer, if any.
pub fn candidate() -> Option<String> {
    candidate_in(&mut Command::new("apt-cache"))
}

/// Whether packages can be fetched and unpacked here at all.
pub fn has_tools() -> bool {
    ["apt-get", "dpkg-deb"].iter().all(|tool| {
        Command::new(tool)
            .arg("--version")
            .output()
            .is_ok_and(|output| output.status.success())
    })
}

/// Whether `version` is at least `required`, by major and minor number.
pub fn is_enough(version: &str, required: &str) -> bool {
    let numbers = |version: &str| -> Option<(u32, u32)> {
        let mut parts = version.split(['.', '+', '~', '-']);
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    };
    numbers(version) >= numbers(required) && numbers(version).is_some()
}

/// Fetches and unpacks the compiler and its sources.
pub fn unpack(required: &str) -> Result<Unpacked> {
    if !has_tools() {
        bail!("apt-get and dpkg-deb are not here");
    }
    let apt = Apt::new(cache::folder()?.join("apt"))?;
    apt.update()?;
    let version = candidate_in(&mut apt.command("apt-cache"))
        .context("this distribution has no package rustc-web")?;
    if !is_enough(&version, required) {
        bail!("its version is {version}, and {required} is needed");
    }

    let folder = folder(&version)?;
    say(format!(
        "unpacking Debian's rustc-web {version} into {}, because it can be made to build WebAssembly; nothing of the system changes",
        folder.display()
    ));
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot remove what is half made in {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for package in apt.download(&apt.closure()?)? {
        unpack_one(&package, &folder)?;
    }
    apt.remove()?;

    let unpacked = Unpacked { folder };
    write_script(&unpacked.rustc(), "rustc")?;
    write_script(&unpacked.clippy(), "clippy-driver")?;
    first_lines(Command::new(unpacked.rustc()).arg("-vV"))
        .context("the unpacked compiler does not start")?;
    Ok(unpacked)
}

fn candidate_in(apt_cache: &mut Command) -> Option<String> {
    let policy = first_lines(apt_cache.env("LC_ALL", "C").args(["policy", "rustc-web"])).ok()?;
    let line = policy
        .lines()
        .find_map(|line| line.trim().strip_prefix("Candidate: "))?;
    (line != "(none)").then(|| line.to_owned())
}

fn unpack_one(package: &Path, folder: &Path) -> Result<()> {
    first_lines(Command::new("dpkg-deb").arg("-x").arg(package).arg(folder)).map(drop)
}

/// Libraries are found by a variable that only the compiler sees, so that
/// nothing else that cargo starts is linked against them.
fn write_script(path: &Path, program: &str) -> Result<()> {
    let script = r#"#!/bin/sh
here=$(dirname "$0")
for folder in "$here"/usr/lib/*-linux-gnu*; do
    LD_LIBRARY_PATH="$folder${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
done
export LD_LIBRARY_PATH
exec "$here/usr/bin/PROGRAM" "$@"
"#
    .replace("PROGRAM", program);
    fs::write(path, script)
        .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(0o755)))
        .with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number_and_not_by_text() {
        assert!(is_enough("1.96.0+dfsg1-1~deb12u2", "1.95"));
        assert!(is_enough("1.100.0", "1.95"));
        assert!(is_enough("2.0.0", "1.95.1"));
        assert!(!is_enough("1.85.0+dfsg3-1~deb12u3", "1.95"));
        assert!(!is_enough("unknown", "1.95"));
    }
}
