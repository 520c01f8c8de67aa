//! Rows by the thousand, written past the use cases.

use chrono::{DateTime, TimeDelta, Utc};
use entity::{
    account, attachment, contribution, decision,
    enums::{
        AccountKind, Anonymity, AssignmentState, Audience, AuditAct, ContentState, ContributionKind, DecisionKind,
        EventKind, InvitationState, MediaKind, MediaState, ModerationMode, ModerationReason, NotificationKind,
        OrganisationKind, PhaseKind, PhaseState, ReleasePolicy, ReportState, RevisionState, RoundState, SpaceRole,
        SpaceState,
    },
    event,
    media_file::{self, Variants},
    membership, notification, organisation, phase, report, review, review_round, review_target,
    review_value::{Answers, Criteria, Plan, Reasons},
    revision, space, space_organisation, stream, thread_read,
};
use sea_orm::{ActiveModelBehavior, ActiveModelTrait, ActiveValue::Set, EntityTrait, IntoActiveModel};
use sojourn::platform::{audit::Record, db::Db, id::Kind, letters};
use uuid::Uuid;

use super::row_id;
use crate::support::{Cast, Person, World};

/// Somebody who writes.
#[derive(Clone, Copy)]
struct Author {
    member: Uuid,
    account: Uuid,
    organisation: Uuid,
}

/// A space that is being filled.
pub struct Bulk {
    db: Db,
    pub space: Uuid,
    pub phases: Vec<Uuid>,
    authors: Vec<Author>,
    /// Everything happens one second after another.
    now: DateTime<Utc>,
    turn: usize,
    contributions: Vec<contribution::Model>,
    revisions: Vec<revision::Model>,
    files: Vec<media_file::Model>,
    attachments: Vec<attachment::Model>,
    decisions: Vec<decision::Model>,
    reports: Vec<report::Model>,
    notifications: Vec<notification::Model>,
    events: Vec<event::Model>,
}

impl Bulk {
    /// The main space of the cast, with `authors` more pupils, each of a school of their own.
    pub async fn new(world: &World, cast: &Cast, authors: usize) -> Self {
        let phases = [&cast.preparation, &cast.during, &cast.after, &cast.dissemination];
        let phases = phases.iter().map(|phase| row_id(phase)).collect();
        let db = world.app().db.clone();
        let mut bulk = Self {
            now: db.clock().now() - TimeDelta::days(20),
            db,
            space: row_id(&cast.space),
            phases,
            authors: Vec::new(),
            turn: 0,
            contributions: Vec::new(),
            revisions: Vec::new(),
            files: Vec::new(),
            attachments: Vec::new(),
            decisions: Vec::new(),
            reports: Vec::new(),
            notifications: Vec::new(),
            events: Vec::new(),
        };
        for (account, organisation) in bulk.pupils(authors).await {
            let member = bulk.member(bulk.space, account, organisation, SpaceRole::Pupil).await;
            let part = bulk.part(bulk.space, organisation, organisation, InvitationState::Accepted);
            insert(&bulk.db, vec![part]).await;
            bulk.authors.push(Author {
                member,
                account,
                organisation,
            });
        }
        bulk
    }

    fn tick(&mut self) -> DateTime<Utc> {
        self.now += TimeDelta::seconds(1);
        self.now
    }

    /// Pupils, each in an organisation of their own.
    async fn pupils(&mut self, count: usize) -> Vec<(Uuid, Uuid)> {
        let mut pupils = Vec::new();
        for _ in 0..count {
            let organisation = self.organisation().await;
            pupils.push((self.account(organisation).await, organisation));
        }
        pupils
    }

    /// An organisation.
    pub async fn organisation(&mut self) -> Uuid {
        let row = self.new_organisation();
        let id = row.id;
        insert(&self.db, vec![row]).await;
        id
    }

    fn new_organisation(&mut self) -> organisation::Model {
        let id = Uuid::now_v7();
        organisation::Model {
            id,
            kind: OrganisationKind::School,
            name: format!("School {id}"),
            name_key: format!("school {id}"),
            sort_key: id.as_bytes().to_vec(),
            search_key: format!("school {id} town"),
            letters_version: letters::VERSION,
            city: "Town".to_owned(),
            country: "LV".to_owned(),
            time_zone: "Europe/Riga".to_owned(),
            created_at: self.tick(),
        }
    }

