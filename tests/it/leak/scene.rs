//! A space full of texts that nobody else may ever read, and those who ask for them.

use std::collections::BTreeMap;

use entity::enums::OrganisationKind;
use serde_json::{Value, json};
use sojourn::{
    features::organisation::{self, NewOrganisation},
    platform::{
        clock::Clock,
        id::{self, Kind},
    },
};

use crate::support::{Cast, Person, World};

/// Stands in every text of the space.
pub const MARK: &str = "zebrafish";

/// Public ids by name. What begins with `own` belongs to the other space.
pub type Ids = BTreeMap<&'static str, String>;

/// Somebody who is no member of the space.
pub struct Outsider {
    pub name: &'static str,
    pub person: Option<Person>,
    /// Ids of the scene that they may see for another reason.
    pub knows: &'static [&'static str],
    /// Names of members that they may see for another reason.
    pub known_people: &'static [&'static str],
}

impl Outsider {
    pub fn token(&self) -> Option<&str> {
        self.person.as_ref().map(|person| person.token.as_str())
    }

    /// Finds what this outsider may not read.
    pub fn leak(&self, text: &str) -> Option<&'static str> {
        let people = PEOPLE.iter().filter(|name| !self.known_people.contains(name));
        people.copied().chain([MARK]).find(|secret| text.contains(secret))
    }
}

/// How the members are shown.
const PEOPLE: &[&str] = &["Cora", "Theo", "Mira", "Otto", "Moira K.", "Stan K.", "Paula", "Pim K."];
const OF_ALDER: &[&str] = &["Cora", "Theo", "Mira", "Otto", "Moira K.", "Stan K."];

/// The space with everything in it that there can be.
pub struct Scene {
    pub world: World,
    pub cast: Cast,
    pub ids: Ids,
}

impl Scene {
    pub async fn new() -> Self {
        let (world, cast) = World::with_cast().await;
        let mut scene = Self {
            world,
            cast,
            ids: Ids::new(),
        };
        scene.settings().await;
        scene.texts().await;
        scene.reviews().await;
        scene.people().await;
        scene.elsewhere().await;
        scene
    }

