//! Names to sign in with.

use crate::platform::{
    error::{Error, Reason, Result},
    unicode,
};

/// How long a session lives without being used.
pub(super) const SESSION_IDLE: chrono::TimeDelta = chrono::TimeDelta::days(60);
/// How long an old refresh token stands for the current one, from its first use on: phones lose answers, and tabs know nothing of each other.
pub(super) const ROTATION_GRACE: chrono::TimeDelta = chrono::TimeDelta::seconds(60);
/// Old refresh tokens of one session that do so at the same time, at most.
pub(super) const MOST_LINKS: usize = 8;

/// For how long a change of a password may be repeated: clients that have lost an answer ask again within minutes.
pub(super) const CHANGE_REPEATED: chrono::TimeDelta = chrono::TimeDelta::minutes(10);

/// A login, as it may have been stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// As it is stored and shown: composed and in lower case, without what nobody sees.
    pub shown: String,
    /// What it is looked up by: people don't mind case and blanks when they type it, and keyboards write one letter in several ways.
    pub key: String,
    /// As earlier releases stored it. Where two of them have the same key, each account is found by its own.
    pub earlier: String,
}

impl Login {
    /// Reads what somebody typed.
    #[must_use]
    pub fn of(typed: &str) -> Self {
        let visible = plain(&unicode::visible(typed));
        let visible = visible.trim();
        // Turkish keyboards write i as İ and ı as I in capitals: all four are one letter, or those who leave Caps Lock on stay outside.
        let key = unicode::fold(visible).replace('\u{131}', "i").replace("i\u{307}", "i");
        Self {
            shown: unicode::nfc(&visible.to_lowercase()).into_owned(),
            key: unicode::nfc(&key).into_owned(),
            earlier: plain(&typed.trim().to_lowercase()),
        }
    }
}

/// No login has control characters, and PostgreSQL refuses one of them.
fn plain(login: &str) -> String {
    login
        .chars()
        .map(|char| if char.is_control() { ' ' } else { char })
        .collect()
}

/// The login of staff: an e-mail address.
///
/// # Errors
/// `INVALID`/`MALFORMED` unless it looks like one; `TOO_LONG` beyond 254 characters (RFC 5321).
pub fn staff_login(email: &str) -> Result<String> {
    let email = Login::of(email).shown;
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
    fn a_login_is_the_same_in_whatever_case_and_form_it_is_typed() {
        for (login, typed) in [
            ("ana.ruiz@school.example", " ANA.Ruiz@School.Example\n"),
            ("zo\u{eb}@school.example", "ZOE\u{308}@school.example"),
            ("stra\u{df}e@school.example", "STRASSE@school.example"),
            ("\u{131}\u{15f}\u{131}k@okul.example", "I\u{15e}IK@okul.example"),
            ("ibrahim@okul.example", "\u{130}BRAH\u{130}M@OKUL.EXAMPLE"),
            ("ibrahim@okul.example", "I\u{307}brahim@okul.example"),
            (
                "\u{3c3}\u{3bf}\u{3c6}\u{3cc}\u{3c2}@school.example",
                "\u{3a3}\u{39f}\u{3a6}\u{38c}\u{3a3}@school.example",
            ),
            ("zane.k.4821", "\u{feff}zane\u{200b}.k.48\u{ad}21\u{fe0f}\u{200d}"),
        ] {
            let (login, typed) = (Login::of(login), Login::of(typed));
            assert_eq!(login.key, typed.key);
            assert_eq!(Login::of(&typed.key).key, login.key, "twice is once");
            assert_eq!(Login::of(&typed.earlier).key, login.key, "as it was stored");
        }
        // Composed, and not more: other letters stay others.
        assert_ne!(Login::of("\u{ff41}na").key, Login::of("ana").key);
        assert_eq!(Login::of("a\u{0}b").key, "a b");
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
