//! The audit trail: who did what that others must be able to look up later. Records are only ever added, and each carries the hash
//! of the one before it in its chain, so that a record that was changed or taken out is found.
//!
//! A chain belongs to a space, to an organisation, or to the [`INSTALLATION`]. A unit of work notes its records with
//! [`Tx::audit`](super::db::Tx::audit); they are appended right before its events.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use entity::{audit_record, enums::AuditAct};
use sea_orm::{ActiveEnum, ActiveValue::Set, ConnectionTrait, EntityTrait};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    db::{Db, Txn},
    error::{Error, Result},
    id::Kind,
};

/// The chain of what belongs to no space and no organisation.
pub const INSTALLATION: Uuid = Uuid::nil();

/// Rows that one statement inserts.
const ROWS: usize = 500;

/// How something was: enum values and numbers. It can't be made of text, so that no name ever comes into a record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State(Vec<String>);

impl State {
    /// With an enum value.
    #[must_use]
    pub fn value(mut self, value: impl ActiveEnum<Value = String>) -> Self {
        self.0.push(value.to_value());
        self
    }

    /// With an enum value, if there is one.
    #[must_use]
    pub fn maybe(self, value: Option<impl ActiveEnum<Value = String>>) -> Self {
        match value {
            Some(value) => self.value(value),
            None => self,
        }
    }

    /// With a number.
    #[must_use]
    pub fn number(mut self, number: i32) -> Self {
        self.0.push(number.to_string());
        self
    }

    /// With a word, if it is so.
    #[must_use]
    pub fn flag(mut self, word: &'static str, is_so: bool) -> Self {
        if is_so {
            self.0.push(word.to_owned());
        }
        self
    }

    fn text(&self) -> Option<String> {
        (!self.0.is_empty()).then(|| self.0.join(" "))
    }
}

impl<T: ActiveEnum<Value = String>> From<T> for State {
    fn from(value: T) -> Self {
        Self::default().value(value)
    }
}

/// A record before it has its place in a chain.
#[derive(Clone, Debug)]
pub struct Record {
    act: AuditAct,
    actor_id: Option<Uuid>,
    subject: (Kind, Uuid),
    before: State,
    after: State,
}

impl Record {
    /// `actor` is an account; none if the system or the operator acts.
    pub fn new(act: AuditAct, actor: impl Into<Option<Uuid>>, subject: (Kind, Uuid)) -> Self {
        Self {
            act,
            actor_id: actor.into(),
            subject,
            before: State::default(),
            after: State::default(),
        }
    }

    /// How it was before.
    #[must_use]
    pub fn before(self, before: impl Into<State>) -> Self {
        Self {
            before: before.into(),
            ..self
        }
    }

    /// How it is afterwards.
    #[must_use]
    pub fn after(self, after: impl Into<State>) -> Self {
        Self {
            after: after.into(),
            ..self
        }
    }
}

/// What a hash is made of.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// The chain.
    pub chain: Uuid,
    /// Place in it.
    pub seq: i64,
    /// Id of the record.
    pub id: Uuid,
    /// When.
    pub occurred_at: DateTime<Utc>,
    /// What was done.
    pub act: &'a str,
    /// Who did it.
    pub actor: Option<Uuid>,
    /// What it was done to.
    pub subject: (&'a str, Uuid),
    /// States before and after.
    pub states: (Option<&'a str>, Option<&'a str>),
}

impl Entry<'_> {
    /// The hash of this record behind `previous`. Every part has a fixed length or is preceded by its own, so that no two
    /// records are written alike.
    #[must_use]
    pub fn hash(&self, previous: Option<&[u8]>) -> Vec<u8> {
        let mut hash = Sha256::new();
        hash.update(b"sojourn audit 1");
        let mut part = |bytes: Option<&[u8]>| match bytes {
            None => hash.update([0]),
            Some(bytes) => {
                hash.update([1]);
                hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
                hash.update(bytes);
            }
        };
        part(previous);
        part(Some(self.chain.as_bytes()));
        part(Some(&self.seq.to_be_bytes()));
        part(Some(self.id.as_bytes()));
        part(Some(&self.occurred_at.timestamp_micros().to_be_bytes()));
        part(Some(self.act.as_bytes()));
        part(self.actor.as_ref().map(|actor| &actor.as_bytes()[..]));
        part(Some(self.subject.0.as_bytes()));
        part(Some(self.subject.1.as_bytes()));
        part(self.states.0.map(str::as_bytes));
        part(self.states.1.map(str::as_bytes));
        hash.finalize().to_vec()
    }
}

/// Bytes in hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where a chain stands.
type Head = (i64, Option<Vec<u8>>);

