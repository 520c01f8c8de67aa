//! Who belongs to a space: adding, and what others see.

mod change;

use serde_json::{Value, json};

use crate::support::{Cast, Person, World, faults};

const MEMBER: &str = "id displayName role mobilityStatus preModeratedUntil leftAt version";

fn row(who: &Person, role: &str) -> Value {
    json!({ "accountId": who.account, "role": role })
}

async fn add(world: &World, who: &Person, space: &str, rows: &[Value]) -> Value {
    let input = json!({ "spaceId": space, "rows": rows });
    let selection = format!(
        "results {{ index membership {{ {MEMBER} }} userErrors {{ code reason field }} }} space {{ members {{ totalCount }} }}"
    );
    world.mutate(who, "memberAdd", input, &selection).await
}

/// The faults of each row.
fn by_row(payload: &Value) -> Vec<Vec<String>> {
    assert_eq!(faults(payload), Vec::<String>::new());
    let rows = payload["results"].as_array().unwrap();
    for (index, row) in rows.iter().enumerate() {
        assert_eq!(row["index"], index);
        assert_eq!(row["membership"].is_null(), !faults(row).is_empty());
    }
    rows.iter().map(faults).collect()
}

fn one(fault: &str) -> Vec<String> {
    vec![fault.to_owned()]
}

/// A membership as somebody sees it.
async fn member(world: &World, who: &Person, id: &str) -> Value {
    let query = format!("query($id: ID!) {{ node(id: $id) {{ ... on Membership {{ {MEMBER} }} }} }}");
    world.ask(who, &query, json!({ "id": id })).await["node"].clone()
}

