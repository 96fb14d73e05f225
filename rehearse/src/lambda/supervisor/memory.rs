//! The memory limit of a function.

use std::time::Duration;

/// How often the memory of a running invocation is checked.
const INTERVAL: Duration = Duration::from_millis(100);

/// Waits until a process uses more than `limit` MB, and returns how much it uses.
/// Where the system does not tell, it waits forever.
pub async fn exceeds(pid: u32, limit: u32) -> u64 {
    let mut interval = tokio::time::interval(INTERVAL);
    // Most invocations end before the first check.
    interval.tick().await;
    loop {
        interval.tick().await;
        match anonymous_memory(pid).await {
            Some(megabytes) if megabytes > u64::from(limit) => return megabytes,
            Some(_) => {}
            None => std::future::pending().await,
        }
    }
}

/// The anonymous resident memory of a process in MB. Unlike the whole resident set
/// it does not contain the executable, which is large in a debug build.
async fn anonymous_memory(pid: u32) -> Option<u64> {
    let status = tokio::fs::read_to_string(format!("/proc/{pid}/status"))
        .await
        .ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes / 1024)
}
