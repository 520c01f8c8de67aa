//! Who has written in a week: a list for staff.

use serde_json::{Value, json};

use crate::support::{Cast, Person, World, id_of};

const WEEK: &str = "2026-W47";

/// The pupils of the week as somebody sees them: name, whether there is an entry, titles.
async fn week(world: &World, who: &Person, space: &str, arguments: &str) -> Vec<Value> {
    let query = format!(
        "query($id: ID!) {{ space(id: $id) {{ journalWeek({arguments}) {{ totalCount \
         nodes {{ week hasEntry membership {{ displayName }} entries {{ title state }} }} }} }} }}"
    );
    let data = world.ask(who, &query, json!({ "id": space })).await;
    let rows = data["space"]["journalWeek"]["nodes"].as_array().unwrap().clone();
    assert_eq!(data["space"]["journalWeek"]["totalCount"], json!(rows.len()));
    rows.into_iter()
        .map(|row| {
            let titles = row["entries"].as_array().unwrap().iter();
            let titles: Vec<_> = titles.map(|entry| entry["title"].clone()).collect();
            assert_eq!(row["hasEntry"], json!(!titles.is_empty()));
            json!([row["membership"]["displayName"], titles])
        })
        .collect()
}

async fn this_week(world: &World, who: &Person, cast: &Cast) -> Vec<Value> {
    week(world, who, &cast.space, &format!("week: \"{WEEK}\"")).await
}

#[tokio::test]
async fn staff_see_every_mobile_pupil_with_the_entries_of_the_week_or_none() {
    let (world, cast) = World::with_cast().await;
    for who in [&cast.coordinator, &cast.teacher, &cast.partner] {
        let none = [json!(["Moira K.", []]), json!(["Pim K.", []])];
        assert_eq!(this_week(&world, who, &cast).await, none);
    }
    world.entry(&cast.mobile, &cast.during, "Riga", true).await;
    world.entry(&cast.mobile, &cast.during, "Sea", true).await;
    let other = json!({ "week": "2026-W46", "title": "Before", "publish": true });
    world
        .create(&cast.partner_pupil, "journalEntry", &cast.during, other)
        .await;
    let rows = [json!(["Moira K.", ["Sea", "Riga"]]), json!(["Pim K.", []])];
    assert_eq!(this_week(&world, &cast.teacher, &cast).await, rows);
    let before = week(&world, &cast.teacher, &cast.space, "week: \"2026-W46\"").await;
    assert_eq!(before, [json!(["Moira K.", []]), json!(["Pim K.", ["Before"]])]);
}

#[tokio::test]
async fn nobody_but_staff_sees_the_list() {
    let (world, cast) = World::with_cast().await;
    world.entry(&cast.mobile, &cast.during, "Riga", true).await;
    for who in [&cast.mentor, &cast.observer, &cast.mobile, &cast.stayer] {
        assert_eq!(this_week(&world, who, &cast).await, Vec::<Value>::new());
    }
}

#[tokio::test]
async fn only_what_staff_may_see_counts() {
    let (world, cast) = World::with_stage().await;
    let make = async |audience: &str, publish: bool, phase: &str| {
        let title = format!("{audience} {publish}");
        let input = json!({ "week": WEEK, "audience": audience, "publish": publish, "title": title });
        world.create(&cast.mobile, "journalEntry", phase, input).await
    };
    for audience in ["AUTHOR", "STAFF", "SPACE"] {
        make(audience, false, &cast.during).await;
    }
    make("AUTHOR", true, &cast.during).await;
    assert_eq!(
        this_week(&world, &cast.teacher, &cast).await[0],
        json!(["Moira K.", []])
    );
    make("SPACE", true, &cast.after).await;
    let staff = make("STAFF", true, &cast.during).await;
    let rows = this_week(&world, &cast.teacher, &cast).await;
    assert_eq!(rows[0], json!(["Moira K.", ["STAFF true", "SPACE true"]]));
    world.act(&cast.teacher, "Hide", &staff).await;
    let rows = this_week(&world, &cast.teacher, &cast).await;
    assert_eq!(rows[0], json!(["Moira K.", ["SPACE true"]]));
}

