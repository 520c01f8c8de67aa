//! One case or more for every root field. `@name` stands for an id of the scene.

use serde_json::Value;

use super::{scene::Ids, walk};

/// One operation.
pub struct Case {
    /// `Query.space`.
    pub root: &'static str,
    pub document: String,
    /// With `@name`.
    pub variables: String,
}

impl Case {
    /// The variables with ids.
    pub fn variables(&self, ids: &Ids) -> Value {
        serde_json::from_str(&with_ids(&self.variables, ids)).unwrap()
    }

    /// Whether it names one of these.
    pub fn names(&self, known: &[&str]) -> bool {
        known
            .iter()
            .any(|name| self.variables.contains(&format!("\"@{name}\"")))
    }
}

fn with_ids(text: &str, ids: &Ids) -> String {
    ids.iter().fold(text.to_owned(), |text, (name, id)| {
        text.replace(&format!("\"@{name}\""), &format!("\"{id}\""))
    })
}

/// Mutations that take nothing but what is the caller's own, so that no case can name anything else.
pub const WITHOUT_IDS: &[&str] = &["Mutation.accountLanguagesChange", "Mutation.notificationPreferencesSet"];

/// Mutations and their inputs: such as would be done if the caller were a member who may.
const MUTATIONS: &[(&str, &str)] = &[
    (
        "accountPasswordChange",
        r#"{"currentPassword":"not the password","newPassword":"another password"}"#,
    ),
    (
        "accountEmailChange",
        r#"{"accountId":"@home_account","email":"new@school.example"}"#,
    ),
    (
        "accountEmailChange",
        r#"{"accountId":"@partner_account","email":"new@school.example","currentPassword":"not the password"}"#,
    ),
    ("accountErase", r#"{"accountId":"@home_account"}"#),
    ("accountErase", r#"{"accountId":"@partner_account"}"#),
    ("accountExport", r#"{"accountId":"@home_account"}"#),
    ("accountExport", r#"{"accountId":"@partner_account"}"#),
    (
        "accountNameChange",
        r#"{"accountId":"@home_account","displayName":"Nobody N."}"#,
    ),
    (
        "accountNameChange",
        r#"{"accountId":"@partner_account","displayName":"Nobody N."}"#,
    ),
    ("accountSecretsReset", r#"{"accountIds":["@home_account"]}"#),
    ("accountSecretsReset", r#"{"accountIds":["@partner_account"]}"#),
    ("commentCreate", r#"{"rootId":"@thread","body":"B"}"#),
    ("commentCreate", r#"{"rootId":"@entry","body":"B"}"#),
    ("commentCreate", r#"{"rootId":"@hidden_thread","body":"B"}"#),
    (
        "commentCreate",
        r#"{"rootId":"@thread","replyToId":"@comment","body":"B"}"#,
    ),
    (
        "commentCreate",
        r#"{"rootId":"@own_thread","replyToId":"@comment","body":"B"}"#,
    ),
    (
        "commentUpdate",
        r#"{"commentId":"@comment","expectedVersion":1,"body":"B"}"#,
    ),
    (
        "commentUpdate",
        r#"{"commentId":"@left_comment","expectedVersion":1,"body":"B"}"#,
    ),
    (
        "contributionApprove",
        r#"{"contributionId":"@pending_thread","expectedVersion":1}"#,
    ),
    (
        "contributionApprove",
        r#"{"contributionId":"@entry","expectedVersion":2}"#,
    ),
    ("contributionHide", r#"{"contributionId":"@thread","reason":"OTHER"}"#),
    ("contributionHide", r#"{"contributionId":"@comment","reason":"OTHER"}"#),
    (
        "contributionPublish",
        r#"{"contributionId":"@draft_thread","expectedVersion":1}"#,
    ),
    (
        "contributionPublish",
        r#"{"contributionId":"@left_draft","expectedVersion":1}"#,
    ),
    ("contributionRemove", r#"{"contributionId":"@thread","reason":"OTHER"}"#),
    ("contributionRemove", r#"{"contributionId":"@left_draft"}"#),
    ("contributionRemove", r#"{"contributionId":"@left_entry"}"#),
    (
        "contributionReport",
        r#"{"contributionId":"@thread","reason":"UNSAFE"}"#,
    ),
    (
        "contributionReport",
        r#"{"contributionId":"@comment","reason":"UNKIND"}"#,
    ),
    (
        "contributionReport",
        r#"{"contributionId":"@left_comment","reason":"UNKIND"}"#,
    ),
    ("contributionRestore", r#"{"contributionId":"@hidden_thread"}"#),
    ("contributionRestore", r#"{"contributionId":"@hidden_comment"}"#),
    (
        "contributionReturn",
        r#"{"contributionId":"@pending_thread","expectedVersion":1,"note":"N"}"#,
    ),
    (
        "contributionsApprove",
        r#"{"rows":[{"contributionId":"@pending_thread","expectedVersion":1},{"contributionId":"@entry","expectedVersion":2}]}"#,
    ),
    (
        "contributionsHide",
        r#"{"contributionIds":["@thread","@comment","@hidden_comment"],"reason":"OTHER"}"#,
    ),
    (
        "contributionsReturn",
        r#"{"rows":[{"contributionId":"@pending_thread","expectedVersion":1}],"note":"N"}"#,
    ),
    ("contributionWithdraw", r#"{"contributionId":"@entry"}"#),
    ("contributionWithdraw", r#"{"contributionId":"@left_entry"}"#),
    ("contributionWithdraw", r#"{"contributionId":"@left_pending"}"#),
    ("grantCreate", r#"{"membershipId":"@member","capability":"MODERATE"}"#),
    (
        "grantCreate",
        r#"{"membershipId":"@own_member","capability":"MODERATE","phaseId":"@phase"}"#,
    ),
    (
        "grantCreate",
        r#"{"membershipId":"@own_member","capability":"LEAD_THREAD","threadId":"@thread"}"#,
    ),
    ("grantRevoke", r#"{"grantId":"@grant"}"#),
    ("journalEntryConfirm", r#"{"journalEntryId":"@entry"}"#),
    ("journalEntryConfirm", r#"{"journalEntryId":"@left_entry"}"#),
    ("journalEntryCreate", r#"{"phaseId":"@phase","title":"T","body":"B"}"#),
    (
        "journalEntryCreate",
        r#"{"phaseId":"@own_phase","title":"T","body":"B","coAuthorIds":["@member"]}"#,
    ),
    (
        "journalEntryCreate",
        r#"{"phaseId":"@own_phase","title":"T","body":"B","answers":[{"promptId":"@prompt","body":"B"}]}"#,
    ),
    (
        "journalEntryUpdate",
        r#"{"journalEntryId":"@entry","expectedVersion":2,"body":"B"}"#,
    ),
    (
        "journalEntryUpdate",
        r#"{"journalEntryId":"@left_entry","expectedVersion":1,"audience":"AUTHOR"}"#,
    ),
    (
        "memberAdd",
        r#"{"spaceId":"@space","rows":[{"accountId":"@own_account","role":"PUPIL"}]}"#,
    ),
    (
        "memberAdd",
        r#"{"spaceId":"@own_space","rows":[{"accountId":"@home_account","role":"PUPIL"}]}"#,
    ),
    (
        "memberAdd",
        r#"{"spaceId":"@own_space","rows":[{"accountId":"@partner_account","role":"TEACHER"}]}"#,
    ),
    ("memberRemove", r#"{"membershipId":"@member"}"#),
    ("memberRemove", r#"{"membershipId":"@left_member"}"#),
    (
        "memberUpdate",
        r#"{"membershipId":"@member","expectedVersion":1,"mobilityStatus":"MOBILE"}"#,
    ),
    (
        "memberUpdate",
        r#"{"membershipId":"@left_member","expectedVersion":2,"mobilityStatus":"MOBILE"}"#,
    ),
    ("notificationsMarkRead", r#"{"notificationIds":["@notification"]}"#),
    ("notificationsMarkRead", r#"{"upToId":"@notification"}"#),
    (
        "organisationCreate",
        r#"{"kind":"SCHOOL","name":"","city":"","country":"LV","timeZone":"Europe/Riga"}"#,
    ),
    ("phaseClose", r#"{"phaseId":"@phase"}"#),
    ("phaseOpen", r#"{"phaseId":"@planned_phase"}"#),
    (
        "phasePromptsUpdate",
        r#"{"phaseId":"@planned_phase","expectedVersion":1,"week":"2026-W47","language":"en","prompts":[{"question":"Q"}]}"#,
    ),
    (
        "phasePromptsUpdate",
        r#"{"phaseId":"@own_phase","expectedVersion":2,"week":"2026-W47","language":"en","prompts":[{"id":"@prompt","question":"Q"}]}"#,
    ),
    (
        "phasePromptsUpdate",
        r#"{"phaseId":"@phase","expectedVersion":4,"week":"2026-W47","language":"es","useSet":"LAST_WEEK"}"#,
    ),
    ("phaseReopen", r#"{"phaseId":"@closed_phase","reason":"R"}"#),
    (
        "phaseUpdate",
        r#"{"phaseId":"@planned_phase","expectedVersion":1,"title":"T"}"#,
    ),
    ("phaseMarkRead", r#"{"phaseId":"@phase"}"#),
    ("presenceSet", r#"{"spaceId":"@space"}"#),
    ("presenceSet", r#"{"spaceId":"@space","isOnline":false}"#),
    (
        "presenceSet",
        r#"{"spaceId":"@space","threadId":"@thread","isWriting":true}"#,
    ),
    ("presenceSet", r#"{"spaceId":"@own_space","threadId":"@thread"}"#),
    ("presenceSet", r#"{"spaceId":"@own_space","threadId":"@hidden_thread"}"#),
    (
        "organisationNameChange",
        r#"{"organisationId":"@organisation","name":"New name"}"#,
    ),
    (
        "pupilAccountsCreate",
        r#"{"organisationId":"@organisation","rows":[{"givenName":"A","familyInitial":"B","birthYear":2010,"languages":["en"]}]}"#,
    ),
    ("reactionAdd", r#"{"contributionId":"@thread","kind":"LIKE"}"#),
    ("reactionAdd", r#"{"contributionId":"@comment","kind":"LIKE"}"#),
    ("reactionAdd", r#"{"contributionId":"@left_comment","kind":"LOVE"}"#),
    ("reactionAdd", r#"{"contributionId":"@entry","kind":"THANKS"}"#),
    ("reactionRemove", r#"{"contributionId":"@comment","kind":"LIKE"}"#),
    ("sessionCreate", r#"{"login":"@login","password":"not the password"}"#),
    ("sessionRefresh", r#"{"refreshToken":"nonsense"}"#),
    ("sessionRevoke", r#"{"sessionId":"@session"}"#),
    (
        "reportDecide",
        r#"{"reportId":"@report","outcome":"DISMISSED","note":"N"}"#,
    ),
    (
        "reportDecide",
        r#"{"reportId":"@left_report","outcome":"UPHELD","note":"N"}"#,
    ),
    (
        "mediaUploadRequest",
        r#"{"spaceId":"@space","phaseId":"@phase","fileName":"a.png","mediaType":"image/png","size":9,"sha256":"0000000000000000000000000000000000000000000000000000000000000000"}"#,
    ),
    (
        "mediaUploadRequest",
        r#"{"spaceId":"@own_space","phaseId":"@phase","fileName":"a.png","mediaType":"image/png","size":9,"sha256":"0000000000000000000000000000000000000000000000000000000000000000"}"#,
    ),
    ("mediaUploadParts", r#"{"mediaItemId":"@photo"}"#),
    ("mediaUploadParts", r#"{"mediaItemId":"@photo","abort":true}"#),
    ("mediaUploadComplete", r#"{"mediaItemId":"@photo"}"#),
    ("mediaRetry", r#"{"mediaItemId":"@photo"}"#),
    (
        "mediaItemUpdate",
        r#"{"mediaItemId":"@photo","expectedVersion":1,"caption":"C"}"#,
    ),
    ("commentCreate", r#"{"rootId":"@photo","body":"B"}"#),
    ("commentCreate", r#"{"rootId":"@album","body":"B"}"#),
    ("albumCreate", r#"{"phaseId":"@phase","title":"T"}"#),
    (
        "albumCreate",
        r#"{"phaseId":"@own_phase","title":"T","mediaItemIds":["@photo"]}"#,
    ),
    (
        "albumUpdate",
        r#"{"albumId":"@album","expectedVersion":1,"title":"T","mediaItemIds":[]}"#,
    ),
    (
        "threadCreate",
        r#"{"phaseId":"@own_phase","title":"T","body":"B","attachmentIds":["@photo"]}"#,
    ),
    ("reportEscalate", r#"{"reportId":"@report","note":"N"}"#),
    (
        "reviewRoundCreate",
        r#"{"phaseId":"@phase","title":"T","reviewsDueAt":"2036-11-22T00:00:00Z","reflectionAt":"2036-11-23T00:00:00Z","closesAt":"2036-11-24T00:00:00Z"}"#,
    ),
    (
        "reviewRoundCreate",
        r#"{"phaseId":"@own_phase","title":"T","plan":{"targetIds":["@entry"]},"reviewsDueAt":"2036-11-22T00:00:00Z","reflectionAt":"2036-11-23T00:00:00Z","closesAt":"2036-11-24T00:00:00Z"}"#,
    ),
    (
        "reviewRoundCreate",
        r#"{"phaseId":"@own_phase","title":"T","plan":{"reviewerIds":["@member"]},"reviewsDueAt":"2036-11-22T00:00:00Z","reflectionAt":"2036-11-23T00:00:00Z","closesAt":"2036-11-24T00:00:00Z"}"#,
    ),
    (
        "reviewRoundUpdate",
        r#"{"roundId":"@round","expectedVersion":2,"title":"T"}"#,
    ),
    ("reviewRoundOpen", r#"{"roundId":"@planned_round"}"#),
    ("reviewRoundReflect", r#"{"roundId":"@round"}"#),
    ("reviewRoundClose", r#"{"roundId":"@round"}"#),
    ("reviewRoundCancel", r#"{"roundId":"@round"}"#),
    (
        "reviewSave",
        r#"{"assignmentId":"@assignment","expectedVersion":1,"answers":[]}"#,
    ),
    ("reviewSubmit", r#"{"assignmentId":"@assignment","expectedVersion":1}"#),
    ("reviewDecline", r#"{"assignmentId":"@assignment","reason":"OTHER"}"#),
    ("reviewHold", r#"{"reviewId":"@review"}"#),
    ("reviewRelease", r#"{"reviewId":"@review"}"#),
    ("reviewsRelease", r#"{"reviewIds":["@review"]}"#),
    ("reviewVoid", r#"{"reviewId":"@review","note":"N"}"#),
    ("reviewReact", r#"{"reviewId":"@review","reaction":"HELPFUL"}"#),
    ("spaceArchive", r#"{"spaceId":"@space"}"#),
    ("spaceClose", r#"{"spaceId":"@space"}"#),
    ("spaceCreate", r#"{"title":""}"#),
    ("spaceOrganisationAccept", r#"{"invitationId":"@invitation"}"#),
    ("spaceOrganisationDecline", r#"{"invitationId":"@invitation"}"#),
    (
        "spaceOrganisationInvite",
        r#"{"spaceId":"@space","organisationId":"@own_organisation"}"#,
    ),
    ("spaceReopen", r#"{"spaceId":"@space"}"#),
    ("spaceUpdate", r#"{"spaceId":"@space","expectedVersion":2,"title":"T"}"#),
    (
        "staffAccountCreate",
        r#"{"organisationId":"@organisation","email":"new@school.example","displayName":"N","languages":["en"]}"#,
    ),
    ("threadCreate", r#"{"phaseId":"@phase","title":"T","body":"B"}"#),
    (
        "threadCreate",
        r#"{"phaseId":"@planned_phase","title":"T","body":"B","publish":false}"#,
    ),
    ("threadLock", r#"{"threadId":"@thread"}"#),
    ("threadMarkRead", r#"{"threadId":"@thread"}"#),
    ("threadMarkRead", r#"{"threadId":"@thread","upToCommentId":"@comment"}"#),
    (
        "threadMarkRead",
        r#"{"threadId":"@own_thread","upToCommentId":"@comment"}"#,
    ),
    ("threadMarkRead", r#"{"threadId":"@hidden_thread"}"#),
    ("threadMove", r#"{"threadId":"@thread","phaseId":"@closed_phase"}"#),
    ("threadMove", r#"{"threadId":"@thread","phaseId":"@own_phase"}"#),
    ("threadMove", r#"{"threadId":"@own_thread","phaseId":"@phase"}"#),
    ("threadPin", r#"{"threadId":"@thread"}"#),
    ("threadSubscriptionSet", r#"{"threadId":"@thread","level":"FOLLOWING"}"#),
    ("threadUnlock", r#"{"threadId":"@thread"}"#),
    ("threadUnpin", r#"{"threadId":"@thread"}"#),
    (
        "threadUpdate",
        r#"{"threadId":"@thread","expectedVersion":1,"title":"T"}"#,
    ),
];

/// Queries and their variables.
const QUERIES: &[(&str, &str, &str)] = &[
    (
        "Query.organisations",
        "query($a: String) { organisations(search: $a) { totalCount nodes { id name } } }",
        r#"{"a":"@word"}"#,
    ),
    (
        "Query.reviewRoundPreview",
        "query($id: ID!) { reviewRoundPreview(roundId: $id) { reviewerCount } }",
        r#"{"id":"@planned_round"}"#,
    ),
    (
        "Query.reviewTemplates",
        "{ reviewTemplates { kind title } }",
        r#"{"id":"@word"}"#,
    ),
    (
        "Query.viewer",
        "query($id: ID) { viewer { reviewAssignments(roundId: $id) { totalCount nodes { id } } } }",
        r#"{"id":"@round"}"#,
    ),
    (
        "Query.promptSets",
        "{ promptSets { kind prompts { question starters keyCompetences } } }",
        r#"{"id":"@word"}"#,
    ),
    (
        "Query.space",
        "query($id: ID!, $a: ID) { space(id: $id) { journalWeek(week: \"2026-W47\", organisationId: $a) { totalCount nodes { membership { id } } } } }",
        r#"{"id":"@own_space","a":"@organisation"}"#,
    ),
    (
        "Query.space",
        "query($id: ID!, $a: JournalEntryFilterInput) { space(id: $id) { journalEntries(filter: $a) { totalCount nodes { id } } } }",
        r#"{"id":"@own_space","a":{"phaseId":"@phase"}}"#,
    ),
    (
        "Query.space",
        "query($id: ID!, $a: JournalEntryFilterInput) { space(id: $id) { journalEntries(filter: $a) { totalCount nodes { id } } } }",
        r#"{"id":"@own_space","a":{"authorId":"@left_member","state":["PUBLISHED","PENDING","HIDDEN"]}}"#,
    ),
    (
        "Query.space",
        "query($id: ID!, $a: JournalEntryFilterInput) { space(id: $id) { journalEntries(filter: $a) { totalCount nodes { id } } } }",
        r#"{"id":"@own_space","a":{"organisationId":"@organisation"}}"#,
    ),
    (
        "Query.space",
        "query($id: ID!, $a: MediaFilterInput) { space(id: $id) { media(filter: $a) { totalCount nodes { id file { url } } } } }",
        r#"{"id":"@own_space","a":{"phaseId":"@phase"}}"#,
    ),
    (
        "Query.space",
        "query($id: ID!, $a: AlbumFilterInput) { space(id: $id) { albums(filter: $a) { totalCount nodes { id title } } } }",
        r#"{"id":"@own_space","a":{"phaseId":"@phase"}}"#,
    ),
    (
        "Query.viewer",
        "query($id: ID) { viewer { drafts(spaceId: $id) { totalCount nodes { id body } } } }",
        r#"{"id":"@space"}"#,
    ),
    (
        "Subscription.viewerEvents",
        "subscription($after: String) { viewerEvents(after: $after) { __typename cursor } }",
        r#"{"after":"@inbox_cursor"}"#,
    ),
    (
        "Subscription.spaceEvents",
        "subscription($id: ID!) { spaceEvents(spaceId: $id) { __typename cursor } }",
        r#"{"id":"@space"}"#,
    ),
    (
        "Subscription.spaceEvents",
        "subscription($id: ID!, $after: String) { spaceEvents(spaceId: $id, after: $after) { __typename cursor } }",
        r#"{"id":"@space","after":"@own_cursor"}"#,
    ),
    (
        "Subscription.presence",
        "subscription($id: ID!) { presence(spaceId: $id) { isComplete present { member { id } } } }",
        r#"{"id":"@space"}"#,
    ),
];

/// All cases.
pub fn cases(ids: &Ids) -> Vec<Case> {
    let schema = walk::schema();
    let fixed = QUERIES.iter().map(|(root, document, variables)| Case {
        root,
        document: (*document).to_owned(),
        variables: (*variables).to_owned(),
    });
    let mut cases: Vec<Case> = fixed.collect();
    cases.push(Case {
        root: "Query.space",
        document: walk::document(&schema, "query($id: ID!)", "space(id: $id)", "Space", 2),
        variables: r#"{"id":"@space"}"#.to_owned(),
    });
    for (mutation, input) in MUTATIONS {
        let name = format!("{}{}", mutation[..1].to_uppercase(), &mutation[1..]);
        let head = format!("mutation($input: {name}Input!)");
        let field = format!("{mutation}(input: $input)");
        cases.push(Case {
            root: walk::root(&schema, "Mutation", mutation),
            document: walk::document(&schema, &head, &field, &format!("{name}Payload"), 2),
            variables: format!("{{\"input\":{input}}}"),
        });
    }
    let is_id = |name: &&&'static str| !["login", "word", "own_cursor", "inbox_cursor"].contains(name);
    for name in ids.keys().filter(|name| is_id(name) && !name.starts_with("own")) {
        cases.push(Case {
            root: "Query.node",
            document: walk::document(&schema, "query($id: ID!)", "node(id: $id)", "Node", 1),
            variables: format!("{{\"id\":\"@{name}\"}}"),
        });
        cases.push(Case {
            root: "Query.nodes",
            document: "query($a: [ID!]!) { nodes(ids: $a) { __typename id } }".to_owned(),
            variables: format!("{{\"a\":[\"@{name}\",\"@own_space\",\"@{name}\"]}}"),
        });
    }
    cases
}
