//! How organisations come into a space.

use serde_json::{Value, json};

use super::{space, watch};
use crate::support::{Cast, Person, World, faults};

/// Invites the far organisation, and returns the invitation.
async fn invite(world: &World, cast: &Cast) -> String {
    let input = json!({ "spaceId": cast.space, "organisationId": cast.foreigner.organisation });
    let payload = world
        .done(&cast.coordinator, "spaceOrganisationInvite", input, "invitation { id }")
        .await;
    payload["invitation"]["id"].as_str().unwrap().to_owned()
}

/// The invitations that somebody finds.
async fn invitations(world: &World, who: &Person) -> Value {
    let query = "{ viewer { invitations { totalCount nodes { id title invitedBy { name } organisation { name } } } } }";
    world.ask(who, query, json!({})).await["viewer"]["invitations"].clone()
}

async fn sees(world: &World, who: &Person, invitation: &str) -> bool {
    let query = "query($id: ID!) { node(id: $id) { ... on SpaceInvitation { title } } }";
    let data = world.ask(who, query, json!({ "id": invitation })).await;
    data["node"]["title"] == "Project"
}

async fn accept(world: &World, who: &Person, invitation: &str) -> Value {
    let input = json!({ "invitationId": invitation });
    let selection = "space { id organisations { totalCount } } organisation { id } membership { id role leftAt }";
    world.mutate(who, "spaceOrganisationAccept", input, selection).await
}

async fn decline(world: &World, who: &Person, invitation: &str) -> Value {
    let input = json!({ "invitationId": invitation });
    world
        .mutate(who, "spaceOrganisationDecline", input, "deletedInvitationId")
        .await
}

fn none() -> Value {
    json!({ "totalCount": 0, "nodes": [] })
}

#[tokio::test]
async fn an_invitation_waits_for_the_staff_of_the_organisation() {
    let (world, cast) = World::with_cast().await;
    let id = invite(&world, &cast).await;
    let waiting = json!({ "id": id, "title": "Project", "invitedBy": { "name": "Alder" },
        "organisation": { "name": "Far" } });
    assert_eq!(
        invitations(&world, &cast.foreigner).await,
        json!({ "totalCount": 1, "nodes": [waiting] })
    );
    for who in [&cast.foreign_pupil, &cast.coordinator, &cast.partner, &cast.admin] {
        assert_eq!(invitations(&world, who).await, none(), "{}", who.login);
    }
}

#[tokio::test]
async fn an_invitation_is_seen_by_the_invited_staff_and_the_coordinators() {
    let (world, cast) = World::with_cast().await;
    let id = invite(&world, &cast).await;
    for who in [&cast.foreigner, &cast.coordinator, &cast.partner] {
        assert!(sees(&world, who, &id).await, "{}", who.login);
    }
    for who in [
        &cast.foreign_pupil,
        &cast.teacher,
        &cast.mobile,
        &cast.colleague,
        &cast.admin,
    ] {
        assert!(!sees(&world, who, &id).await, "{}", who.login);
    }
    accept(&world, &cast.foreigner, &id).await;
    for who in [&cast.foreigner, &cast.coordinator] {
        assert!(!sees(&world, who, &id).await, "it is answered");
    }
}

#[tokio::test]
async fn only_coordinators_invite() {
    let (world, cast) = World::with_cast().await;
    let input = json!({ "spaceId": cast.space, "organisationId": cast.foreigner.organisation });
    for (who, fault) in [
        (&cast.teacher, "FORBIDDEN/ROLE_NOT_ALLOWED"),
        (&cast.mobile, "FORBIDDEN/ROLE_NOT_ALLOWED"),
        (&cast.colleague, "NOT_FOUND at spaceId"),
        (&cast.foreigner, "NOT_FOUND at spaceId"),
    ] {
        let payload = world
            .mutate(who, "spaceOrganisationInvite", input.clone(), "invitation { id }")
            .await;
        assert_eq!(faults(&payload), [fault], "{}", who.login);
        assert_eq!(payload["invitation"], Value::Null);
    }
    assert_eq!(invitations(&world, &cast.foreigner).await, none());
}

#[tokio::test]
async fn an_organisation_that_takes_part_or_is_not_there_is_not_invited() {
    let (world, cast) = World::with_cast().await;
    for (id, fault) in [
        (
            cast.partner.organisation.as_str(),
            "INVALID/ALREADY_MEMBER at organisationId",
        ),
        (
            &cast.coordinator.organisation,
            "INVALID/ALREADY_MEMBER at organisationId",
        ),
        ("organisation_01h455vb4pex5vsknk084sn02q", "NOT_FOUND at organisationId"),
        (&cast.space, "INVALID/MALFORMED at organisationId"),
    ] {
        let input = json!({ "spaceId": cast.space, "organisationId": id });
        let payload = world
            .mutate(&cast.coordinator, "spaceOrganisationInvite", input, "")
            .await;
        assert_eq!(faults(&payload), [fault]);
    }
}

#[tokio::test]
async fn a_repeated_invitation_is_the_same() {
    let (world, cast) = World::with_cast().await;
    let first = invite(&world, &cast).await;
    assert_eq!(invite(&world, &cast).await, first);
    assert_eq!(invitations(&world, &cast.foreigner).await["totalCount"], 1);
}

