//! Objects by id.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, ID, Interface, Object};
use uuid::Uuid;

use super::viewer::Viewer;
use crate::{
    features::{
        account::graphql::{Account, Session, accounts, session_nodes},
        audit::graphql::{AuditRecord, record_nodes},
        contribution::graphql::{
            Comment, Commentable, Contribution, Lists, ModerationItem, ModerationLogEntry, Revision, contributions,
            log_nodes, revision_nodes,
        },
        forum::graphql::Thread,
        grant::graphql::{Grant, grant_nodes},
        journal::graphql::{JournalEntry, Prompt, prompt_nodes},
        media::graphql::{Album, MediaItem},
        notice::graphql::{Notification, notification_nodes},
        organisation::graphql::{Organisation, organisations},
        report::graphql::{Report, reports},
        review::graphql::{Review, ReviewAssignment, ReviewRound, assignment_nodes, review_nodes, round_nodes},
        space::graphql::{Membership, Phase, Space, SpaceInvitation, invitation_nodes, members, phases, spaces},
    },
    platform::{
        db::Reader,
        error::{Error, Reason, Result},
        graphql::{reader, ready},
        id::{self, Kind},
    },
};

/// An object with an id that is unique over all types.
#[derive(Interface, Clone, Debug)]
#[graphql(field(name = "id", ty = "ID", desc = "Opaque id, the same for good."))]
pub enum Node {
    /// An account.
    Account(Account),
    /// A signed-in device.
    Session(Session),
    /// An organisation.
    Organisation(Organisation),
    /// An invitation into a space.
    SpaceInvitation(SpaceInvitation),
    /// A space.
    Space(Space),
    /// A phase.
    Phase(Phase),
    /// A member.
    Membership(Membership),
    /// Any contribution.
    Contribution(Contribution),
    /// What members comment on.
    Commentable(Commentable),
    /// What waits for a moderator.
    ModerationItem(ModerationItem),
    /// A thread.
    Thread(Thread),
    /// A comment.
    Comment(Comment),
    /// A journal entry.
    JournalEntry(JournalEntry),
    /// A photo, video or file.
    MediaItem(MediaItem),
    /// A selection of photos, videos and files.
    Album(Album),
    /// A version of a text.
    Revision(Revision),
    /// A decision of a moderator.
    ModerationLogEntry(ModerationLogEntry),
    /// A prompt of the journal.
    Prompt(Prompt),
    /// What a pupil may do beyond their role.
    Grant(Grant),
    /// What a member finds wrong with a contribution.
    Report(Report),
    /// A round of peer review.
    ReviewRound(ReviewRound),
    /// That a member is asked to review a piece of work.
    ReviewAssignment(ReviewAssignment),
    /// What a member says of a piece of work.
    Review(Review),
    /// An act in the audit trail.
    AuditRecord(AuditRecord),
    /// A notification.
    Notification(Notification),
}

/// Most ids in one call of `nodes`.
const MOST: usize = 100;

/// Queries over all types.
#[derive(Default)]
pub(super) struct NodeQuery;

#[Object]
impl NodeQuery {
    /// Who asks. Null without an access token.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<Option<Viewer>> {
        let reader = reader(ctx)?;
        let Ok(actor) = reader.actor() else { return Ok(None) };
        let (reader, drafts) = (Arc::clone(reader), Arc::<Lists>::default());
        Ok(Some(Viewer {
            account_id: actor.account_id,
            reader,
            drafts,
        }))
    }

    /// One object by its id. Null if there is none, or the viewer may not see it.
    async fn node(&self, ctx: &Context<'_>, #[graphql(desc = "The id.")] id: ID) -> Result<Option<Node>> {
        let reader = ready(ctx)?;
        let id = id::decode(&id)?;
        Ok(load(reader, &[id]).await?.remove(&id))
    }

    /// Objects by their ids, at most 100, in the same order; null for each that there isn't, or that the viewer may not see.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The ids, at most 100.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Node>>> {
        let reader = ready(ctx)?;
        if ids.len() > MOST {
            return Err(Error::invalid(Reason::TooLong, format!("At most {MOST} ids.")));
        }
        let ids = ids.iter().map(|id| id::decode(id)).collect::<Result<Vec<_>>>()?;
        let found = load(reader, &ids).await?;
        Ok(ids.iter().map(|id| found.get(id).cloned()).collect())
    }

    /// A space of the viewer. Null if there is none with this id, or the viewer is no member.
    async fn space(&self, ctx: &Context<'_>, #[graphql(desc = "The id.")] id: ID) -> Result<Option<Space>> {
        let reader = ready(ctx)?;
        let id = id::decode_as(&[Kind::Space], &id)?;
        Ok(spaces(reader, &[id]).await?.remove(&id))
    }
}

