//! Forms of text in which what people type is compared: keyboards write one character in several ways.

use std::borrow::Cow;

use icu_casemap::CaseMapper;
use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use icu_properties::{CodePointSetData, props::DefaultIgnorableCodePoint};

/// Composed (NFC): what looks the same and means the same is the same.
#[must_use]
pub fn nfc(text: &str) -> Cow<'_, str> {
    ComposingNormalizerBorrowed::new_nfc().normalize(text)
}

/// Composed, without variants that only look different (NFKC): `ﬁ` is `fi`, full-width letters are letters. Up to 18 times as long.
#[must_use]
pub fn nfkc(text: &str) -> Cow<'_, str> {
    ComposingNormalizerBorrowed::new_nfkc().normalize(text)
}

/// Case folded in full (`ß`, `SS` and `ss` are the same), then composed.
#[must_use]
pub fn fold(text: &str) -> String {
    // Decomposed first: a folded iota below a letter changes its place among the marks (The Unicode Standard, 3.13, D145).
    let decomposed = DecomposingNormalizerBorrowed::new_nfd().normalize(text);
    let folded = CaseMapper::new().fold_string(&decomposed);
    nfc(&folded).into_owned()
}

/// Without what nobody sees: joiners, soft hyphens, byte order marks, variation selectors.
#[must_use]
pub fn visible(text: &str) -> String {
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    text.chars().filter(|&sign| !ignorable.contains(sign)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_one_character_are_the_same() {
        assert_eq!(nfc("e\u{301}"), "\u{e9}");
        assert_eq!(nfkc("\u{ff41}\u{fb01}"), "afi");
        assert_eq!(fold("STRASSE"), fold("Straße"));
        assert_eq!(fold("ΣΊΣΥΦΟΣ"), fold("σίσυφος"));
        assert_eq!(fold("\u{3b1}\u{345}\u{301}"), fold("\u{391}\u{301}\u{399}"));
        assert_eq!(visible("\u{feff}a\u{200b}\u{200d}\u{ad}b\u{fe0f}"), "ab");
    }
}
