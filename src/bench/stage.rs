//! The spaces and members of a run, made like anybody makes them.

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};

use super::{
    account::Account,
    api::{Api, refused},
    publisher::Progress,
};
use crate::demo::DemoAccount;

/// Members who sign in at the same time: each costs the server a few password hashes.
const SIGNING_IN: usize = 4;

/// A space in which a run writes and listens.
#[derive(Debug)]
pub(super) struct Stream {
    pub space: String,
    /// Where comments are written.
    pub thread: String,
    /// Where sockets begin to listen: before the event of the thread, so that each hears something as soon as it does.
    pub cursor: String,
    pub writers: Vec<Progress>,
}

impl Stream {
    /// How many comments of each writer were acknowledged.
    pub(super) fn acknowledged(&self) -> Vec<u32> {
        self.writers.iter().map(Progress::acknowledged).collect()
    }
}

/// What a run has to itself.
pub(super) struct Stage {
    pub streams: Vec<Arc<Stream>>,
    /// Who writes.
    pub staff: Arc<Account>,
    /// Who listens.
    pub members: Vec<Arc<Account>>,
}

/// Whom to sign in: the first coordinator of those that the demo has made.
pub(super) fn coordinator(text: &str) -> Result<DemoAccount, String> {
    let accounts: Vec<DemoAccount> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let mut accounts = accounts.into_iter();
    accounts
        .find(|account| account.role == "COORDINATOR")
        .ok_or("it has no COORDINATOR".to_owned())
}

impl Stage {
    /// Makes pupils, and spaces with them.
    ///
    /// # Errors
    /// A sentence.
    pub(super) async fn set(
        api: &Api,
        staff: Account,
        (streams, members, writers): (usize, usize, usize),
    ) -> Result<Self, String> {
        let builder = Builder {
            api,
            token: &staff.token(),
        };
        let pupils = if members == 0 {
            Vec::new()
        } else {
            builder.pupils(members).await?
        };
        let mut made = Vec::new();
        for number in 0..streams {
            made.push(Arc::new(builder.stream(number, &pupils, writers).await?));
        }
        let sign_in = |pupil: Pupil| async move {
            let account = Account::first_sign_in(api, 0, &pupil.login, &pupil.secret).await;
            account.map(Arc::new)
        };
        let sign_ins: Vec<_> = pupils.into_iter().map(sign_in).collect();
        let mut members: Vec<_> = stream::iter(sign_ins).buffered(SIGNING_IN).try_collect().await?;
        let staff = Arc::new(staff);
        if members.is_empty() {
            members.push(Arc::clone(&staff));
        }
        Ok(Self {
            streams: made,
            staff,
            members,
        })
    }
}

struct Pupil {
    account: String,
    login: String,
    secret: String,
}

struct Builder<'a> {
    api: &'a Api,
    token: &'a str,
}

impl Builder<'_> {
    async fn ask(&self, query: &str, variables: Value) -> Result<Value, String> {
        self.api.ask(0, Some(self.token), query, &variables).await
    }

    async fn mutate(&self, name: &str, selection: &str, input: Value) -> Result<Value, String> {
        self.api.mutate(0, Some(self.token), (name, selection), input).await
    }

    async fn pupils(&self, count: usize) -> Result<Vec<Pupil>, String> {
        let query = "{ viewer { account { organisation { id } } } }";
        let data = self.ask(query, Value::Null).await?;
        let organisation = text(&data["viewer"]["account"]["organisation"]["id"])
            .map_err(|_| "the account that signs in belongs to no school".to_owned())?;
        let row = json!({ "givenName": "Bench", "familyInitial": "B", "birthYear": 2012, "languages": ["en"] });
        let input = json!({ "organisationId": organisation, "rows": vec![row; count] });
        let selection = "results { account { id login } secret userErrors { code message } }";
        let payload = self.mutate("pupilAccountsCreate", selection, input).await?;
        rows(&payload)?
            .iter()
            .map(|row| {
                Ok(Pupil {
                    account: text(&row["account"]["id"])?,
                    login: text(&row["account"]["login"])?,
                    secret: text(&row["secret"])?,
                })
            })
            .collect()
    }

    async fn stream(&self, number: usize, pupils: &[Pupil], writers: usize) -> Result<Stream, String> {
        let input = json!({ "title": format!("Bench {number}") });
        let selection = "space { id phase(kind: DURING) { id } }";
        let payload = self.mutate("spaceCreate", selection, input).await?;
        let space = text(&payload["space"]["id"])?;
        let phase = text(&payload["space"]["phase"]["id"])?;
        if !pupils.is_empty() {
            let row = |pupil: &Pupil| json!({ "accountId": pupil.account, "role": "PUPIL" });
            let input = json!({ "spaceId": space, "rows": pupils.iter().map(row).collect::<Vec<_>>() });
            let selection = "results { userErrors { code message } }";
            rows(&self.mutate("memberAdd", selection, input).await?)?;
        }
        self.mutate("phaseOpen", "phase { id }", json!({ "phaseId": phase }))
            .await?;
        let query = "query Bench($space: ID!) { space(id: $space) { eventCursor } }";
        let data = self.ask(query, json!({ "space": space })).await?;
        let input = json!({ "phaseId": phase, "title": format!("Bench {number}"), "body": "What is measured." });
        let payload = self.mutate("threadCreate", "thread { id }", input).await?;
        Ok(Stream {
            thread: text(&payload["thread"]["id"])?,
            cursor: text(&data["space"]["eventCursor"])?,
            space,
            writers: (0..writers).map(|_| Progress::default()).collect(),
        })
    }
}

fn text(value: &Value) -> Result<String, String> {
    let text = value.as_str().map(str::to_owned);
    text.ok_or_else(|| "the server's answer lacks something: is it of another version?".to_owned())
}

/// The results of a mutation of many rows, all of which were done.
fn rows(payload: &Value) -> Result<&[Value], String> {
    let rows = payload["results"].as_array().map(Vec::as_slice).unwrap_or_default();
    rows.iter().find_map(refused).map_or(Ok(rows), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_coordinator_of_the_demo_signs_in() {
        let account = |role: &str| json!({ "role": role, "space": "space_1", "login": role, "password": "x" });
        let file = json!([
            account("TEACHER"),
            account("COORDINATOR"),
            account("FOREIGN_COORDINATOR")
        ])
        .to_string();
        let found = coordinator(&file).map(|account| account.login);
        assert_eq!(found.as_deref(), Ok("COORDINATOR"));
        assert!(coordinator("[]").is_err());
        assert!(coordinator("{}").is_err());
    }
}
