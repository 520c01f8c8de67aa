//! The letters of names: how lists order them, and how a search compares them. Computed here and kept with each row, so that both databases
//! give the same answer, whatever their collations.

use futures_util::FutureExt;
use icu_casemap::CaseMapper;
use icu_collator::{CollatorBorrowed, options::CollatorOptions};
use icu_normalizer::DecomposingNormalizerBorrowed;
use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{CanonicalCombiningClass, DefaultIgnorableCodePoint, GeneralCategory},
};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use super::{
    db::{Db, Sql, Tx},
    error::Result,
    text,
};

/// Version of the rules below and of the collation's data; kept with every row. Rows of an earlier one are filled anew: the indexes that
/// find them, `ix_…_letters_stale`, name this version, and are built anew with it.
pub const VERSION: i32 = 1;

/// Bytes of a sort key at most: an entry of an index has room for 2,700 in PostgreSQL. What two names begin with is enough.
const LONGEST_KEY: usize = 2_000;
/// Rows of a unit.
const ROWS: usize = 200;

/// That of CLDR for all languages together.
static ROOT: CollatorBorrowed<'static> = CollatorBorrowed::new_root(CollatorOptions::default());

/// What is kept of the letters of a row's names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letters {
    /// The place in lists, byte by byte.
    pub sort_key: Vec<u8>,
    /// What a search looks into.
    pub search_key: String,
}

/// A table with names, beside which it has `sort_key`, `search_key` and `letters_version`. Of rows that nothing was computed for, these are
/// empty and 0.
#[derive(Clone, Copy, Debug)]
pub struct Names {
    /// The table.
    pub table: &'static str,
    /// The column that lists go by.
    pub name: &'static str,
    /// A column that a search looks into as well.
    pub other: &'static str,
    /// Whether lists go by the other one where the name is the same. What they go by is in their cursors.
    pub is_other_sorted: bool,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    name: String,
    other: String,
}

impl Names {
    /// What is kept of these.
    #[must_use]
    pub fn letters(&self, name: &str, other: &str) -> Letters {
        let mut sort_key = sort_key(name);
        if self.is_other_sorted {
            // Below all that keys are made of: a name comes before those that it begins.
            sort_key.push(0);
            sort_key.extend(self::sort_key(other));
        }
        sort_key.truncate(LONGEST_KEY);
        Letters {
            sort_key,
            search_key: fold(&format!("{name} {other}")),
        }
    }

    /// Fills rows that nothing was computed for, or by an earlier version. Returns how many. Nodes that do it at once wait for each other's
    /// rows, and go on with what is left.
    ///
    /// # Errors
    /// The database's: what was done stays, and the next call goes on.
    pub async fn fill(self, db: &Db) -> Result<usize> {
        db.write_all(|tx| self.unit(tx).boxed()).await
    }

    async fn unit(self, tx: &Tx<'_>) -> Result<usize> {
        let Self { table, name, other, .. } = self;
        // As it is written in the index.
        let mut sql = tx.sql(&format!(
            "SELECT id, {name} AS name, {other} AS other FROM {table} WHERE letters_version < {VERSION} ORDER BY id LIMIT {ROWS}"
        ));
        sql.push(tx.for_update());
        let rows = tx.rows::<Row>(sql).await?;
        for row in &rows {
            let letters = self.letters(&row.name, &row.other);
            let mut sql = tx.sql(&format!("UPDATE {table} SET letters_version = {VERSION}, sort_key = "));
            sql.bind(letters.sort_key)
                .push(", search_key = ")
                .bind(letters.search_key)
                .push(" WHERE id = ")
                .bind(row.id);
            tx.execute_raw(sql.statement()).await?;
        }
        Ok(rows.len())
    }

    /// Writes ` AND …` for rows in which a term is found; `alias` is the name of the table in the statement.
    pub fn push_found(&self, sql: &mut Sql, alias: &str, term: &Term) {
        let Self { name, other, .. } = self;
        let place = if sql.is_postgres() { "strpos" } else { "instr" };
        sql.push(&format!(" AND ({place}({alias}.search_key, "))
            .bind(term.folded.clone())
            // Until it is filled.
            .push(&format!(
                ") > 0 OR {alias}.letters_version = 0 AND {place}(lower({alias}.{name} || ' ' || {alias}.{other}), "
            ))
            .bind(term.lower.clone())
            .push(") > 0)");
    }
}

