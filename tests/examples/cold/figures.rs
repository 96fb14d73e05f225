//! The measurements and their table.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use flate2::Compression;
use flate2::write::DeflateEncoder;

use crate::runtime_api::Lambda;

/// Times of several starts, and of the events after the last start.
#[derive(Debug, Default)]
pub struct Figures {
    next: Vec<Duration>,
    answered: Vec<Duration>,
    processor: Vec<Duration>,
    /// Of each event after the first.
    pub warm: Vec<Duration>,
    /// The peak memory, in kilobytes.
    pub peak: u64,
}

/// A row of the table.
pub struct Row {
    name: &'static str,
    what: &'static str,
    zipped: usize,
    plain: Figures,
    secured: Option<Figures>,
}

impl Figures {
    /// Records a start: the time until the function requested its first event, and the
    /// duration of that event.
    pub fn cold(&mut self, next: Duration, first: Duration, lambda: &Lambda) -> anyhow::Result<()> {
        self.next.push(next);
        self.answered.push(next + first);
        self.processor.push(lambda.processor_time()?);
        Ok(())
    }
}

impl Row {
    /// The figures of a program.
    pub fn new(
        name: &'static str,
        what: &'static str,
        binary: &Path,
        plain: Figures,
        secured: Option<Figures>,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            name,
            what,
            zipped: zipped(binary)?,
            plain,
            secured,
        })
    }
}

pub fn table(rows: &[Row]) -> String {
    let mut table = String::from(
        "| function | zip, MB | to the first `next`, ms | through TLS | to the first answer, ms | through TLS | processor time till then, ms | warm p50, p99, ms | peak memory, MB | asked |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n",
    );
    for row in rows {
        let secured = row.secured.as_ref();
        let of = |times: fn(&Figures) -> &Vec<Duration>| {
            let secured = secured.map_or("–".to_owned(), |figures| {
                format!("{:.1}", middle(times(figures)))
            });
            format!("{:.1} | {secured}", middle(times(&row.plain)))
        };
        let last = secured.unwrap_or(&row.plain);
        let _ = writeln!(
            table,
            "| {} | {:.2} | {} | {} | {:.0} | {:.1}, {:.1} | {:.1} | {} |",
            row.name,
            row.zipped as f64 / 1e6,
            of(|figures| &figures.next),
            of(|figures| &figures.answered),
            middle(&last.processor),
            milliseconds(quantile(&last.warm, 0.5)),
            milliseconds(quantile(&last.warm, 0.99)),
            last.peak as f64 / 1_024.0,
            row.what,
        );
    }
    table
}

fn middle(times: &[Duration]) -> f64 {
    milliseconds(quantile(times, 0.5))
}

fn quantile(times: &[Duration], part: f64) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    let at = (times.len().saturating_sub(1)) as f64 * part;
    times.get(at.round() as usize).copied().unwrap_or_default()
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

/// The size of a binary in the deployment archive: deflated, as cargo-lambda does it.
/// The archive itself adds about a hundred bytes.
fn zipped(binary: &Path) -> anyhow::Result<usize> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&std::fs::read(binary)?)?;
    Ok(encoder.finish()?.len())
}
