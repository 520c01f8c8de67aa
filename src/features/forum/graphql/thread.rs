//! Threads, as they are read.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, Description, Enum};
use entity::enums::{ContributionKind, SubscriptionLevel};
use uuid::Uuid;

use super::{super::store, ThreadSubscription};
use crate::{
    features::{
        contribution::{
            List, ListKind,
            graphql::{
                Comment, Contribution, Lists, Spine, by_id, commentable_object, contributions, listed, viewer_can,
            },
            subscriptions,
        },
        media::graphql::MediaItem,
    },
    platform::{
        db::Reader,
        error::Result,
        graphql::{actor, reader},
        level::Link,
        page::{Listed, PageArgs},
    },
};

/// What a thread is for.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "entity::enums::ThreadKind")]
pub enum ThreadKind {
    /// To talk.
    Open,
    /// To be answered by everybody: a pupil sees what others have said once they have given an answer of their own (a comment on the
    /// thread itself), or once the thread is locked. Ask again for its comments then. Its author, other members and pupils who
    /// co-moderate see everything.
    Question,
    /// To get to know each other, by a `prompt`.
    Icebreaker,
}

/// What belongs to threads alone.
#[derive(Debug, Default)]
pub struct ThreadLinks {
    unread: Link<HashMap<Uuid, i64>>,
    first_unread: Link<HashMap<Uuid, Comment>>,
    subscriptions: Link<HashMap<Uuid, SubscriptionLevel>>,
}

viewer_can! {
    /// What the viewer may do with a thread.
    ThreadViewerCan {
        /// Edit it.
        thread_update = Update,
        /// Pin or unpin it.
        thread_pin = Pin,
        /// Lock or unlock it.
        thread_lock = Lock,
        /// Move it into another phase.
        thread_move = Move,
        /// Comment on it.
        comment_create = CommentCreate,
    }
}

/// A discussion.
#[derive(Clone, Debug, Description)]
pub struct Thread(pub Spine);

impl Thread {
    /// What all contributions share.
    pub(in crate::features) fn spine(&self) -> &Spine {
        &self.0
    }

    /// The threads among which this one was found.
    fn threads(&self) -> Vec<Uuid> {
        let rows = self.0.0.level().rows.iter();
        rows.filter(|row| row.kind == ContributionKind::Thread)
            .map(|row| row.id)
            .collect()
    }
}

commentable_object! { Thread {
    /// What it is about. Null where the viewer sees a placeholder.
    async fn title(&self) -> Option<&str> {
        self.0.title.as_deref().filter(|_| self.0.is_readable())
    }

    /// What it is for.
    async fn kind(&self) -> ThreadKind {
        self.0.thread_kind.map_or(ThreadKind::Open, Into::into)
    }

    /// What it asks everybody; icebreakers only. Null for others, and where the viewer sees a placeholder.
    async fn prompt(&self) -> Option<&str> {
        self.0.detail.prompt.as_deref().filter(|_| self.0.is_readable())
    }

    /// The media items that are shown with it, in the order of its author, at most 20. A file that is not ready yet is shown to its
    /// uploader and staff alone.
    async fn attachments(&self) -> Result<Vec<MediaItem>> {
        self.0.attachments().await
    }

    /// Whether it stands first in lists.
    async fn is_pinned(&self) -> bool {
        self.0.is_pinned
    }

    /// Whether it takes no more comments.
    async fn is_locked(&self) -> bool {
        self.0.is_locked()
    }

    /// How many published comments of others the viewer has not read. What was said before the viewer joined the space counts as
    /// read; own comments, hidden and removed ones never count. One that waited for a moderator counts from its approval on.
    async fn unread_count(&self) -> Result<i32> {
        let level = self.0.0.level();
        let load = || Box::pin(async { store::unread(&level.reader, &self.threads()).await }) as _;
        let count = level.links.threads.unread.load(load).await?.get(&self.0.0.id).copied();
        Ok(count.and_then(|count| i32::try_from(count).ok()).unwrap_or_default())
    }

    /// The first comment that `unreadCount` counts: where to go on reading. Null if there is none.
    async fn first_unread_comment(&self) -> Result<Option<Comment>> {
        let level = self.0.0.level();
        let load = || {
            Box::pin(async {
                let first = store::first_unread(&level.reader, &self.threads()).await?;
                let comments = contributions(&level.reader, &first).await?.into_values();
                let by_thread = |comment: Contribution| match comment {
                    Contribution::Comment(comment) => Some((comment.0.root_id?, comment)),
                    _ => None,
                };
                Ok(comments.filter_map(by_thread).collect())
            }) as _
        };
        let first = level.links.threads.first_unread.load(load).await?;
        Ok(first.get(&self.0.0.id).cloned())
    }

    /// How much the viewer wants to hear of it. Who writes in a thread follows it, unless they have chosen otherwise.
    async fn viewer_subscription(&self) -> Result<ThreadSubscription> {
        let level = self.0.0.level();
        let load = || Box::pin(async { subscriptions(&level.reader, &self.threads()).await }) as _;
        let known = level.links.threads.subscriptions.load(load).await?.get(&self.0.0.id).copied();
        Ok(known.unwrap_or(SubscriptionLevel::Default).into())
    }

    /// What the viewer may do with it.
    pub async fn viewer_can(&self) -> ThreadViewerCan {
        ThreadViewerCan::of(&self.0)
    }
} }

/// The threads of a space or phase.
pub async fn threads(
    lists: &Arc<Lists>,
    reader: &Arc<Reader>,
    parents: (Vec<Uuid>, Uuid),
    kind: ListKind,
    args: &PageArgs,
) -> Result<Listed<Thread>> {
    let (cut, total) = listed(lists, reader, parents, List::all(kind), args).await?;
    Ok(cut.map(|thread| Thread(Spine(thread))).connection(total))
}

/// A thread as it is now, for payloads.
pub(super) async fn now(ctx: &Context<'_>, id: Option<Uuid>) -> Result<Option<Thread>> {
    if actor(ctx)?.ready().is_err() {
        return Ok(None);
    }
    Ok(thread(by_id(reader(ctx)?, id).await?))
}

pub(super) fn thread(contribution: Option<Contribution>) -> Option<Thread> {
    match contribution {
        Some(Contribution::Thread(thread)) => Some(thread),
        _ => None,
    }
}
