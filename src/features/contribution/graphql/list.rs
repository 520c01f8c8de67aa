//! Lists of contributions below any object.

use std::sync::Arc;

use uuid::Uuid;

use super::{
    super::store::{self, List},
    ContributionAt,
};
use crate::platform::{
    db::Reader,
    error::Result,
    level::{Listing, objects},
    page::{Cut, PageArgs, Total},
};

/// The lists of a level that were asked for.
pub type Lists = Listing<List, ContributionAt>;

/// One parent's page of a list, and how to count the whole.
///
/// # Errors
/// `INVALID` for faulty page arguments.
pub async fn listed(
    lists: &Arc<Lists>,
    reader: &Arc<Reader>,
    (parents, parent): (Vec<Uuid>, Uuid),
    list: List,
    args: &PageArgs,
) -> Result<(Cut<ContributionAt>, Total)> {
    let page = args.page(list.order())?;
    let parents = Arc::new(parents);
    let load = || Box::pin(async { Ok(objects(reader, store::page(reader, &list, &page, &parents).await?)) }) as _;
    let (reader_, list_, parents_) = (Arc::clone(reader), list.clone(), Arc::clone(&parents));
    let count = move || {
        let (reader, list, parents) = (Arc::clone(&reader_), list_.clone(), Arc::clone(&parents_));
        Box::pin(async move { store::counts(&reader, &list, &parents).await }) as _
    };
    lists.page((list.clone(), page.clone()), parent, load, count).await
}
