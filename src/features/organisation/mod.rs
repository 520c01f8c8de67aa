//! Organisations: schools and the bodies that help them, and the accounts that they make.
//!
//! A platform administrator makes an organisation and its first staff account; from then on its staff make accounts for
//! their colleagues and pupils. Accounts never leave their organisation.

pub mod graphql;
mod rules;
mod service;
mod store;

/// The kind of the jobs that tell spaces of an organisation that is called otherwise, which is their subject.
pub const RENAMED: &str = "organisation_renamed";

pub use self::{
    rules::{NewOrganisation, PupilRow},
    service::{create, name_change, pupils_create, staff_create},
    store::{OrganisationRow, system_fill_letters},
};