    /// The same ids, of the same types, of nothing.
    pub fn ghosts(&self) -> Ids {
        let clock = Clock::default();
        let ghost = |name: &&'static str, id: &String| match id.split_once('_') {
            Some((prefix, _)) if !name.starts_with("own") && !name.ends_with("cursor") => {
                let kind = Kind::ALL.iter().find(|kind| kind.prefix() == prefix).unwrap();
                id::encode(*kind, clock.new_id()).0
            }
            _ => id.clone(),
        };
        let mut ghosts: Ids = self.ids.iter().map(|(name, id)| (*name, ghost(name, id))).collect();
        ghosts.insert("login", "nobody@school.example".to_owned());
        ghosts.insert("word", "quagga".to_owned());
        ghosts
    }

    /// Everybody who may not know of the space.
    pub fn outsiders(&self) -> Vec<Outsider> {
        let cast = &self.cast;
        let outsider = |name, person: &Person, knows, known_people| Outsider {
            name,
            person: Some(person.clone()),
            knows,
            known_people,
        };
        // Staff and administrators find organisations by name, to invite them; staff see the accounts of their own.
        let staff: &[_] = &["organisation"];
        let of_alder: &[_] = &["organisation", "home_account"];
        vec![
            outsider("the coordinator of another space", &cast.foreigner, staff, &[]),
            outsider("a pupil of another space", &cast.foreign_pupil, &[], &[]),
            outsider("staff of the same school", &cast.colleague, of_alder, OF_ALDER),
            outsider("a pupil of the same school", &cast.bystander, &[], &[]),
            Outsider {
                name: "nobody",
                person: None,
                knows: &[],
                known_people: &[],
            },
            outsider("the administrator", &cast.admin, staff, &[]),
            outsider("a removed mentor", &cast.mentor, of_alder, OF_ALDER),
            outsider("a removed pupil", &cast.partner_pupil, staff, &["Pim K."]),
        ]
    }

    async fn done(&mut self, who: &Person, mutation: &str, input: Value, keep: (&'static str, &str)) -> String {
        let (name, object) = keep;
        let selection = if object.is_empty() {
            String::new()
        } else {
            format!("{object} {{ id }}")
        };
        let payload = self.world.done(who, mutation, input, &selection).await;
        let id = payload[object]["id"].as_str().unwrap_or_default().to_owned();
        if !name.is_empty() {
            self.ids.insert(name, id.clone());
        }
        id
    }

    async fn settings(&mut self) {
        let (coordinator, cast) = (self.cast.coordinator.clone(), &self.cast);
        self.ids = Ids::from([
            ("space", cast.space.clone()),
            ("phase", cast.during.clone()),
            ("planned_phase", cast.after.clone()),
            ("closed_phase", cast.preparation.clone()),
            ("organisation", cast.partner.organisation.clone()),
            ("home_account", cast.stayer.account.clone()),
            ("session", id::encode(Kind::Session, cast.stayer.actor.session_id).0),
            ("partner_account", cast.partner.account.clone()),
            ("member", cast.stayer.member.clone()),
            ("coordinator", cast.coordinator.member.clone()),
            ("left_member", cast.partner_pupil.member.clone()),
            ("login", cast.coordinator.login.clone()),
            ("word", MARK.to_owned()),
            ("own_space", cast.foreign_space.clone()),
            ("own_phase", cast.foreign_phase.clone()),
            ("own_organisation", cast.foreigner.organisation.clone()),
            ("own_account", cast.foreign_pupil.account.clone()),
            ("own_member", cast.foreign_pupil.member.clone()),
        ]);
        let nothing = ("", "");
        let preparation = cast.preparation.clone();
        let text = format!("{MARK} settings");
        let input = json!({ "spaceId": cast.space, "expectedVersion": 1, "title": text, "description": text });
        let during = cast.during.clone();
        self.done(&coordinator, "spaceUpdate", input, nothing).await;
        for (phase, version) in [(&preparation, 1), (&during, 2)] {
            let input = json!({ "phaseId": phase, "expectedVersion": version, "title": text, "description": text });
            self.done(&coordinator, "phaseUpdate", input, nothing).await;
        }
        for (mutation, reason) in [
            ("phaseOpen", None),
            ("phaseClose", None),
            ("phaseReopen", Some(&text)),
            ("phaseClose", None),
        ] {
            let mut input = json!({ "phaseId": preparation });
            if let Some(reason) = reason {
                input["reason"] = json!(reason);
            }
            self.done(&coordinator, mutation, input, nothing).await;
        }
        let data = self
            .world
            .ask(
                &coordinator,
                "query($id: ID!) { space(id: $id) { eventCursor } }",
                json!({ "id": self.ids["space"] }),
            )
            .await;
        self.ids
            .insert("own_cursor", data["space"]["eventCursor"].as_str().unwrap().to_owned());
    }

    async fn root(&mut self, who: &Person, kind: &str, name: &'static str, more: Value) -> String {
        let mut input =
            json!({ "phaseId": self.ids["phase"], "title": format!("{MARK} {name}"), "body": format!("A {MARK}.") });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let object = if kind == "thread" { "thread" } else { "journalEntry" };
        self.done(who, &format!("{object}Create"), input, (name, object)).await
    }

    async fn comment(&mut self, who: &Person, root: &str, name: &'static str) -> String {
        let input = json!({ "rootId": root, "body": format!("The {MARK} {name}.") });
        self.done(who, "commentCreate", input, (name, "comment")).await
    }

    async fn texts(&mut self) {
        let (coordinator, mobile, left) = (
            self.cast.coordinator.clone(),
            self.cast.mobile.clone(),
            self.cast.partner_pupil.clone(),
        );
        let none = || json!({});
        let thread = self.root(&coordinator, "thread", "thread", none()).await;
        let comment = self.comment(&mobile, &thread, "comment").await;
        let input = json!({ "rootId": thread, "replyToId": comment, "body": format!("No {MARK}!") });
        self.done(&left, "commentCreate", input, ("left_comment", "comment"))
            .await;
        let hidden = self.comment(&mobile, &thread, "hidden_comment").await;
        let root = self.root(&mobile, "thread", "hidden_thread", none()).await;
        for id in [hidden, root] {
            let input = json!({ "contributionId": id, "reason": "OTHER", "note": format!("That {MARK}.") });
            self.done(&coordinator, "contributionHide", input, ("", "")).await;
        }
        // Two members report, one of whom leaves later; the words of both are marked.
        let talked = self.comment(&coordinator, &thread, "reported_comment").await;
        for (who, name) in [(&mobile, "report"), (&left, "left_report")] {
            let input = json!({ "contributionId": talked, "reason": "SPAM", "note": format!("See {MARK}.") });
            self.done(who, "contributionReport", input, (name, "report")).await;
        }
        self.root(&coordinator, "thread", "staff_thread", json!({ "audience": "STAFF" }))
            .await;
        self.root(&coordinator, "thread", "draft_thread", json!({ "publish": false }))
            .await;
        let prompt = self
            .world
            .prompt(&coordinator, &self.ids["phase"], &format!("What {MARK}?"))
            .await;
        self.ids.insert("prompt", prompt);
        let entry = self
            .root(&mobile, "entry", "entry", json!({ "publish": true, "mood": "LOW" }))
            .await;
        self.comment(&coordinator, &entry, "entry_comment").await;
        let photo = self.world.photo(&mobile, &self.cast, 1).await;
        let said = json!({ "mediaItemId": photo, "expectedVersion": 1, "caption": format!("{MARK} beach"),
            "altText": format!("{MARK} sand"), "attribution": MARK, "source": MARK });
        self.done(&mobile, "mediaItemUpdate", said, ("", "")).await;
        self.world.act(&mobile, "Publish", &photo).await;
        let album = json!({ "phaseId": self.ids["phase"], "title": format!("{MARK} album"),
            "description": format!("{MARK} days"), "mediaItemIds": [photo] });
        self.done(&mobile, "albumCreate", album, ("album", "album")).await;
        self.ids.insert("photo", photo);
        self.root(&left, "entry", "left_entry", json!({ "publish": true }))
            .await;
        self.root(&left, "entry", "left_draft", none()).await;
        let phase = self.ids["phase"].clone();
        self.world.pre_moderate(&coordinator, &phase).await;
        self.root(&left, "thread", "left_pending", none()).await;
        self.root(&mobile, "thread", "pending_thread", none()).await;
        let returned = self.root(&mobile, "thread", "returned_thread", none()).await;
        let note = format!("Less {MARK}.");
        let input = json!({ "contributionId": returned, "expectedVersion": 1, "note": note });
        self.done(&coordinator, "contributionReturn", input, ("", "")).await;
        let input = json!({ "journalEntryId": entry, "expectedVersion": 1, "body": format!("Another {MARK}.") });
        self.done(&mobile, "journalEntryUpdate", input, ("", "")).await;
        let query = "query($id: ID!) { node(id: $id) { ... on JournalEntry { pendingRevision { id } } } }";
        let data = self.world.ask(&coordinator, query, json!({ "id": entry })).await;
        let revision = data["node"]["pendingRevision"]["id"].as_str().unwrap();
        self.ids.insert("revision", revision.to_owned());
        let query = "query($id: ID!) { space(id: $id) { moderationLog(first: 1) { nodes { id } } auditLog(first: 1) { nodes { id } } } }";
        let space = self.ids["space"].clone();
        let data = self.world.ask(&coordinator, query, json!({ "id": space })).await;
        let decision = data["space"]["moderationLog"]["nodes"][0]["id"].as_str().unwrap();
        self.ids.insert("decision", decision.to_owned());
        let record = data["space"]["auditLog"]["nodes"][0]["id"].as_str().unwrap();
        self.ids.insert("audit_record", record.to_owned());
        self.world.fan_out().await;
        let query = "{ viewer { inboxCursor notifications(first: 1) { nodes { id } } } }";
        let viewer = self.world.ask(&coordinator, query, json!({})).await["viewer"].clone();
        for (name, id) in [
            ("notification", &viewer["notifications"]["nodes"][0]["id"]),
            ("inbox_cursor", &viewer["inboxCursor"]),
        ] {
            self.ids.insert(name, id.as_str().unwrap().to_owned());
        }
    }

    /// A round that is prepared, and one with a review that its author has read.
    async fn reviews(&mut self) {
        let (coordinator, stayer) = (self.cast.coordinator.clone(), self.cast.stayer.clone());
        let day = |days: i64| (self.world.app().clock.now() + chrono::TimeDelta::days(days)).to_rfc3339();
        let input = json!({ "phaseId": self.ids["phase"], "title": format!("{MARK} round"),
            "instructions": format!("Look for the {MARK}."), "plan": { "targetIds": [self.ids["entry"]] },
            "criteria": [{ "kind": "COMMENT", "title": format!("{MARK} seen"), "isRequired": true }],
            "reviewsDueAt": day(1), "reflectionAt": day(2), "closesAt": day(3) });
        let keep = ("planned_round", "round");
        self.done(&coordinator, "reviewRoundCreate", input.clone(), keep).await;
        let round = self
            .done(&coordinator, "reviewRoundCreate", input, ("round", "round"))
            .await;
        self.done(&coordinator, "reviewRoundOpen", json!({ "roundId": round }), ("", ""))
            .await;
        let query = "{ viewer { reviewAssignments { nodes { id round { criteria { criterionId } } } } } }";
        let data = self.world.ask(&stayer, query, json!({})).await;
        let one = data["viewer"]["reviewAssignments"]["nodes"][0].clone();
        let assignment = one["id"].as_str().unwrap().to_owned();
        let review = assignment.replace("assignment_", "review_");
        let answers =
            json!([{ "criterionId": one["round"]["criteria"][0]["criterionId"], "body": format!("A {MARK} review.") }]);
        let input = json!({ "assignmentId": assignment, "expectedVersion": 0, "answers": answers });
        self.done(&stayer, "reviewSubmit", input, ("", "")).await;
        let input = json!({ "reviewId": review, "note": format!("Which {MARK}?") });
        self.done(&coordinator, "reviewHold", input, ("", "")).await;
        self.done(&coordinator, "reviewRelease", json!({ "reviewId": review }), ("", ""))
            .await;
        self.ids.insert("assignment", assignment);
        self.ids.insert("review", review);
    }

    async fn people(&mut self) {
        let new = NewOrganisation {
            kind: OrganisationKind::School,
            name: "Fern".to_owned(),
            city: "Town".to_owned(),
            country: "LV".to_owned(),
            time_zone: "Europe/Riga".to_owned(),
        };
        let admin = &self.cast.admin.actor;
        let fern = organisation::create(self.world.app(), admin, new, None)
            .await
            .unwrap()
            .id;
        let coordinator = self.cast.coordinator.clone();
        let input = json!({ "spaceId": self.ids["space"], "organisationId": id::encode(Kind::Organisation, fern).0 });
        let keep = ("invitation", "invitation");
        self.done(&coordinator, "spaceOrganisationInvite", input, keep).await;
        let input = json!({ "membershipId": self.cast.stayer.member, "capability": "LEAD_THREAD", "threadId": self.ids["thread"] });
        self.done(&coordinator, "grantCreate", input, ("grant", "grant")).await;
        for member in [self.cast.mentor.member.clone(), self.cast.partner_pupil.member.clone()] {
            let input = json!({ "membershipId": member });
            self.done(&coordinator, "memberRemove", input, ("", "")).await;
        }
    }

    /// The other space has texts of its own.
    async fn elsewhere(&mut self) {
        let (foreigner, pupil) = (self.cast.foreigner.clone(), self.cast.foreign_pupil.clone());
        let phase = self.ids["own_phase"].clone();
        let thread = self.world.thread(&foreigner, &phase, "Elsewhere").await;
        self.world.comment(&pupil, &thread, None, "Here too.").await;
        let entry = self.world.entry(&pupil, &phase, "Elsewhere", true).await;
        self.ids.insert("own_thread", thread);
        self.ids.insert("own_entry", entry);
    }
}
