//! Names of places and images in requests.

use crate::place::{Place, Source};
use crate::server::Service;

/// Largest distance of a name that was probably meant.
const NEAR: f64 = 0.8;

/// Returns the place `REGISTRY[/ID]`, or why it is not known.
pub(super) fn place(service: &Service, text: &str) -> Result<Place, String> {
    let (registry, id) = match text.split_once('/') {
        Some((registry, id)) => (registry, Some(id)),
        None => (text, None),
    };
    let Some(source) = Source::of(registry) else {
        let known: Vec<_> = service.sources().map(Source::provider).collect();
        let known: Vec<_> = known.into_iter().map(str::to_owned).collect();
        return Err(format!(
            "unknown registry {registry:?}{}",
            suggestion(registry, &known)
        ));
    };
    let Some(id) = id else {
        return Ok(source.into());
    };
    let place = Place::new(source.provider(), id);
    match service.has(&place) {
        true => Ok(place),
        false => {
            let all = service.places().into_iter();
            let own = all.filter(|other| other.provider() == registry);
            let ids: Vec<_> = own.map(|other| other.id().to_owned()).collect();
            Err(format!(
                "{registry} has no place {id:?}{}",
                suggestion(id, &ids)
            ))
        }
    }
}

/// Returns the registry of a provider that takes pushes, if `text` names it.
pub(super) fn source(service: &Service, text: &str) -> Result<Source, String> {
    let place = place(service, text)?;
    let source = Source::of(place.provider());
    let source = source.filter(|source| source.id() == place.id());
    source.ok_or_else(|| {
        let registry = place.provider();
        format!("{text} takes no pushes; push to {registry}")
    })
}

/// Returns repository and tag of `NAMESPACE/REPOSITORY:TAG`.
pub(super) fn image(text: &str) -> Result<(&str, &str), String> {
    match repository(text)? {
        (repository, Some(tag)) => Ok((repository, tag)),
        (repository, None) => Err(format!("{text} has no tag; write {repository}:TAG")),
    }
}

/// Returns repository and tag of `NAMESPACE/REPOSITORY[:TAG]`.
pub(super) fn repository(text: &str) -> Result<(&str, Option<&str>), String> {
    let (repository, tag) = match text.rsplit_once(':') {
        Some((repository, tag)) => (repository, Some(tag)),
        None => (text, None),
    };
    match repository.split('/').count() {
        0 | 1 => Err(format!(
            "invalid image {text:?}; write NAMESPACE/REPOSITORY:TAG"
        )),
        _ => Ok((repository, tag)),
    }
}

/// Returns what was probably meant, or all names.
fn suggestion(text: &str, known: &[String]) -> String {
    let near = known
        .iter()
        .map(|known| (strsim::jaro_winkler(known, text), known))
        .filter(|(score, _)| *score > NEAR)
        .max_by(|(one, _), (other, _)| one.total_cmp(other));
    match near {
        Some((_, near)) => format!("; did you mean {near}?"),
        None => format!("; use one of {}", known.join(", ")),
    }
}
