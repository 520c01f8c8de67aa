//! Counts that nodes share through Redis.

use std::time::Duration;

use super::{Ask, Failures, Taken};
use crate::platform::redis::{Outcome, Redis};

/// The same as `Memory::take`, in one step for all nodes.
const TAKE: &str = "\
local now, increment, period = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local full_at = tonumber(redis.call('GET', KEYS[1]) or now)
if full_at < now or full_at - now > period then full_at = now end
local next = full_at + increment
if next - now > period then return {next - now - period, full_at - now} end
if next > now then redis.call('SET', KEYS[1], string.format('%.0f', next), 'PX', math.ceil((next - now) / 1000)) end
return {0, next - now}";

#[derive(Debug)]
pub(super) struct Shared(Redis);

impl Shared {
    pub(super) fn new(redis: Redis) -> Self {
        Self(redis)
    }

    pub(super) async fn take(&self, key: &str, ask: Ask) -> Outcome<Taken> {
        let mut commands = redis::pipe();
        let command = commands.cmd("EVAL").arg(TAKE).arg(1).arg(self.key(key));
        command.arg(ask.now).arg(ask.increment).arg(ask.period);
        let ((wait, used),): ((i64, i64),) = self.0.run(&commands).await?;
        Ok(Taken { wait, used })
    }

    pub(super) async fn failures(&self, keys: &[&str]) -> Outcome<Vec<Failures>> {
        let mut commands = redis::pipe();
        for key in keys {
            commands.hmget(self.key(key), &["count", "at"]);
        }
        let known: Vec<(Option<u32>, Option<i64>)> = self.0.run(&commands).await?;
        let failures = known.into_iter().map(|(count, at)| Failures {
            count: count.unwrap_or_default(),
            at: at.unwrap_or_default(),
        });
        Ok(failures.collect())
    }

    pub(super) async fn failed(&self, keys: &[(&str, Duration, bool)], now: i64) -> Outcome<()> {
        let mut commands = redis::pipe();
        for (key, forget, is_window) in keys {
            let key = self.key(key);
            let forget = u64::try_from(forget.as_millis()).unwrap_or(u64::MAX);
            commands.hincr(&key, "count", 1).ignore();
            if *is_window {
                commands.hset_nx(&key, "at", now).ignore();
            } else {
                commands.hset(&key, "at", now).ignore();
            }
            let expire = commands.cmd("PEXPIRE").arg(&key).arg(forget);
            if *is_window {
                expire.arg("NX");
            }
            expire.ignore();
        }
        self.0.run(&commands).await
    }

    pub(super) async fn forget(&self, key: &str) -> Outcome<()> {
        let mut commands = redis::pipe();
        commands.del(self.key(key)).ignore();
        self.0.run(&commands).await
    }

    fn key(&self, key: &str) -> String {
        format!("{}:rate:{key}", self.0.prefix())
    }
}
