//! Where a chain of the audit trail stands.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_head")]
pub struct Model {
    /// The chain: a space, an organisation, or the installation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub chain_id: Uuid,
    /// Number of the newest record; 0 if there is none.
    pub last_seq: i64,
    /// Its hash.
    pub last_hash: Option<Vec<u8>>,
}

/// Relations are joined by hand in the stores.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
