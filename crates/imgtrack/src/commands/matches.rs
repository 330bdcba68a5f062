use clap::{ArgGroup, Args};
use registry_replication::{Error, ImageName, RuleRef};

use super::{Execute, subject, text};
use crate::args::{Bound, Images, value};
use crate::failure::Failure;
use crate::output::Shape;
use crate::session::Session;
use crate::table::CoverageRow;

#[derive(Args, Debug)]
#[command(override_usage = "imgtrack rules matches [OPTIONS] <RULE> <IMAGE>...")]
#[command(group(
    ArgGroup::new("asked").args(["images", "images_file"]).required(true).multiple(true)
))]
pub(crate) struct Matches {
    /// Rule, as `imgtrack rules` prints it
    #[arg(value_parser = value::word)]
    rule: String,
    #[command(flatten)]
    images: Images,
    #[command(flatten)]
    bound: Bound,
}

impl Execute for Matches {
    fn bound(&self) -> Option<Bound> {
        Some(self.bound)
    }

    fn shape(&self) -> Shape {
        Shape::table::<CoverageRow>()
    }

    async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        let rule: RuleRef = text::reference(&self.rule)?;
        let texts = self.images.read().await?;
        let registry = session.target.registry().await?;
        let mut images: Vec<ImageName> = Vec::new();
        for text in &texts {
            images.push(text::image(&*registry, text).await?);
        }
        let found = subject::rules(&*registry, &rule, &images).await?;
        let found = found.first().ok_or_else(|| no_rule(&rule))?;
        let rows = images.iter().map(|image| CoverageRow {
            rule: rule.to_string(),
            image: image.to_string(),
            coverage: found.coverage(image),
        });
        let rows: Vec<_> = rows.collect();
        match session.output.is_data() {
            true => session.output.list(&rows)?,
            false => session.output.rows(&rows)?,
        }
        Ok(0)
    }
}

fn no_rule(rule: &RuleRef) -> Error {
    Error::not_found(format!(
        "the registry has no rule {rule}; list the rules to see their ids"
    ))
}
