use std::fmt;

use crate::samples::Samples;

/// What an attacker achieved, and how much of it is allowed.
#[derive(Debug, Clone)]
pub struct Limit {
    pub what: String,
    pub measured: u64,
    pub allowed: u64,
}

impl Limit {
    pub fn new(what: impl Into<String>, measured: usize, allowed: usize) -> Self {
        Self {
            what: what.into(),
            measured: measured as u64,
            allowed: allowed as u64,
        }
    }

    pub fn is_kept(&self) -> bool {
        self.measured <= self.allowed
    }
}

/// The actions of one bystander.
#[derive(Debug, Clone)]
pub struct Usage {
    pub who: &'static str,
    /// Whether the attack fails if one of the actions fails.
    pub is_owner: bool,
    pub attempted: usize,
    /// The failed actions, with the reasons.
    pub failures: Vec<String>,
    /// Durations of the successful actions.
    pub took: Samples,
}

/// The result of an attack.
pub struct Report {
    pub id: &'static str,
    pub name: &'static str,
    pub users: [Usage; 3],
    /// The limits, or why the attack itself failed.
    pub limits: Result<Vec<Limit>, String>,
}

impl Report {
    /// Why the service did not withstand the attack.
    pub fn failures(&self) -> Vec<String> {
        let mut failures = Vec::new();
        match &self.limits {
            Ok(limits) => failures.extend(
                limits
                    .iter()
                    .filter(|limit| !limit.is_kept())
                    .map(|limit| format!("{limit}: exceeded")),
            ),
            Err(error) => failures.push(format!("the attack could not run: {error}")),
        }
        for user in self.users.iter().filter(|user| user.is_owner) {
            let all = user.failures.iter();
            failures.extend(all.map(|failure| format!("{}: {failure}", user.who)));
        }
        failures
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} (limit {})",
            self.what, self.measured, self.allowed
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.failures().is_empty() {
            "withstood"
        } else {
            "FAILED"
        };
        writeln!(
            f,
            "{:<5} {}: {verdict}",
            self.id,
            self.name.replace('_', " ")
        )?;
        for user in &self.users {
            let succeeded = user.attempted - user.failures.len();
            write!(
                f,
                "      {:<22} {succeeded} of {} actions",
                user.who, user.attempted
            )?;
            if user.took.count() > 0 {
                let [median, longest] = [0.5, 1.0].map(|share| user.took.quantile(share));
                write!(f, ", median {median:.0} ms, longest {longest:.0} ms")?;
            }
            writeln!(f)?;
        }
        for limit in self.limits.iter().flatten() {
            writeln!(f, "      {limit}")?;
        }
        for failure in self.failures() {
            writeln!(f, "      ! {failure}")?;
        }
        Ok(())
    }
}
