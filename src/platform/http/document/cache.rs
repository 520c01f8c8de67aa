//! Documents that were parsed and checked once.

use std::sync::Arc;

use async_graphql::{Executor, Request, Response, ServerError};
use futures_util::StreamExt;
use quick_cache::{Weighter, sync::Cache};
use sha2::{Digest, Sha256};

use super::{Document, Limits, presence, root};
use crate::platform::http::params::Params;

/// Bytes that a parsed document takes, for each of its text: measured with the longest documents of front-end clients.
const EXPANSION: u64 = 24;
/// Bytes that any entry takes.
const ENTRY: u64 = 1_024;

type Key = [u8; 32];

#[derive(Clone, Debug)]
struct ByBytes;

impl Weighter<Key, Arc<Document>> for ByBytes {
    fn weight(&self, _: &Key, document: &Arc<Document>) -> u64 {
        ENTRY + EXPANSION * document.bytes as u64
    }
}

/// Parsed documents by the hash of their text, those that are used least giving way to others.
#[derive(Debug)]
pub(in super::super) struct Documents(Cache<Key, Arc<Document>, ByBytes>);

impl Documents {
    /// At most this many bytes.
    pub(in super::super) fn new(bytes: u64) -> Self {
        let typical = ENTRY + EXPANSION * 1_000;
        let items = usize::try_from(bytes / typical).unwrap_or_default();
        Self(Cache::with_weighter(items, bytes, ByBytes))
    }

    /// Parses and checks a document, or finds it. What is refused is not kept.
    pub(in super::super) async fn read<E: Executor>(
        &self,
        executor: &E,
        params: &Params,
        limits: &Limits,
    ) -> Result<Arc<Document>, Vec<ServerError>> {
        let key = Sha256::digest(&params.query).into();
        if let Some(known) = self.0.get(&key) {
            return Ok(known);
        }
        let mut document = Document::read(&params.query, limits).map_err(|error| vec![error])?;
        document.operation(params).map_err(|error| vec![error])?;
        validate(executor, params, &document).await?;
        root::lift(&mut document.parsed);
        presence::add(&mut document.parsed);
        let document = Arc::new(document);
        self.0.insert(key, Arc::clone(&document));
        Ok(document)
    }
}

/// Has the library validate a document without running it: asked for introspection only, it calls no resolver of ours.
async fn validate<E: Executor>(executor: &E, params: &Params, document: &Document) -> Result<(), Vec<ServerError>> {
    let mut request = Request::new("")
        .variables(params.variables.clone())
        .only_introspection();
    request.operation_name.clone_from(&params.operation_name);
    request.set_parsed_query(document.parsed.clone());
    let answer = executor.execute_stream(request, None).next().await;
    let mut errors = answer.map_or_else(Vec::new, |Response { errors, .. }| errors);
    // What has a path was about to run; what has no place is about the absence of subscriptions.
    errors.retain(|error| error.path.is_empty() && !error.locations.is_empty());
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}
