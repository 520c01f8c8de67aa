//! Secrets that the server makes: one-time secrets for people, refresh tokens for clients.

use std::borrow::Cow;

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use crate::platform::unicode;

/// No letters or digits that are mixed up on paper.
const READABLE: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";

/// A one-time secret to read off paper: `kfw3-9xqa-m7tb-h2ze`, about 79 bits.
#[must_use]
pub fn one_time() -> String {
    let letters = |_| char::from(READABLE[rand::random_range(0..READABLE.len())]);
    let groups: Vec<String> = (0..4).map(|_| (0..4).map(letters).collect()).collect();
    groups.join("-")
}

/// A one-time secret as it is printed, however somebody has typed it: in capitals or wide letters, with blanks, without dashes or with those
/// of a phone, or with what a copy from a document brings along. Anything else stays as it is.
#[must_use]
pub fn printed(typed: &str) -> Cow<'_, str> {
    // Longer than any spelling of it.
    if typed.len() > 256 {
        return Cow::Borrowed(typed);
    }
    let is_between =
        |sign: &char| sign.is_whitespace() || matches!(sign, '-' | '_' | '\u{2010}'..='\u{2015}' | '\u{2212}');
    let letters: Vec<char> = unicode::visible(&unicode::nfkc(typed))
        .chars()
        .filter(|sign| !is_between(sign))
        .map(|sign| sign.to_ascii_lowercase())
        .take(17)
        .collect();
    let is_readable = |letter: &char| letter.is_ascii() && READABLE.contains(&(*letter as u8));
    if letters.len() != 16 || !letters.iter().all(is_readable) {
        return Cow::Borrowed(typed);
    }
    let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
    Cow::Owned(groups.join("-"))
}

/// A hash of what is too easily guessed to be hashed without a key.
#[must_use]
pub fn keyed_hash(key: &[u8; 32], text: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
}

/// The two parts of a refresh token: the first finds the session and never changes, the second is new at each rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshToken {
    key: [u8; 16],
    rotation: [u8; 32],
}

impl RefreshToken {
    /// The first token of a session.
    #[must_use]
    pub fn new() -> Self {
        Self {
            key: rand::random(),
            rotation: rand::random(),
        }
    }

    /// The next token of the same session. Who lacks the token, the key or the salt can't tell it from a random one.
    #[must_use]
    pub fn successor(&self, key: &[u8; 32], salt: &[u8]) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        let mut successor = self.clone();
        let made = hmac::sign(&key, &[salt, &self.rotation].concat());
        successor.rotation.copy_from_slice(made.as_ref());
        successor
    }

    /// What the client keeps.
    #[must_use]
    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode([&self.key[..], &self.rotation[..]].concat())
    }

    /// Reads what a client kept.
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (key, rotation) = bytes.split_at_checked(16)?;
        Some(Self {
            key: key.try_into().ok()?,
            rotation: rotation.try_into().ok()?,
        })
    }

    /// What the server keeps of the first part.
    #[must_use]
    pub fn key_hash(&self) -> Vec<u8> {
        Sha256::digest(self.key).to_vec()
    }

    /// What the server keeps of the second part.
    #[must_use]
    pub fn rotation_hash(&self) -> Vec<u8> {
        Sha256::digest(self.rotation).to_vec()
    }
}

impl Default for RefreshToken {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_however_it_is_typed() {
        let secret = one_time();
        let plain = secret.replace('-', "");
        for typed in [
            secret.to_uppercase(),
            plain.clone(),
            format!(" {} \n", secret.replace('-', " ")),
            secret.replace('-', "\u{2013}"),
            secret.replace('-', "\u{a0}-\u{a0}"),
            plain.chars().map(|letter| format!("{letter} ")).collect(),
            secret.replace('-', "\u{ad}"),
            format!("\u{feff}{secret}\u{200b}"),
            // Wide capitals.
            plain
                .to_uppercase()
                .chars()
                .filter_map(|letter| char::from_u32(u32::from(letter) + 0xfee0))
                .collect(),
        ] {
            assert_eq!(printed(&typed), secret, "{typed}");
        }
        // Not what has other letters, or more, or fewer.
        for other in [
            &plain[1..],
            &format!("{plain}a"),
            "KFW3-9XQA-M7TB-H2Z0",
            "a password",
            "kfw3-9xqa-m7tb-h2z\u{e9}",
            "",
        ] {
            assert_eq!(printed(other), *other);
        }
    }
}
