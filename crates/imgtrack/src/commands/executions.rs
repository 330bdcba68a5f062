use clap::Args;
use registry_replication::{Execution, RuleRef};

use super::{Execute, text};
use crate::args::{Bound, Limit, value};
use crate::failure::Failure;
use crate::output::Shape;
use crate::session::Session;

#[derive(Args, Debug)]
pub(crate) struct Executions {
    /// Rule, as `imgtrack rules` prints it [default: all replication rules]
    #[arg(value_parser = value::word)]
    rule: Option<String>,
    #[command(flatten)]
    limit: Limit,
    #[command(flatten)]
    bound: Bound,
}

impl Execute for Executions {
    fn bound(&self) -> Option<Bound> {
        Some(self.bound)
    }

    fn shape(&self) -> Shape {
        Shape::listing::<Execution>()
    }

    async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        let rule: Option<RuleRef> = self.rule.as_deref().map(text::reference).transpose()?;
        let registry = session.target.registry().await?;
        let executions = registry.executions_of(rule.as_ref()).by_item();
        session.output.listing(executions, self.limit.most).await?;
        Ok(0)
    }
}
