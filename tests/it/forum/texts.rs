//! Texts: language, limits, safe HTML, excerpts.

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use sojourn::features::contribution;

use crate::support::{Person, World, refusal};

/// `CODE/REASON field` of each error of a refused thread or comment.
async fn faults(world: &World, who: &Person, name: &str, input: Value) -> Vec<String> {
    let payload = world.mutate(who, name, input, "").await;
    let errors = payload["userErrors"].as_array().unwrap();
    assert!(!errors.is_empty(), "{name} was not refused");
    let line = |error: &Value| format!("{} {}", refusal(error), error["field"][0].as_str().unwrap());
    errors.iter().map(line).collect()
}

#[tokio::test]
async fn the_language_is_the_authors_first_unless_it_is_given() {
    let (world, cast) = World::with_cast().await;
    let id = world.thread(&cast.stayer, &cast.during, "Maize").await;
    assert_eq!(world.field(&cast.mobile, &id, "language").await, "lv");
    let comment = world.comment(&cast.teacher, &id, None, "Bread.").await;
    assert_eq!(world.field(&cast.mobile, &comment, "language").await, "en");
    let entry = world
        .create(
            &cast.mobile,
            "journalEntry",
            &cast.during,
            json!({ "language": "sr-latn" }),
        )
        .await;
    assert_eq!(world.field(&cast.mobile, &entry, "language").await, "sr-Latn");
}

#[tokio::test]
async fn the_language_is_changed_by_an_update() {
    let (world, cast) = World::with_cast().await;
    let id = world.thread(&cast.stayer, &cast.during, "Maize").await;
    let comment = world.comment(&cast.stayer, &id, None, "Bread.").await;
    for id in [&id, &comment] {
        world.edit(&cast.stayer, id, json!({ "language": "PT-br" })).await;
        let seen = world.seen(&cast.mobile, id, "language version").await;
        assert_eq!((&seen["language"], &seen["version"]), (&json!("pt-BR"), &json!(2)));
    }
}

#[tokio::test]
async fn a_language_that_is_none_is_refused() {
    let (world, cast) = World::with_cast().await;
    let root = world.thread(&cast.teacher, &cast.during, "Bread").await;
    for language in ["english", "", "es_ES", "und"] {
        let input = json!({ "phaseId": cast.during, "title": "T", "body": "B", "language": language });
        let expected = ["INVALID/MALFORMED language"];
        assert_eq!(
            faults(&world, &cast.stayer, "threadCreate", input.clone()).await,
            expected
        );
        assert_eq!(
            faults(&world, &cast.mobile, "journalEntryCreate", input).await,
            expected
        );
        let input = json!({ "rootId": root, "body": "B", "language": language });
        assert_eq!(faults(&world, &cast.stayer, "commentCreate", input).await, expected);
        let input = json!({ "threadId": root, "expectedVersion": 1, "language": language });
        assert_eq!(faults(&world, &cast.teacher, "threadUpdate", input).await, expected);
    }
}

#[tokio::test]
async fn a_text_is_neither_empty_nor_blank() {
    let (world, cast) = World::with_cast().await;
    let root = world.thread(&cast.stayer, &cast.during, "Bread").await;
    for blank in ["", "  \n\t "] {
        let input = json!({ "phaseId": cast.during, "title": blank, "body": blank });
        let expected = ["INVALID/REQUIRED title", "INVALID/REQUIRED body"];
        assert_eq!(
            faults(&world, &cast.stayer, "threadCreate", input.clone()).await,
            expected
        );
        assert_eq!(
            faults(&world, &cast.mobile, "journalEntryCreate", input).await,
            expected
        );
        let input = json!({ "rootId": root, "body": blank });
        assert_eq!(
            faults(&world, &cast.stayer, "commentCreate", input).await,
            ["INVALID/REQUIRED body"]
        );
        let input = json!({ "threadId": root, "expectedVersion": 1, "title": blank });
        assert_eq!(
            faults(&world, &cast.stayer, "threadUpdate", input).await,
            ["INVALID/REQUIRED title"]
        );
    }
}

