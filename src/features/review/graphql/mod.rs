//! Peer review in the API.

mod course;
mod criterion;
mod enums;
mod mutation;
mod overview;
mod preview;
mod release;
mod review;
mod round;
mod write;

pub use self::{
    course::CourseMutation,
    criterion::{
        CriterionLevel, CriterionScale, CriterionStarters, ReviewCriterion, ReviewCriterionInput, ReviewTemplate,
        TemplateQuery,
    },
    enums::{
        Anonymity, AnonymityLimit, AssignmentState, CriterionKind, DeclineReason, PairBarrier, PairReasonKind,
        PairRuleKind, ReleasePolicy, ReviewExcuse, ReviewReaction, ReviewTemplateKind, RoundState, ShortfallCause,
    },
    mutation::RoundMutation,
    overview::ReviewRoundOverview,
    preview::{ReviewPairReason, ReviewQuery, ReviewRoundPreview},
    release::{ReleaseMutation, judge_review},
    review::{
        Assignments, Review, ReviewAssignment, Reviewed, Reviews, assignment_nodes, assignments_of_round,
        own_assignments, review_nodes, reviewed, reviews_of_contribution, reviews_of_round,
    },
    round::{ReviewRound, Rounds, round_nodes, rounds_of_phase, rounds_of_space},
    write::WriteMutation,
};
