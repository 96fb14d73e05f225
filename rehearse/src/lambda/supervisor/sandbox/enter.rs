//! `rehearse sandbox`: prepares the mounts of its own namespace and becomes a program.

use std::ffi::{CString, OsString};
use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use clap::Args;
use rustix::fs::{Mode, OFlags};
use rustix::mount::{MountFlags, mount, mount_bind, mount_remount};
use rustix::process::{Signal, set_parent_process_death_signal};

const TMP: &str = "/tmp";

/// Where Lambda unpacks layers.
const LAYERS: &str = "/opt";

/// Mounts of the kernel, which stay as they are.
const KERNEL: [&str; 3] = ["/dev", "/proc", "/sys"];

/// What to mount, and what to become.
#[derive(Debug, Args)]
pub struct SandboxOptions {
    /// The folder that becomes `/tmp`.
    #[arg(long)]
    tmp: PathBuf,
    /// A path that stays reachable if it is in `/tmp`.
    #[arg(long)]
    needed: Vec<PathBuf>,
    /// A folder that can be written to.
    #[arg(long)]
    writable: Vec<PathBuf>,
    /// A folder whose contents appear in `/opt`; a later one wins.
    #[arg(long)]
    layer: Vec<PathBuf>,
    /// The program and its arguments.
    #[arg(last = true, required = true)]
    program: Vec<OsString>,
}

/// Becomes the program. Returns only after an error. The process has to be in a mount
/// namespace of its own.
pub fn enter(options: &SandboxOptions) -> anyhow::Error {
    if let Err(error) = prepare(options) {
        return error;
    }
    let (program, arguments) = (&options.program[0], &options.program[1..]);
    let error = Command::new(program).args(arguments).exec();
    anyhow::Error::new(error).context(program.display().to_string())
}

fn prepare(options: &SandboxOptions) -> anyhow::Result<()> {
    let current = std::env::current_dir()?;
    // Opened before the new `/tmp` hides them.
    let paths = options
        .needed
        .iter()
        .chain(&options.layer)
        .chain([&current]);
    let mut paths: Vec<&Path> = paths
        .map(PathBuf::as_path)
        .filter(|path| path.starts_with(TMP) && *path != Path::new(TMP))
        .map(shown)
        .collect();
    // Folders come before what is in them, and what is in them is mounted with them.
    paths.sort_unstable();
    paths.dedup_by(|path, folder| path.starts_with(folder));
    paths.extend(options.writable.iter().map(PathBuf::as_path));
    let opened: Vec<(&Path, File)> = paths
        .into_iter()
        .map(|path| Ok((path, opened(path)?)))
        .collect::<anyhow::Result<_>>()?;
    mount_bind(&options.tmp, TMP).context("/tmp")?;
    for (path, file) in &opened {
        show_again(path, file).with_context(|| path.display().to_string())?;
    }
    mount_layers(&options.layer).context(LAYERS)?;
    make_read_only(&options.writable)?;
    // The folder may be in another mount now.
    std::env::set_current_dir(current)?;
    // A change of namespaces clears it, so it is set here.
    set_parent_process_death_signal(Some(Signal::KILL))?;
    Ok(())
}

/// What is mounted for a path: of a file its folder, unless that is `/tmp`. A file that
/// a deployment replaces meanwhile cannot be mounted.
fn shown(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if path.is_file() && folder != Path::new(TMP) => folder,
        _ => path,
    }
}

fn opened(path: &Path) -> anyhow::Result<File> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::empty());
    Ok(file.with_context(|| path.display().to_string())?.into())
}

/// Mounts an opened file or folder at its own path.
fn show_again(path: &Path, file: &File) -> anyhow::Result<()> {
    // The mount points may be there, left by another process with the same `/tmp`.
    if file.metadata()?.is_dir() {
        std::fs::create_dir_all(path)?;
    } else {
        std::fs::create_dir_all(path.parent().unwrap_or(path))?;
        File::create(path)?;
    }
    mount_bind(format!("/proc/self/fd/{}", file.as_raw_fd()), path)?;
    Ok(())
}

/// Lambda merges layers in their order. On a machine without `/opt` they are in the
/// search paths only.
fn mount_layers(layers: &[PathBuf]) -> anyhow::Result<()> {
    if !Path::new(LAYERS).is_dir() {
        return Ok(());
    }
    match layers {
        [] => {}
        [only] => mount_bind(only, LAYERS)?,
        several => {
            let mut lower = b"lowerdir=".to_vec();
            for (index, layer) in several.iter().rev().enumerate() {
                if index > 0 {
                    lower.push(b':');
                }
                lower.extend(layer.as_os_str().as_bytes());
            }
            let lower = CString::new(lower)?;
            mount(
                "overlay",
                LAYERS,
                "overlay",
                MountFlags::RDONLY,
                lower.as_c_str(),
            )?;
        }
    }
    Ok(())
}

/// Remounts everything but `/tmp` and `writable` read-only.
fn make_read_only(writable: &[PathBuf]) -> anyhow::Result<()> {
    let table = std::fs::read_to_string("/proc/self/mountinfo")?;
    for (point, options) in table.lines().filter_map(mount_point) {
        let kernel = KERNEL.iter().any(|kernel| point.starts_with(kernel));
        let stays = kernel || point == Path::new(TMP) || writable.contains(&point);
        if stays || options.split(',').any(|option| option == "ro") {
            continue;
        }
        let flags = MountFlags::BIND | MountFlags::RDONLY | kept(options);
        let outcome = mount_remount(&point, flags, c"");
        // Another mount may hide a mount point.
        if point == Path::new("/") {
            outcome.context("/")?;
        }
    }
    Ok(())
}

/// The mount point and the options of a line of `/proc/self/mountinfo`.
fn mount_point(line: &str) -> Option<(PathBuf, &str)> {
    let mut fields = line.split(' ').skip(4);
    let point = unescaped(fields.next()?);
    Some((point, fields.next()?))
}

/// The path with octal escapes such as `\040` resolved.
fn unescaped(text: &str) -> PathBuf {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escape = (*first == b'\\').then(|| after.get(..3)).flatten();
        let digits = escape.and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[3..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    PathBuf::from(OsString::from_vec(bytes))
}

/// The flags of a mount that a user namespace may not clear.
fn kept(options: &str) -> MountFlags {
    let flag = |option: &str| match option {
        "nosuid" => MountFlags::NOSUID,
        "nodev" => MountFlags::NODEV,
        "noexec" => MountFlags::NOEXEC,
        "noatime" => MountFlags::NOATIME,
        "nodiratime" => MountFlags::NODIRATIME,
        "relatime" => MountFlags::RELATIME,
        _ => MountFlags::empty(),
    };
    options.split(',').map(flag).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mount_points_are_read_with_their_escapes() {
        let line = r"36 35 98:0 /root /mnt\040a/b rw,nosuid,relatime shared:1 - ext4 /dev/a rw";
        let (point, options) = mount_point(line).expect("it is a mount");
        assert_eq!(point, Path::new("/mnt a/b"));
        assert_eq!(kept(options), MountFlags::NOSUID | MountFlags::RELATIME);
        assert_eq!(unescaped(r"/a\b"), Path::new(r"/a\b"));
        assert!(mount_point("36 35").is_none());
    }
}
