//! What holds for every list: the arguments of a page, walking through it, and its ends.

mod lists;

use serde_json::{Value, json};

use self::lists::{List, Shelf};
use crate::support::errors;

/// Rows that every list has at least.
const ROWS: usize = 7;

fn texts(list: &Value, pointer: &str) -> Vec<String> {
    let edges = list["edges"].as_array().unwrap().iter();
    edges
        .map(|edge| edge.pointer(pointer).unwrap().as_str().unwrap().to_owned())
        .collect()
}

fn ids(list: &Value) -> Vec<String> {
    let is_row = list.pointer("/edges/0/node/membership").is_some();
    texts(list, if is_row { "/node/membership/id" } else { "/node/id" })
}

/// Asserts that every list answers these arguments with one error.
async fn refused(shelf: &Shelf, arguments: &[Value], error: &str) {
    for list in shelf.lists() {
        for arguments in arguments {
            let answer = shelf.send(&list, arguments).await;
            assert_eq!(errors(&answer), [error], "{} {arguments}", list.name);
            assert_eq!(shelf.found(&answer), &Value::Null);
        }
    }
}

/// Asserts that walking through a list by some rows at a time finds every row once, in the order of the list.
async fn walk(shelf: &Shelf, list: &List<'_>, size: usize, is_forward: bool) {
    let whole = ids(&shelf.page(list, &json!({ "first": 100 })).await);
    let (count, cursor, more, end) = if is_forward {
        ("first", "after", "hasNextPage", "endCursor")
    } else {
        ("last", "before", "hasPreviousPage", "startCursor")
    };
    let back = if is_forward { "hasPreviousPage" } else { "hasNextPage" };
    let mut seen = Vec::new();
    let mut arguments = json!({ count: size });
    loop {
        let page = shelf.page(list, &arguments).await;
        let place = format!("{} {arguments}", list.name);
        assert_eq!(page["pageInfo"][back], !seen.is_empty(), "{place}");
        let rows = ids(&page);
        seen = if is_forward {
            [seen, rows].concat()
        } else {
            [rows, seen].concat()
        };
        let is_more = seen.len() < whole.len();
        assert_eq!(page["pageInfo"][more], is_more, "{place}");
        assert!(page["edges"].as_array().unwrap().len() >= size || !is_more, "{place}");
        if !is_more {
            break;
        }
        arguments[cursor] = page["pageInfo"][end].clone();
    }
    assert_eq!(seen, whole, "{} by {size}", list.name);
}

#[tokio::test]
async fn every_connection_of_the_schema_is_tested_here() {
    let shelf = Shelf::bare().await;
    let mut here: Vec<_> = shelf.lists().iter().map(|list| list.name.to_owned()).collect();
    here.sort();
    assert_eq!(here, lists::of_schema());
}

#[tokio::test]
async fn first_and_last_together_are_refused() {
    let shelf = Shelf::bare().await;
    refused(&shelf, &[json!({ "first": 2, "last": 2 })], "INVALID/OUT_OF_RANGE").await;
}

#[tokio::test]
async fn a_number_below_0_or_over_100_is_refused() {
    let shelf = Shelf::bare().await;
    let arguments =
        [-1, 101, 1000, i32::MIN, i32::MAX].map(|number| [json!({ "first": number }), json!({ "last": number })]);
    refused(&shelf, arguments.as_flattened(), "INVALID/OUT_OF_RANGE").await;
}

#[tokio::test]
async fn garbage_is_no_cursor() {
    let shelf = Shelf::bare().await;
    let garbage = ["", "x", "AAAA", "!!!", "\u{0}", "MTIz", "_____w"];
    let arguments = garbage.map(|cursor| [json!({ "after": cursor }), json!({ "last": 2, "before": cursor })]);
    refused(&shelf, arguments.as_flattened(), "INVALID/MALFORMED").await;
}

#[tokio::test]
async fn a_cut_or_longer_cursor_is_refused() {
    let shelf = Shelf::full().await;
    for list in shelf.lists() {
        let page = shelf.page(&list, &json!({ "first": 1 })).await;
        let cursor = page["edges"][0]["cursor"].as_str().unwrap().to_owned();
        for cursor in [&cursor[..cursor.len() - 4], &format!("{cursor}AAAA")] {
            let answer = shelf.send(&list, &json!({ "after": cursor })).await;
            assert_eq!(errors(&answer), ["INVALID/MALFORMED"], "{}", list.name);
        }
    }
}

#[tokio::test]
async fn a_cursor_of_another_kind_of_list_is_refused() {
    let shelf = Shelf::full().await;
    let mut cursors = Vec::new();
    for list in shelf.lists() {
        let page = shelf.page(&list, &json!({ "first": 1 })).await;
        cursors.push((list.order, page["edges"][0]["cursor"].clone()));
    }
    cursors.dedup_by_key(|(order, _)| *order);
    for list in shelf.lists() {
        for (order, cursor) in &cursors {
            let answer = shelf.send(&list, &json!({ "first": 2, "after": cursor })).await;
            let expected: &[&str] = if *order == list.order {
                &[]
            } else {
                &["INVALID/MALFORMED"]
            };
            assert_eq!(errors(&answer), expected, "{} with a cursor of {order}", list.name);
        }
    }
}