/// The names in the list of members.
async fn names(world: &World, who: &Person, space: &str, role: Option<&str>) -> Vec<String> {
    let query = "query($id: ID!, $role: SpaceRole) { space(id: $id) { members(role: $role) { totalCount nodes { \
        displayName } } } }";
    let data = world.ask(who, query, json!({ "id": space, "role": role })).await;
    let list = &data["space"]["members"];
    let nodes = list["nodes"].as_array().unwrap().iter();
    let names: Vec<_> = nodes
        .map(|node| node["displayName"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(list["totalCount"], names.len());
    names
}

#[tokio::test]
async fn coordinators_add_staff_and_pupils_of_their_own_school() {
    let (world, cast) = World::with_cast().await;
    let mut traveller = row(&cast.bystander, "PUPIL");
    traveller["mobilityStatus"] = json!("MOBILE");
    let rows = [row(&cast.colleague, "MENTOR"), traveller];
    let payload = add(&world, &cast.coordinator, &cast.space, &rows).await;
    assert_eq!(by_row(&payload), [vec![], Vec::<String>::new()]);
    let member = |index: usize| {
        let mut member = payload["results"][index]["membership"].clone();
        member["id"].take();
        member
    };
    let expected = |name: &str, role: &str, mobility: Value| {
        json!({ "id": null, "displayName": name, "role": role, "mobilityStatus": mobility,
            "preModeratedUntil": null, "leftAt": null, "version": 1 })
    };
    assert_eq!(member(0), expected("Colin", "MENTOR", Value::Null));
    assert_eq!(member(1), expected("Bea K.", "PUPIL", json!("MOBILE")));
    assert_eq!(payload["space"]["members"]["totalCount"], 10);
}

#[tokio::test]
async fn a_pupil_without_a_mobility_status_does_not_travel() {
    let (world, cast) = World::with_cast().await;
    let payload = add(&world, &cast.coordinator, &cast.space, &[row(&cast.bystander, "PUPIL")]).await;
    assert_eq!(payload["results"][0]["membership"]["mobilityStatus"], "NON_MOBILE");
}

#[tokio::test]
async fn who_was_added_sees_the_space_at_once() {
    let (world, cast) = World::with_cast().await;
    add(&world, &cast.coordinator, &cast.space, &[row(&cast.bystander, "PUPIL")]).await;
    let query = "{ viewer { memberships { nodes { role space { title } } } } }";
    let data = world.ask(&cast.bystander, query, json!({})).await;
    assert_eq!(
        data["viewer"]["memberships"]["nodes"],
        json!([{ "role": "PUPIL", "space": { "title": "Project" } }])
    );
}

#[tokio::test]
async fn a_pupil_is_added_by_staff_of_the_own_school_only() {
    let (world, cast) = World::with_cast().await;
    let rows = [row(&cast.bystander, "PUPIL"), row(&cast.colleague, "TEACHER")];
    let payload = add(&world, &cast.partner, &cast.space, &rows).await;
    assert_eq!(
        by_row(&payload),
        [
            one("FORBIDDEN/OTHER_SCHOOL at rows.0"),
            one("FORBIDDEN/OTHER_SCHOOL at rows.1")
        ]
    );
}

#[tokio::test]
async fn accounts_beyond_the_schools_of_the_space_are_not_found() {
    let (world, cast) = World::with_cast().await;
    let unknown = json!({ "accountId": "account_01h455vb4pex5vsknk084sn02q", "role": "PUPIL" });
    let rows = [
        row(&cast.foreign_pupil, "PUPIL"),
        row(&cast.foreigner, "TEACHER"),
        unknown,
        row(&cast.admin, "TEACHER"),
    ];
    let payload = add(&world, &cast.coordinator, &cast.space, &rows).await;
    let expected = (0..4).map(|index| one(&format!("NOT_FOUND at rows.{index}.accountId")));
    assert_eq!(by_row(&payload), expected.collect::<Vec<_>>());
}

#[tokio::test]
async fn an_id_that_is_none_of_an_account_is_malformed() {
    let (world, cast) = World::with_cast().await;
    let rows = [cast.mobile.member.as_str(), "garbage"].map(|id| json!({ "accountId": id, "role": "PUPIL" }));
    let payload = add(&world, &cast.coordinator, &cast.space, &rows).await;
    assert_eq!(
        by_row(&payload),
        [
            one("INVALID/MALFORMED at rows.0.accountId"),
            one("INVALID/MALFORMED at rows.1.accountId")
        ]
    );
}

#[tokio::test]
async fn nobody_becomes_a_member_twice() {
    let (world, cast) = World::with_cast().await;
    let rows = [
        row(&cast.stayer, "PUPIL"),
        row(&cast.bystander, "PUPIL"),
        row(&cast.bystander, "PUPIL"),
        row(&cast.coordinator, "TEACHER"),
    ];
    let payload = add(&world, &cast.coordinator, &cast.space, &rows).await;
    let already = |index| one(&format!("INVALID/ALREADY_MEMBER at rows.{index}.accountId"));
    assert_eq!(by_row(&payload), [already(0), vec![], already(2), already(3)]);
    assert_eq!(payload["space"]["members"]["totalCount"], 9);
    let unchanged = member(&world, &cast.coordinator, &cast.coordinator.member).await;
    assert_eq!(unchanged["role"], "COORDINATOR");
}

#[tokio::test]
async fn a_role_fits_the_kind_of_account() {
    let (world, cast) = World::with_cast().await;
    let mut moving = row(&cast.colleague, "TEACHER");
    moving["mobilityStatus"] = json!("HOST_PEER");
    let rows = [
        row(&cast.colleague, "PUPIL"),
        row(&cast.bystander, "TEACHER"),
        row(&cast.bystander, "COORDINATOR"),
        moving,
    ];
    let payload = add(&world, &cast.coordinator, &cast.space, &rows).await;
    assert_eq!(
        by_row(&payload),
        [
            one("INVALID/OUT_OF_RANGE at rows.0.role"),
            one("INVALID/OUT_OF_RANGE at rows.1.role"),
            one("INVALID/OUT_OF_RANGE at rows.2.role"),
            one("INVALID/OUT_OF_RANGE at rows.3.mobilityStatus"),
        ]
    );
}

#[tokio::test]
async fn a_faulty_row_does_not_hold_up_a_right_one_for_the_same_account() {
    let (world, cast) = World::with_cast().await;
    let rows = [row(&cast.colleague, "PUPIL"), row(&cast.colleague, "TEACHER")];
    let payload = add(&world, &cast.coordinator, &cast.space, &rows).await;
    assert_eq!(by_row(&payload), [one("INVALID/OUT_OF_RANGE at rows.0.role"), vec![]]);
}

#[tokio::test]
async fn teachers_add_pupils_and_no_staff() {
    let (world, cast) = World::with_cast().await;
    let rows = [row(&cast.colleague, "OBSERVER"), row(&cast.bystander, "PUPIL")];
    let payload = add(&world, &cast.teacher, &cast.space, &rows).await;
    assert_eq!(by_row(&payload), [one("FORBIDDEN/ROLE_NOT_ALLOWED at rows.0"), vec![]]);
}

#[tokio::test]
async fn other_members_add_nobody_and_strangers_find_no_space() {
    let (world, cast) = World::with_cast().await;
    let Cast {
        mentor,
        observer,
        mobile,
        foreigner,
        colleague,
        admin,
        ..
    } = &cast;
    for (who, fault) in [
        (mentor, "FORBIDDEN/ROLE_NOT_ALLOWED"),
        (observer, "FORBIDDEN/ROLE_NOT_ALLOWED"),
        (mobile, "FORBIDDEN/ROLE_NOT_ALLOWED"),
        (foreigner, "NOT_FOUND at spaceId"),
        (colleague, "NOT_FOUND at spaceId"),
        (admin, "NOT_FOUND at spaceId"),
    ] {
        let payload = add(&world, who, &cast.space, &[row(&cast.bystander, "PUPIL")]).await;
        assert_eq!(faults(&payload), [fault], "{}", who.login);
        assert_eq!(payload["results"], json!([]));
    }
    assert!(
        !names(&world, &cast.coordinator, &cast.space, None)
            .await
            .contains(&"Bea K.".to_owned())
    );
}

#[tokio::test]
async fn no_rows_and_201_rows_are_refused_together() {
    let (world, cast) = World::with_cast().await;
    let before = world.node.newest(&cast.coordinator, &cast.space).await;
    for (rows, fault) in [
        (vec![], "INVALID/REQUIRED at rows"),
        (vec![row(&cast.bystander, "PUPIL"); 201], "INVALID/TOO_LONG at rows"),
    ] {
        let payload = add(&world, &cast.coordinator, &cast.space, &rows).await;
        assert_eq!((faults(&payload), &payload["results"]), (one(fault), &json!([])));
    }
    assert_eq!(world.node.newest(&cast.coordinator, &cast.space).await, before);
}

#[tokio::test]
async fn members_hear_of_each_new_member_in_order() {
    let (world, cast) = World::with_cast().await;
    let now = world.node.newest(&cast.stayer, &cast.space).await;
    let rows = [
        row(&cast.colleague, "TEACHER"),
        row(&cast.stayer, "PUPIL"),
        row(&cast.bystander, "PUPIL"),
    ];
    add(&world, &cast.coordinator, &cast.space, &rows).await;
    let mut live = world.node.watch(&cast.stayer, &cast.space, Some(&now)).await;
    for name in ["Colin", "Bea K."] {
        let event = live.event().await;
        assert_eq!(
            (&event["kind"], &event["member"]["displayName"]),
            (&json!("MEMBER_ADDED"), &json!(name))
        );
        assert_eq!(event["actor"]["displayName"], "Cora");
    }
}

#[tokio::test]
async fn the_list_of_members_is_in_order_of_coming_and_by_role() {
    let (world, cast) = World::with_cast().await;
    let all = ["Cora", "Theo", "Mira", "Otto", "Moira K.", "Stan K.", "Paula", "Pim K."];
    assert_eq!(names(&world, &cast.stayer, &cast.space, None).await, all);
    for (role, expected) in [
        ("COORDINATOR", &["Cora", "Paula"][..]),
        ("TEACHER", &["Theo"]),
        ("MENTOR", &["Mira"]),
        ("OBSERVER", &["Otto"]),
        ("PUPIL", &["Moira K.", "Stan K.", "Pim K."]),
    ] {
        assert_eq!(names(&world, &cast.stayer, &cast.space, Some(role)).await, expected);
    }
}

#[tokio::test]
async fn the_account_of_a_member_is_seen_by_its_owner_and_staff_of_the_own_school() {
    let (world, cast) = World::with_cast().await;
    let query = "query($id: ID!) { node(id: $id) { ... on Membership { displayName account { login } } } }";
    for (who, is_seen) in [
        (&cast.mobile, true),
        (&cast.coordinator, true),
        (&cast.mentor, true),
        (&cast.partner, false),
        (&cast.stayer, false),
        (&cast.partner_pupil, false),
    ] {
        let data = world.ask(who, query, json!({ "id": cast.mobile.member })).await;
        let node = &data["node"];
        assert_eq!(node["displayName"], "Moira K.");
        assert_eq!(node["account"]["login"] == cast.mobile.login, is_seen, "{}", who.login);
    }
}

#[tokio::test]
async fn memberships_of_another_space_are_not_there() {
    let (world, cast) = World::with_cast().await;
    for who in [
        &cast.foreigner,
        &cast.foreign_pupil,
        &cast.colleague,
        &cast.bystander,
        &cast.admin,
    ] {
        assert_eq!(
            member(&world, who, &cast.mobile.member).await,
            Value::Null,
            "{}",
            who.login
        );
    }
}
