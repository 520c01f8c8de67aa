//! Leases that nodes share through Redis: a hash for each room, with a field for each holder. A field has a line for each device:
//! its id, when its lease ends, and its value in JSON.

use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{DEVICES, Held, Holders, Value};
use crate::platform::{
    error::{Error, Result},
    redis::{Outcome, Redis},
};

/// The same as `Memory::put`, in one step for all nodes; without a line the same as `Memory::end`. Times are those of the nodes, so
/// that a lease ends at the same moment for all who agree on the time.
const PUT: &str = r"
local holder, device, line, now = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local value = string.match(line, '^%S+ %d+ (.*)$')
local kept = {}
for old in string.gmatch(redis.call('HGET', KEYS[1], holder) or '', '[^\n]+') do
  local of, ends, held = string.match(old, '^(%S+) (%d+) (.*)$')
  if of and tonumber(ends) > now then
    if of ~= device then
      kept[#kept + 1] = old
    elseif held == value then
      kept[#kept + 1] = line
      line = ''
    end
  end
end
if line ~= '' then kept[#kept + 1] = line end
while #kept > tonumber(ARGV[5]) do table.remove(kept, 1) end
if #kept == 0 then
  redis.call('HDEL', KEYS[1], holder)
else
  redis.call('HSET', KEYS[1], holder, table.concat(kept, '\n'))
end
local rest = redis.call('PTTL', KEYS[1])
if rest >= -1 and rest < tonumber(ARGV[6]) then redis.call('PEXPIRE', KEYS[1], ARGV[6]) end";

/// Reads a room, and clears holders all of whose leases have ended.
const READ: &str = r"
local now, found = tonumber(ARGV[1]), {}
local all = redis.call('HGETALL', KEYS[1])
for at = 1, #all, 2 do
  local lives = false
  for ends in string.gmatch(all[at + 1], '[^\n]%S* (%d+) [^\n]*') do
    lives = lives or tonumber(ends) > now
  end
  if lives then
    found[#found + 1] = all[at]
    found[#found + 1] = all[at + 1]
  else
    redis.call('HDEL', KEYS[1], all[at])
  end
end
return found";

#[derive(Debug)]
pub(super) struct Shared(Redis);

impl Shared {
    pub(super) fn new(redis: Redis) -> Self {
        Self(redis)
    }

    /// `line` is empty if the device holds nothing from now on.
    pub(super) async fn put(
        &self,
        room: Uuid,
        (holder, device): (Uuid, Uuid),
        line: &str,
        now: DateTime<Utc>,
        life: Duration,
    ) -> Outcome<()> {
        let mut commands = redis::pipe();
        let command = commands.cmd("EVAL").arg(PUT).arg(1).arg(self.key(room));
        command
            .arg(holder.simple().to_string())
            .arg(device.simple().to_string());
        command.arg(line).arg(now.timestamp_millis()).arg(DEVICES);
        command
            .arg(u64::try_from(life.as_millis()).unwrap_or(u64::MAX))
            .ignore();
        self.0.run(&commands).await
    }

    pub(super) async fn read<T: Value>(&self, room: Uuid, now: i64) -> Outcome<Holders<T>> {
        let mut commands = redis::pipe();
        let command = commands.cmd("EVAL").arg(READ).arg(1).arg(self.key(room));
        command.arg(now);
        let (found,): (Vec<(String, String)>,) = self.0.run(&commands).await?;
        let holder = |(holder, lines): (String, String)| {
            let held = lines.lines().filter_map(parse::<T>);
            let held: Vec<_> = held.filter(|held| held.ends_at > now).collect();
            Some((Uuid::try_parse(&holder).ok()?, held))
        };
        Ok(found.into_iter().filter_map(holder).collect())
    }

    fn key(&self, room: Uuid) -> String {
        format!("{}:presence:{}", self.0.prefix(), room.simple())
    }
}

/// What a device holds, as a line.
pub(super) fn line<T: Value>(held: &Held<T>) -> Result<String> {
    let value = serde_json::to_string(&held.value).map_err(Error::internal)?;
    Ok(format!("{} {} {value}", held.device.simple(), held.ends_at))
}

/// What a line says; nothing if another version of the server wrote it in another way.
fn parse<T: Value>(line: &str) -> Option<Held<T>> {
    let mut parts = line.splitn(3, ' ');
    Some(Held {
        device: Uuid::try_parse(parts.next()?).ok()?,
        ends_at: parts.next()?.parse().ok()?,
        value: serde_json::from_str(parts.next()?).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_was_held() {
        let held = Held {
            device: Uuid::from_u128(7),
            ends_at: 1_700_000_000_000,
            value: ("two words\nand a line".to_owned(), Some(1)),
        };
        let text = line(&held).ok().unwrap_or_default();
        assert!(!text.contains('\n'));
        assert_eq!(parse(&text), Some(held));
        assert_eq!(parse::<u8>("nonsense"), None);
    }
}