#[tokio::test]
async fn walking_forward_finds_every_row_once_in_order() {
    let shelf = Shelf::full().await;
    for list in shelf.lists() {
        for size in 1..=3 {
            walk(&shelf, &list, size, true).await;
        }
    }
}

#[tokio::test]
async fn walking_backward_finds_every_row_once_in_order() {
    let shelf = Shelf::full().await;
    for list in shelf.lists() {
        for size in 1..=3 {
            walk(&shelf, &list, size, false).await;
        }
    }
}

#[tokio::test]
async fn rows_of_the_same_moment_are_neither_lost_nor_repeated() {
    let shelf = Shelf::of_one_moment().await;
    for list in shelf.lists() {
        for size in 1..=3 {
            walk(&shelf, &list, size, true).await;
            walk(&shelf, &list, size, false).await;
        }
    }
}

#[tokio::test]
async fn both_directions_give_the_same_order() {
    let shelf = Shelf::of_one_moment().await;
    for list in shelf.lists() {
        let forward = shelf.page(&list, &json!({ "first": 100 })).await;
        let backward = shelf.page(&list, &json!({ "last": 100 })).await;
        assert_eq!(forward, backward, "{}", list.name);
    }
}

#[tokio::test]
async fn nodes_and_cursors_fit_the_edges() {
    let shelf = Shelf::full().await;
    for list in shelf.lists() {
        let page = shelf.page(&list, &json!({ "first": 3 })).await;
        let edges = page["edges"].as_array().unwrap().iter();
        let nodes: Vec<_> = edges.map(|edge| edge["node"].clone()).collect();
        assert_eq!(page["nodes"], json!(nodes), "{}", list.name);
        let cursors = texts(&page, "/cursor");
        assert_eq!(page["pageInfo"]["startCursor"], cursors[0]);
        assert_eq!(page["pageInfo"]["endCursor"], cursors[2]);
    }
}

#[tokio::test]
async fn the_total_is_that_of_the_whole_list_on_every_page() {
    let shelf = Shelf::full().await;
    for list in shelf.lists() {
        let whole = shelf.page(&list, &json!({ "first": 100 })).await;
        let count = ids(&whole).len();
        assert!(count >= ROWS, "{} has {count} rows", list.name);
        let cursors = texts(&whole, "/cursor");
        for arguments in [
            json!({}),
            json!({ "first": 0 }),
            json!({ "first": 2, "after": cursors[1] }),
            json!({ "last": 1 }),
            json!({ "after": cursors[count - 1] }),
        ] {
            let page = shelf.page(&list, &arguments).await;
            assert_eq!(page["totalCount"], count, "{} {arguments}", list.name);
        }
    }
}

#[tokio::test]
async fn what_lies_between_two_cursors_can_be_asked_for() {
    let shelf = Shelf::of_one_moment().await;
    for list in shelf.lists() {
        let whole = shelf.page(&list, &json!({ "first": 100 })).await;
        let (rows, cursors) = (ids(&whole), texts(&whole, "/cursor"));
        let between = |arguments: Value| {
            let mut arguments = arguments;
            arguments["after"] = json!(cursors[1]);
            arguments["before"] = json!(cursors[5]);
            arguments
        };
        for (arguments, expected) in [
            (json!({}), &rows[2..5]),
            (json!({ "first": 2 }), &rows[2..4]),
            (json!({ "last": 2 }), &rows[3..5]),
        ] {
            let page = shelf.page(&list, &between(arguments.clone())).await;
            assert_eq!(ids(&page), expected, "{} {arguments}", list.name);
        }
    }
}

#[tokio::test]
async fn an_empty_page_says_on_which_side_there_are_rows() {
    let shelf = Shelf::full().await;
    for list in shelf.lists() {
        let whole = shelf.page(&list, &json!({ "first": 100 })).await;
        let cursors = texts(&whole, "/cursor");
        let behind = json!({ "first": 2, "after": cursors[cursors.len() - 1] });
        let ahead = json!({ "last": 2, "before": cursors[0] });
        for (arguments, has_next, has_previous) in [(behind, false, true), (ahead, true, false)] {
            let page = shelf.page(&list, &arguments).await;
            let expected = json!({ "hasNextPage": has_next, "hasPreviousPage": has_previous, "startCursor": null,
                "endCursor": null });
            assert_eq!(
                (&page["edges"], &page["pageInfo"]),
                (&json!([]), &expected),
                "{}",
                list.name
            );
        }
        let none = shelf.page(&list, &json!({ "first": 0 })).await;
        assert_eq!(
            (&none["edges"], &none["pageInfo"]["hasNextPage"]),
            (&json!([]), &json!(true))
        );
    }
}

#[tokio::test]
async fn there_are_20_rows_in_a_page_by_default_and_100_at_most() {
    let shelf = Shelf::bare().await;
    let name = "Organisation.accounts";
    shelf.make_pupils(120).await;
    let list = shelf.lists().into_iter().find(|list| list.name == name).unwrap();
    for (arguments, count) in [
        (json!({}), 20),
        (json!({ "first": 100 }), 100),
        (json!({ "last": 100 }), 100),
    ] {
        let page = shelf.page(&list, &arguments).await;
        assert_eq!(ids(&page).len(), count, "{arguments}");
    }
}
