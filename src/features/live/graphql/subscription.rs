//! The subscription root.

use async_graphql::{Context, ID, Subscription};

use super::{SpaceEvent, SpaceEventKind, filter::Filter, follower::Follower, space::Member};
use crate::platform::{
    error::Result,
    feed::{self, Handed},
    graphql::ready,
    id::{self, Kind},
    stream::Cursor,
};

/// Subscriptions.
#[derive(Default)]
pub struct LiveSubscription;

#[Subscription]
impl LiveSubscription {
    /// What happens in a space, in order and without gaps: first what happened after `after`, then what happens. Subscribe with
    /// the `eventCursor` of the space that you have loaded, and after a break with the last `cursor` that you have seen. Heartbeats,
    /// resets and the end come whatever the filters say.
    async fn space_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The space.")] space_id: ID,
        #[graphql(
            desc = "Only what happened after this cursor; absent = from now, beginning with a heartbeat whose cursor is that place."
        )]
        after: Option<String>,
        #[graphql(desc = "Only events of these kinds, at most 50; absent = of all.")] kinds: Option<
            Vec<SpaceEventKind>,
        >,
        #[graphql(desc = "Only events in these phases, at most 4, and about them; absent = everywhere.")]
        phase_ids: Option<Vec<ID>>,
        #[graphql(desc = "Only events about this thread and its comments; absent = about everything.")]
        thread_id: Option<ID>,
    ) -> Result<Handed<SpaceEvent>> {
        let open = async move {
            let reader = ready(ctx)?;
            let space = id::decode_as(&[Kind::Space], &space_id)?;
            let after = after.as_deref().map(Cursor::decode).transpose()?;
            let filter = Filter::new(kinds, phase_ids.as_deref(), thread_id.as_ref())?;
            let (db, actor) = (reader.db(), reader.actor()?);
            let member = Member::new(db, actor, space, filter).await?;
            Follower::new(db, actor, (space, after), member).await
        };
        feed::subscribe(ctx, open).await
    }
}
