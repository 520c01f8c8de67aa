//! What persons may ask for: that they are erased, and a copy of all that is kept about them.

mod erase;
mod export;
mod traces;

use serde_json::{Value, json};

use crate::support::{PASSWORD, Person, World};

/// Erases somebody, who confirms with the password of everybody.
async fn erase(world: &World, who: &Person, account: &str) -> Value {
    let input = json!({ "accountId": account, "currentPassword": PASSWORD });
    world
        .mutate(who, "accountErase", input, "deletedAccountId account { id }")
        .await
}
