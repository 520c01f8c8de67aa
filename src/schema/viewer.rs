//! The viewer: who asks.

use std::sync::Arc;

use async_graphql::{Description, ID, Object};
use uuid::Uuid;

use crate::{
    features::{
        account::graphql::{Account, Session, accounts, own_sessions},
        contribution::{
            List, ListKind,
            graphql::{Contribution, Lists, listed},
        },
        notice::graphql::{
            Notification, NotificationPreference, inbox_cursor, notifications, preferences, unread_count,
        },
        review::graphql::{ReviewAssignment, own_assignments},
        space::graphql::{Membership, SpaceInvitation, invitations, own_memberships},
    },
    platform::{
        db::Reader,
        error::{Error, Result},
        id::{self, Kind},
        page::{Listed, PageArgs},
    },
};

/// Who asks, with what is theirs alone.
#[derive(Description)]
pub(super) struct Viewer {
    pub(super) reader: Arc<Reader>,
    pub(super) account_id: Uuid,
    pub(super) drafts: Arc<Lists>,
}

impl Viewer {
    /// The reader, unless the one-time secret is still in use.
    fn ready(&self) -> Result<&Arc<Reader>> {
        self.reader.actor()?.ready()?;
        Ok(&self.reader)
    }
}

#[Object(use_type_description)]
impl Viewer {
    /// The own account. Readable even while `isPasswordChangeRequired`.
    async fn account(&self) -> Result<Account> {
        let id = self.account_id;
        accounts(&self.reader, &[id])
            .await?
            .remove(&id)
            .ok_or(Error::Unauthenticated)
    }

    /// Where the viewer is signed in, the newest sign-in first: `sessionRevoke` ends one of them.
    async fn sessions(
        &self,
        #[graphql(desc = "Number of sessions from the start, at most 100; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of sessions from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Listed<Session>> {
        let args = PageArgs {
            first,
            after,
            last,
            before,
        };
        own_sessions(self.ready()?, &args).await
    }

    /// The spaces that the viewer belongs to, as memberships, in the order in which they came into them.
    async fn memberships(
        &self,
        #[graphql(desc = "Number of memberships from the start, at most 100; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of memberships from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Listed<Membership>> {
        own_memberships(
            self.ready()?,
            &PageArgs {
                first,
                after,
                last,
                before,
            },
        )
        .await
    }

    /// What the viewer has begun and not published, or got back, newest first.
    async fn drafts(
        &self,
        #[graphql(desc = "Only those of this space.")] space_id: Option<ID>,
        #[graphql(desc = "Number of drafts from the start, at most 100; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of drafts from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Listed<Contribution>> {
        let space_id = space_id.map(|id| id::decode_as(&[Kind::Space], &id)).transpose()?;
        let list = List {
            space_id,
            ..List::all(ListKind::Drafts)
        };
        let parents = (vec![self.account_id], self.account_id);
        let args = PageArgs {
            first,
            after,
            last,
            before,
        };
        let (cut, total) = listed(&self.drafts, self.ready()?, parents, list, &args).await?;
        Ok(cut.map(Contribution::from).connection(total))
    }

    /// Invitations of the viewer's organisation into spaces, oldest first. For staff; empty for everybody else.
    async fn invitations(
        &self,
        #[graphql(desc = "Number of invitations from the start, at most 100; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of invitations from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Listed<SpaceInvitation>> {
        invitations(
            self.ready()?,
            &PageArgs {
                first,
                after,
                last,
                before,
            },
        )
        .await
    }

    /// What the viewer is asked to review, and what came of it, what is due first first; in spaces to which they still belong.
    #[expect(clippy::too_many_arguments, reason = "a list with two filters")]
    async fn review_assignments(
        &self,
        #[graphql(desc = "Only those of this round.")] round_id: Option<ID>,
        #[graphql(desc = "Only those that wait for the viewer to write.")] is_waiting: Option<bool>,
        #[graphql(desc = "Number of assignments from the start, at most 100; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of assignments from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Listed<ReviewAssignment>> {
        let round_id = round_id
            .map(|id| id::decode_as(&[Kind::ReviewRound], &id))
            .transpose()?;
        let args = PageArgs {
            first,
            after,
            last,
            before,
        };
        own_assignments(self.ready()?, (round_id, is_waiting.unwrap_or_default()), &args).await
    }

    /// What the viewer was told of, newest first; of spaces to which they still belong.
    async fn notifications(
        &self,
        #[graphql(desc = "Only what they have not read.")] is_unread: Option<bool>,
        #[graphql(desc = "Number of notifications from the start, at most 100; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of notifications from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Listed<Notification>> {
        let args = PageArgs {
            first,
            after,
            last,
            before,
        };
        notifications(self.ready()?, is_unread.unwrap_or_default(), &args).await
    }

    /// How much of that the viewer has not read.
    async fn unread_notification_count(&self) -> Result<i32> {
        unread_count(self.ready()?).await
    }

    /// What the viewer wants to be told of, each kind once: at most 50.
    async fn notification_preferences(&self) -> Result<Vec<NotificationPreference>> {
        preferences(self.ready()?).await
    }

    /// Place in the viewer's inbox: subscribe to `viewerEvents` with `after` this to hear of what happens from now on. Load it
    /// together with `notifications`: it is read no later than they are.
    async fn inbox_cursor(&self) -> Result<String> {
        inbox_cursor(self.ready()?).await
    }
}
