use clap::Args;
use futures_core::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt, stream};
use registry_replication::{
    CoverageScope, Error, Feature, ImageCoverage, ImageName, Registry, Rule, RuleRef,
};

use super::{Execute, subject, text};
use crate::args::{Bound, Images, Listing, OfTag, value};
use crate::failure::Failure;
use crate::filter::Filter;
use crate::output::Shape;
use crate::session::Session;
use crate::table::CoverageRow;

/// Repositories that are asked for their rules at once.
const AT_ONCE: usize = 4;

#[derive(Args, Debug)]
#[command(override_usage = "imgtrack rules matches [OPTIONS] <RULE> [IMAGE]...")]
pub(crate) struct Matches {
    /// Rule, as `imgtrack rules` prints it
    #[arg(value_parser = value::word)]
    rule: String,
    #[command(flatten)]
    images: Images,
    /// List images that the rule does not cover, too
    ///
    /// A repository that the rule does not cover is one row.
    #[arg(long, conflicts_with_all = ["images", "images_file"])]
    all: bool,
    #[command(flatten)]
    listing: Listing,
    #[command(flatten)]
    bound: Bound,
    #[command(flatten)]
    tag: OfTag,
}

impl Execute for Matches {
    fn bound(&self) -> Option<Bound> {
        Some(self.bound)
    }

    fn shape(&self) -> Shape {
        Shape::listing::<CoverageRow>()
    }

    fn sort(&self) -> Option<&str> {
        self.listing.sort.as_deref()
    }

    async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        let rule: RuleRef = text::reference(&self.rule)?;
        let texts = self.images.read().await?;
        let registry = session.target.registry().await?;
        let mut images: Vec<ImageName> = Vec::new();
        for text in &texts {
            images.push(text::image(&*registry, text).await?);
        }
        let found = match images.is_empty() {
            true => found(&*registry, &rule).await?,
            false => subject::rules(&*registry, &rule, &images).await?,
        };
        let found = found.into_iter().next().ok_or_else(|| no_rule(&rule))?;
        let scope = match self.all {
            true => CoverageScope::All,
            false => CoverageScope::Covered,
        };
        let rows = match images.is_empty() {
            true => registry.coverage_of(&found, scope),
            false => of_images(&found, images),
        };
        let rows = rows.map_ok(|found| CoverageRow::new(&rule, found));
        let filter = Filter::default().tag(self.tag);
        session.output.stream(rows, &filter, &self.listing).await?;
        Ok(0)
    }
}

/// Compares a rule with images that the caller has named.
fn of_images(rule: &Rule, images: Vec<ImageName>) -> BoxStream<'_, Result<ImageCoverage, Error>> {
    let images = stream::iter(images);
    images
        .map(|image| Ok(ImageCoverage::new(rule, image)))
        .boxed()
}

/// Returns the rule that a reference names. Where a registry lists rules by repository only, all its
/// repositories are searched.
async fn found(registry: &dyn Registry, rule: &RuleRef) -> Result<Vec<Rule>, Error> {
    let provider = registry.descriptor();
    if provider.has(Feature::Rules) {
        return subject::rules(registry, rule, &[]).await;
    }
    provider.check(Feature::RepositoryRules)?;
    let repositories = registry.repositories_in(None).by_item();
    let searched = repositories.map_ok(|repository| async move {
        subject::rules(registry, rule, &[repository.name]).await
    });
    let searched = searched.try_buffered(AT_ONCE);
    let found = searched.try_filter(|rules| std::future::ready(!rules.is_empty()));
    let found = std::pin::pin!(found).try_next().await?;
    Ok(found.unwrap_or_default())
}

fn no_rule(rule: &RuleRef) -> Error {
    Error::not_found(format!(
        "the registry has no rule {rule}; list the rules to see their ids"
    ))
}
