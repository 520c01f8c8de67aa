//! How long it takes to parse and judge the worst documents that the limits let in. It needs no server.

use std::fmt;

use clap::Args;
use serde::Serialize;

use crate::{platform::http::worst, schema};

/// How often, and how to tell.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Bench")]
pub struct Documents {
    /// How often each is judged; the median is told.
    #[arg(long, default_value_t = 9)]
    times: usize,

    /// Milliseconds that none may take: exit with 1 if one does.
    #[arg(long, default_value_t = 20.0)]
    most: f64,

    /// Print JSON instead of a table.
    #[arg(long)]
    pub json: bool,
}

/// What each document took.
#[derive(Serialize, Clone, Debug)]
pub struct Times {
    documents: Vec<Document>,
    #[serde(skip)]
    most: f64,
}

/// What one document took.
#[derive(Serialize, Clone, Debug)]
struct Document {
    /// What is hard about it.
    kind: &'static str,
    /// Bytes of its text.
    bytes: usize,
    /// Comparisons of fields, values and types.
    steps: usize,
    /// Milliseconds.
    ms: f64,
}

impl Times {
    /// The figures as JSON.
    ///
    /// # Errors
    /// A sentence; it is none of the caller's fault.
    pub fn json(&self) -> Result<String, String> {
        serde_json::to_string_pretty(self)
            .map(|text| text + "\n")
            .map_err(|error| error.to_string())
    }

    /// # Errors
    /// A sentence, if a document took too long.
    pub fn verdict(&self) -> Result<(), String> {
        match self.documents.iter().find(|document| document.ms > self.most) {
            Some(slow) => Err(format!("{:.1} ms for a document: {}", slow.ms, slow.kind)),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Times {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(to, "{:<50} {:>7} {:>7} {:>7}", "document", "bytes", "steps", "ms")?;
        for Document { kind, bytes, steps, ms } in &self.documents {
            writeln!(to, "{kind:<50} {bytes:>7} {steps:>7} {ms:>7.2}")?;
        }
        Ok(())
    }
}

/// Judges them.
///
/// # Errors
/// A sentence; it is none of the caller's fault.
pub fn documents(options: Documents) -> Result<Times, String> {
    let judged = worst::judge(&schema::sdl(), options.times).map_err(|error| format!("{error:?}"))?;
    let documents = judged.into_iter().map(|one| Document {
        kind: one.kind,
        bytes: one.bytes,
        steps: one.steps,
        ms: one.time.as_secs_f64() * 1000.0,
    });
    Ok(Times {
        documents: documents.collect(),
        most: options.most,
    })
}
