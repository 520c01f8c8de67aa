//! The live side in the API: the events, how they are made for one viewer, and the subscription.

mod deliver;
mod enums;
mod event;
mod filter;
mod follower;
mod seated;
mod space;
mod subscription;

pub use self::{
    deliver::{Control, Said, control},
    enums::{SpaceEventKind, StreamEndReason, StreamResetReason},
    event::{Heartbeat, SpaceEvent, StreamEnded, StreamReset},
    follower::{Channel, Follower, unavailable},
    seated::{Seated, Sitting},
    subscription::LiveSubscription,
};
