//! Forms of text in which what people type is compared: keyboards write one character in several ways.

use std::{borrow::Cow, collections::HashSet};

use icu_casemap::CaseMapper;
use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{
        CanonicalCombiningClass, DefaultIgnorableCodePoint, EmojiModifier, ExtendedPictographic, JoiningType,
        VariationSelector,
    },
};

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

/// A Braille cell without dots: it is shown as a blank.
const NO_DOTS: char = '\u{2800}';

/// Whether a character is seen, or joins one that is: no blank, no control character, and nothing that is shown as nothing.
#[must_use]
pub fn is_seen(sign: char) -> bool {
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    !(sign.is_whitespace() || sign.is_control() || sign == NO_DOTS || ignorable.contains(sign))
}

/// One line of what is seen, without blanks around it; empty if nothing is.
///
/// Line breaks, tabs and control characters are blanks. What isn't seen goes, but for what changes how its neighbours are seen: joiners
/// where there is something to join (Persian, Hindi, emoji of several), variation selectors, flags of regions, and isolates that are
/// closed. Overrides and embeddings of direction go in any case: they turn around what follows.
#[must_use]
pub fn one_line(text: &str) -> String {
    if !text.chars().any(is_seen) {
        return String::new();
    }
    let isolates = closed_isolates(text);
    let mut line = String::with_capacity(text.len());
    let mut signs = text.char_indices().peekable();
    while let Some((at, sign)) = signs.next() {
        let is_break = sign.is_control() || matches!(sign, '\u{2028}' | '\u{2029}');
        let sign = if is_break { ' ' } else { sign };
        let last = line.chars().next_back();
        let next = signs.peek().map(|&(_, next)| next);
        let stays = match sign {
            ' ' => !matches!(last, None | Some(' ')),
            '\u{2066}'..='\u{2069}' => isolates.contains(&at),
            '\u{200c}' | '\u{200d}' => last.is_some_and(joins) && next.is_some_and(is_seen),
            // Marks of direction: they change the place of what stands between them.
            '\u{200e}' | '\u{200f}' | '\u{61c}' => last.is_some_and(is_seen) && next.is_some_and(is_seen),
            '\u{e0020}'..='\u{e007f}' => matches!(last, Some('\u{1f3f4}' | '\u{e0020}'..='\u{e007e}')),
            sign if CodePointSetData::new::<VariationSelector>().contains(sign) => last.is_some_and(is_seen),
            sign => is_seen(sign) || sign.is_whitespace() || sign == NO_DOTS,
        };
        if stays {
            line.push(sign);
        }
    }
    line.trim().to_owned()
}

/// Whether a joiner behind this character may change how it is seen: in scripts whose letters join or stack, and in emoji.
fn joins(before: char) -> bool {
    let is_emoji = CodePointSetData::new::<ExtendedPictographic>().contains(before)
        || CodePointSetData::new::<EmojiModifier>().contains(before)
        || CodePointSetData::new::<VariationSelector>().contains(before);
    let joining = CodePointMapData::<JoiningType>::new().get(before);
    let class = CodePointMapData::<CanonicalCombiningClass>::new().get(before);
    is_emoji
        || class == CanonicalCombiningClass::Virama
        || !matches!(joining, JoiningType::NonJoining)
        || matches!(before, '\u{900}'..='\u{dff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}')
}

/// Where isolates begin and end that do both. There may be as many as a request has room for.
fn closed_isolates(text: &str) -> HashSet<usize> {
    let (mut open, mut closed) = (Vec::new(), HashSet::new());
    for (at, sign) in text.char_indices() {
        match sign {
            '\u{2066}'..='\u{2068}' => open.push(at),
            '\u{2069}' => closed.extend(open.pop().into_iter().flat_map(|begin| [begin, at])),
            _ => {}
        }
    }
    closed
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

    #[test]
    fn a_line_is_one_line_of_what_is_seen() {
        for (text, line) in [
            ("  Zane\tK.\r\n", "Zane K."),
            ("Zane\u{b}\u{7}\u{85}\u{2028}K", "Zane K"),
            ("\u{feff}Za\u{200b}ne\u{ad}\u{2060}\u{e0041}", "Zane"),
            ("ad\u{200d}min\u{200c}", "admin"),
            ("a\u{202e}gpj.exe\u{202c}", "agpj.exe"),
            ("\u{202a}x\u{2066}", "x"),
            ("\u{2067}שלום\u{2069}!", "\u{2067}שלום\u{2069}!"),
            ("\u{2069}x\u{2068}y\u{2069}\u{2069}", "x\u{2068}y\u{2069}"),
            ("می\u{200c}خواهم", "می\u{200c}خواهم"),
            ("क्\u{200d}ष", "क्\u{200d}ष"),
            ("👩\u{200d}👩\u{200d}👧\u{200d}👦", "👩\u{200d}👩\u{200d}👧\u{200d}👦"),
            ("👩🏽\u{200d}🚒 ❤\u{fe0f}\u{200d}🔥", "👩🏽\u{200d}🚒 ❤\u{fe0f}\u{200d}🔥"),
            (
                "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
                "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
            ),
            ("1\u{fe0f}\u{20e3}", "1\u{fe0f}\u{20e3}"),
            ("\u{fe0f}\u{200d}x", "x"),
            ("\u{2066}\u{200b}\u{2069}", ""),
            ("\u{115f}\u{3164}\u{2800}", ""),
        ] {
            assert_eq!(one_line(text), line, "{text:?}");
            assert_eq!(one_line(line), line, "again: {text:?}");
        }
    }
}
