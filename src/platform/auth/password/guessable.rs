//! Passwords that are guessed first.

use std::{collections::HashSet, sync::LazyLock};

use crate::platform::unicode::{fold, nfkc};

/// The 10,000 commonest of 8 characters or more, case folded; `guessable.LICENSE` says where from.
static COMMON: LazyLock<HashSet<&str>> = LazyLock::new(|| include_str!("guessable.txt").lines().collect());

/// Letters and digits of a login or name that make a password easy to guess: what is shorter is in many words.
const TELLING: usize = 4;

/// What is known of the person who chooses a password.
#[derive(Clone, Copy, Debug)]
pub struct Own<'a> {
    /// E-mail address or user name.
    pub login: &'a str,
    /// The name that members see.
    pub name: &'a str,
}

/// Whether a password is guessed first: one character over and over, one of the commonest, or one that contains the login, the part of it
/// before the `@`, the name, or a word of the name. Case, blanks and punctuation don't make it better.
pub(super) fn is_guessable(password: &str, own: Own<'_>) -> bool {
    let folded = fold(&nfkc(password));
    let mut signs = folded.chars();
    let first = signs.next();
    if signs.all(|sign| Some(sign) == first) || COMMON.contains(&*folded) {
        return true;
    }
    let letters = letters(&folded);
    own.parts().any(|part| letters.contains(&part))
}

impl Own<'_> {
    /// What a password must not contain.
    fn parts(&self) -> impl Iterator<Item = String> {
        let local = self.login.split('@').next().unwrap_or_default();
        let texts = [self.login, local, self.name].into_iter();
        texts
            .chain(self.name.split(|sign: char| !sign.is_alphanumeric()))
            .map(|text| letters(&fold(&nfkc(text))))
            .filter(|part| part.chars().count() >= TELLING)
    }
}

/// Without blanks, full stops and the like.
fn letters(text: &str) -> String {
    text.chars().filter(|sign| sign.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANA: Own<'static> = Own {
        login: "ana.ruiz@school.example",
        name: "Ana María Ruiz",
    };

    #[test]
    fn what_is_guessed_first_is_recognised_in_every_case_and_width() {
        for password in [
            "aaaaaaaa",
            "AaAaAaAaAa",
            "........",
            "\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}",
            "password1",
            "PassWord1",
            "\u{ff50}\u{ff41}\u{ff53}\u{ff53}\u{ff57}\u{ff4f}\u{ff52}\u{ff44}\u{ff11}",
            "12345678",
            "abcdefgh",
            "qwertyuiop",
            "trustno1",
            "ana.ruiz@school.example",
            "my ana.ruiz 1",
            "xx A-n-a R u i z xx",
            "RUIZ ist gut",
            "mari\u{301}a2026",
            "anamaríaruiz",
        ] {
            assert!(is_guessable(password, ANA), "{password}");
        }
    }

    #[test]
    fn short_names_forbid_nothing_and_others_little() {
        for password in [
            "correct horse",
            "banana split",
            "anagram 77",
            "school trip 9",
            "aaaaaaab",
        ] {
            assert!(!is_guessable(password, ANA), "{password}");
        }
        let li = Own {
            login: "li.w.0007",
            name: "Li W.",
        };
        assert!(!is_guessable("linden in the wind", li) && is_guessable("li w 0007", li));
    }

    #[test]
    fn the_list_is_ten_thousand_passwords_that_would_be_long_enough() {
        assert_eq!(COMMON.len(), 10_000);
        assert!(COMMON.iter().all(|one| one.chars().count() >= 8 && fold(one) == *one));
    }
}