    /// Schools that take part in nothing, and empty spaces.
    pub async fn elsewhere(&mut self, count: usize) {
        let mut schools = Vec::new();
        let mut spaces = Vec::new();
        for _ in 0..count {
            schools.push(self.new_organisation());
            spaces.push(self.new_space("Empty"));
        }
        insert(&self.db, schools).await;
        insert(&self.db, spaces).await;
    }

    /// A pupil's account.
    pub async fn account(&mut self, organisation: Uuid) -> Uuid {
        let id = Uuid::now_v7();
        let row = account::Model {
            id,
            kind: AccountKind::Pupil,
            login: format!("p{}", id.simple()),
            login_key: Some(format!("p{}", id.simple())),
            has_login_collision: false,
            login_changed_at: None,
            login_changed_before: None,
            is_login_change_untold: false,
            display_name: "Pupil P.".to_owned(),
            sort_key: b"pupil".to_vec(),
            search_key: format!("pupil p. p{}", id.simple()),
            letters_version: letters::VERSION,
            languages: account::Languages(vec!["en".to_owned()]),
            organisation_id: Some(organisation),
            birth_year: Some(2010),
            password_hash: String::new(),
            is_password_change_required: false,
            created_at: self.tick(),
            erased_at: None,
        };
        insert(&self.db, vec![row]).await;
        id
    }

    /// A membership.
    pub async fn member(&mut self, space: Uuid, account: Uuid, organisation: Uuid, role: SpaceRole) -> Uuid {
        let row = membership::Model {
            id: Uuid::now_v7(),
            space_id: space,
            account_id: account,
            organisation_id: organisation,
            role,
            mobility_status: None,
            pre_moderated_until: None,
            left_at: None,
            media_bytes: 0,
            version: 1,
            created_at: self.tick(),
        };
        let id = row.id;
        insert(&self.db, vec![row]).await;
        id
    }

    fn part(&mut self, space: Uuid, organisation: Uuid, by: Uuid, state: InvitationState) -> space_organisation::Model {
        space_organisation::Model {
            id: Uuid::now_v7(),
            space_id: space,
            organisation_id: organisation,
            invited_by_id: by,
            state,
            created_at: self.tick(),
            answered_at: None,
        }
    }

    /// An invitation into a space of its own.
    pub async fn invitation(&mut self, organisation: Uuid) {
        let (space, _) = self.space("Invited").await;
        let by = self.organisation().await;
        let part = self.part(space, organisation, by, InvitationState::Invited);
        insert(&self.db, vec![part]).await;
    }

    /// An empty space with open phases.
    pub async fn space(&mut self, title: &str) -> (Uuid, Vec<Uuid>) {
        let row = self.new_space(title);
        let id = row.id;
        insert(&self.db, vec![row]).await;
        let row = stream::Model {
            id,
            last_seq: 0,
            last_event_id: None,
            epoch: 1,
        };
        insert(&self.db, vec![row]).await;
        let kinds = [
            PhaseKind::Preparation,
            PhaseKind::During,
            PhaseKind::After,
            PhaseKind::Dissemination,
        ];
        let phases: Vec<_> = kinds.into_iter().map(|kind| new_phase(id, kind)).collect();
        let ids = phases.iter().map(|phase| phase.id).collect();
        insert(&self.db, phases).await;
        (id, ids)
    }

    fn new_space(&mut self, title: &str) -> space::Model {
        space::Model {
            id: Uuid::now_v7(),
            title: title.to_owned(),
            description: String::new(),
            state: SpaceState::Active,
            time_zone: "Europe/Riga".to_owned(),
            version: 1,
            closed_at: None,
            media_bytes: 0,
            presence_from: None,
            presence_to: None,
            created_at: self.tick(),
        }
    }

    /// Takes somebody of the cast as an author too.
    pub fn with(&mut self, person: &Person) {
        self.authors.push(Author {
            member: row_id(&person.member),
            account: row_id(&person.account),
            organisation: row_id(&person.organisation),
        });
    }

