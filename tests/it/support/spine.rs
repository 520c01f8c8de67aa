//! Short words for what tests do to contributions again and again.

use chrono::{DateTime, TimeDelta, Utc};
use entity::{contribution, decision, event, revision};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};
use sojourn::platform::id;
use uuid::Uuid;

use super::{Cast, Person, World, refusal};

/// The inner form of a public id.
pub fn inner(id: &str) -> Uuid {
    id::decode(id).unwrap().1
}

/// The ids of the nodes of a connection.
pub fn ids(connection: &Value) -> Vec<String> {
    let nodes = connection["nodes"].as_array().unwrap();
    nodes
        .iter()
        .map(|node| node["id"].as_str().unwrap().to_owned())
        .collect()
}

impl World {
    /// Stops the clock some seconds from now: what follows has a later time than what was.
    pub fn later(&self, seconds: i64) -> DateTime<Utc> {
        let clock = &self.app().clock;
        clock.set(Some(clock.now() + TimeDelta::seconds(seconds)));
        clock.now()
    }

    /// Rows of the table `event`.
    pub async fn events(&self) -> u64 {
        event::Entity::find().count(self.app().db.primary()).await.unwrap()
    }

    /// Rows of the table `decision` about a contribution.
    pub async fn decisions(&self, id: &str) -> u64 {
        let rows = decision::Entity::find().filter(decision::Column::ContributionId.eq(inner(id)));
        rows.count(self.app().db.primary()).await.unwrap()
    }

    /// Rows of the table `revision` of a contribution.
    pub async fn revisions(&self, id: &str) -> u64 {
        let rows = revision::Entity::find().filter(revision::Column::ContributionId.eq(inner(id)));
        rows.count(self.app().db.primary()).await.unwrap()
    }

    /// The row of a contribution, whoever may see it.
    pub async fn row(&self, id: &str) -> Option<contribution::Model> {
        let row = contribution::Entity::find_by_id(inner(id));
        row.one(self.app().db.primary()).await.unwrap()
    }

    /// `selection` of a contribution as somebody sees it; null if they don't.
    pub async fn seen(&self, who: &Person, id: &str, selection: &str) -> Value {
        let query = format!(
            "query($id: ID!) {{ node(id: $id) {{ ... on Contribution {{ __typename id }} \
            ... on Thread {{ {selection} }} }} }}"
        );
        let query = match id.split('_').next().unwrap() {
            "comment" => query.replace("on Thread", "on Comment"),
            "entry" => query.replace("on Thread", "on JournalEntry"),
            "media" => query.replace("on Thread", "on MediaItem"),
            "album" => query.replace("on Thread", "on Album"),
            _ => query,
        };
        self.ask(who, &query, json!({ "id": id })).await["node"].clone()
    }

    /// One field of a contribution as somebody sees it.
    pub async fn field(&self, who: &Person, id: &str, field: &str) -> Value {
        self.seen(who, id, field).await[field].clone()
    }

    /// The input of a lifecycle mutation about a contribution as it is now.
    pub async fn lifecycle_input(&self, act: &str, id: &str) -> Value {
        let version = self
            .row(id)
            .await
            .map_or(1, |row| row.pending_version.unwrap_or(row.version));
        match act {
            "Publish" | "Approve" => json!({ "contributionId": id, "expectedVersion": version }),
            "Return" => json!({ "contributionId": id, "expectedVersion": version, "note": "Please look again." }),
            "Hide" | "Remove" => json!({ "contributionId": id, "reason": "UNKIND" }),
            _ => json!({ "contributionId": id }),
        }
    }

    /// Does something to a contribution (`Publish`, `Hide` …) that must be done.
    pub async fn act(&self, who: &Person, act: &str, id: &str) {
        let input = self.lifecycle_input(act, id).await;
        self.done(who, &format!("contribution{act}"), input, "").await;
    }

    /// Tries something and tells what came of it: the new state, `gone` with the row, `same` if nothing happened, or why not.
    pub async fn attempt(&self, who: &Person, act: &str, id: &str) -> String {
        let before = self.events().await;
        let input = self.lifecycle_input(act, id).await;
        let payload = self.mutate(who, &format!("contribution{act}"), input, "").await;
        if let Some(error) = payload["userErrors"].get(0) {
            assert_eq!(self.events().await, before, "a refused act made an event");
            return refusal(error).rsplit('/').next().unwrap().to_owned();
        }
        match self.row(id).await {
            None => "gone".to_owned(),
            Some(_) if self.events().await == before => "same".to_owned(),
            Some(row) => format!("{:?}", row.state).to_uppercase(),
        }
    }

