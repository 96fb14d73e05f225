//! Signals with a small binary size. A signal's own methods are compiled anew
//! for each of some fifty closures; these take the closure by reference, so
//! that there is one copy per type of value.

use leptos::prelude::*;

pub struct SmallSignal<T: 'static>(RwSignal<T>);

impl<T> Clone for SmallSignal<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for SmallSignal<T> {}

impl<T: Default + Send + Sync + 'static> Default for SmallSignal<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: Send + Sync + 'static> SmallSignal<T> {
    pub fn new(value: T) -> Self {
        Self(RwSignal::new(value))
    }

    /// Reads the value and tracks it.
    pub fn with<U>(self, look: impl FnOnce(&T) -> U) -> U {
        self.0.track();
        self.with_untracked(look)
    }

    pub fn with_untracked<U>(self, look: impl FnOnce(&T) -> U) -> U {
        let mut look = Some(look);
        let mut seen = None;
        self.see(&mut |value| seen = look.take().map(|look| look(value)));
        seen.expect("a signal shows its value once")
    }

    pub fn update(self, change: impl FnOnce(&mut T)) {
        let mut change = Some(change);
        self.alter(&mut |value| {
            if let Some(change) = change.take() {
                change(value);
            }
            true
        });
    }

    /// Changes the value. Subscribers are notified if `change` returns true.
    pub fn maybe_update(self, change: impl FnOnce(&mut T) -> bool) {
        let mut change = Some(change);
        self.alter(&mut |value| change.take().is_some_and(|change| change(value)));
    }

    /// Whether both are the same signal.
    pub fn is_same(self, other: Self) -> bool {
        self.0 == other.0
    }

    pub fn set(self, value: T) {
        self.0.set(value);
    }

    fn see(self, look: &mut dyn FnMut(&T)) {
        self.0.with_untracked(|value| look(value));
    }

    fn alter(self, change: &mut dyn FnMut(&mut T) -> bool) {
        self.0.maybe_update(|value| change(value));
    }
}

impl<T: Clone + Send + Sync + 'static> SmallSignal<T> {
    pub fn get(self) -> T {
        self.0.get()
    }

    pub fn get_untracked(self) -> T {
        self.0.get_untracked()
    }
}
