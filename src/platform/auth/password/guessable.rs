//! Passwords that are guessed first.

use std::{collections::HashSet, sync::LazyLock};

use crate::platform::unicode::{fold, nfkc, visible};

/// The 10,000 commonest of 8 characters or more, case folded; `guessable.LICENSE` says where from.
static COMMON: LazyLock<HashSet<&str>> = LazyLock::new(|| include_str!("guessable.txt").lines().collect());

/// Letters and digits of a login or name that make a password easy to guess: what is shorter is in many words.
const TELLING: usize = 4;
/// The same wherever they stand: what is shorter is told from a part of another word (`banana` has `ana b` in it) by standing alone.
const TELLING_ANYWHERE: usize = 6;

/// What is known of the person who chooses a password.
#[derive(Clone, Copy, Debug)]
pub struct Own<'a> {
    /// E-mail address or user name.
    pub login: &'a str,
    /// The name that members see.
    pub name: &'a str,
}

/// Whether a password is guessed first: one character over and over, one of the commonest, or one that contains the login, the part of it
/// before the `@`, the name, or a word of these. Case, accents, blanks, punctuation and what isn't seen don't make it better.
pub(super) fn is_guessable(password: &str, own: Own<'_>) -> bool {
    let folded = fold(&nfkc(&visible(password)));
    let mut signs = folded.chars();
    let first = signs.next();
    if signs.all(|sign| Some(sign) == first) || COMMON.contains(&*folded) {
        return true;
    }
    let is_written = [own.login, own.name].iter().any(|whole| {
        let whole = fold(&nfkc(&visible(whole)));
        whole.chars().count() >= TELLING && folded.contains(whole.trim())
    });
    let written = Words::of(&folded);
    let plain = Words::of(&deunicode::deunicode(&folded).to_lowercase());
    is_written
        || own
            .parts()
            .any(|part| written.have(&part) || plain.have(&unaccented(&part)))
}

/// Runs of letters, and of digits.
struct Words(Vec<String>);

impl Words {
    fn of(text: &str) -> Self {
        let (mut words, mut last) = (Vec::<String>::new(), None);
        for sign in text.chars() {
            let kind = sign.is_alphanumeric().then(|| sign.is_numeric());
            match (kind, words.last_mut()) {
                (None, _) => {}
                (_, Some(word)) if kind == last => word.push(sign),
                _ => words.push(sign.to_string()),
            }
            last = kind;
        }
        Self(words)
    }

    /// Whether a part of a login or name is in it: alone, between other signs or digits, or spelled out; a long one anywhere.
    fn have(&self, part: &str) -> bool {
        match part.chars().count() {
            0..TELLING => false,
            TELLING..TELLING_ANYWHERE => (0..self.0.len()).any(|first| {
                let mut joined = String::new();
                self.0[first..].iter().any(|word| {
                    joined.push_str(word);
                    joined == part
                })
            }),
            _ => self.0.concat().contains(part),
        }
    }
}

impl Own<'_> {
    /// What a password must not contain.
    fn parts(&self) -> impl Iterator<Item = String> {
        let local = self.login.split('@').next().unwrap_or_default();
        let texts = [self.login, local, self.name].into_iter();
        let words = [local, self.name].into_iter();
        texts
            .chain(words.flat_map(|text| text.split(|sign: char| !sign.is_alphanumeric())))
            .map(|text| letters(&fold(&nfkc(&visible(text)))))
    }
}

/// Without blanks, full stops and the like.
fn letters(text: &str) -> String {
    text.chars().filter(|sign| sign.is_alphanumeric()).collect()
}

/// In Latin letters without marks, as people type who have no others, and as logins are made.
fn unaccented(text: &str) -> String {
    letters(&deunicode::deunicode(text).to_lowercase())
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
            "maria2026",
            "aaaaaaa\u{200b}",
            "pass\u{200b}word",
            "ru\u{ad}iz2026",
        ] {
            assert!(is_guessable(password, ANA), "{password}");
        }
        for (login, name, password) in [
            ("lucia.m.5926", "Lucía M.", "lucia123"),
            ("bjorn.o.3585", "Björn Ö.", "Bjorn2026"),
            ("joseangel.p.1117", "José Ángel P.", "joseangel1"),
            ("jose.alvarez@school.example", "J. Á. Muñoz", "Álvarez-2026"),
            ("sawko.l@school.example", "Łukasz Sawko", "lukasz 123"),
        ] {
            assert!(is_guessable(password, Own { login, name }), "{password}");
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
        for (name, password) in [
            ("Ana B.", "banana bread 5"),
            ("Anna K.", "urban nature walk"),
            ("Rose Green", "evergreen meadow"),
            ("Mark Stone", "bookmark library"),
        ] {
            let login = "x.0001";
            assert!(!is_guessable(password, Own { login, name }), "{password}");
        }
        for (name, password) in [
            ("Ana B.", "ana b 2026!"),
            ("Rose Green", "Green-2026x"),
            ("Mark Stone", "my mark 99"),
        ] {
            let login = "x.0001";
            assert!(is_guessable(password, Own { login, name }), "{password}");
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
