//! What the viewer is told live.

use std::{collections::VecDeque, sync::Arc};

use async_graphql::{Context, Subscription};
use async_trait::async_trait;

use super::{InboxEvent, ViewerEvent, notification_nodes, unread_count};
use crate::{
    features::live::graphql::{Channel, Control, Follower, Said, control},
    platform::{
        auth::Actor,
        db::{Db, Reader},
        error::Result,
        feed::{self, Answer, Handed, Item, Teller},
        graphql::ready,
        live::Listener,
        stream::{Cursor, Event},
    },
};

/// Subscriptions to inboxes.
#[derive(Default)]
pub struct NotificationSubscription;

#[Subscription]
impl NotificationSubscription {
    /// What the viewer is told of, and that they have read it on another device, in order and without gaps. Subscribe with the
    /// `inboxCursor` that was loaded with the viewer, and after a break with the last `cursor` that you have seen. Heartbeats, resets
    /// and the end come as in `spaceEvents`.
    async fn viewer_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Only what happened after this cursor; absent = from now, beginning with a heartbeat whose cursor is that place."
        )]
        after: Option<String>,
    ) -> Result<Handed<ViewerEvent>> {
        let open = async move {
            let reader = ready(ctx)?;
            let after = after.as_deref().map(Cursor::decode).transpose()?;
            let (db, actor) = (reader.db(), reader.actor()?);
            let inbox = Inbox {
                db: db.clone(),
                actor: actor.clone(),
            };
            Follower::new(db, actor, (actor.account_id, after), inbox).await
        };
        feed::subscribe(ctx, open).await
    }
}

/// The inbox of an account.
struct Inbox {
    db: Db,
    actor: Actor,
}

#[async_trait]
impl Channel for Inbox {
    fn wants(&self, _: &Event) -> bool {
        true
    }

    /// Until the session ends.
    async fn is_open(&mut self, _: &Listener) -> Result<bool> {
        Ok(true)
    }

    fn forget(&mut self) {}

    async fn tell(
        &mut self,
        _: &Listener,
        waiting: &VecDeque<Arc<Event>>,
        cursor: Cursor,
        teller: &dyn Teller,
    ) -> Result<Option<Answer>> {
        let Some(event) = waiting.front() else { return Ok(None) };
        let reader = Reader::new(&self.db, Some(self.actor.clone()));
        // The event of a notification has its id.
        let notification = notification_nodes(&reader, &[event.id]).await?.remove(&event.id);
        let unread = unread_count(&reader).await?;
        reader.pass().await;
        let told = ViewerEvent::Inbox(InboxEvent {
            cursor,
            occurred_at: event.occurred_at,
            notification,
            unread,
        });
        Ok(Some(Answer::Own(teller.tell(&reader, Box::new(told)).await)))
    }

    fn control(&self, cursor: Cursor, what: Control) -> (Arc<Reader>, Item) {
        let reader = Reader::passing(&self.db, Some(self.actor.clone()));
        let said = match control(&reader, cursor, what) {
            Said::Heartbeat(heartbeat) => ViewerEvent::Heartbeat(heartbeat),
            Said::Reset(reset) => ViewerEvent::Reset(reset),
            Said::Ended(ended) => ViewerEvent::Ended(ended),
        };
        (reader, Box::new(said))
    }
}