#[tokio::test]
async fn who_accepts_becomes_coordinator_of_their_organisation() {
    let (world, cast) = World::with_cast().await;
    let id = invite(&world, &cast).await;
    assert_eq!(
        space(&world, &cast.foreigner, &cast.space).await,
        Value::Null,
        "not yet"
    );
    let payload = accept(&world, &cast.foreigner, &id).await;
    assert_eq!(faults(&payload), Vec::<String>::new());
    assert_eq!(
        payload["space"],
        json!({ "id": cast.space, "organisations": { "totalCount": 3 } })
    );
    assert_eq!(payload["organisation"]["id"], cast.foreigner.organisation);
    assert_eq!(payload["membership"]["role"], "COORDINATOR");
    assert_eq!(space(&world, &cast.foreigner, &cast.space).await["id"], cast.space);
    assert_eq!(invitations(&world, &cast.foreigner).await, none());
    assert_eq!(
        space(&world, &cast.foreign_pupil, &cast.space).await,
        Value::Null,
        "nobody else comes in"
    );
}

#[tokio::test]
async fn members_hear_of_an_organisation_that_comes_in() {
    let (world, cast) = World::with_cast().await;
    let id = invite(&world, &cast).await;
    let mut live = watch(&world, &cast).await;
    accept(&world, &cast.foreigner, &id).await;
    assert_eq!(live.event().await["kind"], "ORGANISATION_ACCEPTED");
    let event = live.event().await;
    assert_eq!(
        (&event["kind"], &event["member"]["displayName"]),
        (&json!("MEMBER_ADDED"), &json!("Fred"))
    );
}

#[tokio::test]
async fn accepting_again_changes_nothing() {
    let (world, cast) = World::with_cast().await;
    let id = invite(&world, &cast).await;
    let first = accept(&world, &cast.foreigner, &id).await;
    let before = space(&world, &cast.foreigner, &cast.space).await;
    assert_eq!(accept(&world, &cast.foreigner, &id).await, first);
    assert_eq!(space(&world, &cast.foreigner, &cast.space).await, before);
}

#[tokio::test]
async fn only_staff_of_the_invited_organisation_answer() {
    let (world, cast) = World::with_cast().await;
    let id = invite(&world, &cast).await;
    for who in [
        &cast.foreign_pupil,
        &cast.coordinator,
        &cast.partner,
        &cast.colleague,
        &cast.admin,
    ] {
        assert_eq!(
            faults(&accept(&world, who, &id).await),
            ["NOT_FOUND at invitationId"],
            "{}",
            who.login
        );
        assert_eq!(faults(&decline(&world, who, &id).await), ["NOT_FOUND at invitationId"]);
    }
    assert_eq!(invitations(&world, &cast.foreigner).await["totalCount"], 1);
}

#[tokio::test]
async fn a_declined_invitation_is_gone() {
    let (world, cast) = World::with_cast().await;
    let id = invite(&world, &cast).await;
    for _ in 0..2 {
        let payload = decline(&world, &cast.foreigner, &id).await;
        assert_eq!(faults(&payload), Vec::<String>::new(), "repeating it is success");
        assert_eq!(payload["deletedInvitationId"], id);
    }
    assert_eq!(invitations(&world, &cast.foreigner).await, none());
    assert!(!sees(&world, &cast.coordinator, &id).await);
    assert_eq!(
        faults(&accept(&world, &cast.foreigner, &id).await),
        ["NOT_FOUND at invitationId"]
    );
}

#[tokio::test]
async fn an_accepted_invitation_cannot_be_declined() {
    let (world, cast) = World::with_cast().await;
    let id = invite(&world, &cast).await;
    accept(&world, &cast.foreigner, &id).await;
    let payload = decline(&world, &cast.foreigner, &id).await;
    assert_eq!(faults(&payload), ["NOT_FOUND at invitationId"]);
    assert_eq!(payload["deletedInvitationId"], Value::Null);
    assert_eq!(space(&world, &cast.foreigner, &cast.space).await["id"], cast.space);
}

#[tokio::test]
async fn an_organisation_that_declined_can_be_invited_again() {
    let (world, cast) = World::with_cast().await;
    let id = invite(&world, &cast).await;
    decline(&world, &cast.foreigner, &id).await;
    let again = invite(&world, &cast).await;
    assert_eq!(invitations(&world, &cast.foreigner).await["nodes"][0]["id"], again);
    let payload = accept(&world, &cast.foreigner, &again).await;
    assert_eq!(faults(&payload), Vec::<String>::new());
}

#[tokio::test]
async fn one_colleague_accepts_for_the_organisation() {
    let (world, cast) = World::with_cast().await;
    let far = cast.foreigner.actor.organisation_id.unwrap();
    let second = world.staff(&cast.foreigner, far, "Flora").await;
    let id = invite(&world, &cast).await;
    accept(&world, &cast.foreigner, &id).await;
    assert_eq!(
        faults(&accept(&world, &second, &id).await),
        ["NOT_FOUND at invitationId"]
    );
    assert_eq!(space(&world, &second, &cast.space).await, Value::Null);
}

#[tokio::test]
async fn an_invitation_into_a_closed_space_waits() {
    let (world, cast) = World::with_cast().await;
    let id = invite(&world, &cast).await;
    super::close(&world, &cast).await;
    let payload = accept(&world, &cast.foreigner, &id).await;
    assert_eq!(faults(&payload), ["FORBIDDEN/STATE_NOT_ALLOWED"]);
    assert_eq!(
        (&payload["space"], &payload["membership"]),
        (&Value::Null, &Value::Null)
    );
    let input = json!({ "spaceId": cast.space });
    world.done(&cast.coordinator, "spaceReopen", input, "").await;
    assert_eq!(
        faults(&accept(&world, &cast.foreigner, &id).await),
        Vec::<String>::new()
    );
}