    /// A new comment of somebody below a thread of the mentor, in the phase during.
    pub async fn comment_on(&self, cast: &Cast, who: &Person, body: &str) -> String {
        let thread = self.thread(&cast.mentor, &cast.during, "Talk").await;
        self.comment(who, &thread, None, body).await
    }

    /// Changes the settings of a phase.
    pub async fn phase_set(&self, who: &Person, phase: &str, mut fields: Value) {
        let query = "query($id: ID!) { node(id: $id) { ... on Phase { version } } }";
        let known = self.ask(who, query, json!({ "id": phase })).await;
        fields["phaseId"] = json!(phase);
        fields["expectedVersion"] = known["node"]["version"].clone();
        self.done(who, "phaseUpdate", fields, "").await;
    }

    /// Opens or closes a phase.
    pub async fn phase_step(&self, who: &Person, step: &str, phase: &str) {
        self.done(who, step, json!({ "phaseId": phase }), "").await;
    }

    /// Changes a membership.
    pub async fn member_set(&self, who: &Person, member: &str, mut fields: Value) {
        let query = "query($id: ID!) { node(id: $id) { ... on Membership { version } } }";
        let known = self.ask(who, query, json!({ "id": member })).await;
        fields["membershipId"] = json!(member);
        fields["expectedVersion"] = known["node"]["version"].clone();
        self.done(who, "memberUpdate", fields, "").await;
    }

    /// The input that edits a contribution, with the version that its author knows.
    pub async fn edit_input(&self, id: &str, mut fields: Value) -> (&'static str, Value) {
        let (name, field) = match id.split('_').next().unwrap() {
            "comment" => ("commentUpdate", "commentId"),
            "entry" => ("journalEntryUpdate", "journalEntryId"),
            "media" => ("mediaItemUpdate", "mediaItemId"),
            _ => ("threadUpdate", "threadId"),
        };
        fields[field] = json!(id);
        fields["expectedVersion"] = json!(self.row(id).await.unwrap().version);
        (name, fields)
    }

    /// Edits a contribution of any kind.
    pub async fn edit(&self, who: &Person, id: &str, fields: Value) {
        let (name, input) = self.edit_input(id, fields).await;
        self.done(who, name, input, "").await;
    }

    /// Makes a thread or an entry as `input` says, in `phase`, and returns its id.
    pub async fn create(&self, who: &Person, kind: &str, phase: &str, mut input: Value) -> String {
        input["phaseId"] = json!(phase);
        for (field, value) in [("title", "Title"), ("body", "Body")] {
            if input.get(field).is_none() {
                input[field] = json!(value);
            }
        }
        let payload = self
            .done(who, &format!("{kind}Create"), input, &format!("{kind} {{ id }}"))
            .await;
        payload[kind]["id"].as_str().unwrap().to_owned()
    }
}

/// The public id in a payload's object.
pub fn id_of(object: &Value) -> String {
    object["id"].as_str().unwrap().to_owned()
}

impl World {
    /// The cast, with its phase "after" open as well: there, texts wait for a moderator.
    pub async fn with_stage() -> (Self, Cast) {
        let (world, cast) = Self::with_cast().await;
        let input = json!({ "phaseId": cast.after });
        world.done(&cast.coordinator, "phaseOpen", input, "").await;
        world.pre_moderate(&cast.coordinator, &cast.after).await;
        (world, cast)
    }

    /// A `thread`, `comment` or `journalEntry` of a pupil, brought into a state by those who may: `DRAFT`, `PENDING`,
    /// `PUBLISHED`, `EDITED` (published, with an edit that waits), `HIDDEN` or `REMOVED`.
    pub async fn staged(&self, cast: &Cast, kind: &str, author: &Person, state: &str) -> String {
        let is_watched = matches!(state, "PENDING" | "EDITED") || (kind, state) == ("comment", "DRAFT");
        let phase = if is_watched { &cast.after } else { &cast.during };
        let id = if kind == "comment" {
            let root = self.thread(&cast.teacher, phase, "Stage").await;
            self.comment(author, &root, None, "Said.").await
        } else {
            let input = json!({ "publish": state != "DRAFT", "body": "Said." });
            self.create(author, kind, phase, input).await
        };
        match (kind, state) {
            // A comment is a draft only when it was taken back.
            ("comment", "DRAFT") => self.act(author, "Withdraw", &id).await,
            (_, "EDITED") => {
                self.act(&cast.teacher, "Approve", &id).await;
                self.edit(author, &id, json!({ "body": "Said better." })).await;
            }
            (_, "HIDDEN") => self.act(&cast.teacher, "Hide", &id).await,
            (_, "REMOVED") => self.act(&cast.teacher, "Remove", &id).await,
            _ => {}
        }
        id
    }
}
