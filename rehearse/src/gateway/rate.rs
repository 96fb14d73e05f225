//! A token bucket, as API Gateway throttles.

use std::sync::Mutex;
use std::time::Instant;

/// So many a second, and so many at once.
pub struct Rate {
    per_second: f64,
    burst: f64,
    bucket: Mutex<Bucket>,
}

struct Bucket {
    tokens: f64,
    filled: Instant,
}

impl Rate {
    /// Allows `per_second` in the long run and `burst` at once.
    pub fn new(per_second: u32, burst: u32) -> Self {
        Self {
            per_second: per_second.into(),
            burst: burst.into(),
            bucket: Mutex::new(Bucket {
                tokens: burst.into(),
                filled: Instant::now(),
            }),
        }
    }

    /// Takes one, if there is one left.
    pub fn allows(&self) -> bool {
        self.allows_at(Instant::now())
    }

    fn allows_at(&self, now: Instant) -> bool {
        let mut bucket = self
            .bucket
            .lock()
            .expect("nothing panics while it holds the bucket");
        let passed = now.saturating_duration_since(bucket.filled).as_secs_f64();
        bucket.tokens = (bucket.tokens + passed * self.per_second).min(self.burst);
        bucket.filled = now;
        let allowed = bucket.tokens >= 1.0;
        if allowed {
            bucket.tokens -= 1.0;
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_burst_is_allowed_and_then_the_rate() {
        let rate = Rate::new(10, 3);
        let start = Instant::now();
        let at_once = (0..5).filter(|_| rate.allows_at(start)).count();
        assert_eq!(at_once, 3);
        let later = start + Duration::from_millis(200);
        let then = (0..5).filter(|_| rate.allows_at(later)).count();
        assert_eq!(then, 2);
    }
}
