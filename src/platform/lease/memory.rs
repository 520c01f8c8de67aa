//! Leases of one process.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use uuid::Uuid;

use super::{DEVICES, Held, Holders, Value};

type Rooms<T> = HashMap<Uuid, HashMap<Uuid, Vec<Held<T>>>>;

#[derive(Debug)]
pub(super) struct Memory<T>(Mutex<Rooms<T>>);

impl<T> Default for Memory<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Value> Memory<T> {
    fn lock(&self) -> MutexGuard<'_, Rooms<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn put(&self, room: Uuid, holder: Uuid, held: Held<T>, now: i64) {
        let mut rooms = self.lock();
        // Only when the table would grow anyhow, so that the cost is spread: rooms that nobody watches are cleared here.
        if !rooms.contains_key(&room) && rooms.len() == rooms.capacity() {
            rooms.retain(|_, holders| {
                tidy(holders, now);
                !holders.is_empty()
            });
        }
        let holders = rooms.entry(room).or_default();
        if !holders.contains_key(&holder) && holders.len() == holders.capacity() {
            tidy(holders, now);
        }
        let devices = holders.entry(holder).or_default();
        devices.retain(|known| known.ends_at > now);
        let known = devices.iter().position(|known| known.device == held.device);
        match known {
            Some(at) if devices[at].value == held.value => devices[at].ends_at = held.ends_at,
            known => {
                if let Some(at) = known {
                    devices.remove(at);
                }
                devices.push(held);
                devices.drain(..devices.len().saturating_sub(DEVICES));
            }
        }
    }

    pub(super) fn end(&self, room: Uuid, holder: Uuid, device: Uuid) {
        if let Some(devices) = self.lock().get_mut(&room).and_then(|holders| holders.get_mut(&holder)) {
            devices.retain(|known| known.device != device);
        }
    }

    pub(super) fn read(&self, room: Uuid, now: i64) -> Holders<T> {
        let mut rooms = self.lock();
        let Some(holders) = rooms.get_mut(&room) else {
            return Vec::new();
        };
        tidy(holders, now);
        if holders.is_empty() {
            rooms.remove(&room);
            return Vec::new();
        }
        holders.iter().map(|(holder, held)| (*holder, held.clone())).collect()
    }
}

fn tidy<T>(holders: &mut HashMap<Uuid, Vec<Held<T>>>, now: i64) {
    holders.retain(|_, devices| {
        devices.retain(|held| held.ends_at > now);
        !devices.is_empty()
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(device: u128, ends_at: i64, value: u8) -> Held<u8> {
        Held {
            device: Uuid::from_u128(device),
            ends_at,
            value,
        }
    }

    fn values(memory: &Memory<u8>, now: i64) -> Vec<u8> {
        let holders = memory.read(Uuid::nil(), now);
        holders
            .into_iter()
            .flat_map(|(_, held)| held)
            .map(|held| held.value)
            .collect()
    }

    #[test]
    fn what_is_new_comes_last_and_what_is_held_again_stays_where_it_was() {
        let memory = Memory::default();
        let put = |device, ends_at, value| memory.put(Uuid::nil(), Uuid::nil(), held(device, ends_at, value), 0);
        put(1, 10, 1);
        put(2, 10, 2);
        put(1, 20, 1);
        assert_eq!(values(&memory, 0), [1, 2]);
        put(1, 20, 3);
        assert_eq!(values(&memory, 0), [2, 3]);
        assert_eq!(values(&memory, 10), [3]);
        assert_eq!(values(&memory, 20), [0; 0]);
        assert!(memory.lock().is_empty());
    }

    #[test]
    fn no_holder_has_more_than_a_few_devices() {
        let memory = Memory::default();
        for device in 0..100 {
            memory.put(Uuid::nil(), Uuid::nil(), held(device, 10, 0), 0);
        }
        assert_eq!(values(&memory, 0).len(), DEVICES);
    }

    #[test]
    fn rooms_that_nobody_reads_are_forgotten_when_their_leases_have_ended() {
        let memory = Memory::default();
        for room in 0..10_000 {
            let now = i64::try_from(room).unwrap_or_default();
            memory.put(Uuid::from_u128(room), Uuid::nil(), held(1, now + 10, 0), now);
        }
        assert!(memory.lock().len() < 100);
    }
}
