//! Runs suites: the parallel tests of one after those of the other. Beside them run the
//! serial tests of the suite before, since each suite has a stack of its own.

use std::future::Future;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;

use super::arguments::Arguments;
use super::panics;
use super::report::{Outcome, Report};
use super::{Suite, Test};
use crate::stack::Stack;

/// The time limit of a test.
const LIMIT: Duration = Duration::from_secs(240);

/// Runs the selected tests and reports them.
#[expect(clippy::print_stdout, reason = "a harness lists its tests there")]
#[expect(clippy::print_stderr, reason = "usage errors go to standard error")]
pub fn run(suites: Vec<Suite>) -> ExitCode {
    let arguments = match Arguments::read() {
        Ok(arguments) => arguments,
        Err(failure) => {
            eprintln!("{failure}");
            return ExitCode::FAILURE;
        }
    };
    let tests = || {
        suites
            .iter()
            .flat_map(|suite| suite.together.iter().chain(&suite.alone))
    };
    if arguments.list {
        for test in tests() {
            println!("{}: test", test.name);
        }
        return ExitCode::SUCCESS;
    }
    let all = tests().count();
    let selected = tests().filter(|test| arguments.selects(test)).count();
    let report = Arc::new(Report::new(selected, all - selected));
    let runtime = tokio::runtime::Runtime::new().expect("the machine has threads left");
    runtime.block_on(async {
        let parallel = Mutex::new(());
        let suites = suites.into_iter();
        join_all(suites.map(|suite| run_suite(suite, &parallel, &arguments, &report))).await;
    });
    Arc::into_inner(report).expect("every test has ended").end()
}

/// Runs a suite, whose parallel tests hold the lock `parallel`.
async fn run_suite(
    suite: Suite,
    parallel: &Mutex<()>,
    arguments: &Arguments,
    report: &Arc<Report>,
) {
    let turn = parallel.lock().await;
    let wanted = |tests: Vec<Test>| -> Vec<Test> {
        tests
            .into_iter()
            .filter(|test| arguments.selects(test))
            .filter_map(|test| report_skipped(test, report))
            .collect()
    };
    let (together, alone) = (wanted(suite.together), wanted(suite.alone));
    if together.is_empty() && alone.is_empty() {
        return;
    }
    let name = suite.options.name;
    let began = Instant::now();
    let stack = match Stack::start(suite.options).await {
        Ok(stack) => Arc::new(stack),
        Err(error) => {
            for test in together.iter().chain(&alone) {
                let why = format!("the stack did not start: {error:#}");
                report.record(test.name, Outcome::Failed(why), began.elapsed());
            }
            return;
        }
    };
    run_together(together, &stack, arguments.at_once, report).await;
    drop(turn);
    for test in alone {
        run_test(test, Arc::clone(&stack), report).await;
    }
    for checked in stack.finish().await {
        let outcome = match checked.failure {
            None => Outcome::Passed,
            Some(failure) => Outcome::Failed(failure),
        };
        report.record(&format!("{name}::{}", checked.name), outcome, checked.took);
    }
}

async fn run_together(tests: Vec<Test>, stack: &Arc<Stack>, at_once: usize, report: &Arc<Report>) {
    let permits = Arc::new(Semaphore::new(at_once));
    let (patient, others): (Vec<_>, Vec<_>) = tests.into_iter().partition(|test| test.patient);
    let mut running = JoinSet::new();
    for test in patient.into_iter().chain(others) {
        let (stack, report) = (Arc::clone(stack), Arc::clone(report));
        let permits = (!test.patient).then(|| Arc::clone(&permits));
        let places = test.places.min(u32::try_from(at_once).unwrap_or(u32::MAX));
        running.spawn(async move {
            let _permits = match &permits {
                Some(permits) => permits.acquire_many(places).await.ok(),
                None => None,
            };
            run_test(test, stack, &report).await;
        });
    }
    running.join_all().await;
}

async fn run_test(test: Test, stack: Arc<Stack>, report: &Report) {
    let began = Instant::now();
    let outcome = match failure_of(test.name, (test.start)(stack)).await {
        None => Outcome::Passed,
        Some(failure) => Outcome::Failed(failure),
    };
    report.record(test.name, outcome, began.elapsed());
}

/// Runs a test and returns its panic messages, or that it timed out.
pub(crate) async fn failure_of(
    name: &'static str,
    test: impl Future<Output = ()> + Send + 'static,
) -> Option<String> {
    let running = tokio::spawn(panics::collect(name, test));
    let stop = running.abort_handle();
    match tokio::time::timeout(LIMIT, running).await {
        Ok(Ok(())) => None,
        Ok(Err(_)) => Some(panics::take(name)),
        Err(_) => {
            stop.abort();
            Some(format!("did not end within {} s", LIMIT.as_secs()))
        }
    }
}

fn report_skipped(test: Test, report: &Report) -> Option<Test> {
    match &test.skipped {
        None => Some(test),
        Some(reason) => {
            report.record(test.name, Outcome::Skipped(reason.clone()), Duration::ZERO);
            None
        }
    }
}
