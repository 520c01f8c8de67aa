//! The journal in the API.

mod entry;
mod week;

pub use self::{
    entry::{
        JournalEntry, JournalEntryFilterInput, JournalEntryViewerCan, JournalMutation, Ka1PupilOutcome, KeyCompetence,
        Mood, journal_entries,
    },
    week::{JournalWeek, journal_weeks},
};
