//! Reports and the moderation queue in the API.

mod mutation;
mod object;
mod queue;

pub use self::{
    mutation::ReportMutation,
    object::{Report, ReportAction, ReportState, ReportViewerCan, reports},
    queue::{ModerationCounts, ModerationQueueFilterInput, Queue, counts, queue},
};
