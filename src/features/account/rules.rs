//! Names to sign in with.

use entity::enums::AccountKind;
use uuid::Uuid;

use crate::{
    platform::{
        error::{Error, Reason, Result},
        text, unicode,
    },
    policy::Verdict,
};

/// How long a session lives without being used.
pub(super) const SESSION_IDLE: chrono::TimeDelta = chrono::TimeDelta::days(60);
/// How long it is known that somebody has signed in from a network.
pub(super) const NETWORK_KNOWN: chrono::TimeDelta = chrono::TimeDelta::days(30);
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

/// Characters of a name of staff at most.
pub const LONGEST_NAME: usize = 100;
/// Characters of a given name of a pupil at most.
const LONGEST_GIVEN_NAME: usize = 60;
/// How long a login has to stay before it is changed for the third time.
pub(super) const LOGIN_CHANGES_WITHIN: chrono::TimeDelta = chrono::TimeDelta::hours(24);

/// Somebody who mends something of a person, or of whom it is mended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Party {
    /// The account.
    pub id: Uuid,
    /// What it is for.
    pub kind: AccountKind,
    /// The school or body.
    pub organisation_id: Option<Uuid>,
}

/// What is done with an account that the actor sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AccountAction {
    /// `accountNameChange`.
    Name,
    /// `accountLanguagesChange`.
    Languages,
    /// `accountEmailChange`.
    Email,
}

/// What somebody may do with an account. An organisation is administered by its staff: they make the accounts of colleagues and pupils
/// and their one-time secrets; there is no rank among them.
pub(super) fn may(action: AccountAction, actor: &Party, target: &Party) -> Verdict {
    let is_own = actor.id == target.id;
    let is_together = target.organisation_id.is_some() && actor.organisation_id == target.organisation_id;
    let administers = actor.kind == AccountKind::Staff && is_together;
    let is_allowed = match action {
        AccountAction::Name => administers,
        AccountAction::Languages => is_own,
        // A pupil signs in with a user name, which the school has made.
        AccountAction::Email => target.kind != AccountKind::Pupil && (is_own || administers),
    };
    if is_allowed {
        Ok(())
    } else {
        Err(Reason::RoleNotAllowed)
    }
}

/// The name of a pupil that members see.
#[must_use]
pub fn name_of_pupil(given_name: &str, family_initial: &str) -> String {
    format!("{given_name} {family_initial}.")
}

/// The same of what somebody wrote as one: nothing more is known of a family name than its first letter.
pub(super) fn pupil_name(text: &str) -> Result<String> {
    let malformed = "Expected the given name and the first letter of the family name, such as Zane K.";
    let text = text::line(text, 65)?;
    let parts = text.rsplit_once(char::is_whitespace);
    let (given, initial) = parts.ok_or_else(|| Error::invalid(Reason::Malformed, malformed))?;
    let initial = text::initial(initial).map_err(|_| Error::invalid(Reason::Malformed, malformed))?;
    Ok(name_of_pupil(&text::line(given, LONGEST_GIVEN_NAME)?, &initial))
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
    fn a_pupil_is_called_by_given_name_and_first_letter() {
        for (text, name) in [
            ("Zane K.", "Zane K."),
            (" Anna Maria k ", "Anna Maria K."),
            (
                "\u{41e}\u{43b}\u{435}\u{43d}\u{430} \u{448}",
                "\u{41e}\u{43b}\u{435}\u{43d}\u{430} \u{428}.",
            ),
        ] {
            assert!(matches!(pupil_name(text), Ok(found) if found == name), "{text}");
        }
        for wrong in ["", "Zane", "K.", "Zane Kalnina", "Zane 7", "Zane K L"] {
            // The last is one given name too many, and still no family name.
            assert_eq!(pupil_name(wrong).is_ok(), wrong == "Zane K L", "{wrong}");
        }
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
