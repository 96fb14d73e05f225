//! Files in the data folder for other programs: the ready line, and the functions'
//! variables in the format of `sam local --env-vars`. They are removed when the
//! run ends.

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// The variables of each function.
pub type Variables = BTreeMap<String, BTreeMap<String, String>>;

/// The line that says where everything is.
const READY: &str = "ready.json";

/// For programs on this machine: `rehearse run --env-vars`, `sam local` without a
/// container.
const HERE: &str = "env-vars.json";

/// For containers, to which this machine is `host.docker.internal`.
const CONTAINER: &str = "env-vars.docker.json";

/// The files of one run.
#[derive(Default)]
pub struct Handover(Vec<PathBuf>);

impl Handover {
    /// Writes them to `data`.
    ///
    /// # Errors
    /// If the folder cannot be written to.
    pub fn write(data: &Path, ready: &str, variables: &Variables) -> anyhow::Result<Self> {
        let here = serde_json::to_string_pretty(variables)?;
        // Not the site's origin, which is what people's browsers say.
        let container = here.replace("://127.0.0.1:", "://host.docker.internal:");
        let files = [(READY, ready), (HERE, &here), (CONTAINER, &container)];
        let mut written = Self::default();
        for (name, text) in files {
            let path = data.join(name);
            remove(&path);
            private(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
            written.0.push(path);
        }
        Ok(written)
    }
}

impl Drop for Handover {
    fn drop(&mut self) {
        self.0.iter().for_each(|path| remove(path));
    }
}

/// Writes a file that only this user can read, since it contains secrets.
fn private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = fs::File::options();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())
}

fn remove(path: &Path) {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            tracing::warn!(file = %path.display(), %error, "file could not be removed");
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_get_another_name_of_this_machine_and_all_is_gone_afterwards() {
        let folder = tempfile::tempdir().expect("a folder");
        let variables = [
            ("URI", "amqp://127.0.0.1:5672"),
            ("SITE", "http://localhost:3000"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let variables = Variables::from([("LoginFunction".to_owned(), variables.into())]);
        let read = |name| {
            let text = fs::read_to_string(folder.path().join(name)).expect("it is there");
            serde_json::from_str::<Variables>(&text).expect("it is JSON")
        };
        let handover = Handover::write(folder.path(), "{}", &variables).expect("written");
        assert_eq!(read(HERE), variables);
        let container = &read(CONTAINER)["LoginFunction"];
        assert_eq!(container["URI"], "amqp://host.docker.internal:5672");
        assert_eq!(container["SITE"], "http://localhost:3000");
        drop(handover);
        let left = fs::read_dir(folder.path()).expect("a folder");
        assert_eq!(left.count(), 0);
    }
}
