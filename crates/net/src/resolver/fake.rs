//! The DNS of tests: it says what it was told to say, at once.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{LookupError, Resolver, Source};

/// Answers by name, in lower case and without a final dot.
#[derive(Default)]
pub(super) struct Fake(Mutex<HashMap<String, Entry>>);

struct Entry {
    answer: Result<Vec<String>, LookupError>,
    asked: usize,
}

impl Resolver {
    /// A DNS without any name in it.
    pub fn fake() -> Resolver {
        Resolver(std::sync::Arc::new(Source::Fake(Fake::default())))
    }

    /// Sets the answer to a name's TXT look-ups on a fake DNS. A real one ignores it.
    pub fn set_txt(&self, name: &str, answer: Result<Vec<String>, LookupError>) {
        if let Source::Fake(fake) = &*self.0 {
            fake.lock().insert(normal(name), Entry { answer, asked: 0 });
        }
    }

    /// How often a fake DNS was asked for a name since its answer was set.
    pub fn times_asked(&self, name: &str) -> usize {
        match &*self.0 {
            Source::Fake(fake) => fake.lock().get(&normal(name)).map_or(0, |entry| entry.asked),
            Source::Dns(_) => 0,
        }
    }
}

impl Fake {
    pub(super) fn txt(&self, name: &str) -> Result<Vec<String>, LookupError> {
        match self.lock().get_mut(&normal(name)) {
            Some(entry) => {
                entry.asked += 1;
                entry.answer.clone()
            }
            None => Err(LookupError::NoSuchName),
        }
    }

    /// The map is whole at every moment, so a poisoned lock is harmless.
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn normal(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}
