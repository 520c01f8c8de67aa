//! Inboxes in the API.

mod event;
mod mutation;
mod object;
mod subscription;

pub use self::{
    event::{InboxEvent, ViewerEvent},
    mutation::NotificationMutation,
    object::{
        Notification, NotificationKind, NotificationPreference, inbox_cursor, notification_nodes, notifications,
        preferences, unread_count,
    },
    subscription::NotificationSubscription,
};
