//! Repositories and tags.

use std::fmt::Display;

use huaweicloud_swr::swr::values::{
    BasicOrderType, BasicRepositoryOrderColumn, BasicTagOrderColumn,
};
use openapi_transport::Error;

use super::{SwrBasic, counted};
use crate::listing::Listing;
use crate::model::{ImageName, ListedRepository, ListedTag};
use crate::pager::{Fetched, Slot, Steps, listing_name};

const REPOSITORIES: &str = "ListReposDetails";
const TAGS: &str = "ListRepositoryTags";
/// Largest page of the service.
const LARGEST: u32 = 1000;

impl SwrBasic {
    /// Lists the repositories of an organization, or of the account in this region, by name:
    /// `ListReposDetails`.
    ///
    /// An organization that is not found is reported as the first error of the stream.
    pub fn repositories(&self, organization: Option<&str>) -> Listing<ListedRepository> {
        let narrowed: [(&str, Option<&dyn Display>); 2] = [
            ("region", self.region.as_ref().map(|region| region as _)),
            ("namespace", organization.as_ref().map(|name| name as _)),
        ];
        let name = listing_name(REPOSITORIES, &narrowed);
        let registry = self.clone();
        let organization = organization.map(str::to_owned);
        // Older pages of the vendor require an offset that is a multiple of the limit.
        Listing::new(name, Steps::Pages, move |slot| {
            registry.clone().repositories_on(organization.clone(), slot)
        })
    }

    async fn repositories_on(
        self,
        organization: Option<String>,
        slot: Slot,
    ) -> Result<Fetched<ListedRepository>, Error> {
        let (offset, limit) = numbers(slot)?;
        let mut call = self
            .client
            .list_repos_details()
            .order_column(BasicRepositoryOrderColumn::Name)
            .order_type(BasicOrderType::Asc)
            .offset(offset)
            .limit(limit);
        if let Some(organization) = &organization {
            call = call.namespace(organization);
        }
        let answer = call.send().await?;
        let total = counted(answer.headers());
        let page = answer.into_inner();
        if let Some(organization) = &organization
            && slot.is_empty_beginning(&page)
        {
            self.organization_exists(organization).await?;
        }
        let repositories = page.into_iter().map(|one| {
            let name = one.name.map(|name| name.replace('$', "/"));
            ListedRepository::read(REPOSITORIES, one.namespace, name, None)
        });
        Ok(Fetched {
            items: repositories.collect::<Result<_, _>>()?,
            total,
            size: None,
        })
    }

    /// Lists the tags of a repository by name, also those that were deleted: `ListRepositoryTags`.
    pub(super) fn list_tags(&self, repository: &ImageName) -> Listing<ListedTag> {
        let narrowed: [(&str, Option<&dyn Display>); 2] = [
            ("region", self.region.as_ref().map(|region| region as _)),
            ("repository", Some(repository)),
        ];
        let name = listing_name(TAGS, &narrowed);
        let (registry, repository) = (self.clone(), repository.clone());
        Listing::new(name, Steps::Pages, move |slot| {
            registry.clone().tags_on(repository.clone(), slot)
        })
    }

    async fn tags_on(self, repository: ImageName, slot: Slot) -> Result<Fetched<ListedTag>, Error> {
        let (offset, limit) = numbers(slot)?;
        let call = self.client.list_repository_tags();
        let call = call
            .namespace(repository.namespace())
            .repository(repository.repository())
            .order_column(BasicTagOrderColumn::Tag)
            .order_type(BasicOrderType::Asc)
            .offset(offset)
            .limit(limit);
        let answer = match call.send().await.map_err(Error::from) {
            Ok(answer) => answer,
            Err(error) => return Err(self.about_repository(&repository, error).await),
        };
        let total = counted(answer.headers());
        let tags = answer.into_inner().into_iter();
        let tags = tags.map(|one| ListedTag::read(TAGS, &repository, one.tag, one.deleted));
        Ok(Fetched {
            items: tags.collect::<Result<_, _>>()?,
            total,
            size: None,
        })
    }
}

/// Returns offset and limit of a page. The service takes them as text, whose form has no bounds.
fn numbers(slot: Slot) -> Result<(i64, i64), Error> {
    let invalid = |problem: &str| Error::configuration(format!("page size: {problem}"));
    match slot.size {
        0 => Err(invalid("0 is less than 1")),
        size if size > LARGEST => Err(invalid(&format!("{size} is more than {LARGEST}"))),
        size => {
            let offset = i64::try_from(slot.offset);
            let offset = offset.map_err(|_| invalid("the page begins after the last record"))?;
            Ok((offset, size.into()))
        }
    }
}
