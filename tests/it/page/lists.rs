//! Every list of the schema, with some rows in it.

use chrono::Utc;
use serde_json::{Value, json};

use super::ROWS;
use crate::support::{Cast, PASSWORD, Person, World, errors};

/// A list, somebody who reads it, and the name of its order: lists of one order take each other's cursors.
pub struct List<'a> {
    pub name: &'static str,
    pub order: &'static str,
    who: &'a Person,
    parent: &'a str,
}

/// A world with rows in every list: at least [`ROWS`], unless it is bare.
pub struct Shelf {
    world: World,
    cast: Cast,
    thread: String,
    entry: String,
    comment: String,
    photo: String,
    album: String,
    /// A review round, and somebody who reviews in it.
    round: String,
    reviewer: Person,
}

/// The names of all connections of the schema, in order.
pub fn of_schema() -> Vec<String> {
    let (mut kind, mut field, mut found) = ("", "", Vec::new());
    for line in include_str!("../../../schema.graphql").lines() {
        let name = |line: &'static str| line.split(['(', ':', ' ']).next().unwrap_or_default();
        if let Some(line) = line.strip_prefix("type ") {
            kind = name(line);
        } else if line == "}" {
            kind = "";
        } else if let Some(line) = line.strip_prefix('\t')
            && line.starts_with(char::is_lowercase)
        {
            field = name(line);
        }
        if !kind.is_empty() && line.ends_with("Connection!") {
            found.push(format!("{kind}.{field}"));
        }
    }
    found.sort();
    found
}

/// Makes a round of four reviews for each piece of work, which authors read at once.
async fn round(world: &World, cast: &Cast, title: &str) -> String {
    let day = |days: i64| (world.app().clock.now() + chrono::TimeDelta::days(days)).to_rfc3339();
    let input = json!({ "phaseId": cast.during, "title": title, "reviewsWanted": 4, "releasePolicy": "IMMEDIATE",
        "criteria": [{ "kind": "COMMENT", "title": "Words", "isRequired": true }],
        "reviewsDueAt": day(1), "reflectionAt": day(2), "closesAt": day(3) });
    let made = world
        .done(&cast.teacher, "reviewRoundCreate", input, "round { id }")
        .await;
    made["round"]["id"].as_str().unwrap().to_owned()
}

impl Shelf {
    /// With hardly any rows.
    pub async fn bare() -> Self {
        let (world, cast) = World::with_cast().await;
        Self::begin(world, cast).await
    }

    /// With rows in every list.
    pub async fn full() -> Self {
        Self::bare().await.fill().await
    }

    /// With rows in every list that were all made at the same moment.
    pub async fn of_one_moment() -> Self {
        let (world, cast) = World::with_cast().await;
        world.app().clock.set(Some(Utc::now()));
        Self::begin(world, cast).await.fill().await
    }

    async fn begin(world: World, cast: Cast) -> Self {
        let thread = world.thread(&cast.stayer, &cast.during, "Bread").await;
        let entry = world.entry(&cast.mobile, &cast.during, "Riga", true).await;
        let comment = world.comment(&cast.stayer, &thread, None, "Dark").await;
        let photo = world.photo(&cast.mobile, &cast, 0).await;
        world.act(&cast.mobile, "Publish", &photo).await;
        let album = world.album(&cast.stayer, &cast, &[&photo]).await;
        let reviewer = world.pupil(&cast.coordinator, "Ria").await;
        let rows = json!([{ "accountId": reviewer.account, "role": "PUPIL", "mobilityStatus": "NON_MOBILE" }]);
        let input = json!({ "spaceId": cast.space, "rows": rows });
        world.done(&cast.coordinator, "memberAdd", input, "").await;
        let round = round(&world, &cast, "First").await;
        Self {
            world,
            cast,
            thread,
            entry,
            comment,
            photo,
            album,
            round,
            reviewer,
        }
    }

    async fn fill(self) -> Self {
        self.fill_organisations().await;
        self.fill_spaces().await;
        self.fill_pupils().await;
        self.fill_contributions().await;
        self.fill_revisions().await;
        self.fill_queue().await;
        self.fill_log().await;
        self.fill_rounds().await;
        for _ in 0..ROWS {
            self.world.sign_in(&self.reviewer.login, PASSWORD).await;
        }
        self.world.fan_out().await;
        self
    }

    /// Organisations, some of which have the same name; all take part in the space, each with a coordinator.
    async fn fill_organisations(&self) {
        let Self { world, cast, .. } = self;
        for (index, name) in ["Grove", "Grove", "Élm", "a-b", "ab"].into_iter().enumerate() {
            let organisation = world.organisation(&cast.admin, name).await;
            let staff = world.staff(&cast.admin, organisation, &format!("Greta{index}")).await;
            let input = json!({ "spaceId": cast.space, "organisationId": staff.organisation });
            let invited = world.done(&cast.coordinator, "spaceOrganisationInvite", input, "invitation { id }");
            let input = json!({ "invitationId": invited.await["invitation"]["id"] });
            world.done(&staff, "spaceOrganisationAccept", input, "").await;
        }
    }

    /// Spaces of a colleague, into each of which the partner's school is invited.
    async fn fill_spaces(&self) {
        let Self { world, cast, .. } = self;
        for index in 0..ROWS {
            let input = json!({ "title": format!("Space {index}") });
            let made = world.done(&cast.colleague, "spaceCreate", input, "space { id }").await;
            let input = json!({ "spaceId": made["space"]["id"], "organisationId": cast.partner.organisation });
            world.done(&cast.colleague, "spaceOrganisationInvite", input, "").await;
        }
    }

    /// Pupils who travel, some of whom have the same name.
    async fn fill_pupils(&self) {
        let Self { world, cast, .. } = self;
        for name in ["Ada", "Ada", "Élise", "Žanete", "ada", "Bo"] {
            let pupil = world.pupil(&cast.coordinator, name).await;
            let rows = json!([{ "accountId": pupil.account, "role": "PUPIL", "mobilityStatus": "MOBILE" }]);
            let input = json!({ "spaceId": cast.space, "rows": rows });
            world.done(&cast.coordinator, "memberAdd", input, "").await;
        }
    }

    /// Threads, two of which are pinned; entries, drafts, comments and answers.
    async fn fill_contributions(&self) {
        let Self { world, cast, .. } = self;
        for index in 0..ROWS {
            let title = format!("Title {index}");
            let thread = world.thread(&cast.mobile, &cast.during, &title).await;
            if index % 4 == 1 {
                world
                    .done(&cast.teacher, "threadPin", json!({ "threadId": thread }), "")
                    .await;
            }
            world.entry(&cast.mobile, &cast.during, &title, true).await;
            world.entry(&cast.mobile, &cast.during, &title, false).await;
            world.comment(&cast.mobile, &self.thread, None, &title).await;
            world.comment(&cast.stayer, &self.entry, None, &title).await;
            world.comment(&cast.stayer, &self.photo, None, &title).await;
            let photo = world.photo(&cast.mobile, cast, 1).await;
            world.act(&cast.mobile, "Publish", &photo).await;
            world.album(&cast.stayer, cast, &[&photo]).await;
            world.comment(&cast.stayer, &self.album, None, &title).await;
            world
                .comment(&cast.mobile, &self.thread, Some(&self.comment), &title)
                .await;
        }
    }

    /// Versions of a thread, an entry and a comment.
    async fn fill_revisions(&self) {
        let Self { world, cast, .. } = self;
        for version in 1..=ROWS {
            for (who, name, field, id) in [
                (&cast.stayer, "threadUpdate", "threadId", &self.thread),
                (&cast.mobile, "journalEntryUpdate", "journalEntryId", &self.entry),
                (&cast.stayer, "commentUpdate", "commentId", &self.comment),
                (&cast.mobile, "mediaItemUpdate", "mediaItemId", &self.photo),
                (&cast.stayer, "albumUpdate", "albumId", &self.album),
            ] {
                let body = match name {
                    "mediaItemUpdate" => "caption",
                    "albumUpdate" => "description",
                    _ => "body",
                };
                let input = json!({ field: id, "expectedVersion": version, body: format!("Version {version}") });
                world.done(who, name, input, "").await;
            }
        }
    }

    /// Rounds, some of them open, in which four pupils review everything.
    async fn fill_rounds(&self) {
        let Self { world, cast, .. } = self;
        let mut reviewers = vec![self.reviewer.clone()];
        for name in ["Rob", "Rut", "Roy"] {
            let pupil = world.pupil(&cast.coordinator, name).await;
            let rows = json!([{ "accountId": pupil.account, "role": "PUPIL", "mobilityStatus": "NON_MOBILE" }]);
            let input = json!({ "spaceId": cast.space, "rows": rows });
            world.done(&cast.coordinator, "memberAdd", input, "").await;
            reviewers.push(pupil);
        }
        for index in 0..ROWS {
            round(world, cast, &format!("Round {index}")).await;
        }
        let mine = "query($space: ID!) { space(id: $space) { viewerMembership { id } } }";
        let mut members = Vec::new();
        for reviewer in &reviewers {
            let data = world.ask(reviewer, mine, json!({ "space": cast.space })).await;
            members.push(data["space"]["viewerMembership"]["id"].clone());
        }
        let targets = [&self.thread, &self.entry, &self.photo, &self.album];
        for opened in [
            self.round.clone(),
            round(world, cast, "Second").await,
            round(world, cast, "Third").await,
        ] {
            let plan = json!({ "targetIds": targets, "reviewerIds": members });
            let input = json!({ "roundId": opened, "expectedVersion": 1, "plan": plan });
            world.done(&cast.teacher, "reviewRoundUpdate", input, "").await;
            world
                .done(&cast.teacher, "reviewRoundOpen", json!({ "roundId": opened }), "")
                .await;
            for reviewer in &reviewers {
                let query = "query($id: ID!) { viewer { reviewAssignments(roundId: $id) { nodes { id round { criteria { criterionId } } } } } }";
                let data = world.ask(reviewer, query, json!({ "id": opened })).await;
                for one in data["viewer"]["reviewAssignments"]["nodes"].as_array().unwrap() {
                    let answers =
                        json!([{ "criterionId": one["round"]["criteria"][0]["criterionId"], "body": "Kind words." }]);
                    let input = json!({ "assignmentId": one["id"], "expectedVersion": 0, "answers": answers });
                    world.done(reviewer, "reviewSubmit", input, "").await;
                }
            }
        }
    }

    /// Decisions about a thread.
    async fn fill_log(&self) {
        let Self { world, cast, .. } = self;
        let id = world.thread(&cast.stayer, &cast.during, "On and off").await;
        for index in 0..ROWS {
            let act = if index % 2 == 0 { "Hide" } else { "Restore" };
            world.act(&cast.teacher, act, &id).await;
        }
    }

    /// Threads that wait for a moderator.
    async fn fill_queue(&self) {
        let Self { world, cast, .. } = self;
        world
            .done(&cast.coordinator, "phaseOpen", json!({ "phaseId": cast.after }), "")
            .await;
        world.pre_moderate(&cast.coordinator, &cast.after).await;
        for index in 0..ROWS {
            world
                .thread(&cast.stayer, &cast.after, &format!("Waiting {index}"))
                .await;
        }
    }

    /// Pupils of the coordinator's school.
    pub async fn make_pupils(&self, count: usize) {
        let rows: Vec<_> = (0..count)
            .map(|_| json!({ "givenName": "Ada", "familyInitial": "B", "birthYear": 2010, "languages": ["en"] }))
            .collect();
        let who = &self.cast.coordinator;
        let input = json!({ "organisationId": who.organisation, "rows": rows });
        self.world.done(who, "pupilAccountsCreate", input, "").await;
    }

    /// Every list; those of one order stand together.
    pub fn lists(&self) -> Vec<List<'_>> {
        let cast = &self.cast;
        let (teacher, stayer, mobile) = (&cast.teacher, &cast.stayer, &cast.mobile);
        let list = |name, order, who, parent| List {
            name,
            order,
            who,
            parent,
        };
        vec![
            list("Query.organisations", "organisations", &cast.colleague, ""),
            list("Organisation.accounts", "accounts", teacher, &cast.teacher.organisation),
            list("Viewer.invitations", "invitations", &cast.partner, ""),
            list("Space.organisations", "parts", stayer, &cast.space),
            list("Space.members", "members", stayer, &cast.space),
            list("Viewer.memberships", "members", &cast.colleague, ""),
            list("Space.threads", "threads", teacher, &cast.space),
            list("Phase.threads", "threads", stayer, &cast.during),
            list("Space.journalEntries", "entries", stayer, &cast.space),
            list("Phase.journalEntries", "entries", stayer, &cast.during),
            list("Membership.journalEntries", "entries", teacher, &mobile.member),
            list("Space.journalWeek", "names", teacher, &cast.space),
            list("Thread.comments", "comments", stayer, &self.thread),
            list("JournalEntry.comments", "comments", stayer, &self.entry),
            list("MediaItem.comments", "comments", stayer, &self.photo),
            list("Album.comments", "comments", stayer, &self.album),
            list("Comment.replies", "comments", stayer, &self.comment),
            list("Viewer.notifications", "notifications", stayer, ""),
            list("Viewer.sessions", "sessions", &self.reviewer, ""),
            list("Viewer.drafts", "drafts", mobile, ""),
            list("Thread.revisions", "revisions", teacher, &self.thread),
            list("JournalEntry.revisions", "revisions", teacher, &self.entry),
            list("MediaItem.revisions", "revisions", teacher, &self.photo),
            list("Album.revisions", "revisions", teacher, &self.album),
            list("Space.media", "media", stayer, &cast.space),
            list("Space.albums", "albums", stayer, &cast.space),
            list("Phase.albums", "albums", stayer, &cast.during),
            list("Comment.revisions", "revisions", teacher, &self.comment),
            list("Space.moderationQueue", "queue", teacher, &cast.space),
            list("Space.moderationLog", "log", teacher, &cast.space),
            list("Space.auditLog", "audit", &cast.coordinator, &cast.space),
            list("Space.reviewRounds", "rounds", teacher, &cast.space),
            list("Phase.reviewRounds", "rounds", teacher, &cast.during),
            list("Viewer.reviewAssignments", "due", &self.reviewer, ""),
            list("ReviewRound.assignments", "reviews", teacher, &self.round),
            list("ReviewRound.reviews", "reviews", teacher, &self.round),
            list("Thread.reviews", "reviews", stayer, &self.thread),
            list("JournalEntry.reviews", "reviews", mobile, &self.entry),
            list("MediaItem.reviews", "reviews", mobile, &self.photo),
            list("Album.reviews", "reviews", stayer, &self.album),
        ]
    }

    /// Asks for a page.
    pub async fn send(&self, list: &List<'_>, arguments: &Value) -> Value {
        let (kind, field) = list.name.split_once('.').unwrap();
        let (row, more) = match list.name {
            "Space.journalWeek" => ("membership { id }", "week: \"2026-W47\", "),
            "Viewer.sessions" => ("id", ""),
            _ => ("... on Node { id }", ""),
        };
        let connection = format!(
            "list: {field}({more}first: $first, after: $after, last: $last, before: $before) {{ totalCount \
             pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} edges {{ cursor node {{ {row} }} }} \
             nodes {{ {row} }} }}"
        );
        let arguments_of_query = "$first: Int, $after: String, $last: Int, $before: String";
        let query = match kind {
            "Query" => format!("query({arguments_of_query}) {{ {connection} }}"),
            "Viewer" => format!("query({arguments_of_query}) {{ at: viewer {{ {connection} }} }}"),
            _ => format!(
                "query($id: ID!, {arguments_of_query}) {{ at: node(id: $id) {{ ... on {kind} {{ {connection} }} }} }}"
            ),
        };
        let mut variables = arguments.clone();
        variables["id"] = json!(list.parent);
        self.world.send(Some(&list.who.token), &query, variables).await
    }

    /// The connection in an answer.
    pub fn found<'a>(&self, answer: &'a Value) -> &'a Value {
        let data = &answer["data"];
        if data["list"].is_object() {
            &data["list"]
        } else {
            &data["at"]["list"]
        }
    }

    /// Asks for a page that there must be.
    pub async fn page(&self, list: &List<'_>, arguments: &Value) -> Value {
        let answer = self.send(list, arguments).await;
        assert_eq!(
            errors(&answer),
            Vec::<String>::new(),
            "{} {arguments}: {answer}",
            list.name
        );
        self.found(&answer).clone()
    }
}
