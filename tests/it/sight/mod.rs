//! What each member sees of a contribution: in every state and audience, through `node` and lists.

mod backstage;
mod comments;
mod roots;

use entity::{
    contribution,
    enums::{Audience, ContentState},
};
use sea_orm::{ActiveEnum, ActiveModelTrait, ActiveValue::Set, IntoActiveModel};
use serde_json::{Value, json};

use crate::support::{Cast, Person, World};

const STATES: [ContentState; 5] = [
    ContentState::Draft,
    ContentState::Pending,
    ContentState::Published,
    ContentState::Hidden,
    ContentState::Removed,
];
const AUDIENCES: [Audience; 3] = [Audience::Author, Audience::Staff, Audience::Space];

/// Somebody's relation to what a pupil wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Author,
    Staff,
    Member,
    Foreigner,
}

/// Everybody, with the person who is the author.
fn everybody<'a>(cast: &'a Cast, author: &'a Person) -> Vec<(&'static str, Who, &'a Person)> {
    let people = [
        ("coordinator", Who::Staff, &cast.coordinator),
        ("teacher", Who::Staff, &cast.teacher),
        ("partner staff", Who::Staff, &cast.partner),
        ("mentor", Who::Member, &cast.mentor),
        ("observer", Who::Member, &cast.observer),
        ("mobile", Who::Member, &cast.mobile),
        ("stayer", Who::Member, &cast.stayer),
        ("partner pupil", Who::Member, &cast.partner_pupil),
        ("foreigner", Who::Foreigner, &cast.foreigner),
        ("foreign pupil", Who::Foreigner, &cast.foreign_pupil),
        ("colleague", Who::Foreigner, &cast.colleague),
        ("bystander", Who::Foreigner, &cast.bystander),
        ("administrator", Who::Foreigner, &cast.admin),
    ];
    let own = |(name, who, person): (_, _, &'a Person)| {
        let who = if person.account == author.account {
            Who::Author
        } else {
            who
        };
        (name, who, person)
    };
    people.into_iter().map(own).collect()
}

/// Puts a contribution of a pupil into a state and audience, past all rules: sight must not depend on how it came there.
async fn put(world: &World, id: &str, state: ContentState, audience: Audience) {
    let row = world.row(id).await.unwrap();
    let mut change = contribution::ActiveModel {
        id: Set(row.id),
        ..Default::default()
    };
    change.state = Set(state);
    change.audience = Set(audience);
    let is_published = matches!(
        state,
        ContentState::Published | ContentState::Hidden | ContentState::Removed
    );
    change.published_version = Set(is_published.then_some(row.version));
    change.pending_version = Set((state == ContentState::Pending).then_some(row.version));
    change
        .into_active_model()
        .update(world.app().db.primary())
        .await
        .unwrap();
}

fn name<T: ActiveEnum<Value = String>>(value: &T) -> String {
    value.to_value()
}

/// Whether a list of a space (`threads` or `journalEntries`) has a contribution; its count must agree.
async fn is_listed(world: &World, who: &Person, cast: &Cast, list: &str, id: &str) -> bool {
    let query = format!("query($id: ID!) {{ space(id: $id) {{ {list} {{ totalCount nodes {{ id }} }} }} }}");
    let data = world.ask(who, &query, json!({ "id": cast.space })).await;
    let found = &data["space"][list];
    if data["space"] == Value::Null {
        return false;
    }
    let nodes = found["nodes"].as_array().unwrap();
    assert_eq!(found["totalCount"], json!(nodes.len()));
    nodes.iter().any(|node| node["id"] == id)
}
