//! A refresh token that was used within the last minute. Its successor is made of it, the salt and the server's key, and stored nowhere.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "session_link")]
pub struct Model {
    /// Primary key; the greater it is, the newer.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The session.
    pub session_id: Uuid,
    /// SHA-256 of the rotation part.
    pub hash: Vec<u8>,
    /// What the successor is made with.
    pub salt: Vec<u8>,
    /// When the token was used first.
    pub used_at: DateTimeUtc,
}

/// Relations are joined by hand in the stores.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
