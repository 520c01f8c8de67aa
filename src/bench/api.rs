//! A client of the GraphQL API over plain HTTP.

use std::{sync::Arc, time::Duration};

use axum::body::{Body, to_bytes};
use http::{Request, header};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use serde_json::{Value, json};
use tokio::time::timeout;
use url::Url;

/// How long a node may take for an answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// Below the time after which a server ends a connection that nobody uses.
const IDLE: Duration = Duration::from_secs(5);
/// Bytes of an answer.
const ANSWER: usize = 16 << 20;

/// The nodes of one server. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Api {
    client: Client<HttpConnector, Body>,
    nodes: Arc<[Url]>,
}

impl Api {
    /// `nodes` are the servers' URLs, without the path.
    pub(super) fn new(nodes: &[Url]) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector);
        Self {
            client,
            nodes: nodes.into(),
        }
    }

    /// The `index`th node, counted round and round.
    pub(super) fn node(&self, index: usize) -> &Url {
        &self.nodes[index % self.nodes.len()]
    }

    /// Sends an operation and returns its data.
    ///
    /// # Errors
    /// What the connection or the server says: short, since equal ones are counted.
    pub(super) async fn ask(
        &self,
        node: usize,
        token: Option<&str>,
        query: &str,
        variables: &Value,
    ) -> Result<Value, String> {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let mut request = Request::post(format!("{}graphql", self.node(node)))
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json");
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request.body(Body::from(body)).map_err(|error| error.to_string())?;
        let exchange = async {
            let answer = self.client.request(request).await.map_err(|error| cause(&error))?;
            let status = answer.status();
            let bytes = to_bytes(Body::new(answer.into_body()), ANSWER).await;
            let bytes = bytes.map_err(|error| cause(&error))?;
            serde_json::from_slice(&bytes).map_err(|_| format!("HTTP {status}"))
        };
        let mut answer: Value = timeout(PATIENCE, exchange)
            .await
            .map_err(|_| format!("no answer within {PATIENCE:?}"))??;
        match answer["errors"].get(0) {
            None => Ok(answer["data"].take()),
            Some(error) => Err(sentence(&error["extensions"]["code"], &error["message"])),
        }
    }

    /// Calls the mutation `name(input)` and returns `selection` of its payload.
    ///
    /// # Errors
    /// The same, and what the payload says went wrong.
    pub(super) async fn mutate(
        &self,
        node: usize,
        token: Option<&str>,
        (name, selection): (&str, &str),
        input: Value,
    ) -> Result<Value, String> {
        let kind = format!("{}{}Input", name[..1].to_uppercase(), &name[1..]);
        let query = format!(
            "mutation Bench($input: {kind}!) {{ {name}(input: $input) {{ {selection} userErrors {{ code reason message }} }} }}"
        );
        let variables = json!({ "input": input });
        let mut data = self.ask(node, token, &query, &variables).await?;
        let payload = data[name].take();
        refused(&payload).map_or(Ok(payload), |said| Err(format!("{name}: {said}")))
    }
}

/// What the first of an object's `userErrors` says.
pub(super) fn refused(payload: &Value) -> Option<String> {
    let error = payload["userErrors"].get(0)?;
    Some(sentence(&error["code"], &error["message"]))
}

fn sentence(code: &Value, message: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    format!("{} {}", text(code), text(message)).trim().to_owned()
}

/// The innermost reason, without addresses and ports.
pub(super) fn cause(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_wrong_is_one_short_sentence() {
        assert_eq!(refused(&json!({ "userErrors": [] })), None);
        let payload = json!({ "userErrors": [{ "code": "FORBIDDEN", "reason": "PHASE_CLOSED", "message": "No." }] });
        assert_eq!(refused(&payload).as_deref(), Some("FORBIDDEN No."));
    }
}