    /// Begins a contribution by the next author; `state` must not be one that a moderator made.
    fn add(&mut self, kind: ContributionKind, phase_id: Uuid, state: ContentState) -> &mut contribution::Model {
        self.turn += 1;
        let (author, now) = (self.authors[self.turn % self.authors.len()], self.tick());
        let id = Uuid::now_v7();
        let row = contribution::Model {
            id,
            space_id: self.space,
            phase_id,
            kind,
            root_id: None,
            reply_to_id: None,
            depth: 0,
            author_id: author.member,
            author_account_id: author.account,
            author_org_id: author.organisation,
            author_is_staff: false,
            media_kind: None,
            file_state: None,
            file_state_at: None,
            is_sealed: false,
            thread_kind: None,
            state,
            audience: Audience::Space,
            language: Some("en".to_owned()),
            week: (kind == ContributionKind::JournalEntry).then(|| format!("2026-W{}", 40 + self.turn % 8)),
            is_pinned: false,
            is_locked: false,
            version: 1,
            published_version: (state == ContentState::Published).then_some(1),
            pending_version: (state == ContentState::Pending).then_some(1),
            comment_count: 0,
            listed_at: (state != ContentState::Draft).then_some(now),
            last_activity_at: now,
            created_at: now,
            published_at: (state == ContentState::Published).then_some(now),
            edited_at: None,
            client_key: None,
        };
        let revision = match state {
            ContentState::Draft => RevisionState::Draft,
            ContentState::Pending => RevisionState::Pending,
            _ => RevisionState::Published,
        };
        self.revise(id, 1, revision);
        self.contributions.push(row);
        self.contributions.last_mut().unwrap()
    }

    /// Adds a version.
    pub fn revise(&mut self, contribution_id: Uuid, version: i32, state: RevisionState) {
        let now = self.now;
        self.revisions.push(revision::Model {
            id: Uuid::now_v7(),
            contribution_id,
            space_id: self.space,
            version,
            state,
            title: Some("Title".to_owned()),
            body: "A text of some length, as people write them.".to_owned(),
            body_html: "<p>A text of some length, as people write them.</p>".to_owned(),
            excerpt: "A text of some length, as people write them.".to_owned(),
            language: Some("en".to_owned()),
            audience: None,
            week: None,
            detail: revision::Detail::default(),
            renderer: 1,
            is_edit: version > 1,
            created_at: now,
            submitted_at: (state != RevisionState::Draft).then_some(now),
        });
    }

    /// A thread; one in ten is pinned.
    pub fn thread(&mut self, phase: Uuid, state: ContentState) -> Uuid {
        let thread = self.add(ContributionKind::Thread, phase, state);
        let id = thread.id;
        self.contributions.last_mut().unwrap().is_pinned = self.turn.is_multiple_of(10);
        id
    }

    /// A journal entry.
    pub fn entry(&mut self, phase: Uuid, state: ContentState) -> Uuid {
        self.add(ContributionKind::JournalEntry, phase, state).id
    }

    /// A photo that is ready.
    pub fn photo(&mut self, phase: Uuid, state: ContentState) -> Uuid {
        let photo = self.add(ContributionKind::MediaItem, phase, state);
        photo.media_kind = Some(MediaKind::Image);
        photo.file_state = Some(MediaState::Ready);
        let id = photo.id;
        self.files.push(media_file::Model {
            contribution_id: id,
            file_name: "beach.jpg".to_owned(),
            declared_type: "image/jpeg".to_owned(),
            signed_until: None,
            size: 100_000,
            sha256: "0".repeat(64),
            charged: 100_000,
            upload_id: None,
            failure: None,
            progress: 100,
            media_type: Some("image/jpeg".to_owned()),
            width: Some(400),
            height: Some(300),
            duration_ms: None,
            blurhash: None,
            variants: Variants::default(),
        });
        id
    }

    /// Photos: one half attached to an entry of the same author, the other each in an album.
    pub fn gallery(&mut self, photos: usize) {
        let phase = self.phases[1];
        for number in 0..photos {
            let is_attached = number % 2 == 0;
            let state = if is_attached {
                ContentState::Draft
            } else {
                ContentState::Published
            };
            let item = self.photo(phase, state);
            let host = if is_attached {
                self.turn -= 1;
                self.entry(phase, ContentState::Published)
            } else {
                self.add(ContributionKind::Album, phase, ContentState::Published).id
            };
            self.attach(host, &[item], is_attached);
        }
    }

