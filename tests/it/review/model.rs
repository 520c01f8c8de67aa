//! Random acts on a round, checked against a small model of what may happen: nothing else does.

use entity::{
    enums::{AssignmentState as A, RoundState as R},
    review, review_round,
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Class;
use crate::support::{Person, inner, is_long};

/// A review as the model knows it.
#[derive(Clone, Debug)]
struct Known {
    id: Uuid,
    /// `assignment_…` without its prefix.
    suffix: String,
    reviewer: usize,
    author: usize,
    state: A,
    version: i32,
    was_released: bool,
    /// The report of its author: none, open, or decided.
    report: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Save,
    Submit,
    Decline,
    Hold,
    Release,
    Void,
    React,
    Unkind,
    Dismiss,
    Uphold,
    Reflect,
    Close,
}

const ACTS: [Act; 24] = [
    Act::Save,
    Act::Save,
    Act::Save,
    Act::Submit,
    Act::Submit,
    Act::Submit,
    Act::Submit,
    Act::Submit,
    Act::Decline,
    Act::Hold,
    Act::Hold,
    Act::Release,
    Act::Release,
    Act::Release,
    Act::Release,
    Act::Void,
    Act::React,
    Act::React,
    Act::React,
    Act::Unkind,
    Act::Unkind,
    Act::Dismiss,
    Act::Uphold,
    Act::Reflect,
];

/// Who acts: people 0 to 3 review, 4 and 5 are authors, 6 is a teacher.
const TEACHER: usize = 6;

struct Model {
    round: R,
    reviews: Vec<Known>,
    has_declined: [bool; 4],
}

impl Model {
    /// What becomes of it; whether it is done.
    fn apply(&mut self, act: Act, who: usize, of: usize) -> bool {
        use A::{Acknowledged, Assigned, Declined, Expired, Held, Released, Started, Submitted, Voided};
        let (round, is_staff) = (self.round, who == TEACHER);
        let declined = self.has_declined;
        let one = &mut self.reviews[of];
        let (is_reviewer, is_author) = (who == one.reviewer, who == one.author);
        let is_running = matches!(round, R::Open | R::Reflection);
        let to = match (act, one.state) {
            (Act::Save, Assigned | Started) if is_reviewer && round == R::Open => Started,
            (Act::Submit, Assigned | Started) if is_reviewer && round == R::Open => Submitted,
            (Act::Save | Act::Submit, Submitted | Held) if is_reviewer && is_running && !one.was_released => one.state,
            (Act::Decline, Assigned) if is_reviewer && round == R::Open && !declined[who] => Declined,
            (Act::Decline, Declined) if is_reviewer => Declined,
            (Act::Hold, Submitted | Released | Acknowledged) if is_staff && is_running => Held,
            (Act::Hold, Held) if is_staff => Held,
            (Act::Release, Submitted | Held) if is_staff && is_running => Released,
            (Act::Release, Released | Acknowledged) if is_staff => one.state,
            (Act::Void, Held) if is_staff && is_running => Voided,
            (Act::Void, Voided) if is_staff => Voided,
            (Act::React, Released | Acknowledged) if is_author && round == R::Reflection => Acknowledged,
            (Act::Unkind, Released | Acknowledged)
                if is_author && round == R::Reflection && one.report != Some(false) =>
            {
                Held
            }
            (Act::Dismiss, state) if is_staff && one.report == Some(true) => {
                if state == Held {
                    Released
                } else {
                    state
                }
            }
            (Act::Uphold, state) if is_staff && one.report == Some(true) => {
                if state == Held {
                    Voided
                } else {
                    state
                }
            }
            (Act::Reflect, _) if is_staff && matches!(round, R::Open | R::Reflection) => {
                self.round = R::Reflection;
                for one in &mut self.reviews {
                    if matches!(one.state, Assigned | Started) {
                        one.state = Expired;
                    }
                }
                return true;
            }
            (Act::Close, _) if is_staff && matches!(round, R::Reflection | R::Closed) => {
                self.round = R::Closed;
                return true;
            }
            _ => return false,
        };
        one.version += i32::from(matches!(act, Act::Save | Act::Submit));
        one.was_released |= to == Released;
        match act {
            Act::Unkind => one.report = Some(true),
            Act::Dismiss | Act::Uphold => one.report = Some(false),
            Act::Decline => self.has_declined[who] = true,
            _ => {}
        }
        one.state = to;
        true
    }
}

struct Play {
    class: Class,
    round: String,
    people: Vec<Person>,
    answers: Value,
    model: Model,
    /// So that no two texts are the same.
    turn: usize,
}

impl Play {
    async fn new() -> Self {
        let class = Class::new().await;
        let round = class.open(json!({})).await;
        let mut people = class.stayers.clone();
        people.extend([
            class.cast.mobile.clone(),
            class.cast.partner_pupil.clone(),
            class.cast.teacher.clone(),
        ]);
        let place = |id: &str| people.iter().position(|one| one.member == id).unwrap();
        let mut reviews = Vec::new();
        for (who, one) in class.all(&round).await {
            let id = one["id"].as_str().unwrap();
            reviews.push(Known {
                id: inner(id),
                suffix: id.strip_prefix("assignment_").unwrap().to_owned(),
                reviewer: place(&who.member),
                author: place(&class.author(&one).await.member),
                state: A::Assigned,
                version: 0,
                was_released: false,
                report: None,
            });
        }
        let answers = class.answers(&round, "").await;
        Self {
            class,
            round,
            people,
            answers,
            model: Model {
                round: R::Open,
                reviews,
                has_declined: [false; 4],
            },
            turn: 0,
        }
    }

    /// The report about a review, if its author has made one.
    async fn report(&self, id: Uuid) -> Option<String> {
        let rows = entity::report::Entity::find().filter(entity::report::Column::ReviewId.eq(id));
        let row = rows.one(self.class.world.app().db.primary()).await.unwrap()?;
        Some(sojourn::platform::id::encode(sojourn::platform::id::Kind::Report, row.id).0)
    }

    /// Does it; whether it is done.
    async fn act(&mut self, act: Act, who: usize, of: usize) -> bool {
        self.turn += 1;
        let one = self.model.reviews[of].clone();
        let (assignment, review) = (format!("assignment_{}", one.suffix), format!("review_{}", one.suffix));
        let mut answers = self.answers.clone();
        for answer in answers.as_array_mut().unwrap() {
            answer["body"] = json!(format!("I noticed {} colours.", self.turn));
        }
        let write = json!({ "assignmentId": assignment, "expectedVersion": one.version, "answers": answers });
        let react = |reaction: &str, note: String| json!({ "reviewId": review, "reaction": reaction, "note": note });
        let (name, input) = match act {
            Act::Save => ("reviewSave", write),
            Act::Submit => ("reviewSubmit", write),
            Act::Decline => (
                "reviewDecline",
                json!({ "assignmentId": assignment, "reason": "OTHER" }),
            ),
            Act::Hold => ("reviewHold", json!({ "reviewId": review })),
            Act::Release => ("reviewRelease", json!({ "reviewId": review })),
            Act::Void => ("reviewVoid", json!({ "reviewId": review, "note": "No." })),
            Act::React => ("reviewReact", react("HELPFUL", format!("Change {}", self.turn))),
            Act::Unkind => ("reviewReact", react("UNKIND", format!("Ouch {}", self.turn))),
            Act::Dismiss | Act::Uphold => {
                let Some(report) = self.report(one.id).await else {
                    return false;
                };
                let outcome = if act == Act::Dismiss { "DISMISSED" } else { "UPHELD" };
                let note = format!("Because {}", self.turn);
                (
                    "reportDecide",
                    json!({ "reportId": report, "outcome": outcome, "note": note }),
                )
            }
            Act::Reflect => ("reviewRoundReflect", json!({ "roundId": self.round })),
            Act::Close => ("reviewRoundClose", json!({ "roundId": self.round })),
        };
        let payload = self.class.world.mutate(&self.people[who], name, input, "").await;
        payload["userErrors"] == json!([])
    }

    /// The state of the round and of all its reviews, as they are kept.
    async fn kept(&self) -> (R, Vec<(A, i32)>) {
        let db = self.class.world.app().db.primary();
        let round = review_round::Entity::find_by_id(inner(&self.round));
        let round = round.one(db).await.unwrap().unwrap();
        let rows = review::Entity::find()
            .filter(review::Column::RoundId.eq(round.id))
            .all(db)
            .await
            .unwrap();
        let row = |one: &Known| {
            let row = rows.iter().find(|row| row.id == one.id).unwrap();
            (row.state, row.version)
        };
        (round.state, self.model.reviews.iter().map(row).collect())
    }
}

#[tokio::test]
async fn whatever_anybody_tries_a_round_goes_its_way() {
    let (plays, turns) = if is_long() { (40, 150) } else { (3, 70) };
    let mut done = 0;
    for seed in 0..plays {
        let mut random = StdRng::seed_from_u64(seed);
        let mut play = Play::new().await;
        for turn in 0..turns {
            let mut act = ACTS[random.random_range(0..ACTS.len())];
            if act == Act::Reflect && turn < turns / 3 {
                act = Act::Submit;
            }
            if turn == turns - 4 {
                act = Act::Close;
            }
            let of = random.random_range(0..play.model.reviews.len());
            // Mostly the one who may, else anybody.
            let one = &play.model.reviews[of];
            let who = match act {
                _ if random.random_bool(0.15) => random.random_range(0..7),
                Act::Save | Act::Submit | Act::Decline => one.reviewer,
                Act::React | Act::Unkind => one.author,
                _ => TEACHER,
            };
            let is_done = play.act(act, who, of).await;
            let wanted = play.model.apply(act, who, of);
            let about = format!(
                "seed {seed}, turn {turn}: {act:?} of {of} by {who}, {:?}",
                play.model.reviews[of]
            );
            assert_eq!(is_done, wanted, "{about}");
            let states = play.model.reviews.iter().map(|one| (one.state, one.version)).collect();
            assert_eq!(play.kept().await, (play.model.round, states), "{about}");
            done += usize::from(is_done);
        }
    }
    assert!(
        done > usize::try_from(plays).unwrap() * turns / 4,
        "too little was possible: {done}"
    );
}
