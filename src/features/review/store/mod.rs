//! Statements over `review_round`, `review_target`, `review_alias` and `review`.

mod input;
mod overview;
mod review;
mod round;

pub(super) use self::{
    input::{
        MOST_TARGETS, OwedRow, PairRow, ReviewerRow, Source, WorkRow, system_co_authors, system_history, system_owed,
        system_pairs, system_reviewers, system_work,
    },
    overview::{CoverageRow, coverage},
    review::{
        DUE_ORDER, ListOf, NewReview, NewTarget, REVIEW_ORDER, Reacted, Text, Which, aliases, decline, expire_all,
        forget, forget_reaction, has_published, insert_aliases, insert_reviews, insert_targets, lock_review, move_due,
        own_review_count, own_reviews, react, release_all, review_counts, reviews, reviews_by_id, save,
        set_rendered_answers, set_state, system_expire, system_remind, system_repin, system_replaced, system_revive,
        system_stale_answers, system_waiting, texts,
    },
    round::{
        Parent, Place, ROUND_ORDER, insert_round, known_members, known_targets, round, round_counts, rounds,
        rounds_by_id, set_rendered_instructions, set_round_state, set_settings, system_open_rounds, system_round,
        system_rounds_with, system_space_of, system_stale_instructions,
    },
};
pub use self::{
    review::{ReviewRow, TextRow},
    round::RoundRow,
};