    /// Shows items with a contribution of this batch.
    pub fn attach(&mut self, host_id: Uuid, items: &[Uuid], is_own: bool) {
        for (position, &item_id) in (0..).zip(items) {
            self.attachments.push(attachment::Model {
                host_id,
                version: 1,
                position,
                item_id,
                is_own,
            });
        }
        let revision = self.revisions.iter_mut().find(|row| row.contribution_id == host_id);
        revision.unwrap().detail.attachments = items.to_vec();
    }

    /// A published comment on a root of this batch, or one saved before.
    pub fn comment(&mut self, root: Uuid, reply_to: Option<Uuid>) -> Uuid {
        let known = self.contributions.iter().position(|row| row.id == root);
        let phase = known.map_or(self.phases[1], |at| self.contributions[at].phase_id);
        let comment = self.add(ContributionKind::Comment, phase, ContentState::Published);
        comment.root_id = Some(root);
        comment.reply_to_id = reply_to;
        comment.depth = i32::from(reply_to.is_some());
        let (id, at) = (comment.id, comment.created_at);
        if let Some(known) = known {
            self.contributions[known].comment_count += 1;
            self.contributions[known].last_activity_at = at;
        }
        id
    }

    /// For every phase `threads` threads with `comments` comments each.
    pub fn forum(&mut self, threads: usize, comments: usize) {
        for phase in self.phases.clone() {
            for _ in 0..threads {
                let thread = self.thread(phase, ContentState::Published);
                self.discuss(thread, comments);
            }
        }
    }

    /// Journal entries of the open phase with `comments` comments each.
    pub fn journal(&mut self, entries: usize, comments: usize) {
        for _ in 0..entries {
            let entry = self.entry(self.phases[1], ContentState::Published);
            self.discuss(entry, comments);
        }
    }

    /// Comments, every third one an answer.
    pub fn discuss(&mut self, root: Uuid, comments: usize) {
        let mut last = None;
        for number in 0..comments {
            last = Some(self.comment(root, last.filter(|_| number % 3 == 2)));
        }
    }

    /// Events about the newest contributions that are not saved yet.
    pub async fn events(&mut self, count: usize) {
        let stream = stream::Entity::find_by_id(self.space).one(self.db.primary()).await;
        let stream = stream.unwrap().unwrap();
        let newest = self.contributions.iter().rev().take(count);
        for (row, seq) in newest.zip(stream.last_seq + 1..) {
            self.events.push(event::Model {
                round_id: None,
                review_id: None,
                stream_id: self.space,
                seq,
                id: Uuid::now_v7(),
                kind: EventKind::ContributionUpdated,
                occurred_at: row.created_at,
                actor_id: Some(row.author_id),
                is_moderation: false,
                contribution_id: Some(row.id),
                contribution_kind: Some(row.kind),
                root_id: row.root_id,
                phase_id: None,
                member_id: None,
                report_id: None,
                author_id: Some(row.author_id),
                root_author_id: Some(row.author_id),
                state_before: Some(row.state),
                state_after: Some(row.state),
                audience_before: Some(row.audience),
                audience_after: Some(row.audience),
            });
        }
        let last = self.events.last().unwrap();
        let stream = stream::ActiveModel {
            last_seq: Set(last.seq),
            last_event_id: Set(Some(last.id)),
            ..stream.into_active_model()
        };
        stream.update(self.db.primary()).await.unwrap();
    }

    /// Records in the audit trails of this space and of others.
    pub async fn audit(&self, count: usize) {
        let (own, actor) = (self.space, self.authors[0].account);
        let others: Vec<Uuid> = (0..15).map(|_| Uuid::now_v7()).collect();
        let others = &others;
        let write = self.db.write(None, |tx| {
            Box::pin(async move {
                for _ in 0..count {
                    for &chain in others.iter().chain([&own]) {
                        tx.audit(chain, Record::new(AuditAct::SpaceUpdated, actor, (Kind::Space, chain)));
                    }
                }
                Ok(())
            })
        });
        write.await.unwrap();
    }

