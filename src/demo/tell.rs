//! Tells the story, one use case after the other, each at its time.

use std::collections::HashMap;

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use entity::{
    enums::{AccountKind, Audience, ContributionKind, PhaseKind, SpaceRole},
    revision::Detail,
};
use sea_orm::Iterable;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    DemoAccount,
    paint::paint,
    review::{Rounds, Scene, Stage},
    story::{Comment, End, Entry, Fate, Photo, Space, Staff, Story, Thread},
};
use crate::{
    app::App,
    features::{
        account,
        contribution::{self, Flag, NewComment, NewRoot, Patch, Text},
        forum, grant, journal,
        media::{self, Announced, NewUpload},
        organisation::{self, NewOrganisation, PupilRow},
        report,
        space::{self, NewMember, PhasePatch},
    },
    platform::{
        auth::{Actor, secret},
        error::{Error, Reason, Result},
        http::Client,
        id::{self, Kind},
        scalar::IsoWeek,
    },
};

/// The administrator of the demo, by whom a demo is told from other data.
pub(super) const OPERATOR: &str = "operator@sojourn.example";

/// Everything began so many hours ago; the preparation was closed and the stay began later.
const BEGAN: i64 = 1_600;
const TRAVELLED: i64 = 900;

/// The name of a role among the accounts, and who has it.
type Role<'a> = (&'a str, &'a dyn Fn(&str) -> bool);

/// Somebody in the story.
pub(super) struct Person {
    pub(super) actor: Actor,
    role: SpaceRole,
    mobility: Option<entity::enums::MobilityStatus>,
    secret: String,
}

pub(super) type People = HashMap<String, Person>;

/// A step of the story: when, and what.
struct Step<'a> {
    at: DateTime<Utc>,
    act: Act<'a>,
}

