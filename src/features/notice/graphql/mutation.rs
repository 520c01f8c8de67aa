//! What the viewer does with what they were told.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::{
    super::{service, store::Read},
    NotificationKind, NotificationPreference, preferences, unread_count,
};
use crate::{
    app::app,
    platform::{
        error::{Error, Reason, Refusal, Result},
        graphql::{actor, input_id, reader, settle},
        id::Kind,
    },
};

/// Notifications that one call names at most.
const MOST: usize = 100;

/// Input of `notificationsMarkRead`: `notificationIds`, or `upToId`.
#[derive(InputObject)]
pub struct NotificationsMarkReadInput {
    /// These, at most 100.
    notification_ids: Option<Vec<ID>>,
    /// This one and all that happened before it.
    up_to_id: Option<ID>,
}

/// Answer of `notificationsMarkRead`.
#[derive(SimpleObject)]
pub struct NotificationsMarkReadPayload {
    /// How much the viewer has not read now. Null if it was not done.
    unread_count: Option<i32>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Whether the viewer wants to be told of something.
#[derive(InputObject)]
pub struct NotificationPreferenceInput {
    /// Of what.
    kind: NotificationKind,
    /// Whether they want it.
    is_wanted: bool,
}

/// Input of `notificationPreferencesSet`.
#[derive(InputObject)]
pub struct NotificationPreferencesSetInput {
    /// What changes, at most 50; other kinds stay as they are.
    preferences: Vec<NotificationPreferenceInput>,
}

/// Answer of `notificationPreferencesSet`.
#[derive(SimpleObject)]
pub struct NotificationPreferencesSetPayload {
    /// What the viewer wants to be told of now, each kind once, at most 50. Null if it was not done.
    preferences: Option<Vec<NotificationPreference>>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Mutations of inboxes.
#[derive(Default)]
pub struct NotificationMutation;

#[Object]
impl NotificationMutation {
    /// Notes that the viewer has read what they were told of. Their other devices hear of it. Repeating it is success.
    async fn notifications_mark_read(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: NotificationsMarkReadInput,
    ) -> Result<Option<NotificationsMarkReadPayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let work = async {
            let id = |field: &str, id: &ID| input_id(field, &[Kind::Notification], id);
            let read = match (input.notification_ids, input.up_to_id) {
                (Some(ids), None) if ids.len() > MOST => {
                    let error = Error::invalid(Reason::TooLong, format!("At most {MOST}."));
                    return Err(error.at(&["notificationIds"]));
                }
                (Some(ids), None) => Read::These(
                    ids.iter()
                        .map(|one| id("notificationIds", one))
                        .collect::<Result<_>>()?,
                ),
                (None, Some(up_to)) => Read::UpTo(id("upToId", &up_to)?),
                _ => {
                    let error = Error::invalid(Reason::Required, "Either notificationIds or upToId.");
                    return Err(error.at(&["notificationIds"]));
                }
            };
            service::mark_read(app, actor, &read).await
        };
        let (done, user_errors) = settle(ctx, work).await?;
        let unread_count = match done {
            Some(()) => Some(unread_count(reader(ctx)?).await?),
            None => None,
        };
        Ok(Some(NotificationsMarkReadPayload {
            unread_count,
            user_errors,
        }))
    }

    /// Changes what the viewer wants to be told of. What they were told of before stays.
    async fn notification_preferences_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: NotificationPreferencesSetInput,
    ) -> Result<Option<NotificationPreferencesSetPayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let work = async {
            if input.preferences.len() > 50 {
                return Err(Error::invalid(Reason::TooLong, "At most 50.").at(&["preferences"]));
            }
            let wishes: Vec<_> = input
                .preferences
                .iter()
                .map(|wish| (wish.kind.into(), wish.is_wanted))
                .collect();
            service::want(app, actor, &wishes).await
        };
        let (done, user_errors) = settle(ctx, work).await?;
        let preferences = match done {
            Some(()) => Some(preferences(reader(ctx)?).await?),
            None => None,
        };
        Ok(Some(NotificationPreferencesSetPayload {
            preferences,
            user_errors,
        }))
    }
}
