//! Names to sign in with.

use crate::platform::error::{Error, Reason, Result};

/// How long a session lives without being used.
pub(super) const SESSION_IDLE: chrono::TimeDelta = chrono::TimeDelta::days(60);
/// How long an old refresh token stands for the current one, from its first use on: phones lose answers, and tabs know nothing of each other.
pub(super) const ROTATION_GRACE: chrono::TimeDelta = chrono::TimeDelta::seconds(60);
/// Old refresh tokens of one session that do so at the same time, at most.
pub(super) const MOST_LINKS: usize = 8;

/// What a login is looked up by: people don't mind case and blanks when they type it.
#[must_use]
pub fn normalise(login: &str) -> String {
    // No login has control characters, and PostgreSQL refuses one of them.
    login
        .trim()
        .to_lowercase()
        .chars()
        .map(|char| if char.is_control() { ' ' } else { char })
        .collect()
}

/// The login of staff: an e-mail address.
///
/// # Errors
/// `INVALID`/`MALFORMED` unless it looks like one; `TOO_LONG` beyond 254 characters (RFC 5321).
pub fn staff_login(email: &str) -> Result<String> {
    let email = normalise(email);
    if email.len() > 254 {
        return Err(Error::invalid(Reason::TooLong, "At most 254 characters."));
    }
    let is_address = email.split_once('@').is_some_and(|(name, domain)| {
        let labels = || domain.split('.');
        let is_label =
            |label: &str| !label.is_empty() && label.chars().all(|char| char.is_alphanumeric() || char == '-');
        !name.is_empty()
            && !name
                .chars()
                .any(|char| char.is_whitespace() || char.is_control() || char == '@')
            && labels().count() > 1
            && labels().all(is_label)
    });
    if is_address {
        Ok(email)
    } else {
        Err(Error::invalid(Reason::Malformed, "Expected an e-mail address."))
    }
}

/// A user name for a pupil, such as `zane.k.4821`; `number` makes it unique.
#[must_use]
pub fn login_of_pupil(given_name: &str, family_initial: &str, number: u32) -> String {
    let letters = |text: &str| -> String {
        deunicode::deunicode(text)
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect::<String>()
            .to_lowercase()
    };
    let name: String = letters(given_name).chars().take(20).collect();
    let name = if name.is_empty() { "pupil" } else { &name };
    let initial: String = letters(family_initial).chars().take(1).collect();
    if initial.is_empty() {
        format!("{name}.{number:04}")
    } else {
        format!("{name}.{initial}.{number:04}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pupils_get_user_names_that_every_keyboard_types() {
        assert_eq!(login_of_pupil("Zane", "K", 7), "zane.k.0007");
        assert_eq!(login_of_pupil("Олена", "Ш", 4821), "olena.s.4821");
        assert_eq!(login_of_pupil("??", "", 1), "pupil.0001");
    }

    #[test]
    fn staff_sign_in_with_an_address() {
        assert!(matches!(staff_login(" Ana.Ruiz@School.Example "), Ok(login) if login == "ana.ruiz@school.example"));
        for wrong in [
            "",
            "ana",
            "ana@",
            "@school.example",
            "ana@school",
            "a b@school.example",
            "a@b@school.example",
            "a@.b",
        ] {
            assert!(staff_login(wrong).is_err(), "{wrong}");
        }
    }
}
