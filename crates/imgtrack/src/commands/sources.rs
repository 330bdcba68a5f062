//! Reading from the registries that a command names, at the same time.

use futures_util::future;

use crate::args;
use crate::failure::Failure;
use crate::filter::Filter;
use crate::output::Records;
use crate::session::Session;
use crate::target::Target;

/// Writes the listing that `open` returns for a registry, or those of several registries. A registry
/// that fails does not hide the records of the others.
pub(super) async fn listing<R: Records>(
    session: &mut Session<'_>,
    filter: &Filter,
    options: &args::Listing,
    open: impl AsyncFn(&Target) -> Result<R, Failure>,
) -> Result<u8, Failure> {
    let (target, output) = (&session.target, &mut session.output);
    if !target.is_several() {
        let records = open(target).await?;
        output.listing(records, filter, options).await?;
        return Ok(0);
    }
    let (opened, mut failures) = each(target, open).await;
    let count = opened.len();
    let found = output.listings(opened, filter, options).await?;
    let has_answers = found.of_listings.len() < count;
    failures.extend(found.all());
    outcome(failures, has_answers)
}

/// Asks each registry. Returns the answers and the errors, both with the names of the registries.
pub(super) async fn each<T>(
    target: &Target,
    ask: impl AsyncFn(&Target) -> Result<T, Failure>,
) -> (Vec<(String, T)>, Vec<Failure>) {
    let all = target.each();
    let asked = all.iter().map(|(_, target)| ask(target));
    let asked = future::join_all(asked).await;
    let (mut answers, mut failures) = (Vec::new(), Vec::new());
    for ((name, _), answer) in all.into_iter().zip(asked) {
        match answer {
            Ok(answer) => answers.push((name, answer)),
            Err(failure) => failures.push(failure.at(Some(name))),
        }
    }
    (answers, failures)
}

/// Returns the exit code of a command that has asked several registries.
pub(super) fn outcome(failures: Vec<Failure>, has_answers: bool) -> Result<u8, Failure> {
    match (failures.is_empty(), has_answers) {
        (true, _) => Ok(0),
        (false, true) => Err(Failure::Partly(failures)),
        (false, false) => Err(Failure::Several(failures)),
    }
}
