//! What the viewer is told live.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use async_graphql::{Context, Subscription};
use async_trait::async_trait;
use uuid::Uuid;

use super::{InboxEvent, Notification, ViewerEvent, notification_nodes, unread_count};
use crate::{
    features::live::graphql::{Channel, Control, Follower, Said, control},
    platform::{
        auth::Actor,
        db::{Db, Reader},
        error::Result,
        feed::{self, Answer, Handed, Item, Teller},
        graphql::ready,
        live::{Listener, Shared},
        stream::{Cursor, Event},
    },
};

/// Events whose notifications are loaded at once: what a slow client keeps in memory.
const LOADED: usize = 25;

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
                loaded: None,
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
    /// What the first of the waiting events are about, and since when.
    loaded: Option<Loaded>,
}

/// What events are about, as it was when they were loaded.
struct Loaded {
    shared: Arc<Shared>,
    reader: Arc<Reader>,
    /// The event of a notification has its id.
    notifications: HashMap<Uuid, Notification>,
    unread: i32,
    /// The last of them.
    last: i64,
}

impl Inbox {
    /// What the first waiting events are about, as it is now.
    async fn load(&mut self, shared: Arc<Shared>, waiting: &VecDeque<Arc<Event>>, next: &Event) -> Result<&mut Loaded> {
        let is_good = |loaded: &Loaded| next.seq <= loaded.last && Arc::ptr_eq(&loaded.shared, &shared);
        let loaded = match self.loaded.take().filter(is_good) {
            Some(loaded) => loaded,
            None => {
                let events = || waiting.iter().take(LOADED);
                let ids: Vec<Uuid> = events().map(|event| event.id).collect();
                let live = self.db.live();
                let _turn = if ids.len() > 1 { Some(live.turn().await?) } else { None };
                let reader = Reader::new(&self.db, Some(self.actor.clone()));
                let notifications = notification_nodes(&reader, &ids).await?;
                let unread = unread_count(&reader).await?;
                reader.pass().await;
                Loaded {
                    shared,
                    reader,
                    notifications,
                    unread,
                    last: events().next_back().map_or(next.seq, |event| event.seq),
                }
            }
        };
        Ok(self.loaded.insert(loaded))
    }
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
        listener: &Listener,
        waiting: &VecDeque<Arc<Event>>,
        cursor: Cursor,
        teller: &dyn Teller,
    ) -> Result<Option<Answer>> {
        let Some(event) = waiting.front() else { return Ok(None) };
        let loaded = self.load(listener.shared()?, waiting, event).await?;
        let told = ViewerEvent::Inbox(InboxEvent {
            cursor,
            occurred_at: event.occurred_at,
            notification: loaded.notifications.remove(&event.id),
            unread: loaded.unread,
        });
        let answer = teller.tell(&loaded.reader, Box::new(told)).await;
        if waiting.len() == 1 {
            self.loaded = None;
        }
        Ok(Some(Answer::from(answer)))
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
