//! Threads in the API.

use std::sync::Arc;

use async_graphql::{Context, Description, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use entity::enums::{Audience as Audience_, ContributionKind};
use uuid::Uuid;

use crate::{
    app::app,
    features::{
        contribution::{
            self, Flag, List, ListKind, NewRoot, Patch, Text,
            graphql::{Audience, Contribution, Lists, Spine, by_id, commentable_object, listed, viewer_can},
        },
        space::graphql::{Phase, Space},
    },
    platform::{
        db::Reader,
        error::{Refusal, Result},
        graphql::{actor, input_id, kept, reader, settle},
        id::Kind,
        idempotency::Key,
        page::{Listed, PageArgs},
        scalar::LanguageTag,
    },
};

viewer_can! {
    /// What the viewer may do with a thread.
    ThreadViewerCan {
        /// Edit it.
        thread_update = Update,
        /// Pin or unpin it.
        thread_pin = Pin,
        /// Lock or unlock it.
        thread_lock = Lock,
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
}

commentable_object! { Thread {
    /// What it is about. Null where the viewer sees a placeholder.
    async fn title(&self) -> Option<&str> {
        self.0.title.as_deref().filter(|_| self.0.is_readable())
    }

    /// Whether it stands first in lists.
    async fn is_pinned(&self) -> bool {
        self.0.is_pinned
    }

    /// Whether it takes no more comments.
    async fn is_locked(&self) -> bool {
        self.0.is_locked()
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

/// Input of `threadCreate`.
#[derive(InputObject)]
pub struct ThreadCreateInput {
    /// The phase.
    phase_id: ID,
    /// What it is about, 1 to 200 characters.
    title: String,
    /// CommonMark, 1 to 50,000 characters.
    body: String,
    /// Language of the text; by default the author's first.
    language: Option<LanguageTag>,
    /// Who sees it; by default `SPACE`.
    audience: Option<Audience>,
    /// False keeps it as a draft; true by default.
    publish: Option<bool>,
    /// 16 to 64 characters, new for every thread: a repeated call with the same key and input makes nothing twice.
    idempotency_key: Option<String>,
}

/// Answer of `threadCreate`.
#[derive(SimpleObject)]
pub struct ThreadCreatePayload {
    /// The new thread; its `state` tells whether it waits for a moderator.
    thread: Option<Thread>,
    /// Its phase.
    phase: Option<Phase>,
    /// Its space.
    space: Option<Space>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `threadUpdate`.
#[derive(InputObject)]
pub struct ThreadUpdateInput {
    /// The thread.
    thread_id: ID,
    /// Its `version` as the author has seen it.
    expected_version: i32,
    /// What it is about, 1 to 200 characters; absent = unchanged.
    title: MaybeUndefined<String>,
    /// CommonMark, 1 to 50,000 characters; absent = unchanged.
    body: MaybeUndefined<String>,
    /// Language of the text; absent = unchanged.
    language: MaybeUndefined<LanguageTag>,
    /// Who sees it; absent = unchanged. Narrowing is possible in a closed phase too.
    audience: MaybeUndefined<Audience>,
}

/// Answer of `threadUpdate`.
#[derive(SimpleObject)]
pub struct ThreadUpdatePayload {
    /// The thread as it is now.
    thread: Option<Thread>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `threadPin`.
#[derive(InputObject)]
pub struct ThreadPinInput {
    /// The thread.
    thread_id: ID,
}

/// Answer of `threadPin`.
#[derive(SimpleObject)]
pub struct ThreadPinPayload {
    /// The thread as it is now.
    thread: Option<Thread>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `threadUnpin`.
#[derive(InputObject)]
pub struct ThreadUnpinInput {
    /// The thread.
    thread_id: ID,
}

/// Answer of `threadUnpin`.
#[derive(SimpleObject)]
pub struct ThreadUnpinPayload {
    /// The thread as it is now.
    thread: Option<Thread>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `threadLock`.
#[derive(InputObject)]
pub struct ThreadLockInput {
    /// The thread.
    thread_id: ID,
}

/// Answer of `threadLock`.
#[derive(SimpleObject)]
pub struct ThreadLockPayload {
    /// The thread as it is now.
    thread: Option<Thread>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `threadUnlock`.
#[derive(InputObject)]
pub struct ThreadUnlockInput {
    /// The thread.
    thread_id: ID,
}

/// Answer of `threadUnlock`.
#[derive(SimpleObject)]
pub struct ThreadUnlockPayload {
    /// The thread as it is now.
    thread: Option<Thread>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Mutations of the forum.
#[derive(Default)]
pub struct ForumMutation;

#[Object]
impl ForumMutation {
    /// Opens a discussion. Where texts are pre-moderated, a pupil's thread waits for a moderator.
    async fn thread_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: ThreadCreateInput,
    ) -> Result<Option<ThreadCreatePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let phase_id = input_id("phaseId", &[Kind::Phase], &input.phase_id);
        let known = phase_id.as_ref().ok().copied();
        let work = async {
            let key = Key::new("threadCreate", input.idempotency_key.as_deref(), &input)?;
            let language = input
                .language
                .map(|tag| tag.checked())
                .transpose()
                .map_err(|error| error.at(&["language"]))?;
            let new = NewRoot {
                kind: ContributionKind::Thread,
                phase_id: phase_id?,
                text: Text {
                    title: Some(input.title),
                    body: input.body,
                    language,
                    ..Text::default()
                },
                audience: input.audience.map_or(Audience_::Space, Into::into),
                is_published: input.publish.unwrap_or(true),
                co_authors: Vec::new(),
            };
            contribution::root_create(app, actor, new, key).await
        };
        let (id, user_errors) = settle(ctx, work).await?;
        let reader = reader(ctx)?;
        let thread = thread(by_id(reader, id).await?);
        let (phase, space) = crate::features::space::graphql::surroundings(reader, known).await?;
        Ok(Some(ThreadCreatePayload {
            thread,
            phase,
            space,
            user_errors,
        }))
    }

    /// Edits a thread or changes its audience. Where texts are pre-moderated, the published text stays until a moderator
    /// approves the new one.
    async fn thread_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: ThreadUpdateInput,
    ) -> Result<Option<ThreadUpdatePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("threadId", &[Kind::Thread], &input.thread_id);
        let known = id.as_ref().ok().copied();
        let work = async {
            let language = kept("language", input.language)?
                .map(|tag| tag.checked())
                .transpose()
                .map_err(|error| error.at(&["language"]))?;
            let audience = kept("audience", input.audience)?.map(Into::into);
            let change = Patch {
                title: kept("title", input.title)?,
                body: kept("body", input.body)?,
                language,
                audience,
                ..Patch::default()
            };
            contribution::update(
                app,
                actor,
                id?,
                ContributionKind::Thread,
                input.expected_version,
                change,
            )
            .await
            .map_err(|error| error.missing("threadId"))
        };
        let (_, user_errors) = settle(ctx, work).await?;
        Ok(Some(ThreadUpdatePayload {
            thread: now(ctx, known).await?,
            user_errors,
        }))
    }

    /// Puts a thread first in lists. Staff only. Repeating it is success.
    async fn thread_pin(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: ThreadPinInput,
    ) -> Result<Option<ThreadPinPayload>> {
        let (thread, user_errors) = flag(ctx, &input.thread_id, Flag::Pinned, true).await?;
        Ok(Some(ThreadPinPayload { thread, user_errors }))
    }

    /// Puts a pinned thread back into its place. Staff only. Repeating it is success.
    async fn thread_unpin(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: ThreadUnpinInput,
    ) -> Result<Option<ThreadUnpinPayload>> {
        let (thread, user_errors) = flag(ctx, &input.thread_id, Flag::Pinned, false).await?;
        Ok(Some(ThreadUnpinPayload { thread, user_errors }))
    }

    /// Locks a thread: it takes no more comments. Staff only. Repeating it is success.
    async fn thread_lock(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: ThreadLockInput,
    ) -> Result<Option<ThreadLockPayload>> {
        let (thread, user_errors) = flag(ctx, &input.thread_id, Flag::Locked, true).await?;
        Ok(Some(ThreadLockPayload { thread, user_errors }))
    }

    /// Unlocks a thread. Staff only. Repeating it is success.
    async fn thread_unlock(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: ThreadUnlockInput,
    ) -> Result<Option<ThreadUnlockPayload>> {
        let (thread, user_errors) = flag(ctx, &input.thread_id, Flag::Locked, false).await?;
        Ok(Some(ThreadUnlockPayload { thread, user_errors }))
    }
}

async fn flag(ctx: &Context<'_>, id: &ID, flag: Flag, on: bool) -> Result<(Option<Thread>, Vec<Refusal>)> {
    let (app, actor) = (app(ctx)?, actor(ctx)?);
    let id = input_id("threadId", &[Kind::Thread], id);
    let known = id.as_ref().ok().copied();
    let (_, user_errors) = settle(ctx, async {
        contribution::set_flag(app, actor, id?, flag, on)
            .await
            .map_err(|error| error.missing("threadId"))
    })
    .await?;
    Ok((now(ctx, known).await?, user_errors))
}

async fn now(ctx: &Context<'_>, id: Option<Uuid>) -> Result<Option<Thread>> {
    if actor(ctx)?.ready().is_err() {
        return Ok(None);
    }
    Ok(thread(by_id(reader(ctx)?, id).await?))
}

fn thread(contribution: Option<Contribution>) -> Option<Thread> {
    match contribution {
        Some(Contribution::Thread(thread)) => Some(thread),
        _ => None,
    }
}
