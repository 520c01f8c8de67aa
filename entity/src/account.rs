//! One human: a platform administrator, a member of staff or a pupil.

use sea_orm::entity::prelude::*;

use crate::enums::AccountKind;

/// Language tags in order of preference (BCP 47).
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, sea_orm::FromJsonQueryResult)]
pub struct Languages(pub Vec<String>);

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What it is for.
    pub kind: AccountKind,
    /// E-mail address (staff) or user name (pupils), lower case, unique.
    pub login: String,
    /// What it is looked up by, unique. None of accounts whose key is another's, and until a row of an earlier release is looked after.
    pub login_key: Option<String>,
    /// Whether another account's login is the same but for case and form.
    pub has_login_collision: bool,
    /// When it was changed last.
    pub login_changed_at: Option<DateTimeUtc>,
    /// When it was changed the time before.
    pub login_changed_before: Option<DateTimeUtc>,
    /// Whether nobody has signed in since it was changed.
    pub is_login_change_untold: bool,
    /// The name that members see.
    pub display_name: String,
    /// Its place in lists; empty until a row of an earlier release is filled.
    pub sort_key: Vec<u8>,
    /// What a search for name and login looks into.
    pub search_key: String,
    /// By which rules the two were computed; 0 if they weren't.
    pub letters_version: i32,
    /// Languages, the first is the default of new texts.
    pub languages: Languages,
    /// The school or body; none for administrators.
    pub organisation_id: Option<Uuid>,
    /// Year of birth; pupils only.
    pub birth_year: Option<i32>,
    /// argon2id, in PHC format.
    pub password_hash: String,
    /// True while the secret is one that staff have seen.
    pub is_password_change_required: bool,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// When the person was erased: nothing but ids and enum values is left.
    pub erased_at: Option<DateTimeUtc>,
}

/// Relations are joined by hand in the stores.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
