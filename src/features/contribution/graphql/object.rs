//! How the object types of contributions are declared, so that what all kinds share is written once.
//!
//! The fields are methods of each type, not a flattened object: the types refer to each other in circles, and the library fills a
//! flattened type's fields before they are all known.

/// Declares what the viewer may do with one kind of contribution: the lifecycle that all kinds share, and fields of its own.
macro_rules! viewer_can {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident = $action:ident,)* }) => {
        $(#[$doc])*
        #[derive(async_graphql::SimpleObject, Clone, Debug)]
        pub struct $name {
            /// Publish the draft.
            #[graphql(owned)]
            pub contribution_publish: crate::platform::permission::ActionPermission,
            /// Take it back into the drafts.
            #[graphql(owned)]
            pub contribution_withdraw: crate::platform::permission::ActionPermission,
            /// Remove it for good.
            #[graphql(owned)]
            pub contribution_remove: crate::platform::permission::ActionPermission,
            /// Publish what waits for a moderator.
            #[graphql(owned)]
            pub contribution_approve: crate::platform::permission::ActionPermission,
            /// Give back what waits, with a note.
            #[graphql(owned)]
            pub contribution_return: crate::platform::permission::ActionPermission,
            /// Take it out of sight.
            #[graphql(owned)]
            pub contribution_hide: crate::platform::permission::ActionPermission,
            /// Bring it back into sight.
            #[graphql(owned)]
            pub contribution_restore: crate::platform::permission::ActionPermission,
            /// Report it to the moderators.
            #[graphql(owned)]
            pub contribution_report: crate::platform::permission::ActionPermission,
            /// React to it.
            #[graphql(owned)]
            pub reaction_add: crate::platform::permission::ActionPermission,
            /// Take an own reaction back.
            #[graphql(owned)]
            pub reaction_remove: crate::platform::permission::ActionPermission,
            $($(#[$field_doc])* #[graphql(owned)] pub $field: crate::platform::permission::ActionPermission,)*
        }

        impl $name {
            /// Asks the policy about every action.
            pub fn of(spine: &crate::features::contribution::graphql::Spine) -> Self {
                use crate::policy::ContentAction;
                let can = |action| spine.can(action);
                Self {
                    contribution_publish: can(ContentAction::Publish),
                    contribution_withdraw: can(ContentAction::Withdraw),
                    contribution_remove: can(ContentAction::Remove),
                    contribution_approve: can(ContentAction::Approve),
                    contribution_return: can(ContentAction::Return),
                    contribution_hide: can(ContentAction::Hide),
                    contribution_restore: can(ContentAction::Restore),
                    contribution_report: can(ContentAction::Report),
                    reaction_add: can(ContentAction::React),
                    reaction_remove: can(ContentAction::React),
                    $($field: can(ContentAction::$action),)*
                }
            }
        }
    };
}
pub(crate) use viewer_can;

/// Declares an object type with the fields of `Contribution`, and its own.
macro_rules! contribution_object {
    ($name:ident { $($own:tt)* }) => {
        #[async_graphql::Object(use_type_description)]
        impl $name {
            /// Opaque id.
            pub async fn id(&self) -> async_graphql::ID {
                self.spine().id()
            }

            /// The space that it belongs to.
            pub async fn space(&self) -> crate::platform::error::Result<crate::features::space::graphql::Space> {
                self.spine().space().await
            }

            /// The phase that it belongs to.
            pub async fn phase(&self) -> crate::platform::error::Result<crate::features::space::graphql::Phase> {
                self.spine().phase().await
            }

            /// Where it stands.
            pub async fn state(&self) -> crate::features::contribution::graphql::ContentState {
                self.spine().state.into()
            }

            /// Who sees it; for a comment, who sees its root.
            pub async fn audience(&self) -> crate::features::contribution::graphql::Audience {
                self.spine().0.audience().into()
            }

            /// Language of the text.
            pub async fn language(&self) -> Option<crate::platform::scalar::LanguageTag> {
                self.spine().language()
            }

            /// Who wrote it. Null where the viewer sees a placeholder.
            pub async fn author(&self) -> crate::platform::error::Result<Option<crate::features::space::graphql::Membership>> {
                self.spine().author().await
            }

            /// How to show who wrote it.
            pub async fn byline(&self) -> crate::platform::error::Result<crate::features::contribution::graphql::Byline> {
                self.spine().byline().await
            }

            /// The published text as CommonMark; the author of a draft or of what waits gets that text. Members are mentioned by
            /// their id, as `<@member_…>`. Null where the viewer sees a placeholder.
            pub async fn body(&self) -> Option<String> {
                self.spine().is_readable().then(|| self.spine().0.body.clone())
            }

            /// The same as HTML that is safe to insert into a page: no scripts, no images from elsewhere, links with
            /// `rel="nofollow ugc noopener noreferrer"`. A line break in `body` is a `<br>`; what stands between two tildes on
            /// each side is struck through, between single ones (`~5 km~`) it isn't. Members who are mentioned are
            /// `<span data-member="member_…">@Name</span>`, with the name that they have now; who is no member of the space, nor
            /// was one, stays as it was written.
            pub async fn body_html(&self) -> crate::platform::error::Result<Option<String>> {
                self.spine().body_html().await
            }

            /// The first words that `bodyHtml` shows, as plain text of at most 200 characters.
            pub async fn excerpt(&self) -> crate::platform::error::Result<Option<String>> {
                self.spine().excerpt().await
            }

            /// The members that the text mentions as `<@` id `>`, each once, in their order: at most 20. `bodyHtml` and `excerpt`
            /// show the names that they have now. Empty where the viewer sees a placeholder.
            pub async fn mentions(
                &self,
            ) -> crate::platform::error::Result<Vec<crate::features::space::graphql::Membership>> {
                self.spine().mentions().await
            }

            /// Counts changes of the content: send it as `expectedVersion`.
            pub async fn version(&self) -> i32 {
                self.spine().version()
            }

            /// The `idempotencyKey` that it was made with, as long as it is kept: a client that has lost the answer finds its own by it. For its
            /// author; null for everybody else, and if it was made without one.
            pub async fn idempotency_key(&self) -> Option<&str> {
                let row = &self.spine().0;
                row.client_key.as_deref().filter(|_| row.viewer().id == row.author_id)
            }

            /// When it was begun.
            pub async fn created_at(&self) -> crate::platform::scalar::DateTime {
                self.spine().created_at.into()
            }

            /// When others could see it first.
            pub async fn published_at(&self) -> Option<crate::platform::scalar::DateTime> {
                self.spine().published_at.map(Into::into)
            }

            /// When it was last edited, not counting the first 30 minutes.
            pub async fn edited_at(&self) -> Option<crate::platform::scalar::DateTime> {
                self.spine().edited_at.map(Into::into)
            }

            /// The version that waits for a moderator: the whole of a new contribution, or an edit of a published one. For its
            /// author and staff; null for everybody else.
            pub async fn pending_revision(
                &self,
            ) -> crate::platform::error::Result<Option<crate::features::contribution::graphql::Revision>> {
                self.spine().pending_revision().await
            }

            /// What a moderator decided last. For its author and staff; null for everybody else.
            pub async fn last_decision(
                &self,
            ) -> crate::platform::error::Result<Option<crate::features::contribution::graphql::ModerationDecision>> {
                self.spine().last_decision().await
            }

            /// How members react to it, only ways that somebody has chosen, in the order of the enum: at most 6. Empty where
            /// the viewer sees a placeholder.
            pub async fn reactions(
                &self,
            ) -> crate::platform::error::Result<Vec<crate::features::contribution::graphql::ReactionCount>> {
                self.spine().reactions().await
            }

            /// Its versions, newest first. For its author and staff; empty for everybody else.
            pub async fn revisions(
                &self,
                #[graphql(desc = "Number of versions from the start, at most 100; 20 by default.")] first: Option<i32>,
                #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
                #[graphql(desc = "Number of versions from the end, at most 100.")] last: Option<i32>,
                #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
            ) -> crate::platform::error::Result<
                crate::platform::page::Listed<crate::features::contribution::graphql::Revision>,
            > {
                self.spine().revisions(&crate::platform::page::PageArgs { first, after, last, before }).await
            }

            $($own)*
        }
    };
}
pub(crate) use contribution_object;

/// Declares an object type with the fields of `Contribution` and `Commentable`, and its own.
macro_rules! commentable_object {
    ($name:ident { $($own:tt)* }) => {
        crate::features::contribution::graphql::contribution_object! { $name {
            /// Number of published comments at any depth; the same for everybody.
            pub async fn comment_count(&self) -> i32 {
                self.spine().comment_count
            }

            /// When it, or the newest comment, was published. Lists by last activity may skip a row that jumps to the top
            /// while a client pages; the live event covers it.
            pub async fn last_activity_at(&self) -> crate::platform::scalar::DateTime {
                self.spine().last_activity_at.into()
            }

            /// The newest published comment.
            pub async fn last_comment(
                &self,
            ) -> crate::platform::error::Result<Option<crate::features::contribution::graphql::Comment>> {
                self.spine().last_comment().await
            }

            /// Comments at any depth in order of time, oldest first: a flat list that clients indent by `depth`. Hidden and
            /// removed ones stay as placeholders.
            pub async fn comments(
                &self,
                #[graphql(desc = "Only comments of this depth and above; 0 = only answers to the root.")]
                max_depth: Option<i32>,
                #[graphql(desc = "Number of comments from the start, at most 100; 20 by default.")] first: Option<i32>,
                #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
                #[graphql(desc = "Number of comments from the end, at most 100.")] last: Option<i32>,
                #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
            ) -> crate::platform::error::Result<
                crate::platform::page::Listed<crate::features::contribution::graphql::Comment>,
            > {
                self.spine().comments(max_depth, &crate::platform::page::PageArgs { first, after, last, before }).await
            }

            /// Reviews of it, of all rounds, as far as the viewer sees them: to its author and staff, and where a round shares them to all.
            /// Their order tells nothing.
            pub async fn reviews(
                &self,
                #[graphql(desc = "Number of reviews from the start, at most 100; 20 by default.")] first: Option<i32>,
                #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
                #[graphql(desc = "Number of reviews from the end, at most 100.")] last: Option<i32>,
                #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
            ) -> crate::platform::error::Result<
                crate::platform::page::Listed<crate::features::review::graphql::Review>,
            > {
                self.spine().reviews(&crate::platform::page::PageArgs { first, after, last, before }).await
            }

            $($own)*
        } }
    };
}
pub(crate) use commentable_object;
