//! Who is calling: access tokens, passwords, one-time secrets, memberships.

pub mod attempts;
pub mod password;
pub mod seat;
pub mod secret;
pub mod token;

use entity::enums::AccountKind;
use uuid::Uuid;

use super::error::{Error, Reason, Result};

/// Somebody who is signed in, as the account and session rows say at this request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Whose account.
    pub account_id: Uuid,
    /// Which session.
    pub session_id: Uuid,
    /// What kind of account.
    pub kind: AccountKind,
    /// The school or body; none for administrators.
    pub organisation_id: Option<Uuid>,
    /// Languages, the preferred one first.
    pub languages: Vec<String>,
    /// Whether the one-time secret must be replaced before anything else.
    pub is_password_change_required: bool,
}

impl Actor {
    /// The actor, unless the one-time secret is still in use.
    ///
    /// # Errors
    /// `FORBIDDEN`/`PASSWORD_CHANGE_REQUIRED`.
    pub fn ready(&self) -> Result<&Self> {
        if self.is_password_change_required {
            Err(Error::forbidden(Reason::PasswordChangeRequired))
        } else {
            Ok(self)
        }
    }

    /// Whether this is staff of the organisation.
    #[must_use]
    pub fn is_staff_of(&self, organisation: Uuid) -> bool {
        self.kind == AccountKind::Staff && self.organisation_id == Some(organisation)
    }
}

/// Writes a new file that only its owner can read.
///
/// # Errors
/// The file is there already, or can't be written.
pub fn write_private(path: &std::path::Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
