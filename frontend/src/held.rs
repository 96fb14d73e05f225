//! Signals that weigh little. A signal's own methods are compiled anew for each
//! closure that they are called with, some fifty times over; these pass the
//! closure on as a reference, so that there is one copy per type of value.

use leptos::prelude::*;

/// A signal.
pub struct Held<T: 'static>(RwSignal<T>);

impl<T> Clone for Held<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Held<T> {}

impl<T: Default + Send + Sync + 'static> Default for Held<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: Send + Sync + 'static> Held<T> {
    /// A signal that begins with a value.
    pub fn new(value: T) -> Self {
        Self(RwSignal::new(value))
    }

    /// Looks at the value, and follows its changes.
    pub fn with<U>(self, look: impl FnOnce(&T) -> U) -> U {
        self.0.track();
        self.with_untracked(look)
    }

    /// Looks at the value once.
    pub fn with_untracked<U>(self, look: impl FnOnce(&T) -> U) -> U {
        let mut look = Some(look);
        let mut seen = None;
        self.see(&mut |value| seen = look.take().map(|look| look(value)));
        seen.expect("a signal shows its value once")
    }

    /// Changes the value.
    pub fn update(self, change: impl FnOnce(&mut T)) {
        let mut change = Some(change);
        self.alter(&mut |value| {
            if let Some(change) = change.take() {
                change(value);
            }
            true
        });
    }

    /// Changes the value; only if it says so, whoever follows is told.
    pub fn maybe_update(self, change: impl FnOnce(&mut T) -> bool) {
        let mut change = Some(change);
        self.alter(&mut |value| change.take().is_some_and(|change| change(value)));
    }

    /// Replaces the value.
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

impl<T: Clone + Send + Sync + 'static> Held<T> {
    /// The value, whose changes are followed.
    pub fn get(self) -> T {
        self.0.get()
    }

    /// The value as it is now.
    pub fn get_untracked(self) -> T {
        self.0.get_untracked()
    }
}
