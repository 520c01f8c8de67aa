//! A network from which an account has signed in within 30 days. Its address is not in it: without the server's key, nobody finds out which
//! one it is.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "known_network")]
pub struct Model {
    /// Keyed hash of network and login.
    #[sea_orm(primary_key, auto_increment = false)]
    pub hash: Vec<u8>,
    /// Keyed hash of the network alone.
    pub network_hash: Vec<u8>,
    /// Whose login it was.
    pub account_id: Uuid,
    /// The last sign-in.
    pub seen_at: DateTimeUtc,
}

/// Relations are joined by hand in the stores.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
