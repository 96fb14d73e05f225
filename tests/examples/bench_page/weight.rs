//! Transfer sizes.

use e2e::people::machine_client;
use e2e::stack::Stack;

/// Fetches `index.html` and everything it references, with a browser's headers, and
/// prints the transfer size of each body.
#[expect(clippy::print_stdout, reason = "figures go there")]
pub async fn measure(stack: &Stack) -> anyhow::Result<()> {
    let ready = stack.ready();
    let client = machine_client(&ready);
    let fetch = |path: String| {
        let request = client
            .get(format!("{}/{path}", ready.web.trim_end_matches('/')))
            .header("accept-encoding", "br");
        async move { anyhow::Ok(request.send().await?.bytes().await?) }
    };
    let index = fetch(String::new()).await?;
    println!("  {:>7}  index.html", index.len());
    let mut total = index.len();
    let text = String::from_utf8_lossy(&index).into_owned();
    let mut loaded: Vec<&str> = text
        .split('"')
        .filter(|part| part.starts_with("assets/") && !part.contains("unread"))
        .collect();
    loaded.sort_unstable();
    loaded.dedup();
    for path in loaded {
        let size = fetch(path.to_owned()).await?.len();
        println!("  {size:>7}  {path}");
        total += size;
    }
    println!("  {total:>7}  bytes in all");
    Ok(())
}