/// Appends records to their chains. The heads stay locked until the commit, always in the same order, so that two units never wait
/// for each other and no chain forks: call it after everything but the events.
pub(super) async fn append(db: &Db, txn: &Txn, records: Vec<(Uuid, Record)>) -> Result<()> {
    if records.is_empty() {
        return Ok(());
    }
    let chains = records.iter().map(|(chain, _)| (*chain, (0, None))).collect();
    let mut heads = set_heads(db, txn, &chains, "last_seq = audit_head.last_seq").await?;
    let now = db.clock().now();
    let mut rows = Vec::with_capacity(records.len());
    for (chain, record) in records {
        let head = heads
            .get_mut(&chain)
            .ok_or_else(|| Error::internal("an audit chain without head"))?;
        let id = db.clock().new_id();
        let (act, before, after) = (record.act.to_value(), record.before.text(), record.after.text());
        let entry = Entry {
            chain,
            seq: head.0 + 1,
            id,
            occurred_at: now,
            act: &act,
            actor: record.actor_id,
            subject: (record.subject.0.prefix(), record.subject.1),
            states: (before.as_deref(), after.as_deref()),
        };
        let hash = entry.hash(head.1.as_deref());
        rows.push(audit_record::ActiveModel {
            chain_id: Set(chain),
            seq: Set(head.0 + 1),
            id: Set(id),
            occurred_at: Set(now),
            act: Set(record.act),
            actor_id: Set(record.actor_id),
            subject_kind: Set(record.subject.0.prefix().to_owned()),
            subject_id: Set(record.subject.1),
            state_before: Set(before),
            state_after: Set(after),
            previous_hash: Set(head.1.clone()),
            hash: Set(hash.clone()),
        });
        *head = (head.0 + 1, Some(hash));
    }
    for rows in rows.chunks(ROWS) {
        audit_record::Entity::insert_many(rows.to_vec())
            .exec_without_returning(txn)
            .await?;
    }
    set_heads(
        db,
        txn,
        &heads,
        "last_seq = excluded.last_seq, last_hash = excluded.last_hash",
    )
    .await?;
    Ok(())
}

/// Makes heads, or does `update` to those that are there; returns how they stand then. In order of the chains.
async fn set_heads(db: &Db, txn: &Txn, heads: &BTreeMap<Uuid, Head>, update: &str) -> Result<BTreeMap<Uuid, Head>> {
    let mut sql = db.sql("INSERT INTO audit_head (chain_id, last_seq, last_hash) VALUES ");
    for (place, (chain, (seq, hash))) in heads.iter().enumerate() {
        sql.push(if place == 0 { "(" } else { ", (" })
            .bind(*chain)
            .push(", ")
            .bind(*seq)
            .push(", ")
            .bind(hash.clone())
            .push(")");
    }
    sql.push(" ON CONFLICT (chain_id) DO UPDATE SET ")
        .push(update)
        .push(" RETURNING chain_id, last_seq, last_hash");
    let rows = txn.query_all_raw(sql.statement()).await?;
    rows.iter()
        .map(|row| {
            let head = (row.try_get("", "last_seq")?, row.try_get("", "last_hash")?);
            Ok((row.try_get("", "chain_id")?, head))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry<'a>(states: (Option<&'a str>, Option<&'a str>)) -> Entry<'a> {
        Entry {
            chain: Uuid::nil(),
            seq: 1,
            id: Uuid::nil(),
            occurred_at: DateTime::UNIX_EPOCH,
            act: "PHASE_OPENED",
            actor: None,
            subject: ("phase", Uuid::nil()),
            states,
        }
    }

    #[test]
    fn no_two_records_have_the_same_hash() {
        let states = [
            (None, None),
            (Some("AB"), Some("C")),
            (Some("A"), Some("BC")),
            (Some("ABC"), None),
            (None, Some("ABC")),
            (Some(""), None),
        ];
        let hashes: std::collections::BTreeSet<_> = states.map(|states| entry(states).hash(None)).into();
        assert_eq!(hashes.len(), states.len());
        assert_ne!(entry(states[0]).hash(None), entry(states[0]).hash(Some(&[0; 32])));
    }

    #[test]
    fn a_state_is_made_of_words() {
        use entity::enums::{MobilityStatus, SpaceRole};
        let pupil = State::from(SpaceRole::Pupil)
            .maybe(Some(MobilityStatus::Mobile))
            .flag("PRE", true);
        assert_eq!(pupil.number(3).text().as_deref(), Some("PUPIL MOBILE PRE 3"));
        assert_eq!(State::default().text(), None);
    }
}
