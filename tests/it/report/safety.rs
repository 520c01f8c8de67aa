//! Whatever people do: no pupil moderates staff, or sees or judges what somebody has reported as unsafe.

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

use super::{decide, queue, seen};
use crate::support::{Cast, Person, World};

/// Acts of one run.
const ACTS: usize = 800;

/// What the model knows of a comment.
struct Said {
    id: String,
    by_staff: bool,
    author: String,
}

struct Play {
    world: World,
    cast: Cast,
    random: StdRng,
    threads: Vec<(String, String)>,
    said: Vec<Said>,
    /// Reports of something unsafe that nobody has dismissed, with what they are about; and all others.
    reports: BTreeMap<String, (usize, bool)>,
    grants: Vec<String>,
    /// What pupils did by grant.
    by_grant: usize,
}

impl Play {
    fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.random.random_range(0..of.len())].clone()
    }

    fn pupils(&self) -> Vec<Person> {
        let cast = &self.cast;
        [&cast.mobile, &cast.stayer, &cast.partner_pupil]
            .map(Clone::clone)
            .to_vec()
    }

    fn staff(&self) -> Vec<Person> {
        let cast = &self.cast;
        [&cast.coordinator, &cast.teacher, &cast.partner]
            .map(Clone::clone)
            .to_vec()
    }

    async fn speak(&mut self) {
        let by_staff = self.random.random_bool(0.3);
        let author = if by_staff {
            self.pick(&self.staff())
        } else {
            self.pick(&self.pupils())
        };
        let threads = self.threads.clone();
        let (thread, _) = self.pick(&threads);
        let input = json!({ "rootId": thread, "body": "Words." });
        let payload = self
            .world
            .mutate(&author, "commentCreate", input, "comment { id }")
            .await;
        if let Some(id) = payload["comment"]["id"].as_str() {
            self.said.push(Said {
                id: id.to_owned(),
                by_staff,
                author: author.member,
            });
        }
    }

    async fn deputise(&mut self) {
        let pupil = self.pick(&self.pupils());
        let threads = self.threads.clone();
        let (thread, phase) = self.pick(&threads);
        let mut input = json!({ "membershipId": pupil.member, "capability": "MODERATE" });
        match self.random.random_range(0..3) {
            0 => input["threadId"] = json!(thread),
            1 => input["phaseId"] = json!(phase),
            _ => {}
        }
        let payload = self
            .world
            .done(&self.cast.coordinator, "grantCreate", input, "grant { id }")
            .await;
        self.grants.push(payload["grant"]["id"].as_str().unwrap().to_owned());
    }

    async fn revoke(&mut self) {
        if let Some(grant) = self.grants.pop() {
            let input = json!({ "grantId": grant });
            self.world.done(&self.cast.coordinator, "grantRevoke", input, "").await;
        }
    }

    async fn report(&mut self) {
        let everybody = [self.pupils(), self.staff(), vec![self.cast.observer.clone()]].concat();
        let reporter = self.pick(&everybody);
        let at = self.random.random_range(0..self.said.len());
        let reason = self.pick(&["UNSAFE", "UNKIND", "PRIVACY", "SPAM"]);
        let input = json!({ "contributionId": self.said[at].id, "reason": reason, "note": "See." });
        let payload = self
            .world
            .mutate(&reporter, "contributionReport", input, "report { id reason }")
            .await;
        if let Some(id) = payload["report"]["id"].as_str() {
            let is_unsafe = payload["report"]["reason"] == "UNSAFE";
            self.reports.insert(id.to_owned(), (at, is_unsafe));
        }
    }

    /// A pupil tries to moderate something.
    async fn meddle(&mut self) {
        let pupil = self.pick(&self.pupils());
        let at = self.random.random_range(0..self.said.len());
        let act = self.pick(&["Approve", "Return", "Hide", "Restore", "Remove"]);
        let said = &self.said[at];
        let is_own = said.author == pupil.member;
        let is_sealed = self.is_sealed(at).await;
        let outcome = self.world.attempt(&pupil, act, &said.id).await;
        let is_done = ["PUBLISHED", "HIDDEN", "REMOVED", "DRAFT"].contains(&&outcome[..]);
        if is_done && !(is_own && act == "Remove") {
            assert!(!said.by_staff, "{} did {act} to what staff wrote", pupil.login);
            assert!(!is_sealed, "{} did {act} to what is unsafe", pupil.login);
            assert!(!is_own, "{} did {act} to the own work", pupil.login);
            self.by_grant += 1;
        }
    }

    /// Whether a report of something unsafe about it stands.
    async fn is_sealed(&self, at: usize) -> bool {
        let about = self
            .reports
            .iter()
            .filter(|(_, (of, is_unsafe))| *of == at && *is_unsafe);
        for (id, _) in about {
            let found = seen(&self.world, &self.cast.partner, id).await;
            let found = if found.is_null() {
                seen(&self.world, &self.cast.coordinator, id).await
            } else {
                found
            };
            if found["state"] != "DISMISSED" {
                return true;
            }
        }
        false
    }

    async fn judge(&mut self) {
        let everybody = [self.pupils(), self.staff(), vec![self.cast.mentor.clone()]].concat();
        let judge = self.pick(&everybody);
        let reports: Vec<String> = self.reports.keys().cloned().collect();
        if reports.is_empty() {
            return;
        }
        let id = self.pick(&reports);
        let (at, is_unsafe) = self.reports[&id];
        let (outcome, action) = self.pick(&[("DISMISSED", None), ("UPHELD", Some("HIDE")), ("UPHELD", Some("NONE"))]);
        let payload = decide(&self.world, &judge, &id, outcome, action).await;
        if payload["userErrors"] == json!([]) {
            let is_pupil = self.pupils().iter().any(|pupil| pupil.member == judge.member);
            assert!(
                !(is_pupil && (is_unsafe || self.said[at].by_staff)),
                "{} judged {id}",
                judge.login
            );
            assert_ne!(judge.member, self.said[at].author);
            self.by_grant += usize::from(is_pupil);
        }
    }

    /// What must hold at any time.
    async fn check(&self) {
        for pupil in self.pupils() {
            let waiting = queue(&self.world, &self.cast, &pupil, Value::Null).await;
            for (id, (at, is_unsafe)) in &self.reports {
                let said = &self.said[*at];
                let is_hidden = *is_unsafe || said.author == pupil.member;
                if is_hidden {
                    assert!(
                        seen(&self.world, &pupil, id).await.is_null(),
                        "{} sees {id}",
                        pupil.login
                    );
                }
                assert!(!(is_hidden || said.by_staff) || !waiting.contains(id));
            }
        }
    }
}

