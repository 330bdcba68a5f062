use clap::Args;
use registry_replication::Rule;

use super::{Execute, text};
use crate::args::{Bound, Limit, value};
use crate::failure::Failure;
use crate::output::Shape;
use crate::session::Session;

#[derive(Args, Debug)]
pub(crate) struct Rules {
    /// List only rules of this repository, NAMESPACE/REPOSITORY
    #[arg(value_parser = value::image)]
    repository: Option<String>,
    #[command(flatten)]
    limit: Limit,
    #[command(flatten)]
    bound: Bound,
}

impl Execute for Rules {
    fn bound(&self) -> Option<Bound> {
        Some(self.bound)
    }

    fn shape(&self) -> Shape {
        Shape::listing::<Rule>()
    }

    async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        let registry = session.target.registry().await?;
        let repository = match &self.repository {
            Some(text) => Some(text::image(&*registry, text).await?),
            None => None,
        };
        let rules = registry.rules_of(repository.as_ref()).by_item();
        session.output.listing(rules, self.limit.most).await?;
        Ok(0)
    }
}
