//! Who has written in a week, for staff.

use std::sync::Arc;

use async_graphql::{Description, Object};
use uuid::Uuid;

use super::JournalEntry;
use crate::{
    features::{
        contribution::{
            List, ListKind,
            graphql::{Spine, listed},
        },
        space::graphql::{Membership, MobilePupils, mobile_pupils},
    },
    platform::{
        db::Reader,
        error::Result,
        page::{Listed, PageArgs},
        scalar::IsoWeek,
    },
};

/// Entries of one pupil and week at most.
const MOST: i32 = 20;

/// One mobile pupil in one week of the journal. For staff.
#[derive(Clone, Debug, Description)]
pub struct JournalWeek {
    membership: Membership,
    week: String,
}

impl JournalWeek {
    /// The entries that count, newest first: one statement for all pupils of the list.
    async fn counting(&self) -> Result<Vec<JournalEntry>> {
        let (lists, reader, parents) = self.membership.lists();
        let list = List {
            week: Some(self.week.clone()),
            ..List::all(ListKind::MemberWeek)
        };
        let args = PageArgs {
            first: Some(MOST),
            ..PageArgs::default()
        };
        let (cut, _) = listed(lists, reader, parents, list, &args).await?;
        Ok(cut.rows.into_iter().map(|entry| JournalEntry(Spine(entry))).collect())
    }
}

#[Object(use_type_description)]
impl JournalWeek {
    /// The pupil.
    async fn membership(&self) -> Option<&Membership> {
        Some(&self.membership)
    }

    /// The week.
    async fn week(&self) -> IsoWeek {
        IsoWeek(self.week.clone())
    }

    /// Whether there is an entry that staff may see.
    async fn has_entry(&self) -> Result<bool> {
        Ok(!self.counting().await?.is_empty())
    }

    /// The newest entries, at most 20, that are published or wait for a moderator. Drafts, and what is meant for the author alone,
    /// are left out. A group entry counts for its author and for the co-authors who have confirmed it.
    async fn entries(&self) -> Result<Vec<JournalEntry>> {
        self.counting().await
    }
}

/// The mobile pupils of one space with what they wrote in a week; empty for all but staff.
///
/// # Errors
/// `INVALID` for something that is no week, and for faulty page arguments.
pub async fn journal_weeks(
    lists: &Arc<MobilePupils>,
    reader: &Arc<Reader>,
    parents: (Vec<Uuid>, Uuid),
    (week, organisation): (&IsoWeek, Option<Uuid>),
    args: &PageArgs,
) -> Result<Listed<JournalWeek>> {
    let week = week.checked()?;
    let (cut, total) = mobile_pupils(lists, reader, parents, organisation, args).await?;
    let row = |membership| JournalWeek {
        membership,
        week: week.clone(),
    };
    Ok(cut.map(row).connection(total))
}
