//! Shared code of tests of listings: with or without prefetch, in one reading or resumed, each item
//! comes once.

use std::collections::BTreeSet;

use futures_util::{TryStreamExt, pin_mut};
use registry_replication::{Listing, PageToken, Rule, Task, TaskState};
use registry_sandbox::Sandbox;

/// Reads a listing in every way; `listing` makes it each time. Returns the number of items, and the
/// numbers of requests without and with prefetched pages.
pub(crate) async fn read<T: Send + 'static>(
    sandbox: &Sandbox,
    listing: impl Fn() -> Listing<T>,
    id: impl Fn(&T) -> String,
) -> (usize, usize, usize) {
    let mut asked = Vec::new();
    let mut found: Vec<Vec<String>> = Vec::new();
    for ahead in [0, 4] {
        let before = sandbox.received().len();
        let items: Vec<T> = listing()
            .ahead(ahead)
            .by_item()
            .try_collect()
            .await
            .unwrap();
        let ids: Vec<_> = items.iter().map(&id).collect();
        let distinct: BTreeSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len(), "each once");
        found.push(ids);
        asked.push(sandbox.received().len() - before);
    }
    assert_eq!(found[0], found[1], "ahead or not");

    let mut items = Vec::new();
    let mut token: Option<PageToken> = None;
    loop {
        let resumed = match &token {
            None => listing(),
            Some(token) => listing().resume(token.to_string().parse().unwrap()),
        };
        let pages = resumed.by_page();
        pin_mut!(pages);
        let Some(page) = pages.try_next().await.unwrap() else {
            break;
        };
        let over = page.token().is_last();
        token = Some(page.token().clone());
        items.extend(page.items.iter().map(&id));
        if over {
            break;
        }
    }
    assert_eq!(items, found[0], "resumed after each page");
    (items.len(), asked[0], asked[1])
}

/// Returns the id of a task, whose state must be known.
pub(crate) fn task(task: &Task) -> String {
    assert!(!matches!(task.state, TaskState::Unknown(_)), "{task:?}");
    task.id.clone()
}

/// Returns the text that identifies a rule.
pub(crate) fn rule(rule: &Rule) -> String {
    format!("{:?} {}", rule.kind, rule.reference().unwrap())
}