#[tokio::test]
async fn a_root_has_at_most_50000_characters() {
    let (world, cast) = World::with_cast().await;
    let (longest, longer) = ("ā".repeat(50_000), "ā".repeat(50_001));
    let input = |body: &str| json!({ "phaseId": cast.during, "title": "T", "body": body });
    for (who, name) in [(&cast.stayer, "threadCreate"), (&cast.mobile, "journalEntryCreate")] {
        world.done(who, name, input(&longest), "").await;
        assert_eq!(
            faults(&world, who, name, input(&longer)).await,
            ["INVALID/TOO_LONG body"]
        );
    }
}

#[tokio::test]
async fn a_comment_has_at_most_10000_characters() {
    let (world, cast) = World::with_cast().await;
    let root = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let comment = world.comment(&cast.stayer, &root, None, &"ā".repeat(10_000)).await;
    let longer = "ā".repeat(10_001);
    let input = json!({ "rootId": root, "body": longer });
    assert_eq!(
        faults(&world, &cast.stayer, "commentCreate", input).await,
        ["INVALID/TOO_LONG body"]
    );
    let input = json!({ "commentId": comment, "expectedVersion": 1, "body": longer });
    assert_eq!(
        faults(&world, &cast.stayer, "commentUpdate", input).await,
        ["INVALID/TOO_LONG body"]
    );
}

#[tokio::test]
async fn a_title_has_at_most_200_characters() {
    let (world, cast) = World::with_cast().await;
    let input = |title: String| json!({ "phaseId": cast.during, "title": title, "body": "B" });
    world
        .done(&cast.stayer, "threadCreate", input("ā".repeat(200)), "")
        .await;
    let longer = input("ā".repeat(201));
    assert_eq!(
        faults(&world, &cast.stayer, "threadCreate", longer).await,
        ["INVALID/TOO_LONG title"]
    );
}

/// What an earlier release has rendered is rendered by the rules of this one, and nothing else of it changes.
#[tokio::test]
async fn what_is_stored_is_rendered_anew() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let input = json!({ "rootId": thread, "body": "one\ntwo ~3~ <b>" });
    let stale = world.done(&cast.stayer, "commentCreate", input, "comment { id }").await;
    let input = json!({ "rootId": thread, "body": "kept" });
    let kept = world.done(&cast.stayer, "commentCreate", input, "comment { id }").await;
    let shown = async |payload: &Value| {
        let query =
            "query($id: ID!) { node(id: $id) { ... on Comment { body bodyHtml excerpt version editedAt createdAt } } }";
        let data = world
            .ask(&cast.mobile, query, json!({ "id": payload["comment"]["id"] }))
            .await;
        data["node"].clone()
    };
    let (before, whole) = (shown(&stale).await, shown(&kept).await);
    assert_eq!(before["bodyHtml"], "<p>one<br>\ntwo ~3~ &lt;b&gt;</p>\n");
    let sql = "UPDATE revision SET body_html = 'old', excerpt = 'old', renderer = 2 WHERE body <> 'kept'; \
        UPDATE revision SET body_html = 'odd', excerpt = 'odd' WHERE body = 'kept'";
    world.app().db.primary().execute_unprepared(sql).await.unwrap();
    assert_eq!(shown(&stale).await["bodyHtml"], "old");
    assert_eq!(contribution::render_anew(world.app()).await.unwrap(), 2);
    assert_eq!(shown(&stale).await, before);
    assert_eq!(shown(&kept).await["bodyHtml"], "odd", "it was of this version: {whole}");
    assert_eq!(contribution::render_anew(world.app()).await.unwrap(), 0);
}

#[tokio::test]
async fn control_characters_are_refused() {
    let (world, cast) = World::with_cast().await;
    let root = world.thread(&cast.teacher, &cast.during, "Bread").await;
    for control in ["\u{0}", "\u{1b}[31m", "a\u{7f}b", "\u{9b}b"] {
        let text = format!("a{control}b");
        let input = json!({ "phaseId": cast.during, "title": text, "body": text });
        let expected = ["INVALID/MALFORMED title", "INVALID/MALFORMED body"];
        assert_eq!(faults(&world, &cast.stayer, "threadCreate", input).await, expected);
        let input = json!({ "rootId": root, "body": text });
        assert_eq!(
            faults(&world, &cast.stayer, "commentCreate", input).await,
            ["INVALID/MALFORMED body"]
        );
    }
}

