//! One who watches who is present.

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use entity::enums::SpaceRole;
use uuid::Uuid;

use super::{
    super::{
        Doing,
        rules::{self, Setting, Told},
        service::{self, Scene},
    },
    MemberPresence, PresenceUpdate,
};
use crate::{
    app::App,
    features::{
        contribution::graphql::{Contribution, contributions},
        forum::graphql::Thread,
        live::graphql::{Seated, Sitting, unavailable},
        space::graphql::members,
    },
    platform::{
        auth::Actor,
        clock::Clock,
        db::Reader,
        error::{Error, Result},
        feed::{Answer, Feed, Teller},
        id::{self, Kind},
        lease::Watch,
        live::{Listener, Next, SessionWatch},
        stream::Event,
    },
};

/// How often somebody looks at the clock in a space that has hours.
const TICK: Duration = Duration::from_secs(1);
/// How long somebody sleeps elsewhere, at most.
const SLEEP: Duration = Duration::from_secs(60);

/// A member who watches the room of a space, and its stream for what changes who sees whom.
pub(super) struct Watcher {
    clock: Clock,
    seated: Seated,
    listener: Listener,
    session: SessionWatch,
    room: Watch<Doing>,
    /// What the space said when it was looked at last.
    setting: Option<Arc<Setting>>,
    told: Option<Told>,
    /// The threads that somebody is in, in the order of their ids.
    used: Vec<Uuid>,
    /// Whether pupils were off when the clock was looked at last.
    were_pupils_off: bool,
    /// Whether there may be news.
    is_due: bool,
    is_over: bool,
}

impl Watcher {
    /// # Errors
    /// `NOT_FOUND` for all but members.
    pub(super) async fn new(app: &App, actor: &Actor, space: Uuid) -> Result<Self> {
        let session = app.db.live().watch_session(actor.session_id);
        // The seat before the stream: what happens in between is found by the seat's own place in it.
        let seated = Seated::new(&app.db, actor, space).await?;
        let listener = app.db.live().listen(&app.db, space, None).await?;
        Ok(Self {
            clock: app.clock.clone(),
            seated,
            listener,
            session,
            room: app.presence.watch(space),
            setting: None,
            told: None,
            used: Vec::new(),
            were_pupils_off: false,
            is_due: true,
            is_over: false,
        })
    }

    /// What is new, with the reader who found it.
    async fn news(&mut self) -> Result<(Arc<Reader>, PresenceUpdate)> {
        loop {
            if self.session.has_ended() {
                return Err(Error::Unauthenticated);
            }
            match self.seated.renew(&self.listener).await? {
                Sitting::Same => {}
                Sitting::Renewed => self.is_due = true,
                Sitting::Over => return Err(Error::not_found()),
            }
            if self.has_turned() || self.is_due {
                self.is_due = false;
                // In a box: what is needed for a moment would be part of each idle subscription.
                if let Some(update) = Box::pin(self.look()).await? {
                    return Ok(update);
                }
            }
            let has_hours = self.setting.as_ref().is_some_and(|setting| setting.hours.is_some());
            let rest = if has_hours { TICK } else { SLEEP };
            tokio::select! {
                () = self.session.ended() => {}
                () = self.room.changed() => self.is_due = true,
                next = self.listener.next(rest) => match next? {
                    Next::Events(events) => self.is_due |= events.iter().any(|event| self.matters(event)),
                    Next::Reset { .. } => {
                        self.seated.forget();
                        self.is_due = true;
                    }
                    Next::Idle => {}
                },
            }
        }
    }

    /// Whether the hours of pupils have begun or ended since the last look.
    fn has_turned(&mut self) -> bool {
        let Some(setting) = &self.setting else { return false };
        let is_off = setting.is_off(SpaceRole::Pupil, self.clock.now());
        std::mem::replace(&mut self.were_pupils_off, is_off) != is_off
    }

    /// Whether an event may change who is shown, or in which thread.
    fn matters(&self, event: &Event) -> bool {
        let is_used = |id: Uuid| self.used.binary_search(&id).is_ok();
        event.contribution_id.is_none_or(is_used)
    }

    /// What is new; nothing before the room was read first.
    async fn look(&mut self) -> Result<Option<(Arc<Reader>, PresenceUpdate)>> {
        let Some(room) = self.room.picture() else {
            return Ok(None);
        };
        let reader = self.seated.among(&self.listener.shared()?);
        let scene = service::scene(&reader, &room).await?;
        self.setting = Some(Arc::clone(&scene.setting));
        self.used = used(&scene);
        let threads = threads(&reader, &self.used).await?;
        let seen = |(member, doing): &(Uuid, Doing)| (*member, doing.seen(|thread| threads.contains_key(&thread)));
        let mut now = Told {
            is_off: scene.is_off,
            is_known: scene.is_known,
            shown: scene.present.iter().map(seen).collect(),
        };
        let Some(news) = rules::news(self.told.as_ref(), &now) else {
            return Ok(None);
        };
        let members = if news.changed.is_empty() {
            HashMap::new()
        } else {
            members(&reader, &news.changed).await?
        };
        let present = news.changed.iter().filter_map(|id| {
            let doing = now.shown.get(id)?;
            Some(MemberPresence {
                member: members.get(id)?.clone(),
                thread: doing.thread.and_then(|thread| threads.get(&thread)).cloned(),
                is_writing: doing.is_writing,
            })
        });
        let update = PresenceUpdate {
            is_complete: news.is_complete,
            is_off: now.is_off,
            is_known: now.is_known,
            present: present.collect(),
            gone_member_ids: news.gone.iter().map(|&id| id::encode(Kind::Membership, id)).collect(),
        };
        // Whoever was not there to be shown is news the next time.
        let is_known = |id: &Uuid| news.changed.binary_search(id).is_err() || members.contains_key(id);
        now.shown.retain(|id, _| is_known(id));
        self.told = Some(now);
        Ok(Some((reader, update)))
    }
}

#[async_trait]
impl Feed for Watcher {
    async fn next(&mut self, teller: &dyn Teller) -> Option<Result<Answer>> {
        if self.is_over {
            return None;
        }
        match self.news().await {
            Ok((reader, update)) => Some(Ok(Answer::from(teller.tell(&reader, Box::new(update)).await))),
            Err(error) => {
                self.is_over = true;
                Some(Err(unavailable(error)))
            }
        }
    }
}

/// The threads that somebody is in, seen or not.
fn used(scene: &Scene) -> Vec<Uuid> {
    let mut ids: Vec<Uuid> = scene.present.iter().filter_map(|(_, doing)| doing.thread).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Those of the threads that the reader sees.
async fn threads(reader: &Arc<Reader>, ids: &[Uuid]) -> Result<HashMap<Uuid, Thread>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let seen = contributions(reader, ids).await?.into_iter();
    Ok(seen
        .filter_map(|(id, contribution)| match contribution {
            Contribution::Thread(thread) => Some((id, thread)),
            _ => None,
        })
        .collect())
}
