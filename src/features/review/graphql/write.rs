//! Writing reviews.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use uuid::Uuid;

use super::{
    super::{
        rules::answer::NewAnswer,
        service::{self, Handing},
    },
    DeclineReason, ReviewAssignment, ReviewRound, assignment_nodes, round_nodes,
};
use crate::{
    app::app,
    platform::{
        error::{Error, Refusal, Result},
        graphql::{actor, input_id, reader, settle},
        id::Kind,
    },
};

/// What a reviewer says to one criterion. What doesn't fit the kind of the criterion is refused.
#[derive(InputObject)]
pub struct ReviewAnswerInput {
    /// The criterion, of the round.
    criterion_id: ID,
    /// The comment, CommonMark of at most 5,000 characters; absent = none.
    body: Option<String>,
    /// The level of a rubric: its place in `levels`, from 0.
    level: Option<i32>,
    /// The items of a checklist that are met: their places in `items`, from 0, at most 20. An empty list says that none is.
    checked: Option<Vec<i32>>,
    /// The step of a scale.
    value: Option<i32>,
}

/// Input of `reviewSave`.
#[derive(InputObject)]
pub struct ReviewSaveInput {
    /// The assignment.
    assignment_id: ID,
    /// Its `version` as the caller has seen it.
    expected_version: i32,
    /// What is said to criteria, at most 12; those that are absent keep what was saved before.
    answers: Vec<ReviewAnswerInput>,
}

/// Answer of `reviewSave`.
#[derive(SimpleObject)]
pub struct ReviewSavePayload {
    /// The assignment as it is now.
    assignment: Option<ReviewAssignment>,
    /// Its round.
    round: Option<ReviewRound>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `reviewSubmit`.
#[derive(InputObject)]
pub struct ReviewSubmitInput {
    /// The assignment.
    assignment_id: ID,
    /// Its `version` as the caller has seen it.
    expected_version: i32,
    /// What is said to criteria, at most 12; those that are absent keep what was saved before. Absent = all was saved before.
    answers: Option<Vec<ReviewAnswerInput>>,
}

/// Answer of `reviewSubmit`.
#[derive(SimpleObject)]
pub struct ReviewSubmitPayload {
    /// The assignment as it is now, with its review.
    assignment: Option<ReviewAssignment>,
    /// Its round.
    round: Option<ReviewRound>,
    /// What went wrong; empty if and only if it was done. What is missing is at `answers`, the place of the criterion in the round, and the
    /// field: `answers.0.body`.
    user_errors: Vec<Refusal>,
}

/// Input of `reviewDecline`.
#[derive(InputObject)]
pub struct ReviewDeclineInput {
    /// The assignment.
    assignment_id: ID,
    /// Why.
    reason: DeclineReason,
    /// Words to staff, at most 2,000 characters.
    note: Option<String>,
}

/// Answer of `reviewDecline`.
#[derive(SimpleObject)]
pub struct ReviewDeclinePayload {
    /// The assignment as it is now.
    assignment: Option<ReviewAssignment>,
    /// Its round.
    round: Option<ReviewRound>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Mutations of reviewers.
#[derive(Default)]
pub struct WriteMutation;

#[Object]
impl WriteMutation {
    /// Keeps what a reviewer has written so far: for autosave. Nobody is told, and no version is kept. What was submitted can be changed until
    /// it is released, as long as it stays complete. Saving the same again is success.
    async fn review_save(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: ReviewSaveInput,
    ) -> Result<Option<ReviewSavePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("assignmentId", &[Kind::ReviewAssignment], &input.assignment_id);
        let known = id.as_ref().ok().copied();
        let (_, user_errors) = settle(ctx, async {
            let answers = answers(input.answers)?;
            let done = service::write(app, actor, (id?, input.expected_version), answers, Handing::Save).await;
            done.map_err(missing)
        })
        .await?;
        let (assignment, round) = now(ctx, known).await?;
        Ok(Some(ReviewSavePayload {
            assignment,
            round,
            user_errors,
        }))
    }

    /// Hands a review in: all required criteria are answered, and comments are long enough. Submitting the same again is success, even after
    /// the review was released.
    async fn review_submit(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: ReviewSubmitInput,
    ) -> Result<Option<ReviewSubmitPayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("assignmentId", &[Kind::ReviewAssignment], &input.assignment_id);
        let known = id.as_ref().ok().copied();
        let (_, user_errors) = settle(ctx, async {
            let answers = answers(input.answers.unwrap_or_default())?;
            let done = service::write(app, actor, (id?, input.expected_version), answers, Handing::Submit).await;
            done.map_err(missing)
        })
        .await?;
        let (assignment, round) = now(ctx, known).await?;
        Ok(Some(ReviewSubmitPayload {
            assignment,
            round,
            user_errors,
        }))
    }

    /// Gives an assignment back that the reviewer hasn't begun, once in a round; somebody else is asked. Repeating it is success.
    async fn review_decline(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: ReviewDeclineInput,
    ) -> Result<Option<ReviewDeclinePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("assignmentId", &[Kind::ReviewAssignment], &input.assignment_id);
        let known = id.as_ref().ok().copied();
        let (_, user_errors) = settle(ctx, async {
            let why = (input.reason.into(), input.note.as_deref());
            service::decline(app, actor, id?, why).await.map_err(missing)
        })
        .await?;
        let (assignment, round) = now(ctx, known).await?;
        Ok(Some(ReviewDeclinePayload {
            assignment,
            round,
            user_errors,
        }))
    }
}

fn missing(error: Error) -> Error {
    error.missing("assignmentId")
}

fn answers(answers: Vec<ReviewAnswerInput>) -> Result<Vec<NewAnswer>> {
    let new = |(place, answer): (usize, ReviewAnswerInput)| {
        let id = input_id("criterionId", &[Kind::ReviewCriterion], &answer.criterion_id);
        Ok(NewAnswer {
            criterion_id: id.map_err(|error| error.at(&["answers", &place.to_string()]))?,
            body: answer.body.unwrap_or_default(),
            level: answer.level,
            checked: answer.checked,
            value: answer.value,
        })
    };
    answers.into_iter().enumerate().map(new).collect()
}

/// An assignment and its round, as they are now.
async fn now(ctx: &Context<'_>, id: Option<Uuid>) -> Result<(Option<ReviewAssignment>, Option<ReviewRound>)> {
    let Some(id) = id.filter(|_| actor(ctx).is_ok_and(|actor| actor.ready().is_ok())) else {
        return Ok((None, None));
    };
    let reader = reader(ctx)?;
    let Some(assignment) = assignment_nodes(reader, &[id]).await?.remove(&id) else {
        return Ok((None, None));
    };
    let round = assignment.0.0.round_id;
    let round = round_nodes(reader, &[round]).await?.remove(&round);
    Ok((Some(assignment), round))
}