#[derive(Debug)]
enum Act<'a> {
    Thread(usize, &'a Thread),
    Entry(usize, &'a Entry),
    /// A comment on the nth root.
    Comment(usize, usize, &'a Comment),
    /// What staff do with a root once it has its comments.
    Close(usize, &'a End, bool, bool),
    /// Something in a review round.
    Review(Scene),
}

/// Tells the whole story and returns the accounts to sign in with.
///
/// # Errors
/// The story breaks a rule, or the database's.
pub(super) async fn tell(app: &App) -> Result<Vec<DemoAccount>> {
    let story: Story = serde_json::from_str(include_str!("story.json")).map_err(Error::internal)?;
    let now = app.clock.now();
    app.clock.set(Some(now - TimeDelta::hours(BEGAN)));
    let people = people(app, &story).await?;
    let mut accounts = Vec::new();
    for (position, part) in story.spaces.iter().enumerate() {
        app.clock.set(Some(now - TimeDelta::hours(BEGAN)));
        let founder = &people[&part.founder].actor;
        let (space, phases) = begin(app, &people, part).await?;
        let steps = steps(part, now);
        let mut roots = HashMap::new();
        let mut comments = HashMap::new();
        let mut rounds = Rounds::default();
        let mut is_travelling = false;
        for step in &steps {
            if !is_travelling && step.at > now - TimeDelta::hours(TRAVELLED) {
                app.clock.set(Some(now - TimeDelta::hours(TRAVELLED)));
                travel(app, founder, &phases).await?;
                is_travelling = true;
            }
            app.clock.set(Some(step.at));
            if let (Act::Review(scene), Some(reviews)) = (&step.act, &part.reviews) {
                let stage = Stage {
                    app,
                    people: &people,
                    members: &part.members,
                    teacher: founder,
                    phase: phases[&PhaseKind::During],
                    zone: &part.time_zone,
                    reviews,
                };
                let done = stage.play(*scene, &mut rounds).await;
                done.map_err(|error| Error::internal(format!("{scene:?}: {error:?}")))?;
                continue;
            }
            let done = act(
                app,
                &people,
                (founder, space, &phases),
                step,
                (&mut roots, &mut comments),
            )
            .await;
            done.map_err(|error| Error::internal(format!("{:?}: {error:?}", step.act)))?;
        }
        app.clock.set(Some(now));
        exhibit(app, &people, part, (space, &phases)).await?;
        deputise(app, &people, (founder, part), &phases, &roots).await?;
        for report in &part.reports {
            let (reporter, known) = (
                &people[&report.reporter].actor,
                &comments[&(report.thread, report.comment)],
            );
            report::create(app, reporter, *known, report.reason, Some(&report.note)).await?;
        }
        // Somebody has read the older half.
        let read = part.threads.len() / 2;
        for thread in roots.iter().filter(|(place, _)| **place < read).map(|(_, id)| *id) {
            for key in &part.members {
                if people[key].mobility == Some(entity::enums::MobilityStatus::NonMobile) {
                    let done = forum::mark_read(app, &people[key].actor, thread, None).await;
                    done.or_else(|error| if error.is_not_found() { Ok(()) } else { Err(error) })?;
                }
            }
        }
        if is_travelling {
            ask(app, founder, phases[&PhaseKind::During], (now, &part.time_zone)).await?;
        }
        let space = id::encode(Kind::Space, space).0;
        let roles: &[Role<'_>] = if position == 0 {
            &[
                ("COORDINATOR", &|key| key == part.founder),
                ("TEACHER", &|key| people[key].role == SpaceRole::Teacher),
                ("MOBILE_PUPIL", &|key| {
                    people[key].mobility == Some(entity::enums::MobilityStatus::Mobile)
                }),
                ("NON_MOBILE_PUPIL", &|key| {
                    people[key].mobility == Some(entity::enums::MobilityStatus::NonMobile)
                }),
                ("OBSERVER", &|key| people[key].role == SpaceRole::Observer),
            ]
        } else {
            &[("FOREIGN_COORDINATOR", &|key| key == part.founder)]
        };
        for (role, is_it) in roles {
            let key = part
                .members
                .iter()
                .find(|key| is_it(key))
                .ok_or_else(|| Error::internal("nobody for a role"))?;
            accounts.push(sign_up(app, role, &space, &people[key]).await?);
        }
    }
    Ok(accounts)
}

/// Puts a ready set into the week of now, in every language that it is written in.
async fn ask(app: &App, founder: &Actor, phase: Uuid, (now, zone): (DateTime<Utc>, &str)) -> Result<()> {
    let week = IsoWeek::at(now, zone).0;
    // Made with version 1, described, opened.
    for (version, language) in (3..).zip(["en", "es", "fr"]) {
        let set = journal::Prompts::Ready(journal::PromptSetKind::LastWeek);
        journal::prompts_update(app, founder, (phase, version), (&week, language), set).await?;
    }
    Ok(())
}

/// Gives the grants.
async fn deputise(
    app: &App,
    people: &People,
    (founder, part): (&Actor, &Space),
    phases: &HashMap<PhaseKind, Uuid>,
    roots: &HashMap<usize, Uuid>,
) -> Result<()> {
    for given in &part.grants {
        let phase_id = given.phase.map(|kind| phases[&kind]);
        let any_phase = phase_id.unwrap_or(phases[&PhaseKind::During]);
        let member = space::membership_of(app, &people[&given.member].actor, any_phase).await?;
        let new = space::NewGrant {
            member_id: member.ok_or_else(|| Error::internal("a grant for nobody"))?,
            capability: given.capability,
            phase_id,
            thread_id: given.thread.map(|thread| roots[&thread]),
            ends_at: None,
        };
        grant::create(app, founder, new, None).await?;
    }
    Ok(())
}

/// Gives a person a password of their own.
async fn sign_up(app: &App, role: &str, space: &str, person: &Person) -> Result<DemoAccount> {
    let password = secret::one_time();
    account::password_change(app, &Client::here(), &person.actor, &person.secret, &password).await?;
    let login = account::system_login(&app.db, person.actor.account_id).await?;
    Ok(DemoAccount {
        role: role.to_owned(),
        space: space.to_owned(),
        login,
        password,
    })
}

fn actor(account_id: Uuid, kind: AccountKind, organisation: Option<Uuid>, languages: Vec<String>) -> Actor {
    let session_id = Uuid::nil();
    Actor {
        account_id,
        session_id,
        kind,
        organisation_id: organisation,
        languages,
        is_password_change_required: false,
    }
}

/// Makes the organisations and everybody in them.
async fn people(app: &App, story: &Story) -> Result<People> {
    let admin = account::create_administrator(app, OPERATOR, "Operator", (&secret::one_time(), false)).await?;
    let admin = actor(admin, AccountKind::Admin, None, vec!["en".to_owned()]);
    let mut people = People::new();
    for school in &story.organisations {
        let new = NewOrganisation {
            kind: school.kind,
            name: school.name.clone(),
            city: school.city.clone(),
            country: school.country.clone(),
            time_zone: school.time_zone.clone(),
        };
        let organisation = organisation::create(app, &admin, new, None).await?.id;
        let mut first: Option<Actor> = None;
        for person in story.staff.iter().filter(|person| person.organisation == school.key) {
            let by = first.as_ref().unwrap_or(&admin);
            let person_of = |person: &Staff| (person.email.clone(), person.display_name.clone());
            let (email, name) = person_of(person);
            let made =
                organisation::staff_create(app, by, organisation, (&email, &name, &person.languages), None).await?;
            let actor = actor(
                made.id,
                AccountKind::Staff,
                Some(organisation),
                person.languages.clone(),
            );
            first.get_or_insert_with(|| actor.clone());
            let secret = made.secret.unwrap_or_default();
            people.insert(
                person.key.clone(),
                Person {
                    actor,
                    role: person.role,
                    mobility: None,
                    secret,
                },
            );
        }
        let Some(by) = first else { continue };
        let pupils: Vec<_> = story
            .pupils
            .iter()
            .filter(|pupil| pupil.organisation == school.key)
            .collect();
        let rows: Vec<_> = pupils
            .iter()
            .map(|pupil| PupilRow {
                given_name: pupil.given_name.clone(),
                family_initial: pupil.family_initial.clone(),
                birth_year: pupil.birth_year,
                languages: pupil.languages.clone(),
            })
            .collect();
        let made = organisation::pupils_create(app, &by, organisation, &rows, None).await?;
        for (pupil, made) in pupils.into_iter().zip(made.rows) {
            let made = made?;
            let actor = actor(made.id, AccountKind::Pupil, Some(organisation), pupil.languages.clone());
            let (mobility, secret) = (Some(pupil.mobility_status), made.secret.unwrap_or_default());
            people.insert(
                pupil.key.clone(),
                Person {
                    actor,
                    role: SpaceRole::Pupil,
                    mobility,
                    secret,
                },
            );
        }
    }
    Ok(people)
}

/// Makes a space, brings everybody in and opens the preparation.
async fn begin(app: &App, people: &People, part: &Space) -> Result<(Uuid, HashMap<PhaseKind, Uuid>)> {
    let founder = &people[&part.founder].actor;
    let about = (part.title.as_str(), part.description.as_str(), part.time_zone.as_str());
    let space = space::create(app, founder, about, None).await?.id;
    let coordinator_of = |organisation: Uuid| {
        let mut found = part.members.iter().map(|key| &people[key]);
        found.find(|person| person.role == SpaceRole::Coordinator && person.actor.organisation_id == Some(organisation))
    };
    // In the order in which the story brings them in, the founder's first.
    let mut organisations: Vec<Uuid> = founder.organisation_id.into_iter().collect();
    for organisation in part.members.iter().filter_map(|key| people[key].actor.organisation_id) {
        if !organisations.contains(&organisation) {
            organisations.push(organisation);
        }
    }
    debug_assert_eq!(
        organisations.len(),
        part.organisations.len(),
        "every organisation sends somebody"
    );
    for organisation in organisations {
        let Some(coordinator) = coordinator_of(organisation).map(|person| &person.actor) else {
            continue;
        };
        if coordinator.account_id != founder.account_id {
            let invitation = space::organisation_invite(app, founder, space, organisation).await?;
            space::organisation_accept(app, coordinator, invitation).await?;
        }
        let rows = part.members.iter().map(|key| &people[key]).filter(|person| {
            person.actor.organisation_id == Some(organisation) && person.actor.account_id != coordinator.account_id
        });
        let new = |person: &Person| {
            Ok(NewMember {
                account_id: person.actor.account_id,
                role: person.role,
                mobility: person.mobility,
            })
        };
        let rows: Vec<_> = rows.map(new).collect();
        if !rows.is_empty() {
            for added in space::member_add(app, coordinator, space, &rows, None).await? {
                added?;
            }
        }
    }
    let phases = space::phase_ids(app, founder, space).await?;
    for kind in PhaseKind::iter() {
        let phase = &part.phases[&kind];
        let patch = PhasePatch {
            title: Some(phase.title.clone()),
            description: Some(phase.description.clone()),
            moderation: Some(phase.moderation),
            ..PhasePatch::default()
        };
        space::phase_update(app, founder, phases[&kind], 1, patch).await?;
    }
    space::phase_open(app, founder, phases[&PhaseKind::Preparation]).await?;
    Ok((space, phases))
}

/// Closes the preparation and opens the stay.
async fn travel(app: &App, founder: &Actor, phases: &HashMap<PhaseKind, Uuid>) -> Result<()> {
    space::phase_close(app, founder, phases[&PhaseKind::Preparation]).await?;
    space::phase_open(app, founder, phases[&PhaseKind::During]).await
}

/// All steps of a space in order of time; what belongs together stays in order.
fn steps(part: &Space, now: DateTime<Utc>) -> Vec<Step<'_>> {
    let latest = now - TimeDelta::minutes(1);
    let mut steps = Vec::new();
    for (root, thread) in part.threads.iter().enumerate() {
        let at = now - TimeDelta::hours(thread.hours_ago);
        steps.push(Step {
            at,
            act: Act::Thread(root, thread),
        });
        let mut last = at;
        for (position, comment) in thread.comments.iter().enumerate() {
            last = (now - TimeDelta::hours(comment.hours_ago.unwrap_or_default()))
                .max(last + TimeDelta::seconds(1))
                .min(latest);
            steps.push(Step {
                at: last,
                act: Act::Comment(root, position, comment),
            });
        }
        steps.push(Step {
            at: last,
            act: Act::Close(root, &thread.end, thread.is_pinned, thread.is_locked),
        });
    }
    let monday = now.date_naive() - TimeDelta::days(i64::from(now.weekday().num_days_from_monday()));
    for (position, entry) in part.journal.iter().enumerate() {
        let root = part.threads.len() + position;
        let day = monday - TimeDelta::weeks(entry.weeks_ago) + TimeDelta::days(entry.day_of_week - 1);
        let minutes = i64::try_from(position).unwrap_or_default() * 7 % 240;
        let at = (day.and_time(chrono::NaiveTime::MIN).and_utc() + TimeDelta::minutes(15 * 60 + minutes)).min(latest);
        steps.push(Step {
            at,
            act: Act::Entry(root, entry),
        });
        let mut last = at;
        for (position, comment) in entry.comments.iter().enumerate() {
            let after = TimeDelta::days(comment.days_after.unwrap_or_default()) + TimeDelta::minutes(20);
            last = (at + after).max(last + TimeDelta::minutes(3)).min(latest);
            steps.push(Step {
                at: last,
                act: Act::Comment(root, position, comment),
            });
        }
        steps.push(Step {
            at: last,
            act: Act::Close(root, &entry.end, false, false),
        });
    }
    if part.reviews.is_some() {
        let monday = monday.and_time(chrono::NaiveTime::MIN).and_utc();
        let scenes = Scene::all(now, monday).into_iter();
        steps.extend(scenes.map(|(at, scene)| Step {
            at,
            act: Act::Review(scene),
        }));
    }
    steps.sort_by_key(|step| step.at);
    steps
}

type Made<'a> = (&'a mut HashMap<usize, Uuid>, &'a mut HashMap<(usize, usize), Uuid>);

async fn act(
    app: &App,
    people: &People,
    (founder, space, phases): (&Actor, Uuid, &HashMap<PhaseKind, Uuid>),
    step: &Step<'_>,
    (roots, comments): Made<'_>,
) -> Result<()> {
    match step.act {
        Act::Thread(root, thread) => {
            let text = Text {
                title: Some(thread.title.clone()),
                body: thread.body.clone(),
                language: Some(thread.language.clone()),
                ..Text::default()
            };
            let kind = ContributionKind::Thread;
            let new = new_root(
                kind,
                phases[&thread.phase],
                text,
                thread.audience,
                thread.end.fate != Fate::Draft,
            );
            let id = contribution::root_create(app, &people[&thread.author].actor, new, None)
                .await?
                .id;
            roots.insert(root, id);
            end(app, people, &thread.author, (id, kind), &thread.end).await
        }
        Act::Entry(root, entry) => {
            let author = &people[&entry.author].actor;
            let mut photos = Vec::new();
            for photo in &entry.photos {
                photos.push(upload(app, author, (space, phases[&entry.phase]), photo, Detail::default()).await?);
            }
            let week = step.at.date_naive() - TimeDelta::days(i64::from(step.at.weekday().num_days_from_monday()));
            let text = Text {
                title: Some(entry.title.clone()),
                body: entry.body.clone(),
                language: Some(entry.language.clone()),
                week: Some(IsoWeek::name(week.iso_week())),
                detail: Detail {
                    mood: entry.mood,
                    key_competences: entry.key_competences.clone(),
                    ka1_outcomes: entry.ka1_outcomes.clone(),
                    attachments: photos,
                    ..Detail::default()
                },
            };
            let kind = ContributionKind::JournalEntry;
            let mut new = new_root(
                kind,
                phases[&entry.phase],
                text,
                entry.audience,
                entry.end.fate != Fate::Draft,
            );
            for key in &entry.co_authors {
                let member = space::membership_of(app, &people[key].actor, new.phase_id).await?;
                new.co_authors.extend(member);
            }
            let id = contribution::root_create(app, &people[&entry.author].actor, new, None)
                .await?
                .id;
            roots.insert(root, id);
            end(app, people, &entry.author, (id, kind), &entry.end).await?;
            for key in &entry.confirmed_by {
                contribution::confirm(app, &people[key].actor, id, None).await?;
            }
            Ok(())
        }
        Act::Comment(root, position, comment) => {
            let text = Text {
                body: comment.body.clone(),
                language: Some(comment.language.clone()),
                ..Text::default()
            };
            let reply_to_id = comment.reply_to.map(|answered| comments[&(root, answered)]);
            let new = NewComment {
                root_id: roots[&root],
                reply_to_id,
                text,
            };
            let id = contribution::comment_create(app, &people[&comment.author].actor, new, None)
                .await?
                .id;
            comments.insert((root, position), id);
            end(
                app,
                people,
                &comment.author,
                (id, ContributionKind::Comment),
                &comment.end,
            )
            .await
        }
        Act::Close(root, end, is_pinned, is_locked) => {
            for (flag, on) in [(Flag::Pinned, is_pinned), (Flag::Locked, is_locked)] {
                if on {
                    contribution::set_flag(app, founder, roots[&root], flag, true).await?;
                }
            }
            // Hidden only now, so that it could be commented on before.
            if end.fate == Fate::Hidden {
                hide(app, people, roots[&root], end).await
            } else {
                Ok(())
            }
        }
        // Has a stage of its own.
        Act::Review(_) => Ok(()),
    }
}

/// Uploads a picture, and waits until it is ready.
async fn upload(
    app: &App,
    author: &Actor,
    (space_id, phase_id): (Uuid, Uuid),
    photo: &Photo,
    about: Detail,
) -> Result<Uuid> {
    let content = paint(photo.scene, photo.hue, &photo.values)?;
    let new = NewUpload {
        space_id,
        phase_id,
        announced: Announced::of(&photo.file_name, "image/png", &content),
        text: Text {
            body: photo.caption.clone(),
            language: Some("en".to_owned()),
            detail: Detail {
                alt_text: Some(photo.alt_text.clone()),
                ..about
            },
            ..Text::default()
        },
        audience: Audience::Space,
    };
    let item = media::request(app, author, new, None).await?.id;
    media::deliver(app, item, "image/png", content).await?;
    media::complete(app, author, item).await?;
    app.runner().run_due(&CancellationToken::new()).await?;
    Ok(item)
}

/// Fills the gallery and makes albums of it.
async fn exhibit(
    app: &App,
    people: &People,
    part: &Space,
    (space, phases): (Uuid, &HashMap<PhaseKind, Uuid>),
) -> Result<()> {
    let mut items = Vec::new();
    for shown in &part.gallery {
        let author = &people[&shown.author].actor;
        let about = Detail {
            licence: Some(shown.licence),
            attribution: shown.attribution.clone(),
            ..Detail::default()
        };
        let item = upload(app, author, (space, phases[&shown.phase]), &shown.photo, about).await?;
        contribution::publish(app, author, item, 1).await?;
        approve(app, &people[&part.founder].actor, item, 1).await?;
        items.push(item);
    }
    for album in &part.albums {
        let text = Text {
            title: Some(album.title.clone()),
            body: album.description.clone(),
            language: Some("en".to_owned()),
            detail: Detail {
                attachments: album.gallery.iter().map(|&place| items[place]).collect(),
                ..Detail::default()
            },
            ..Text::default()
        };
        let new = new_root(
            ContributionKind::Album,
            phases[&album.phase],
            text,
            Audience::Space,
            true,
        );
        contribution::root_create(app, &people[&album.author].actor, new, None).await?;
    }
    Ok(())
}

fn new_root(kind: ContributionKind, phase_id: Uuid, text: Text, audience: Audience, is_published: bool) -> NewRoot {
    NewRoot {
        kind,
        phase_id,
        text,
        audience,
        is_published,
        co_authors: Vec::new(),
        thread_kind: (kind == ContributionKind::Thread).then_some(entity::enums::ThreadKind::Open),
    }
}

/// Leads a new text to its end: what waits for a moderator and shouldn't is approved.
async fn end(app: &App, people: &People, author: &str, (id, kind): (Uuid, ContributionKind), end: &End) -> Result<()> {
    let author = &people[author];
    let moderator = end.moderator.as_ref().map(|key| &people[key].actor);
    let colleague = || {
        let school = author.actor.organisation_id;
        let mut staff = people.values().filter(|person| person.actor.organisation_id == school);
        staff
            .find(|person| person.role == SpaceRole::Coordinator)
            .map(|person| &person.actor)
    };
    let moderator = moderator
        .or_else(colleague)
        .ok_or_else(|| Error::internal("nobody to moderate"))?;
    match end.fate {
        Fate::Draft | Fate::Pending => return Ok(()),
        Fate::Returned => {
            let note = end.note.as_deref().unwrap_or_default();
            return contribution::give_back(app, moderator, id, 1, end.reason, note).await;
        }
        Fate::Published | Fate::Hidden | Fate::Removed => approve(app, moderator, id, 1).await?,
    }
    if let Some(edit) = &end.pending_edit {
        let change = Patch {
            body: Some(edit.body.clone()),
            ..Patch::default()
        };
        contribution::update(app, &author.actor, id, kind, 1, change).await?;
    }
    match end.fate {
        Fate::Hidden if kind == ContributionKind::Comment => hide(app, people, id, end).await,
        Fate::Removed => {
            let by = end.moderator.as_ref().map_or(&author.actor, |key| &people[key].actor);
            contribution::remove(app, by, id, end.reason, end.note.as_deref())
                .await
                .map(|_| ())
        }
        _ => Ok(()),
    }
}

/// Publishes a version that waits for a moderator, if it does.
pub(super) async fn approve(app: &App, moderator: &Actor, id: Uuid, version: i32) -> Result<()> {
    match contribution::approve(app, moderator, id, version).await {
        // It was published at once.
        Err(Error::Refused(refusals))
            if refusals
                .iter()
                .any(|refusal| refusal.reason == Some(Reason::StateNotAllowed)) =>
        {
            Ok(())
        }
        other => other,
    }
}

async fn hide(app: &App, people: &People, id: Uuid, end: &End) -> Result<()> {
    let (Some(moderator), Some(reason)) = (&end.moderator, end.reason) else {
        return Err(Error::internal("hidden by nobody, for nothing"));
    };
    contribution::hide(app, &people[moderator].actor, id, reason, end.note.as_deref()).await
}
