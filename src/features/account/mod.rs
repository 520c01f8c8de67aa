//! Accounts and sessions.
//!
//! An **account** is one human. Staff sign in with their e-mail address; pupils have a user name that their school made and
//! no e-mail; platform administrators make organisations and see no content. A **session** is one signed-in device: a
//! short-lived access token and a refresh token that is new at every use.
//!
//! Invariants: a secret that staff have seen must be replaced before anything else works; a wrong password and an unknown
//! login are not told apart, in words or in time; whatever ends a session counts at the next request.

pub mod graphql;
mod rules;
mod service;
mod store;

pub use self::{
    rules::{login_of_pupil, staff_login},
    service::{
        NewAccount, SignedIn, audit, authenticate, confirm, create_administrator, erase, forget_links, insert,
        login_taken, password_change, secrets_reset, session_create, session_refresh, session_revoke, subject,
    },
    store::{Subject, system_has_login, system_is_empty, system_login},
};