/// What somebody looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    folded: String,
    lower: String,
}

impl Term {
    /// The term of a search. None if there is nothing in it to find, blanks and marks alone: that asks for all, as no search does.
    ///
    /// # Errors
    /// `INVALID`: more than 200 characters, or with control characters.
    pub fn of(search: Option<&str>) -> Result<Option<Self>> {
        let line = search.map(|search| text::optional_line(search, 200)).transpose()?;
        let term = line.map(|line| Self {
            folded: fold(&line),
            lower: line.to_lowercase(),
        });
        Ok(term.filter(|term| !term.folded.is_empty()))
    }
}

/// The place of a text among others, as its bytes are compared.
fn sort_key(text: &str) -> Vec<u8> {
    let mut key = Vec::new();
    let Ok(()) = ROOT.write_sort_key_to(text, &mut key);
    key
}

/// What is left of a text when nothing is regarded but letters, digits and signs: without marks, case, what nobody sees, and variants that
/// only look different.
fn fold(text: &str) -> String {
    let (nfkd, case) = (DecomposingNormalizerBorrowed::new_nfkd(), CaseMapper::new());
    let mut folded = text.to_owned();
    // Twice: what is folded may come apart, and its parts may fold (The Unicode Standard, 3.13, D146).
    for _ in 0..2 {
        folded = case.fold_string(&nfkd.normalize(&folded)).into_owned();
    }
    let mut plain = String::with_capacity(folded.len());
    for sign in nfkd.normalize(&folded).chars().filter(|sign| !is_mark(*sign)) {
        match without_stroke(sign) {
            Some(letters) => plain.push_str(letters),
            None => plain.push(sign),
        }
    }
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether it only marks another character, or isn't seen. Vowels of Indic scripts are no marks: words differ by nothing else.
fn is_mark(sign: char) -> bool {
    CodePointMapData::<CanonicalCombiningClass>::new().get(sign) != CanonicalCombiningClass::NotReordered
        || CodePointMapData::<GeneralCategory>::new().get(sign) == GeneralCategory::EnclosingMark
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(sign)
}

/// How letters are typed by those whose keyboards lack them, where Unicode takes nothing off; and signs that keyboards write in several ways.
fn without_stroke(sign: char) -> Option<&'static str> {
    Some(match sign {
        'æ' => "ae",
        'ƀ' | 'ɓ' => "b",
        'ƈ' => "c",
        'đ' | 'ð' | 'ɖ' | 'ɗ' => "d",
        'ə' | 'ǝ' | 'ɛ' => "e",
        'ǥ' | 'ɠ' => "g",
        'ħ' => "h",
        'ı' | 'ɨ' => "i",
        'ĸ' | 'ƙ' => "k",
        'ł' | 'ƚ' => "l",
        'ŋ' | 'ɲ' => "n",
        'œ' => "oe",
        'ø' | 'ɔ' => "o",
        'ŧ' | 'ƭ' => "t",
        'þ' => "th",
        'ʉ' => "u",
        'ƴ' => "y",
        'ƶ' => "z",
        '‘' | '’' | '‛' | 'ʻ' | 'ʼ' | '`' => "'",
        '“' | '”' | '„' | '‟' | '«' | '»' => "\"",
        '‐' | '‒' | '–' | '—' | '―' | '−' => "-",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use proptest::prelude::*;
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::platform::unicode::{nfc, nfkc};

    const NAMES: Names = Names {
        table: "school",
        name: "name",
        other: "city",
        is_other_sorted: true,
    };

    fn nfd(text: &str) -> String {
        DecomposingNormalizerBorrowed::new_nfd().normalize(text).into_owned()
    }

    #[test]
    fn names_stand_where_dictionaries_have_them() {
        let ordered = [
            "",
            "1",
            "9",
            "ä",
            "a b",
            "a-b",
            "Aarhus",
            "ab",
            "æ",
            "az",
            "đ",
            "dz",
            "E",
            "é",
            "É",
            "Ecole",
            "ECOLE",
            "École",
            "Edam",
            "F",
            "i",
            "İ",
            "ı",
            "j",
            "l",
            "Ł",
            "lodz",
            "łódź",
            "m",
            "o",
            "ø",
            "p",
            "ss",
            "ß",
            "st",
            "z",
            "þ",
            "Α",
            "Ω",
            "Київ",
            "Школа",
            "א",
            "ب",
            "क",
            "あ",
            "中",
        ];
        let mut sorted = ordered.map(str::to_owned);
        sorted.sort_by_key(|name| sort_key(name));
        assert_eq!(sorted, ordered.map(str::to_owned));
    }

    #[test]
    fn a_city_decides_between_names_that_are_the_same() {
        let key = |name, city| NAMES.letters(name, city).sort_key;
        assert!(key("Elm", "Riga") < key("Elm", "Vilnius"));
        assert!(key("Elm", "Vilnius") < key("Élm", "Riga"));
        assert!(key("Elm", "Vilnius") < key("Elm A", "Riga"));
        let of_one = Names {
            is_other_sorted: false,
            ..NAMES
        };
        assert_eq!(of_one.letters("Elm", "a").sort_key, of_one.letters("Elm", "b").sort_key);
        assert_eq!(key(&"\u{fdfa}".repeat(200), "Riga").len(), LONGEST_KEY);
    }

    #[test]
    fn what_is_typed_without_marks_is_found() {
        for (text, folded) in [
            ("École", "ecole"),
            ("E\u{301}COLE", "ecole"),
            ("Łódź", "lodz"),
            ("İstanbul", "istanbul"),
            ("ISTANBUL", "istanbul"),
            ("ıstanbul", "istanbul"),
            ("Straße STRAẞE", "strasse strasse"),
            ("ﬁﬂ ＡＢ ½ №", "fifl ab 1⁄2 no"),
            (
                "Þórður Ægir Ørsted Đorđe œuvre Ħamrun",
                "thordur aegir orsted dorde oeuvre hamrun",
            ),
            ("Əliyev Ŋ ŉ", "eliyev n 'n"),
            ("ΣΊΣΥΦΟΣ", "σισυφοσ"),
            ("Київ Ёлка", "киів елка"),
            ("שָׁלוֹם مُحَمَّد", "שלום محمد"),
            ("O’Brien – „Elm“", "o'brien - \"elm\""),
            ("  a\u{a0}\u{200b}b\u{ad}\t c  ", "a b c"),
            ("\u{301}\u{200d} \u{20dd}", ""),
            ("%_\\", "%_\\"),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
        assert_ne!(fold("कि"), fold("कु"));
        for nothing in [None, Some(""), Some(" \u{301}")] {
            assert!(matches!(Term::of(nothing), Ok(None)), "{nothing:?}");
        }
    }

    proptest! {
        #[test]
        fn folding_again_changes_nothing(text in "\\PC{0,20}") {
            let folded = fold(&text);
            prop_assert_eq!(fold(&folded), folded);
        }

        #[test]
        fn forms_of_one_text_have_one_key(text in "\\PC{0,20}") {
            prop_assert_eq!(fold(&nfd(&text)), fold(&text));
            prop_assert_eq!(fold(&nfkc(&text)), fold(&text));
            prop_assert_eq!(sort_key(&nfd(&text)), sort_key(&nfc(&text)));
        }
    }

    /// Rows that are there have the keys of their version: other data, or other rules, are another version.
    #[test]
    fn the_keys_of_this_version_are_these() {
        let mut all = Sha256::new();
        // Without the blocks whose order is that of their numbers.
        let blocks = [
            '\0'..='\u{33ff}',
            '\u{a000}'..='\u{abff}',
            '\u{f900}'..='\u{16fff}',
            '\u{1b000}'..='\u{1ffff}',
        ];
        for sign in blocks.into_iter().flatten() {
            let text = sign.to_string();
            all.update(sort_key(&text));
            all.update([0]);
            all.update(fold(&text));
            all.update([0]);
        }
        let hash = all.finalize().iter().fold(String::new(), |mut hash, byte| {
            let _ = write!(hash, "{byte:02x}");
            hash
        });
        assert_eq!(
            (VERSION, &*hash),
            (1, "d7000f9c091df7d37dcc108b8004cc8d9aee99e383edc6466a8b63d4abf42da5")
        );
    }
}
