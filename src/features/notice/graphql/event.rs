//! The events of an inbox in the API.

use async_graphql::{Description, Interface, Object};

use super::Notification;
use crate::{
    features::live::graphql::{Heartbeat, StreamEnded, StreamReset},
    platform::{scalar::DateTime, stream::Cursor},
};

/// Something that happened in the viewer's inbox. Events come in order, one in each `next` message, and are safe to apply twice.
#[derive(Interface, Clone, Debug)]
#[graphql(
    field(
        name = "cursor",
        ty = "String",
        desc = "Place in the stream: subscribe with `after` this to go on."
    ),
    field(name = "occurred_at", ty = "DateTime", desc = "When.")
)]
pub enum ViewerEvent {
    /// About what the viewer was told of.
    Inbox(InboxEvent),
    /// Nothing happened.
    Heartbeat(Heartbeat),
    /// Events were skipped.
    Reset(StreamReset),
    /// The end.
    Ended(StreamEnded),
}

/// The viewer was told of something, has read something on one of their devices, or something that they had not read went out of their
/// sight or came back.
#[derive(Clone, Debug, Description)]
pub struct InboxEvent {
    pub(super) cursor: Cursor,
    pub(super) occurred_at: chrono::DateTime<chrono::Utc>,
    pub(super) notification: Option<Notification>,
    pub(super) unread: i32,
}

#[Object(use_type_description)]
impl InboxEvent {
    /// Place in the stream: subscribe with `after` this to go on.
    pub async fn cursor(&self) -> String {
        self.cursor.encode()
    }

    /// When.
    pub async fn occurred_at(&self) -> DateTime {
        self.occurred_at.into()
    }

    /// What the viewer was told of. Null if something was read, went out of sight or came back.
    async fn notification(&self) -> Option<Notification> {
        self.notification.clone()
    }

    /// How much the viewer has not read now of what they can read.
    async fn unread_count(&self) -> i32 {
        self.unread
    }
}
