//! Hearing who is present.

use async_graphql::{Context, ID, Subscription};

use super::{PresenceUpdate, watcher::Watcher};
use crate::{
    app::app,
    platform::{
        error::Result,
        feed::{self, Handed},
        graphql::ready,
        id::{self, Kind},
    },
};

/// Subscriptions to presence.
#[derive(Default)]
pub struct PresenceSubscription;

#[Subscription]
impl PresenceSubscription {
    /// Who is present in a space: first everybody, then what changes, within about a second. Members only. There is nothing to resume:
    /// subscribe again after a break, and begin anew with the first message. It ends with an error: `NOT_FOUND` when the viewer is no
    /// member any more, `UNAUTHENTICATED` when their session has ended, `UNAVAILABLE` when you should come back.
    async fn presence(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The space.")] space_id: ID,
    ) -> Result<Handed<PresenceUpdate>> {
        let open = async move {
            let (app, reader) = (app(ctx)?, ready(ctx)?);
            let space = id::decode_as(&[Kind::Space], &space_id)?;
            Watcher::new(app, reader.actor()?, space).await
        };
        feed::subscribe(ctx, open).await
    }
}