#[tokio::test]
async fn no_pupil_ever_moderates_staff_or_sees_what_is_reported_as_unsafe() {
    let (world, cast) = World::with_stage().await;
    let mut threads = Vec::new();
    for (author, phase) in [
        (&cast.teacher, &cast.during),
        (&cast.mobile, &cast.during),
        (&cast.mentor, &cast.after),
    ] {
        threads.push((world.thread(author, phase, "Talk").await, phase.clone()));
    }
    let mut play = Play {
        world,
        cast,
        random: StdRng::seed_from_u64(11),
        threads,
        said: Vec::new(),
        reports: BTreeMap::new(),
        grants: Vec::new(),
        by_grant: 0,
    };
    for _ in 0..10 {
        play.speak().await;
    }
    for act in 0..ACTS {
        match play.random.random_range(0..12) {
            0..2 => play.speak().await,
            2 => play.deputise().await,
            3 if act % 3 == 0 => play.revoke().await,
            3..5 => play.report().await,
            5..8 => play.judge().await,
            _ => play.meddle().await,
        }
        if act % 40 == 39 {
            play.check().await;
        }
    }
    assert!(play.by_grant > 20, "pupils did only {} things by grant", play.by_grant);
    assert!(play.reports.values().any(|(_, is_unsafe)| *is_unsafe));
}
