//! Opening, editing, pinning and locking threads.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use entity::{
    enums::{Audience as Audience_, ContributionKind, ThreadKind as ThreadKind_},
    revision::Detail,
};

use super::{
    Thread, ThreadKind,
    thread::{now, thread},
};
use crate::{
    app::app,
    features::{
        contribution::{
            self, Flag, NewRoot, Patch, Text,
            graphql::{Audience, by_id, changed_items, item_ids},
        },
        space::graphql::{Phase, Space, surroundings},
    },
    platform::{
        error::{Refusal, Result},
        graphql::{actor, input_id, kept, reader, settle, settle_created},
        id::Kind,
        idempotency::{Created, Key},
        scalar::LanguageTag,
    },
};

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
    /// What it is for; by default `OPEN`. It stays so.
    kind: Option<ThreadKind>,
    /// What an `ICEBREAKER` asks everybody, 1 to 500 characters; nothing else has one.
    prompt: Option<String>,
    /// Media items to show with it, in this order, at most 20: own ones, and published ones of others.
    attachment_ids: Option<Vec<ID>>,
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
    /// What an icebreaker asks everybody, 1 to 500 characters; absent = unchanged.
    prompt: MaybeUndefined<String>,
    /// Language of the text; absent = unchanged.
    language: MaybeUndefined<LanguageTag>,
    /// All media items to show with it, in this order, at most 20; absent = unchanged, null = none.
    attachment_ids: MaybeUndefined<Vec<ID>>,
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

/// Input of `threadMove`.
#[derive(InputObject)]
pub struct ThreadMoveInput {
    /// The thread.
    thread_id: ID,
    /// Another phase of the same space, open or closed.
    phase_id: ID,
}

/// Answer of `threadMove`.
#[derive(SimpleObject)]
pub struct ThreadMovePayload {
    /// The thread as it is now.
    thread: Option<Thread>,
    /// The phase that it was to be moved into.
    phase: Option<Phase>,
    /// The phase that it was moved out of. Null if it was not moved.
    previous_phase: Option<Phase>,
    /// The space.
    space: Option<Space>,
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
                    detail: Detail {
                        prompt: input.prompt,
                        attachments: item_ids("attachmentIds", &input.attachment_ids.unwrap_or_default())?,
                        ..Detail::default()
                    },
                    ..Text::default()
                },
                audience: input.audience.map_or(Audience_::Space, Into::into),
                is_published: input.publish.unwrap_or(true),
                co_authors: Vec::new(),
                thread_kind: Some(input.kind.map_or(ThreadKind_::Open, Into::into)),
            };
            contribution::root_create(app, actor, new, key).await
        };
        let (created, mut user_errors) = settle_created(ctx, work).await?;
        let reader = reader(ctx)?;
        let found = thread(by_id(reader, created.map(|created| created.id)).await?);
        let thread = Created::read_back(created, found, &mut user_errors)?;
        let (phase, space) = surroundings(reader, known).await?;
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
                prompt: kept("prompt", input.prompt)?,
                attachments: changed_items("attachmentIds", input.attachment_ids)?,
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

    /// Moves a thread with its comments into another phase, open or closed, of the same space. For staff, and into open phases for
    /// pupils who lead it. Repeating it is success.
    async fn thread_move(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: ThreadMoveInput,
    ) -> Result<Option<ThreadMovePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("threadId", &[Kind::Thread], &input.thread_id);
        let phase_id = input_id("phaseId", &[Kind::Phase], &input.phase_id);
        let (known, target) = (id.as_ref().ok().copied(), phase_id.as_ref().ok().copied());
        let (moved, user_errors) = settle(ctx, async {
            contribution::thread_move(app, actor, id?, phase_id?)
                .await
                .map_err(|error| error.missing("threadId"))
        })
        .await?;
        let thread = now(ctx, known).await?;
        let (phase, space) = surroundings(reader(ctx)?, target).await?;
        let (previous_phase, _) = surroundings(reader(ctx)?, moved.flatten()).await?;
        Ok(Some(ThreadMovePayload {
            thread,
            phase,
            previous_phase,
            space,
            user_errors,
        }))
    }

    /// Puts a thread first in lists. For staff, and pupils who lead it. Repeating it is success.
    async fn thread_pin(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: ThreadPinInput,
    ) -> Result<Option<ThreadPinPayload>> {
        let (thread, user_errors) = flag(ctx, &input.thread_id, Flag::Pinned, true).await?;
        Ok(Some(ThreadPinPayload { thread, user_errors }))
    }

    /// Puts a pinned thread back into its place. For staff, and pupils who lead it. Repeating it is success.
    async fn thread_unpin(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: ThreadUnpinInput,
    ) -> Result<Option<ThreadUnpinPayload>> {
        let (thread, user_errors) = flag(ctx, &input.thread_id, Flag::Pinned, false).await?;
        Ok(Some(ThreadUnpinPayload { thread, user_errors }))
    }

    /// Locks a thread: it takes no more comments. For staff, and pupils who lead it. Repeating it is success.
    async fn thread_lock(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: ThreadLockInput,
    ) -> Result<Option<ThreadLockPayload>> {
        let (thread, user_errors) = flag(ctx, &input.thread_id, Flag::Locked, true).await?;
        Ok(Some(ThreadLockPayload { thread, user_errors }))
    }

    /// Unlocks a thread. For staff, and pupils who lead it. Repeating it is success.
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
