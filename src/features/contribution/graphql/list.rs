//! Lists of contributions below any object: one statement for all parents of a level.

use std::{collections::HashMap, sync::Arc};

use uuid::Uuid;

use super::{
    super::store::{self, List},
    ContributionAt,
};
use crate::platform::{
    db::Reader,
    error::Result,
    level::{Level, Links},
    page::{Cut, Page, PageArgs, Total},
};

/// The lists of a level that were asked for.
#[derive(Debug, Default)]
pub struct Lists {
    pages: Links<(List, Page), HashMap<Uuid, Cut<ContributionAt>>>,
    totals: Links<List, HashMap<Uuid, i64>>,
}

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
    let link = lists.pages.of((list.clone(), page.clone()));
    let parents = Arc::new(parents);
    let load = || {
        Box::pin(async {
            let cuts = store::page(reader, &list, &page, &parents).await?;
            // All rows of all parents are one level, so that what hangs on them is loaded at once.
            let rows = cuts.values().flat_map(|cut| cut.rows.iter().cloned()).collect();
            let mut objects = Level::new(reader, rows).all().into_iter();
            let filled =
                |(&parent, cut): (&Uuid, &Cut<_>)| (parent, cut.with(objects.by_ref().take(cut.rows.len()).collect()));
            Ok(cuts.iter().map(filled).collect())
        }) as _
    };
    let cut = link.load(load).await?.get(&parent).cloned().unwrap_or_default();
    let (lists, reader, parents) = (Arc::clone(lists), Arc::clone(reader), Arc::clone(&parents));
    let total = Total::new(move || {
        let (lists, reader, parents, list) = (
            Arc::clone(&lists),
            Arc::clone(&reader),
            Arc::clone(&parents),
            list.clone(),
        );
        Box::pin(async move {
            let link = lists.totals.of(list.clone());
            let load = || Box::pin(store::counts(&reader, &list, &parents)) as _;
            Ok(link.load(load).await?.get(&parent).copied().unwrap_or_default())
        })
    });
    Ok((cut, total))
}
