//! The one list of features: what the API is made of.

mod node;
mod viewer;

use async_graphql::{MergedObject, MergedSubscription, SDLExportOptions, SchemaBuilder};

use self::node::NodeQuery;
use crate::{
    app::App,
    features::{
        account::graphql::{Account, AccountMutation, Session},
        audit::graphql::AuditRecord,
        contribution::graphql::{
            BulkMutation, Comment, CommentMutation, Contribution, LifecycleMutation, ModerationItem,
            ModerationLogEntry, ReactionMutation, Revision,
        },
        forum::graphql::{ForumMutation, ReadMutation, SubscriptionMutation, Thread},
        grant::graphql::GrantMutation,
        journal::graphql::{GroupMutation, JournalEntry, JournalMutation, JournalWeek, PromptMutation, PromptQuery},
        live::graphql::LiveSubscription,
        media::graphql::{Album, AlbumMutation, MediaItem, MediaMutation},
        notice::graphql::{Notification, NotificationMutation, NotificationSubscription},
        organisation::graphql::{Organisation, OrganisationMutation, OrganisationQuery},
        presence::graphql::{PresenceMutation, PresenceSubscription},
        privacy::graphql::PrivacyMutation,
        report::graphql::ReportMutation,
        review::graphql::{
            CourseMutation, ReleaseMutation, Review, ReviewAssignment, ReviewQuery, ReviewRound, RoundMutation,
            TemplateQuery, WriteMutation,
        },
        space::graphql::{
            InvitationMutation, MemberMutation, Membership, PhaseMutation, SpaceInvitation, SpaceMutation,
        },
    },
    platform::page::Listed,
};

/// Reads. What the viewer may not see is null or missing, never an error.
#[derive(MergedObject, Default)]
#[graphql(name = "Query")]
pub struct Query(NodeQuery, OrganisationQuery, PromptQuery, ReviewQuery, TemplateQuery);

/// Writes. Each takes one `input` and answers with what changed and `userErrors`, which are empty if and only if it was done. A
/// payload is null only together with a top-level error.
#[derive(MergedObject, Default)]
#[graphql(name = "Mutation")]
pub struct Mutation(Organising, Writing, Showing, Moderating, Reviewing, Own);

// In groups, as each list of parts is a call within a call, and the stack of a thread is small.

/// Who is where.
#[derive(MergedObject, Default)]
struct Organising(
    AccountMutation,
    OrganisationMutation,
    SpaceMutation,
    InvitationMutation,
    PhaseMutation,
    MemberMutation,
);

/// Forum and journal.
#[derive(MergedObject, Default)]
struct Writing(
    ForumMutation,
    ReadMutation,
    SubscriptionMutation,
    CommentMutation,
    JournalMutation,
    PromptMutation,
    GroupMutation,
);

/// Media, and what all kinds of contributions share.
#[derive(MergedObject, Default)]
struct Showing(
    MediaMutation,
    AlbumMutation,
    LifecycleMutation,
    BulkMutation,
    ReactionMutation,
);

/// Who may do more, and what is wrong.
#[derive(MergedObject, Default)]
struct Moderating(GrantMutation, ReportMutation);

/// Peer review.
#[derive(MergedObject, Default)]
struct Reviewing(RoundMutation, CourseMutation, WriteMutation, ReleaseMutation);

/// What is the viewer's own.
#[derive(MergedObject, Default)]
struct Own(NotificationMutation, PresenceMutation, PrivacyMutation);

/// Live events.
#[derive(MergedSubscription, Default)]
#[graphql(name = "Subscription")]
pub struct Subscription(LiveSubscription, NotificationSubscription, PresenceSubscription);

/// The executable schema.
pub type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

/// The schema without data.
#[must_use]
pub fn builder() -> SchemaBuilder<Query, Mutation, Subscription> {
    async_graphql::Schema::build(Query::default(), Mutation::default(), Subscription::default())
        .register_output_type::<node::Node>()
        .override_output_type_description::<Listed<Account>>("A page of accounts.")
        .override_output_type_description::<Listed<Session>>("A page of sessions.")
        .override_output_type_description::<Listed<Organisation>>("A page of organisations.")
        .override_output_type_description::<Listed<SpaceInvitation>>("A page of invitations.")
        .override_output_type_description::<Listed<Membership>>("A page of members.")
        .override_output_type_description::<Listed<Contribution>>("A page of contributions of any kind.")
        .override_output_type_description::<Listed<Thread>>("A page of threads.")
        .override_output_type_description::<Listed<Comment>>("A page of comments.")
        .override_output_type_description::<Listed<JournalEntry>>("A page of journal entries.")
        .override_output_type_description::<Listed<MediaItem>>("A page of media items.")
        .override_output_type_description::<Listed<Album>>("A page of albums.")
        .override_output_type_description::<Listed<JournalWeek>>("A page of pupils in a week of the journal.")
        .override_output_type_description::<Listed<Revision>>("A page of versions.")
        .override_output_type_description::<Listed<ModerationItem>>("A page of the moderation queue.")
        .override_output_type_description::<Listed<ModerationLogEntry>>("A page of the moderation log.")
        .override_output_type_description::<Listed<AuditRecord>>("A page of the audit trail.")
        .override_output_type_description::<Listed<ReviewRound>>("A page of review rounds.")
        .override_output_type_description::<Listed<ReviewAssignment>>("A page of assignments of reviews.")
        .override_output_type_description::<Listed<Review>>("A page of reviews.")
        .override_output_type_description::<Listed<Notification>>("A page of notifications.")
        // The front door bounds documents; this only keeps the stack safe.
        .limit_recursive_depth(128)
}

/// The schema over an app.
#[must_use]
pub fn schema(app: App) -> Schema {
    builder().data(app).finish()
}

/// The schema in the schema definition language, fields in the order in which they are declared, as it is committed in
/// `schema.graphql`. Without the directives that every schema has: the compiler of Relay refuses their definitions.
#[must_use]
pub fn sdl() -> String {
    let options = SDLExportOptions::new().include_specified_by();
    let text = builder()
        .finish()
        .sdl_with_options(options.prefer_single_line_descriptions());
    let mut lines: Vec<&str> = text.lines().collect();
    for name in ["@deprecated", "@include", "@oneOf", "@skip", "@specifiedBy"] {
        let definition = format!("directive {name}(");
        if let Some(at) = lines.iter().position(|line| line.starts_with(&definition)) {
            // With its description, which is one line.
            lines.drain(at.saturating_sub(1)..=at);
        }
    }
    lines.join("\n") + "\n"
}
