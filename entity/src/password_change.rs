//! The last change of a password by its owner, as long as a client may repeat it.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "password_change")]
pub struct Model {
    /// Whose password.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// The session in which it was changed.
    pub session_id: Uuid,
    /// Hash of the old and the new password together.
    pub pair_hash: String,
    /// The account's hash that the change has made: while it is another one, the change is history.
    pub password_hash: String,
    /// When.
    pub changed_at: DateTimeUtc,
}

/// Relations are joined by hand in the stores.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