    /// Reports about the newest contributions, one by every author.
    pub fn reports(&mut self, count: usize) {
        let newest: Vec<_> = self.contributions.iter().rev().take(count).cloned().collect();
        for (place, row) in newest.iter().enumerate() {
            for (second, author) in (0..).zip(&self.authors) {
                self.reports.push(report::Model {
                    review_id: None,
                    id: Uuid::now_v7(),
                    space_id: row.space_id,
                    contribution_id: row.id,
                    version: 1,
                    reporter_id: author.member,
                    reporter_organisation_id: author.organisation,
                    reporter_is_staff: false,
                    reason: ModerationReason::Unkind,
                    note: None,
                    state: if place % 2 == 0 {
                        ReportState::Open
                    } else {
                        ReportState::Dismissed
                    },
                    submitted_at: self.now + TimeDelta::seconds(second),
                    action: None,
                    decision_note: None,
                    decided_by_id: None,
                    decided_at: None,
                    told_at: None,
                });
            }
        }
    }

    /// Tells every author, and somebody else, of the newest contributions, and lets them read half of it.
    pub fn notifications(&mut self, other: &Person, count: usize) {
        let other = (row_id(&other.member), row_id(&other.account));
        let all: Vec<_> = self
            .authors
            .iter()
            .map(|author| (author.member, author.account))
            .chain([other])
            .collect();
        let newest = self.contributions.iter().rev().take(count);
        for (place, row) in newest.enumerate() {
            self.notifications
                .extend(all.iter().map(|&(member_id, account_id)| notification::Model {
                    round_id: None,
                    review_id: None,
                    id: Uuid::now_v7(),
                    account_id,
                    member_id,
                    space_id: row.space_id,
                    kind: NotificationKind::Reply,
                    cause_id: row.id,
                    actor_id: Some(row.author_id),
                    contribution_id: Some(row.id),
                    phase_id: None,
                    report_id: None,
                    occurred_at: row.created_at,
                    read_at: (place % 2 == 0).then_some(row.created_at),
                    gone_at: None,
                }));
        }
    }

    /// Decisions about the newest contributions, two each.
    pub fn decisions(&mut self, count: usize) {
        let newest = self.contributions.iter().rev().take(count);
        for row in newest.flat_map(|row| [row, row]) {
            self.decisions.push(decision::Model {
                id: Uuid::now_v7(),
                space_id: row.space_id,
                contribution_id: row.id,
                kind: DecisionKind::Approved,
                reason: None,
                note: None,
                decided_by_id: Some(row.author_id),
                decided_at: self.now,
                version: 1,
            });
        }
    }

    /// Every author has read every thread of the space, as far as its first comment.
    pub async fn read_all(&self) {
        let known = contribution::Entity::find().all(self.db.primary()).await.unwrap();
        let first = |thread: Uuid| known.iter().find(|row| row.root_id == Some(thread));
        let threads = known.iter().filter(|row| row.kind == ContributionKind::Thread);
        let mut marks = Vec::new();
        for comment in threads.filter_map(|thread| first(thread.id)) {
            marks.extend(self.authors.iter().map(|author| thread_read::Model {
                membership_id: author.member,
                thread_id: comment.root_id.unwrap(),
                listed_at: comment.listed_at.unwrap(),
                comment_id: comment.id,
            }));
        }
        insert(&self.db, marks).await;
    }

    /// Rounds made by a member, in the first ten of which every author reviews the entries of the others among the first that were written;
    /// somebody else too. Returns the tenth round and the first of the entries.
    pub async fn rounds(&mut self, maker: &Person, count: usize, entries: usize) -> (Uuid, Uuid) {
        let is_entry = |row: &contribution::Model| {
            row.kind == ContributionKind::JournalEntry
                && row.state == ContentState::Published
                && row.space_id == self.space
        };
        let mut works = contribution::Entity::find().all(self.db.primary()).await.unwrap();
        works.retain(is_entry);
        works.truncate(entries);
        let maker = (row_id(&maker.member), row_id(&maker.account));
        let authors = self.authors.iter().map(|author| (author.member, author.account));
        let reviewers: Vec<_> = authors.chain([maker]).collect();
        let (mut rounds, mut targets, mut reviews) = (Vec::new(), Vec::new(), Vec::new());
        for number in 0..count {
            let now = self.tick();
            let round = self.round(maker.0, number, now);
            for work in works.iter().filter(|_| number < 10) {
                let target = review_target::Model {
                    id: Uuid::now_v7(),
                    round_id: round.id,
                    contribution_id: work.id,
                    version: 1,
                    author_id: work.author_id,
                    is_late: false,
                    created_at: now,
                };
                let others = reviewers.iter().filter(|(member, _)| *member != work.author_id);
                for &reviewer in others {
                    reviews.push(review_of(&target, reviewer, reviews.len().is_multiple_of(4)));
                }
                targets.push(target);
            }
            rounds.push(round);
        }
        let found = (rounds[count.min(10) - 1].id, works[0].id);
        insert(&self.db, rounds).await;
        insert(&self.db, targets).await;
        insert(&self.db, reviews).await;
        found
    }