#[tokio::test]
async fn what_is_invalid_leaves_nothing_behind() {
    let (world, cast) = World::with_cast().await;
    let before = world.events().await;
    for body in ["", "\u{0}"] {
        let input = json!({ "phaseId": cast.during, "title": "T", "body": body });
        world.refused(&cast.stayer, "threadCreate", input).await;
    }
    let query = "query($id: ID!) { space(id: $id) { threads { totalCount } } viewer { drafts { totalCount } } }";
    let data = world.ask(&cast.stayer, query, json!({ "id": cast.space })).await;
    assert_eq!(data["space"]["threads"]["totalCount"], 0);
    assert_eq!(data["viewer"]["drafts"]["totalCount"], 0);
    assert_eq!(world.events().await, before);
}

#[tokio::test]
async fn line_breaks_and_tabs_are_kept() {
    let (world, cast) = World::with_cast().await;
    let body = "One\n\n\tTwo\r\nThree";
    let id = world
        .create(&cast.stayer, "thread", &cast.during, json!({ "body": body }))
        .await;
    assert_eq!(world.field(&cast.mobile, &id, "body").await, body);
}

#[tokio::test]
async fn html_is_safe() {
    let (world, cast) = World::with_cast().await;
    let body = "**Bold** [home](https://school.example)\n\n<script>alert(1)</script>\n\n<b onclick=\"x()\">b</b> \
        ![boat](https://elsewhere.example/boat.png) [run](javascript:alert(1)) [data](data:text/html,x) <img src=x onerror=y>";
    let root = world
        .create(&cast.stayer, "thread", &cast.during, json!({ "body": body }))
        .await;
    let entry = world
        .create(
            &cast.mobile,
            "journalEntry",
            &cast.during,
            json!({ "body": body, "publish": true }),
        )
        .await;
    let comment = world.comment(&cast.stayer, &root, None, body).await;
    for id in [&root, &entry, &comment] {
        let seen = world.seen(&cast.teacher, id, "body bodyHtml").await;
        assert_eq!(seen["body"], body);
        let html = seen["bodyHtml"].as_str().unwrap();
        assert!(html.contains("<strong>Bold</strong>"), "{html}");
        assert!(html.contains("rel=\"nofollow ugc noopener noreferrer\""), "{html}");
        assert!(html.contains("href=\"https://school.example\""), "{html}");
        for evil in [
            "<script",
            "<img",
            "<b ",
            "href=\"javascript:",
            "href=\"data:",
            "elsewhere.example",
        ] {
            assert!(!html.contains(evil), "{evil}: {html}");
        }
    }
}

#[tokio::test]
async fn html_of_a_pending_edit_is_safe() {
    let (world, cast) = World::with_stage().await;
    let id = world.staged(&cast, "thread", &cast.stayer, "PENDING").await;
    world
        .edit(
            &cast.stayer,
            &id,
            json!({ "body": "<script>x</script> [y](javascript:z)" }),
        )
        .await;
    let seen = world.seen(&cast.teacher, &id, "pendingRevision { bodyHtml }").await;
    let html = seen["pendingRevision"]["bodyHtml"].as_str().unwrap();
    assert!(
        !html.contains("<script") && !html.contains("href=\"javascript"),
        "{html}"
    );
}

#[tokio::test]
async fn an_excerpt_is_the_first_words_as_plain_text() {
    let (world, cast) = World::with_cast().await;
    let body = format!("# Riga\n\nWe *walked* to `the` river.\n\n{}", "word ".repeat(100));
    let id = world
        .create(&cast.stayer, "thread", &cast.during, json!({ "body": body }))
        .await;
    let excerpt = world.field(&cast.mobile, &id, "excerpt").await;
    let excerpt = excerpt.as_str().unwrap();
    assert!(
        excerpt.starts_with("Riga We walked to the river. word word"),
        "{excerpt}"
    );
    assert!(excerpt.chars().count() <= 200 && excerpt.ends_with('…'), "{excerpt}");
    let short = world.comment(&cast.stayer, &id, None, "Just *this*.").await;
    assert_eq!(world.field(&cast.mobile, &short, "excerpt").await, "Just this.");
}
