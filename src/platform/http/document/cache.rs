//! Documents that were parsed and checked once.

use std::sync::Arc;

use async_graphql::ServerError;
use quick_cache::{Weighter, sync::Cache};
use sha2::{Digest, Sha256};

use super::{Document, Limits, condition, presence, validate::validate};
use crate::platform::http::{params::Params, types::Types};

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
    pub(in super::super) fn read(
        &self,
        types: &Types,
        params: &Params,
        limits: &Limits,
        may_introspect: bool,
    ) -> Result<Arc<Document>, Vec<ServerError>> {
        let key = Sha256::digest(&params.query).into();
        if let Some(known) = self.0.get(&key) {
            return Ok(known);
        }
        let mut document = Document::read(&params.query, limits).map_err(|error| vec![error])?;
        let faults = validate(types, &document, &mut 0);
        if !faults.is_empty() {
            return Err(faults.into_iter().map(|fault| fault.told(may_introspect)).collect());
        }
        condition::add(types, &mut document.parsed);
        presence::add(types, &mut document.parsed);
        let document = Arc::new(document);
        self.0.insert(key, Arc::clone(&document));
        Ok(document)
    }
}
