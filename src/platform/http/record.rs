//! The one line that the log gets for a request.

use std::{borrow::Cow, sync::Arc, time::Instant};

use async_graphql::{Response, parser::types::OperationType};

use super::{RequestId, answer, operation::Charge};
use crate::platform::telemetry::Stats;

/// What is known of a request so far; written when it is dropped, so that a client that hangs up leaves a line too.
/// Never variables, tokens or bodies.
pub(super) struct Record {
    id: RequestId,
    transport: &'static str,
    started: Instant,
    stats: Arc<Stats>,
    operation: Option<(OperationType, String)>,
    /// What it took from the caller's budget.
    pub charge: Option<Charge>,
    status: u16,
    answers: u64,
    outcome: Cow<'static, str>,
}

/// A moment of a request.
pub(super) struct Mark {
    sql: u64,
    rows: u64,
    at: Instant,
}

/// What a request used.
pub(super) struct Cost {
    /// Statements.
    pub sql: u64,
    /// Rows read.
    pub rows: u64,
    /// Milliseconds.
    pub ms: f64,
}

impl Record {
    pub(super) fn new(id: &RequestId, transport: &'static str) -> Self {
        Self {
            id: id.clone(),
            transport,
            started: Instant::now(),
            stats: Arc::default(),
            operation: None,
            charge: None,
            status: 0,
            answers: 0,
            outcome: "abandoned".into(),
        }
    }

    /// Where the cost of the request is counted.
    pub(super) fn stats(&self) -> &Arc<Stats> {
        &self.stats
    }

    /// A moment from which to count.
    pub(super) fn mark(&self) -> Mark {
        Mark {
            sql: self.stats.sql(),
            rows: self.stats.rows(),
            at: Instant::now(),
        }
    }

    /// What was used so far.
    pub(super) fn total(&self) -> Cost {
        self.since(&Mark {
            sql: 0,
            rows: 0,
            at: self.started,
        })
    }

    /// What was used since a moment.
    pub(super) fn since(&self, mark: &Mark) -> Cost {
        Cost {
            sql: self.stats.sql() - mark.sql,
            rows: self.stats.rows() - mark.rows,
            ms: mark.at.elapsed().as_secs_f64() * 1000.0,
        }
    }

    /// Notes which operation it is; `name` is a client's text.
    pub(super) fn operation(&mut self, kind: OperationType, name: Option<&str>) {
        let is_harmless = |letter: &char| letter.is_ascii_alphanumeric() || *letter == '_';
        let name = name.unwrap_or_default().chars().filter(is_harmless).take(64).collect();
        self.operation = Some((kind, name));
    }

    /// Notes an answer.
    pub(super) fn answer(&mut self, status: u16, response: &Response) {
        self.status = status;
        self.answers += 1;
        self.outcome = match response.errors.first() {
            Some(error) => answer::code(error).unwrap_or("INTERNAL").to_owned().into(),
            None => "ok".into(),
        };
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let (kind, name) = match &self.operation {
            Some((kind, name)) => (kind.to_string(), name.as_str()),
            None => (String::new(), ""),
        };
        tracing::info!(
            request = %self.id,
            transport = self.transport,
            kind,
            operation = name,
            status = self.status,
            ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            statements = self.stats.sql(),
            answers = self.answers,
            cost = self.charge.map_or(0, |charge| charge.requested),
            outcome = &*self.outcome,
            "request"
        );
    }
}
