//! Two review rounds: one that is over and has changed something, and one in the middle.

use chrono::{DateTime, TimeDelta, Utc};
use entity::enums::{Anonymity, ContributionKind, CriterionKind, DeclineReason, ReleasePolicy, ReviewReaction};
use serde::Deserialize;
use uuid::Uuid;

use super::tell::{People, approve};
use crate::{
    app::App,
    features::{
        contribution::{self, Patch},
        review::{self, Asked, NewAnswer, React},
        space,
    },
    platform::{
        auth::Actor,
        error::{Error, Result},
        scalar::IsoWeek,
    },
};

/// What is said in the rounds of a space.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reviews {
    first: Titled,
    second: Titled,
    said: Vec<Said>,
    reactions: Vec<Reaction>,
    /// What an author adds to their text.
    revision: String,
    unkind: String,
    hold_note: String,
}

#[derive(Deserialize, Debug)]
struct Titled {
    title: String,
}

#[derive(Deserialize, Debug)]
struct Said {
    praise: String,
    question: String,
    idea: String,
}

#[derive(Deserialize, Debug)]
struct Reaction {
    reaction: ReviewReaction,
    note: String,
}

/// What happens, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scene {
    FirstOpens,
    FirstIsWritten,
    FirstIsReadAndAnswered,
    FirstCloses,
    SecondOpens,
    SecondIsWritten,
}

impl Scene {
    /// All, with their times: a round opens as a week begins, so that for the second one this week's entries are late.
    pub(super) fn all(now: DateTime<Utc>, monday: DateTime<Utc>) -> [(DateTime<Utc>, Self); 6] {
        let before = |days: i64| monday - TimeDelta::days(days) - TimeDelta::minutes(1);
        [
            (before(14), Self::FirstOpens),
            (before(11), Self::FirstIsWritten),
            (before(9), Self::FirstIsReadAndAnswered),
            (before(3), Self::FirstCloses),
            (before(0), Self::SecondOpens),
            (now, Self::SecondIsWritten),
        ]
    }
}

/// Where the rounds are.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    first: Option<Uuid>,
    second: Option<Uuid>,
}

/// The stage of a scene.
pub(super) struct Stage<'a> {
    pub(super) app: &'a App,
    pub(super) people: &'a People,
    pub(super) members: &'a [String],
    /// Who makes the rounds.
    pub(super) teacher: &'a Actor,
    pub(super) phase: Uuid,
    pub(super) zone: &'a str,
    pub(super) reviews: &'a Reviews,
}