#[tokio::test]
async fn those_who_left_and_those_who_stay_at_home_are_not_in_the_list() {
    let (world, cast) = World::with_cast().await;
    let fields = json!({ "mobilityStatus": "HOST_PEER" });
    world.member_set(&cast.coordinator, &cast.mobile.member, fields).await;
    let input = json!({ "membershipId": cast.partner_pupil.member });
    assert_eq!(this_week(&world, &cast.teacher, &cast).await, [json!(["Pim K.", []])]);
    world.done(&cast.coordinator, "memberRemove", input, "").await;
    assert_eq!(this_week(&world, &cast.teacher, &cast).await, Vec::<Value>::new());
}

#[tokio::test]
async fn the_list_can_be_narrowed_to_one_school() {
    let (world, cast) = World::with_cast().await;
    let of = async |organisation: &str| {
        let arguments = format!("week: \"{WEEK}\", organisationId: \"{organisation}\"");
        week(&world, &cast.teacher, &cast.space, &arguments).await
    };
    assert_eq!(of(&cast.partner.organisation).await, [json!(["Pim K.", []])]);
    assert_eq!(of(&cast.coordinator.organisation).await, [json!(["Moira K.", []])]);
    assert_eq!(of(&cast.foreigner.organisation).await, Vec::<Value>::new());
}

#[tokio::test]
async fn something_that_is_no_week_is_refused() {
    let (world, cast) = World::with_cast().await;
    for week in ["2026-W60", "yesterday"] {
        let query = "query($id: ID!, $week: IsoWeek!) { space(id: $id) { journalWeek(week: $week) { totalCount } } }";
        let answer = world
            .send(
                Some(&cast.teacher.token),
                query,
                json!({ "id": cast.space, "week": week }),
            )
            .await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "INVALID");
    }
}

#[tokio::test]
async fn the_week_takes_as_many_statements_for_30_pupils_as_for_3() {
    let (world, cast) = World::with_cast().await;
    let query = "query($id: ID!) { space(id: $id) { journalWeek(week: \"2026-W47\", first: 100) { totalCount
        nodes { week hasEntry membership { id displayName organisation { name } }
            entries { id title author { displayName } viewerCan { contributionHide { allowed } } } } } } }";
    let mut costs = Vec::new();
    for (count, more) in [(3, 1), (30, 27)] {
        for number in 0..more {
            let pupil = world.pupil(&cast.coordinator, &format!("Pupil{number}")).await;
            let rows = json!([{ "accountId": pupil.account, "role": "PUPIL", "mobilityStatus": "MOBILE" }]);
            let input = json!({ "spaceId": cast.space, "rows": rows });
            let added = world
                .done(&cast.coordinator, "memberAdd", input, "results { membership { id } }")
                .await;
            assert!(id_of(&added["results"][0]["membership"]).starts_with("member_"));
            if number % 2 == 0 {
                world.entry(&pupil, &cast.during, "Riga", true).await;
            }
        }
        let variables = json!({ "id": cast.space });
        let answer = world.send(Some(&cast.teacher.token), query, variables).await;
        let found = &answer["data"]["space"]["journalWeek"];
        assert_eq!(found["totalCount"], count, "{answer}");
        let rows = found["nodes"].as_array().unwrap();
        assert!(rows.iter().any(|row| row["hasEntry"] == true) && rows.iter().any(|row| row["hasEntry"] == false));
        costs.push(answer["extensions"]["stats"]["sql"].as_u64().unwrap());
    }
    assert_eq!(costs[0], costs[1]);
    assert!(costs[0] <= 7, "{costs:?}");
}
