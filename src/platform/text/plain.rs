//! Texts without markup, as they are stored: what is shown of them decides what is empty, and what is one line.

use std::borrow::Cow;

use crate::platform::{
    error::{Error, Reason, Result},
    unicode::{is_seen, one_line},
};

/// One line, such as a name or a title, that must not be empty. Line breaks, tabs and what slides paste for them become blanks.
///
/// # Errors
/// `INVALID`: nothing of it is seen, more than `longest` characters, or with control characters.
pub fn line(text: &str, longest: usize) -> Result<String> {
    not_empty(optional_line(text, longest)?)
}

/// The same of one that may be empty.
///
/// # Errors
/// `INVALID`: more than `longest` characters, or with control characters.
pub fn optional_line(text: &str, longest: usize) -> Result<String> {
    within(one_line(&without_controls(text)?), longest)
}

/// A text that must not be empty, without blanks around it.
///
/// # Errors
/// `INVALID`: nothing of it is seen, more than `longest` characters, or with control characters.
pub fn required(text: &str, longest: usize) -> Result<String> {
    not_empty(optional(text, longest)?)
}

/// A text that may be empty, without blanks around it. If nothing of it is seen, it is empty.
///
/// # Errors
/// `INVALID`: more than `longest` characters, or with control characters.
pub fn optional(text: &str, longest: usize) -> Result<String> {
    let text = without_controls(text)?;
    if !text.chars().any(is_seen) {
        return Ok(String::new());
    }
    within(text.trim().to_owned(), longest)
}

/// A text with blanks for the control characters that slides and spreadsheets paste for line breaks and the like.
fn without_controls(text: &str) -> Result<Cow<'_, str>> {
    let is_pasted = |sign: char| matches!(sign, '\u{7}' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1f}' | '\u{85}');
    let is_foreign = |sign: char| sign.is_control() && !matches!(sign, '\n' | '\r' | '\t');
    if !text.contains(is_foreign) {
        return Ok(Cow::Borrowed(text));
    }
    let text = text.replace(is_pasted, " ");
    if text.contains(is_foreign) {
        return Err(Error::invalid(Reason::Malformed, "Control characters are not allowed."));
    }
    Ok(Cow::Owned(text))
}

fn within(text: String, longest: usize) -> Result<String> {
    if text.chars().count() > longest {
        return Err(Error::invalid(
            Reason::TooLong,
            format!("At most {longest} characters."),
        ));
    }
    Ok(text)
}

fn not_empty(text: String) -> Result<String> {
    if text.is_empty() { Err(empty()) } else { Ok(text) }
}

/// Nothing of a text is seen.
pub(super) fn empty() -> Error {
    Error::invalid(Reason::Required, "Must not be empty.")
}

/// The first letter of a name, in capitals; it may be written with a full stop.
///
/// # Errors
/// `INVALID`: anything but one letter.
pub fn initial(text: &str) -> Result<String> {
    let initial = line(text.trim_end_matches('.'), 3)?;
    let mut letters = initial.chars().filter(|char| char.is_alphabetic());
    match (letters.next(), letters.next()) {
        // One letter, perhaps with combining marks.
        (Some(_), None) => Ok(initial.to_uppercase()),
        _ => Err(Error::invalid(Reason::Malformed, "Expected one letter.")),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics says where")]
mod tests {
    use super::*;

    #[test]
    fn what_shows_nothing_is_empty() {
        for text in [
            "",
            " \t\r\n",
            "\u{feff}",
            "\u{200b}\u{200d}\u{2060}\u{ad}",
            "\u{202e}\u{a0}",
            "\u{2066}\u{2069}",
            "\u{fe0f}\u{3164}",
            "\u{7}\u{b}\u{85}",
            "\u{3000}\u{2028}\u{2800}",
        ] {
            for read in [line, required] {
                assert!(matches!(read(text, 10), Err(Error::Refused(_))), "{text:?}");
            }
            assert_eq!(optional(text, 10).unwrap(), "", "{text:?}");
        }
        assert!(line("a\u{200b}\u{200b}", 1).is_ok());
        assert!(line("ab", 1).is_err());
    }

    #[test]
    fn in_longer_texts_only_control_characters_change() {
        let text = "One\r\n\ttwo\u{202e}x\u{200d}\u{feff}y";
        assert_eq!(required(text, 50).unwrap(), text);
        assert_eq!(required("a\u{b}b\u{7}c\u{85}d\u{c}", 10).unwrap(), "a b c d");
        for text in ["a\u{0}", "\u{1b}[31m", "a\u{7f}b", "\u{9b}x"] {
            assert!(required(text, 10).is_err() && line(text, 10).is_err(), "{text:?}");
        }
    }
}
