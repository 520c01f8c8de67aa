//! One act in the audit trail: ids and enum values only, never personal text. Never changed, never removed.

use sea_orm::entity::prelude::*;

use crate::enums::AuditAct;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_record")]
pub struct Model {
    /// The chain: a space, an organisation, or the installation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub chain_id: Uuid,
    /// Place in the chain, from 1, without gaps.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    /// Unique id.
    pub id: Uuid,
    /// When.
    pub occurred_at: DateTimeUtc,
    /// What was done.
    pub act: AuditAct,
    /// Who did it (account); none if the system or the operator did.
    pub actor_id: Option<Uuid>,
    /// What the public id of the subject begins with.
    pub subject_kind: String,
    /// What it was done to.
    pub subject_id: Uuid,
    /// Enum values and numbers before, with blanks between them.
    pub state_before: Option<String>,
    /// The same after.
    pub state_after: Option<String>,
    /// Hash of the record before; none for the first.
    pub previous_hash: Option<Vec<u8>>,
    /// SHA-256 of all above.
    pub hash: Vec<u8>,
}

/// Relations are joined by hand in the stores.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
