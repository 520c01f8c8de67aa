//! Public identifiers: `TypeID` 0.3 (a type prefix, `_`, and a UUIDv7 in Crockford's base 32), for instance
//! `space_01h455vb4pex5vsknk084sn02q`. Opaque to clients, unique over all types, safe in URLs.

use async_graphql::ID;
use entity::enums::ContributionKind;
use uuid::Uuid;

use super::error::{Error, Reason, Result};

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

macro_rules! kinds {
    ($($kind:ident = $prefix:literal),* $(,)?) => {
        /// The types of objects that have an id.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind { $(#[doc = $prefix] $kind),* }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// What an id of this kind begins with.
            #[must_use]
            pub fn prefix(self) -> &'static str {
                match self { $(Self::$kind => $prefix),* }
            }
        }
    };
}

kinds! {
    Account = "account",
    Session = "session",
    Organisation = "organisation",
    Invitation = "invitation",
    Space = "space",
    Phase = "phase",
    Membership = "member",
    Thread = "thread",
    Comment = "comment",
    JournalEntry = "entry",
    MediaItem = "media",
    Album = "album",
    Prompt = "prompt",
    Revision = "revision",
    Decision = "decision",
    Grant = "grant",
    Report = "report",
    AuditRecord = "audit",
    Notification = "notice",
    ReviewRound = "round",
    ReviewCriterion = "criterion",
    ReviewAssignment = "assignment",
    Review = "review",
}

impl Kind {
    /// The types of contributions.
    pub const CONTRIBUTIONS: &[Self] = &[
        Self::Thread,
        Self::Comment,
        Self::JournalEntry,
        Self::MediaItem,
        Self::Album,
    ];
}

impl From<ContributionKind> for Kind {
    fn from(kind: ContributionKind) -> Self {
        match kind {
            ContributionKind::Thread => Self::Thread,
            ContributionKind::Comment => Self::Comment,
            ContributionKind::JournalEntry => Self::JournalEntry,
            ContributionKind::MediaItem => Self::MediaItem,
            ContributionKind::Album => Self::Album,
        }
    }
}

/// The public form of an id.
#[must_use]
pub fn encode(kind: Kind, id: Uuid) -> ID {
    let mut text = String::with_capacity(kind.prefix().len() + 27);
    text.push_str(kind.prefix());
    text.push('_');
    let number = id.as_u128();
    for place in (0..26).rev() {
        text.push(char::from(
            ALPHABET[usize::try_from((number >> (place * 5)) & 31).unwrap_or_default()],
        ));
    }
    ID(text)
}

/// Reads an id of any kind.
///
/// # Errors
/// `INVALID`/`MALFORMED` for anything that [`encode`] doesn't make.
pub fn decode(id: &str) -> Result<(Kind, Uuid)> {
    parse(id).ok_or_else(|| Error::invalid(Reason::Malformed, "This is not an id of this API."))
}

/// Reads an id that must be one of `kinds`.
///
/// # Errors
/// `INVALID`/`MALFORMED` for anything else, an id of another type included.
pub fn decode_as(kinds: &[Kind], id: &ID) -> Result<Uuid> {
    match decode(id)? {
        (kind, uuid) if kinds.contains(&kind) => Ok(uuid),
        (kind, _) => {
            let wanted: Vec<_> = kinds.iter().map(|kind| format!("{}_…", kind.prefix())).collect();
            let message = format!(
                "Expected an id like {}, got one of type {}.",
                wanted.join(" or "),
                kind.prefix()
            );
            Err(Error::invalid(Reason::Malformed, message))
        }
    }
}

fn parse(id: &str) -> Option<(Kind, Uuid)> {
    let (prefix, suffix) = id.split_once('_')?;
    let kind = *Kind::ALL.iter().find(|kind| kind.prefix() == prefix)?;
    // 26 digits of 5 bits are 130 bits: the first may only carry 3.
    if suffix.len() != 26 || !matches!(suffix.as_bytes()[0], b'0'..=b'7') {
        return None;
    }
    let mut number = 0_u128;
    for byte in suffix.bytes() {
        let digit = ALPHABET.iter().position(|&known| known == byte)?;
        number = number << 5 | u128::try_from(digit).ok()?;
    }
    Some((kind, Uuid::from_u128(number)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_id_reads_like_the_specification_says() {
        let id = Uuid::parse_str("01890a5d-ac96-774b-bcce-b302099a8057").unwrap_or_default();
        assert_eq!(encode(Kind::Space, id).0, "space_01h455vb4pex5vsknk084sn02q");
    }

    proptest! {
        #[test]
        fn ids_come_back(number: u128, kind in 0..Kind::ALL.len()) {
            let (kind, id) = (Kind::ALL[kind], Uuid::from_u128(number));
            prop_assert_eq!(parse(&encode(kind, id)), Some((kind, id)));
        }

        #[test]
        fn nothing_else_is_an_id(text in "\\PC*") {
            if let Some((kind, id)) = parse(&text) {
                prop_assert_eq!(encode(kind, id).0, text);
            }
        }
    }
}
