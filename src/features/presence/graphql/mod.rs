//! Presence in the API.

mod mutation;
mod object;
mod subscription;
mod watcher;

pub use self::{
    mutation::PresenceMutation,
    object::{MemberPresence, PresenceUpdate},
    subscription::PresenceSubscription,
};
