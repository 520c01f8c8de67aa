//! The journal in the API.

mod entry;
mod prompt;
mod week;

pub use self::{
    entry::{
        GroupMutation, JournalEntry, JournalEntryFilterInput, JournalEntryViewerCan, JournalMutation, Ka1PupilOutcome,
        KeyCompetence, Mood, journal_entries,
    },
    prompt::{
        Prompt, PromptAnswer, PromptMutation, PromptQuery, PromptSet, PromptSetKind, Prompts, prompt_nodes, prompts,
    },
    week::{JournalWeek, journal_weeks},
};
