//! Answers that are had once, whoever asks, and however many ask at the same time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

/// Answers by what was asked.
#[derive(Debug)]
pub struct Memo<T>(Mutex<HashMap<String, Arc<OnceLock<T>>>>);

impl<T> Default for Memo<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Memo<T> {
    /// The answer for `key`. Who asks while `make` is at it waits for it; other keys do not.
    pub fn get(&self, key: &str, make: impl FnOnce() -> T) -> T {
        let Ok(mut known) = self.0.lock() else { return make() };
        let answer = Arc::clone(known.entry(key.to_owned()).or_default());
        drop(known);
        answer.get_or_init(make).clone()
    }
}