    fn round(&self, maker: Uuid, number: usize, now: DateTime<Utc>) -> review_round::Model {
        review_round::Model {
            id: Uuid::now_v7(),
            space_id: self.space,
            phase_id: self.phases[number % self.phases.len()],
            title: "Round".to_owned(),
            instructions: String::new(),
            instructions_html: String::new(),
            renderer: 4,
            state: RoundState::Reflection,
            version: 3,
            anonymity: Anonymity::ReviewerHidden,
            reveals_names: false,
            is_shared: false,
            release_policy: ReleasePolicy::Teacher,
            reviews_wanted: 2,
            home_min: 0,
            partner_min: 0,
            seed: 1,
            criteria: Criteria::default(),
            plan: Plan::default(),
            reviews_due_at: now,
            reflection_at: now,
            closes_at: now + TimeDelta::days(90),
            created_by_id: maker,
            created_at: now,
            opened_at: Some(now),
            reflected_at: Some(now),
            ended_at: None,
        }
    }

    /// Writes what was begun since the last call.
    pub async fn save(&mut self) {
        insert(&self.db, std::mem::take(&mut self.contributions)).await;
        insert(&self.db, std::mem::take(&mut self.revisions)).await;
        insert(&self.db, std::mem::take(&mut self.files)).await;
        insert(&self.db, std::mem::take(&mut self.attachments)).await;
        insert(&self.db, std::mem::take(&mut self.decisions)).await;
        insert(&self.db, std::mem::take(&mut self.reports)).await;
        insert(&self.db, std::mem::take(&mut self.notifications)).await;
        insert(&self.db, std::mem::take(&mut self.events)).await;
    }
}

fn new_phase(space_id: Uuid, kind: PhaseKind) -> phase::Model {
    phase::Model {
        closed_at: None,
        id: Uuid::now_v7(),
        space_id,
        kind,
        state: PhaseState::Open,
        title: String::new(),
        description: String::new(),
        starts_at: None,
        ends_at: None,
        moderation: ModerationMode::Post,
        allows_pupil_threads: true,
        allows_pupil_comments: true,
        allows_pupil_uploads: true,
        reopen_reason: None,
        version: 1,
    }
}

/// A review by a member with an account: one that is waited for, or a released one.
fn review_of(target: &review_target::Model, (member, account): (Uuid, Uuid), is_waiting: bool) -> review::Model {
    let now = target.created_at;
    review::Model {
        id: Uuid::now_v7(),
        round_id: target.round_id,
        target_id: target.id,
        contribution_id: target.contribution_id,
        reviewer_id: member,
        reviewer_account_id: account,
        state: match is_waiting {
            true => AssignmentState::Assigned,
            false => AssignmentState::Released,
        },
        reasons: Reasons::default(),
        assigned_at: now,
        due_at: now,
        reminded_at: None,
        started_at: Some(now),
        submitted_at: Some(now),
        released_at: Some(now),
        ended_at: None,
        decline_reason: None,
        decline_note: None,
        staff_note: None,
        version: 1,
        answers: Answers::default(),
        reaction: None,
        reaction_note: None,
        reacted_at: None,
        change_version: None,
        excuse: None,
        replaces_id: None,
        renderer: 4,
    }
}

async fn insert<A, M>(db: &Db, rows: Vec<M>)
where
    A: ActiveModelTrait + ActiveModelBehavior + Send,
    M: IntoActiveModel<A>,
{
    let mut rows = rows.into_iter().map(IntoActiveModel::into_active_model).peekable();
    while rows.peek().is_some() {
        let part: Vec<A> = rows.by_ref().take(500).collect();
        A::Entity::insert_many(part)
            .exec_without_returning(db.primary())
            .await
            .unwrap();
    }
}
