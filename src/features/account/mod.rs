//! Accounts and sessions.
//!
//! An **account** is one human. Staff sign in with their e-mail address; pupils have a user name that their school made and
//! no e-mail; platform administrators make organisations and see no content. A **session** is one signed-in device: a
//! short-lived access token and a refresh token that is new at every use. A **known network** is one from which an account has
//! signed in within 30 days, kept as a keyed hash.
//!
//! Invariants: a secret that staff have seen must be replaced before anything else works; a wrong password and an unknown
//! login are not told apart, in words or in time; whatever ends a session counts at the next request.
//!
//! A login is *looked up* by its key, in which case and form of the letters don't matter. Earlier releases knew no keys: where two of
//! their logins have the same, both stay as they are, their owners sign in with what is stored, and staff of their organisations see it.

pub mod graphql;
mod job;
mod rules;
mod service;
mod store;

/// The kind of the jobs that tell spaces of a person who is called otherwise; their subject is the account.
pub const RENAMED: &str = "account_renamed";

pub use self::{
    job::{Collision, forget_changes, settle_logins},
    rules::{LONGEST_NAME, login_of_pupil, name_of_pupil, staff_login},
    service::{
        Ending, NewAccount, SignedIn, audit, authenticate, confirm, create_administrator, email_change, erase,
        forget_links, forget_networks, insert, languages_change, login_taken, name_change, password_change,
        secrets_reset, session_create, session_refresh, session_revoke, subject,
    },
    store::{SessionRow, Subject, system_fill_letters, system_has_login, system_is_empty, system_login},
};
