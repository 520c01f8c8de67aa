//! Reporting, and deciding reports.

use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use uuid::Uuid;

use super::{
    super::service::{self, Verdict},
    Report, ReportAction,
    object::{made, reports},
};
use crate::{
    app::app,
    features::{
        contribution::graphql::{Contribution, ModerationReason, by_id},
        review::graphql::judge_review,
    },
    platform::{
        error::{Error, Reason, Refusal, Result},
        graphql::{actor, input_id, reader, settle},
        id::Kind,
    },
};

/// Input of `contributionReport`.
#[derive(InputObject)]
pub struct ContributionReportInput {
    /// The thread, comment, journal entry, media item or album.
    contribution_id: ID,
    /// Why. Something `UNSAFE` is for staff alone.
    reason: ModerationReason,
    /// Words to the moderators, at most 2,000 characters.
    note: Option<String>,
}

/// Answer of `contributionReport`.
#[derive(SimpleObject)]
pub struct ContributionReportPayload {
    /// The report. A pupil who has reported something unsafe sees it here, and not again.
    report: Option<Report>,
    /// The contribution as the viewer sees it now; null if the report took it out of their sight.
    contribution: Option<Contribution>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// How a report ends.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportOutcome {
    /// The reporter was right.
    Upheld,
    /// Nothing is wrong. What reports have hidden by themselves comes back with the last of them.
    Dismissed,
}

/// Input of `reportDecide`.
#[derive(InputObject)]
pub struct ReportDecideInput {
    /// The report.
    report_id: ID,
    /// How it ends.
    outcome: ReportOutcome,
    /// What is done about the contribution when it is upheld; absent = `HIDE`. Not together with `DISMISSED`. A review is taken out for good
    /// by `HIDE` and `REMOVE`, and is back with its author after `NONE`.
    action: Option<ReportAction>,
    /// Why, at most 2,000 characters: other moderators read it, and, if the contribution is hidden or removed, its author.
    note: String,
}

/// Answer of `reportDecide`.
#[derive(SimpleObject)]
pub struct ReportDecidePayload {
    /// The report as it is now, with the decision of who was first.
    report: Option<Report>,
    /// The contribution as it is now.
    contribution: Option<Contribution>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `reportEscalate`.
#[derive(InputObject)]
pub struct ReportEscalateInput {
    /// The report.
    report_id: ID,
    /// Words to the coordinators, at most 2,000 characters.
    note: String,
}

/// Answer of `reportEscalate`.
#[derive(SimpleObject)]
pub struct ReportEscalatePayload {
    /// The report as it is now; null if the viewer doesn't see it any more.
    report: Option<Report>,
    /// The contribution as it is now.
    contribution: Option<Contribution>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Mutations of reports.
#[derive(Default)]
pub struct ReportMutation;

#[Object]
impl ReportMutation {
    /// Tells the moderators that something is wrong with a published contribution of somebody else, in the version that everybody reads
    /// now. Its author doesn't learn who. It is taken out of sight at once if staff report it or if it is unsafe or private, else when
    /// two members have reported it. Repeating it for the same version is success and changes nothing.
    async fn contribution_report(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: ContributionReportInput,
    ) -> Result<Option<ContributionReportPayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("contributionId", Kind::CONTRIBUTIONS, &input.contribution_id);
        let known = id.as_ref().ok().copied();
        let (report, user_errors) = settle(ctx, async {
            let done = service::create(app, actor, id?, input.reason.into(), input.note.as_deref()).await;
            done.map_err(|error| error.missing("contributionId"))
        })
        .await?;
        let report = match report {
            Some(report) => Some(made(reader(ctx)?, report).await?),
            None => None,
        };
        Ok(Some(ContributionReportPayload {
            report,
            contribution: subject(ctx, known).await?,
            user_errors,
        }))
    }

    /// Upholds or dismisses a report. For the moderators who see it. Of two at once one wins; the other gets `CONFLICT` with the reason
    /// `ALREADY_DECIDED` and the decision. Repeating the own decision is success.
    async fn report_decide(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: ReportDecideInput,
    ) -> Result<Option<ReportDecidePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("reportId", &[Kind::Report], &input.report_id);
        let known = id.as_ref().ok().copied();
        let (_, user_errors) = settle(ctx, async {
            let verdict = match (input.outcome, input.action) {
                (ReportOutcome::Upheld, action) => Verdict::Upheld(action.unwrap_or(ReportAction::Hide).into()),
                (ReportOutcome::Dismissed, None) => Verdict::Dismissed,
                (ReportOutcome::Dismissed, Some(_)) => {
                    let error = Error::invalid(Reason::OutOfRange, "Nothing is done about what is dismissed.");
                    return Err(error.at(&["action"]));
                }
            };
            let id = id?;
            match service::subject(app, actor, id).await?.review_id {
                Some(review) => judge_review(app, actor, (id, review), verdict, &input.note).await,
                None => service::decide(app, actor, id, verdict, &input.note).await,
            }
        })
        .await?;
        let (report, contribution) = now(ctx, known).await?;
        Ok(Some(ReportDecidePayload {
            report,
            contribution,
            user_errors,
        }))
    }

    /// Passes a report on to the coordinators, who alone decide it then. For the moderators who see it. Repeating it is success.
    async fn report_escalate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: ReportEscalateInput,
    ) -> Result<Option<ReportEscalatePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("reportId", &[Kind::Report], &input.report_id);
        let known = id.as_ref().ok().copied();
        let (_, user_errors) = settle(ctx, async { service::escalate(app, actor, id?, &input.note).await }).await?;
        let (report, contribution) = now(ctx, known).await?;
        Ok(Some(ReportEscalatePayload {
            report,
            contribution,
            user_errors,
        }))
    }
}

/// A contribution as the viewer sees it now.
async fn subject(ctx: &Context<'_>, id: Option<Uuid>) -> Result<Option<Contribution>> {
    if actor(ctx)?.ready().is_err() {
        return Ok(None);
    }
    by_id(reader(ctx)?, id).await
}

/// A report and what it is about, as they are now.
async fn now(ctx: &Context<'_>, id: Option<Uuid>) -> Result<(Option<Report>, Option<Contribution>)> {
    let Some(id) = id.filter(|_| actor(ctx).is_ok_and(|actor| actor.ready().is_ok())) else {
        return Ok((None, None));
    };
    let report = reports(reader(ctx)?, &[id]).await?.remove(&id);
    let contribution = match &report {
        Some(report) => subject(ctx, Some(report.0.contribution_id)).await?,
        None => None,
    };
    Ok((report, contribution))
}