/// One statement for each type.
async fn load(reader: &Arc<Reader>, ids: &[(Kind, Uuid)]) -> Result<HashMap<(Kind, Uuid), Node>> {
    let of = |kinds: &[Kind]| -> Vec<Uuid> {
        ids.iter()
            .filter(|(kind, _)| kinds.contains(kind))
            .map(|(_, id)| *id)
            .collect()
    };
    let mut nodes = HashMap::new();
    for kind in [
        Kind::Account,
        Kind::Session,
        Kind::Organisation,
        Kind::Invitation,
        Kind::Space,
        Kind::Phase,
        Kind::Membership,
        Kind::Revision,
        Kind::Decision,
        Kind::Prompt,
        Kind::Grant,
        Kind::Report,
        Kind::ReviewRound,
        Kind::ReviewAssignment,
        Kind::Review,
        Kind::AuditRecord,
        Kind::Notification,
    ] {
        let ids = of(&[kind]);
        if ids.is_empty() {
            continue;
        }
        let found: Vec<(Uuid, Node)> = match kind {
            Kind::Account => nodes_of(accounts(reader, &ids).await?),
            Kind::Session => nodes_of(session_nodes(reader, &ids).await?),
            Kind::Organisation => nodes_of(organisations(reader, &ids).await?),
            Kind::Invitation => nodes_of(invitation_nodes(reader, &ids).await?),
            Kind::Space => nodes_of(spaces(reader, &ids).await?),
            Kind::Phase => nodes_of(phases(reader, &ids).await?),
            Kind::Membership => nodes_of(members(reader, &ids).await?),
            Kind::Revision => nodes_of(revision_nodes(reader, &ids).await?),
            Kind::Prompt => nodes_of(prompt_nodes(reader, &ids).await?),
            Kind::Grant => nodes_of(grant_nodes(reader, &ids).await?),
            Kind::Report => nodes_of(reports(reader, &ids).await?),
            Kind::ReviewRound => nodes_of(round_nodes(reader, &ids).await?),
            Kind::ReviewAssignment => nodes_of(assignment_nodes(reader, &ids).await?),
            Kind::Review => nodes_of(review_nodes(reader, &ids).await?),
            Kind::AuditRecord => nodes_of(record_nodes(reader, &ids).await?),
            Kind::Notification => nodes_of(notification_nodes(reader, &ids).await?),
            _ => nodes_of(log_nodes(reader, &ids).await?),
        };
        nodes.extend(found.into_iter().map(|(id, node)| ((kind, id), node)));
    }
    let ids = of(Kind::CONTRIBUTIONS);
    if !ids.is_empty() {
        nodes.extend(
            contributions(reader, &ids)
                .await?
                .into_iter()
                .map(|(id, contribution)| match contribution {
                    Contribution::Thread(thread) => ((Kind::Thread, id), Node::Thread(thread)),
                    Contribution::Comment(comment) => ((Kind::Comment, id), Node::Comment(comment)),
                    Contribution::JournalEntry(entry) => ((Kind::JournalEntry, id), Node::JournalEntry(entry)),
                    Contribution::MediaItem(item) => ((Kind::MediaItem, id), Node::MediaItem(item)),
                    Contribution::Album(album) => ((Kind::Album, id), Node::Album(album)),
                }),
        );
    }
    Ok(nodes)
}

fn nodes_of<T: Into<Node>>(objects: HashMap<Uuid, T>) -> Vec<(Uuid, Node)> {
    objects.into_iter().map(|(id, object)| (id, object.into())).collect()
}
