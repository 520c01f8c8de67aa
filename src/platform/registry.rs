//! What is shared between those who need it, and goes with the last of them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use tokio::sync::Notify;
use uuid::Uuid;

/// Values that live as long as somebody holds them.
///
/// The last holder's `Drop` calls [`Registry::forget`], which locks: so no method drops a value while it holds the lock.
#[derive(Debug)]
pub(super) struct Registry<T>(Mutex<HashMap<Uuid, Weak<T>>>);

impl<T> Registry<T> {
    pub(super) fn new() -> Self {
        Self(Mutex::new(HashMap::new()))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, Weak<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn get(&self, id: Uuid) -> Option<Arc<T>> {
        self.lock().get(&id).and_then(Weak::upgrade)
    }

    /// The value of `id`, made if there is none.
    pub(super) fn get_or_insert(&self, id: Uuid, make: impl FnOnce() -> T) -> Arc<T> {
        let mut values = self.lock();
        if let Some(value) = values.get(&id).and_then(Weak::upgrade) {
            return value;
        }
        let value = Arc::new(make());
        values.insert(id, Arc::downgrade(&value));
        value
    }

    /// Removes the value of `id` unless somebody holds one (again).
    pub(super) fn forget(&self, id: Uuid) {
        let mut values = self.lock();
        if values.get(&id).is_some_and(|value| value.strong_count() == 0) {
            values.remove(&id);
        }
    }

    pub(super) fn contains(&self, id: Uuid) -> bool {
        self.lock().get(&id).is_some_and(|value| value.strong_count() > 0)
    }

    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    pub(super) fn ids(&self) -> Vec<Uuid> {
        self.lock().keys().copied().collect()
    }

    /// All values, as somebody may hold them over an await without keeping them alive.
    pub(super) fn all(&self) -> Vec<(Uuid, Weak<T>)> {
        self.lock()
            .iter()
            .map(|(&id, value)| (id, Weak::clone(value)))
            .collect()
    }
}

/// Work for one background task: per id the highest number that was put in. Putting in never waits, and however much is put
/// in, it never holds more than one number per id.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    numbers: Mutex<HashMap<Uuid, i64>>,
    filled: Notify,
}

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, i64>> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn put(&self, id: Uuid, number: i64) {
        self.put_all([(id, number)]);
    }

    pub(super) fn put_all(&self, items: impl IntoIterator<Item = (Uuid, i64)>) {
        let mut numbers = self.lock();
        for (id, number) in items {
            let highest = numbers.entry(id).or_insert(number);
            *highest = number.max(*highest);
        }
        drop(numbers);
        self.filled.notify_one();
    }

    /// Takes what is there now.
    pub(super) fn take(&self) -> HashMap<Uuid, i64> {
        std::mem::take(&mut *self.lock())
    }

    /// Waits until there is something and takes all of it. Cancel safe.
    pub(super) async fn wait(&self) -> HashMap<Uuid, i64> {
        loop {
            let numbers = self.take();
            if !numbers.is_empty() {
                return numbers;
            }
            self.filled.notified().await;
        }
    }
}
