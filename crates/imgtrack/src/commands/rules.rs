use clap::{Args, Subcommand};
use registry_replication::Rule;

use super::matches::Matches;
use super::{Execute, sources, text};
use crate::args::{Bound, Listing, OfPeriod, OfPlaces, OfRule, value};
use crate::complete::Seen;
use crate::failure::Failure;
use crate::filter::Filter;
use crate::output::Shape;
use crate::session::Session;
use crate::target::Target;

#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Rules {
    #[command(subcommand)]
    command: Option<OfRules>,
    #[command(flatten)]
    list: List,
}

/// Command about rules.
#[derive(Subcommand, Debug)]
enum OfRules {
    /// Check whether a rule covers images, or list the images that it covers
    ///
    /// The rule's source and filters decide, and no named image is looked up. A filter that this version
    /// cannot read makes the result unknown. Without images, the repositories and tags of the registry are
    /// listed, and those that the rule covers or may cover are shown. The exit code is 0 for every result.
    Matches(Matches),
}

impl Execute for Rules {
    fn bound(&self) -> Option<Bound> {
        match &self.command {
            None => self.list.bound(),
            Some(OfRules::Matches(command)) => command.bound(),
        }
    }

    fn shape(&self) -> Shape {
        match &self.command {
            None => self.list.shape(),
            Some(OfRules::Matches(command)) => command.shape(),
        }
    }

    fn sort(&self) -> Option<&str> {
        match &self.command {
            None => self.list.sort(),
            Some(OfRules::Matches(command)) => command.sort(),
        }
    }

    async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        match self.command {
            None => self.list.run(session).await,
            Some(OfRules::Matches(command)) => command.run(session).await,
        }
    }
}

#[derive(Args, Debug)]
struct List {
    /// List only rules of this repository, NAMESPACE/REPOSITORY
    #[arg(value_parser = value::image)]
    repository: Option<String>,
    #[command(flatten)]
    listing: Listing,
    #[command(flatten)]
    bound: Bound,
    #[command(flatten)]
    places: OfPlaces,
    #[command(flatten)]
    of_rule: OfRule,
    #[command(flatten)]
    period: OfPeriod,
}

impl Execute for List {
    fn bound(&self) -> Option<Bound> {
        Some(self.bound)
    }

    fn shape(&self) -> Shape {
        Shape::listing::<Rule>()
    }

    fn sort(&self) -> Option<&str> {
        self.listing.sort.as_deref()
    }

    async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        let filter = Filter::default()
            .places(self.places)
            .rule(self.of_rule)
            .period(&self.period, &session.target)?;
        let repository = self.repository.as_deref();
        let repository = repository.map(|text| session.target.at_image(text));
        if let Some((target, _)) = &repository {
            session.target = target.clone();
        }
        let seen = Seen::default();
        let open = async |target: &Target| {
            let registry = target.registry().await?;
            let repository = match &repository {
                Some((_, text)) => Some(text::image(&*registry, text).await?),
                None => None,
            };
            let rules = registry.rules_of(repository.as_ref());
            Ok(rules.inspect(seen.of(target)))
        };
        let done = sources::listing(session, &filter, &self.listing, open).await;
        if let Some(folder) = &session.completions() {
            seen.save(folder, session.target.clock().now());
        }
        done
    }
}
