//! A private instance of the installed RabbitMQ: on loopback only, with data,
//! ports and cookie of its own, and without Erlang's port mapper (epmd), which
//! would be shared with other instances and outlive this one.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};

use super::{Login, is_refusal, log_in};
use crate::services::ports::free_ports;
use crate::services::private_process::{PrivateProcess, Program};

/// Where packages put the server. `/usr/sbin/rabbitmq-server` is not among
/// them: Debian's wrapper there changes the user and forgets the environment.
const SERVERS: [&str; 5] = [
    "/usr/lib/rabbitmq/bin/rabbitmq-server",
    "/opt/homebrew/opt/rabbitmq/sbin/rabbitmq-server",
    "/usr/local/opt/rabbitmq/sbin/rabbitmq-server",
    "/opt/rabbitmq/sbin/rabbitmq-server",
    "/usr/local/sbin/rabbitmq-server",
];

/// A small virtual machine: two schedulers which do not spin, few processes.
const ERLANG_ARGUMENTS: &str = "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none +A 4 +P 131072";

/// Starts the server and gives its endpoint and the URL of its management API.
pub async fn start(
    data: &Path,
    login: &Login,
    has_management: bool,
) -> anyhow::Result<(String, String, PrivateProcess)> {
    let executable = installed_server()?;
    let folder = make_folder(data)?;
    let [port, distribution_port, management_port] = free_ports()?;
    let management_port = has_management.then_some(management_port);
    write_configuration(&folder, port, management_port, login)?;
    tracing::info!("starting RabbitMQ, this takes some seconds");
    let program = Program {
        name: "RabbitMQ",
        executable,
        arguments: Vec::new(),
        environment: environment(&folder, distribution_port),
        folder: folder.clone(),
    };
    let endpoint = format!("amqp://127.0.0.1:{port}");
    let answers = async || match log_in(&endpoint, login).await {
        Err(error) if is_refusal(&error) => bail!(
            "the RabbitMQ in {} was made with another password; remove that folder",
            folder.display()
        ),
        outcome => Ok(outcome.is_ok()),
    };
    let process = PrivateProcess::start(program, answers).await?;
    let management_port = management_port.unwrap_or_default();
    let management_url = format!("http://127.0.0.1:{management_port}");
    Ok((endpoint, management_url, process))
}

fn installed_server() -> anyhow::Result<PathBuf> {
    SERVERS
        .into_iter()
        .map(PathBuf::from)
        .find(|server| server.is_file())
        .ok_or_else(|| {
            anyhow!(
                "RabbitMQ is not installed: install it (Debian: apt-get install rabbitmq-server, \
                 macOS: brew install rabbitmq), or name a running one in RABBITMQ_URL"
            )
        })
}

fn make_folder(data: &Path) -> anyhow::Result<PathBuf> {
    let folder = data.join("rabbitmq");
    fs::create_dir_all(folder.join("home"))
        .with_context(|| format!("{} cannot be made", folder.display()))?;
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
    // The server does not run in the runner's folder, so a relative path would mean another.
    fs::canonicalize(&folder).with_context(|| format!("{} cannot be read", folder.display()))
}

fn write_configuration(
    folder: &Path,
    port: u16,
    management_port: Option<u16>,
    login: &Login,
) -> anyhow::Result<()> {
    let Login {
        username, password, ..
    } = login;
    let mut configuration = format!(
        "listeners.tcp.1 = 127.0.0.1:{port}\n\
         default_user = {username}\n\
         default_pass = {password}\n\
         log.console = false\n\
         log.file.level = warning\n\
         disk_free_limit.absolute = 50MB\n"
    );
    if let Some(port) = management_port {
        let _ = write!(
            configuration,
            "management.tcp.ip = 127.0.0.1\n\
             management.tcp.port = {port}\n\
             management_agent.disable_metrics_collector = true\n"
        );
    }
    let path = folder.join("rabbitmq.conf");
    fs::OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&path)
        .and_then(|mut file| file.write_all(configuration.as_bytes()))
        .with_context(|| format!("{} cannot be written", path.display()))?;
    let plugins = match management_port {
        Some(_) => "[rabbitmq_management].\n",
        None => "[].\n",
    };
    fs::write(folder.join("enabled_plugins"), plugins)?;
    Ok(())
}

fn environment(folder: &Path, distribution_port: u16) -> Vec<(&'static str, OsString)> {
    let distribution = format!(
        "-sname rabbit@localhost -start_epmd false -erl_epmd_port {distribution_port} \
         -kernel inet_dist_use_interface {{127,0,0,1}}"
    );
    vec![
        ("HOME", folder.join("home").into()),
        ("LANG", "C.UTF-8".into()),
        // While it starts, the server runs a second Erlang only to have epmd started.
        ("ERL_AFLAGS", "-start_epmd false".into()),
        ("RABBITMQ_NODENAME", "rabbit@localhost".into()),
        ("RABBITMQ_MNESIA_BASE", folder.join("db").into()),
        ("RABBITMQ_LOG_BASE", folder.join("log").into()),
        ("RABBITMQ_CONFIG_FILE", folder.join("rabbitmq.conf").into()),
        (
            "RABBITMQ_ENABLED_PLUGINS_FILE",
            folder.join("enabled_plugins").into(),
        ),
        ("RABBITMQ_CONF_ENV_FILE", "/dev/null".into()),
        ("RABBITMQ_SERVER_ERL_ARGS", ERLANG_ARGUMENTS.into()),
        ("RABBITMQ_SERVER_START_ARGS", distribution.into()),
        // The server's script then becomes the server, instead of waiting for it.
        ("RUNNING_UNDER_SYSTEMD", "true".into()),
    ]
}

#[cfg(test)]
mod tests;
