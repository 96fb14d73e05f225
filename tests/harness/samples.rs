//! Measured times, and whether two sets of them differ.

#[derive(Debug, Clone, Default)]
pub struct Samples(Vec<f64>);

#[derive(Debug, Clone, Copy)]
pub struct KsTest {
    /// The greatest distance between both distributions, from 0 to 1.
    pub distance: f64,
    /// The probability of such a distance between equal distributions.
    pub p: f64,
}

impl Samples {
    pub fn add(&mut self, milliseconds: f64) {
        let place = self.0.partition_point(|sample| *sample < milliseconds);
        self.0.insert(place, milliseconds);
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The value that a share of the samples does not exceed.
    pub fn quantile(&self, share: f64) -> f64 {
        let last = self.0.len().checked_sub(1).expect("something was measured");
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a place in a list, from 0 to its last"
        )]
        let place = (share.clamp(0.0, 1.0) * last as f64).round() as usize;
        self.0[place]
    }

    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// Compares the distributions of both sets.
    pub fn ks_test(&self, others: &Self) -> KsTest {
        let share = |samples: &Self, at: f64| {
            let below = samples.0.partition_point(|sample| *sample <= at);
            real(below) / real(samples.count())
        };
        let distance = self
            .0
            .iter()
            .chain(&others.0)
            .map(|at| (share(self, *at) - share(others, *at)).abs())
            .fold(0.0, f64::max);
        let (mine, theirs) = (real(self.count()), real(others.count()));
        let root = (mine * theirs / (mine + theirs)).sqrt();
        KsTest {
            distance,
            p: likelihood((root + 0.12 + 0.11 / root) * distance),
        }
    }
}

/// Kolmogorov's distribution beyond `lambda`.
fn likelihood(lambda: f64) -> f64 {
    if lambda < 0.2 {
        return 1.0;
    }
    let term = |number: i32| {
        let sign = if number % 2 == 1 { 2.0 } else { -2.0 };
        let factor = f64::from(number) * lambda;
        sign * (-2.0 * factor * factor).exp()
    };
    (1..=100).map(term).sum::<f64>().clamp(0.0, 1.0)
}

fn real(count: usize) -> f64 {
    f64::from(u32::try_from(count).expect("fewer than four thousand million"))
}
