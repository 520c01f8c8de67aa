//! The live side in the API: the events, how they are made for one viewer, and the subscription.

mod deliver;
mod enums;
mod event;
mod filter;
mod follower;
mod subscription;

pub use self::{
    enums::{SpaceEventKind, StreamEndReason, StreamResetReason},
    event::SpaceEvent,
    subscription::LiveSubscription,
};