impl Stage<'_> {
    pub(super) async fn play(&self, scene: Scene, rounds: &mut Rounds) -> Result<()> {
        match scene {
            Scene::FirstOpens => rounds.first = Some(self.open_first().await?),
            Scene::SecondOpens => rounds.second = Some(self.open_second().await?),
            Scene::FirstIsWritten => {
                for (place, (key, asked)) in self.asked(rounds.first).await?.into_iter().enumerate() {
                    self.submit(&key, &asked, place, None).await?;
                }
            }
            Scene::FirstIsReadAndAnswered => self.answer(known(rounds.first)?).await?,
            Scene::FirstCloses => review::close(self.app, self.teacher, known(rounds.first)?).await?,
            Scene::SecondIsWritten => self.write_second(known(rounds.second)?).await?,
        }
        Ok(())
    }

    /// The name of the ISO week that ends, wherever the schools are.
    fn week(&self) -> String {
        IsoWeek::at(self.app.clock.now() - TimeDelta::days(1), self.zone).0
    }

    async fn open_first(&self) -> Result<Uuid> {
        let now = self.app.clock.now();
        let round = review::Round {
            title: self.reviews.first.title.clone(),
            anonymity: Anonymity::ReviewerHidden,
            reveals_names: true,
            release_policy: ReleasePolicy::AtReflection,
            weeks: (None, Some(self.week())),
            due: [4, 5, 11].map(|days| now + TimeDelta::days(days)),
        };
        self.open(round).await
    }

    async fn open_second(&self) -> Result<Uuid> {
        let now = self.app.clock.now();
        let round = review::Round {
            title: self.reviews.second.title.clone(),
            anonymity: Anonymity::ReviewerHidden,
            reveals_names: false,
            release_policy: ReleasePolicy::Teacher,
            weeks: (Some(self.week()), None),
            due: [10, 12, 20].map(|days| now + TimeDelta::days(days)),
        };
        self.open(round).await
    }

    async fn open(&self, round: review::Round) -> Result<Uuid> {
        let id = review::create_ready(self.app, self.teacher, self.phase, round).await?;
        review::open(self.app, self.teacher, id).await?;
        Ok(id)
    }

    /// Who is asked for what in a round, in the order of the members.
    async fn asked(&self, round: Option<Uuid>) -> Result<Vec<(String, Asked)>> {
        let mut all = Vec::new();
        for key in self.members {
            let mut own = review::asked(self.app, &self.people[key].actor, known(round)?).await?;
            // Ids are random.
            own.sort_by(|one, other| one.body.cmp(&other.body));
            all.extend(own.into_iter().map(|asked| (key.clone(), asked)));
        }
        Ok(all)
    }

    /// What is said to each criterion; `instead` of the praise, if it is given.
    fn answers(&self, asked: &Asked, place: usize, instead: Option<&str>) -> Vec<NewAnswer> {
        let said = &self.reviews.said[place % self.reviews.said.len()];
        let mut words = [instead.unwrap_or(&said.praise), &said.question, &said.idea].into_iter();
        let answer = |criterion: &entity::review_value::Criterion| NewAnswer {
            criterion_id: criterion.id,
            body: match criterion.kind {
                CriterionKind::Comment => words.next().unwrap_or_default().to_owned(),
                _ => String::new(),
            },
            level: (criterion.kind == CriterionKind::Rubric).then_some(1),
            checked: (criterion.kind == CriterionKind::Checklist).then(|| vec![0, 1]),
            value: (criterion.kind == CriterionKind::Scale).then_some(if place.is_multiple_of(2) { 4 } else { 5 }),
        };
        asked.criteria.iter().map(answer).collect()
    }

    async fn submit(&self, key: &str, asked: &Asked, place: usize, instead: Option<&str>) -> Result<()> {
        let answers = self.answers(asked, place, instead);
        review::submit(self.app, &self.people[key].actor, (asked.id, 0), answers).await
    }

    /// Authors read, answer, and one of them writes on.
    async fn answer(&self, round: Uuid) -> Result<()> {
        review::reflect(self.app, self.teacher, round).await?;
        let mut authors = std::collections::HashMap::new();
        for key in self.members {
            if let Some(member) = space::membership_of(self.app, &self.people[key].actor, self.phase).await? {
                authors.insert(member, key);
            }
        }
        let all = self.asked(Some(round)).await?;
        // Who reviews what depends on ids, which are random; which work is there doesn't.
        let mut revised = all.iter().map(|(_, asked)| &asked.body).min().cloned();
        for (place, (_, asked)) in all.into_iter().enumerate() {
            let author = &self.people[authors[&asked.author_id]].actor;
            let is_revised = revised.as_ref() == Some(&asked.body);
            // Somebody always forgets.
            if place % 5 == 4 && !is_revised {
                continue;
            }
            let said = &self.reviews.reactions[if is_revised {
                0
            } else {
                place % self.reviews.reactions.len()
            }];
            let mut change_version = None;
            if is_revised {
                change_version = Some(self.revise(author, &asked).await?);
                revised = None;
            }
            let said = React {
                reaction: said.reaction,
                note: Some(said.note.clone()),
                change_version,
            };
            review::react(self.app, author, asked.id, said).await?;
        }
        Ok(())
    }

    /// The author adds what they were asked for; a teacher lets it through.
    async fn revise(&self, author: &Actor, asked: &Asked) -> Result<i32> {
        let (id, version) = (asked.contribution_id, asked.target_version);
        let change = Patch {
            body: Some(format!("{}{}", asked.body, self.reviews.revision)),
            ..Patch::default()
        };
        contribution::update(self.app, author, id, ContributionKind::JournalEntry, version, change).await?;
        approve(self.app, self.teacher, id, version + 1).await?;
        Ok(version + 1)
    }

    /// This week's entries join; then some write, one is held, one says no, and the others have time.
    async fn write_second(&self, round: Uuid) -> Result<()> {
        review::look_after(self.app, round).await?;
        for (place, (key, asked)) in self.asked(Some(round)).await?.into_iter().enumerate() {
            let actor = &self.people[&key].actor;
            match place {
                0 => {
                    let mut draft = self.answers(&asked, place, None);
                    draft.truncate(2);
                    review::save(self.app, actor, (asked.id, 0), draft).await?;
                }
                1 | 4 | 6 => self.submit(&key, &asked, place, None).await?,
                2 => {
                    self.submit(&key, &asked, place, Some(&self.reviews.unkind)).await?;
                    review::hold(self.app, self.teacher, asked.id, Some(&self.reviews.hold_note)).await?;
                }
                3 => {
                    let draft = self.answers(&asked, place, None);
                    review::save(self.app, actor, (asked.id, 0), draft).await?;
                }
                5 => review::decline(self.app, actor, asked.id, (DeclineReason::NoTime, None)).await?,
                7 => {
                    self.submit(&key, &asked, place, None).await?;
                    review::release(self.app, self.teacher, asked.id).await?;
                }
                _ => {}
            }
        }
        review::look_after(self.app, round).await
    }
}

fn known(round: Option<Uuid>) -> Result<Uuid> {
    round.ok_or_else(|| Error::internal("a round that wasn't opened"))
}
