//! One signed-in device. The refresh token is a session part and a rotation part; only hashes are stored.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "session")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose it is.
    pub account_id: Uuid,
    /// SHA-256 of the session part of the refresh token: finds the row.
    pub key_hash: Vec<u8>,
    /// SHA-256 of the newest rotation part.
    pub current_hash: Vec<u8>,
    /// SHA-256 of another rotation part that is as good until one of the two is used.
    pub sibling_hash: Option<Vec<u8>>,
    /// SHA-256 of the rotation part before. Nodes of the release before, which write no [`session_link`](super::session_link), know by
    /// it alone what was used within the last minute.
    pub previous_hash: Option<Vec<u8>>,
    /// When `previous_hash` was replaced.
    pub rotated_at: DateTimeUtc,
    /// When the session ends if it is not used.
    pub expires_at: DateTimeUtc,
    /// When it was ended.
    pub ended_at: Option<DateTimeUtc>,
    /// Sign-in.
    pub created_at: DateTimeUtc,
}

/// Relations are joined by hand in the stores.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
