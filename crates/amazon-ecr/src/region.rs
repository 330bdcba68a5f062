//! Region and endpoints that variables and a profile set.

use openapi_transport::{Error, SourceError, Surroundings};

use crate::endpoints::{self, Variant};
use crate::profile::{ProfileName, Profiles, Section};

const REGION: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];
const ENDPOINT_URL: &str = "AWS_ENDPOINT_URL";
const IGNORE_URLS: &str = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS";
const USE_FIPS: &str = "AWS_USE_FIPS_ENDPOINT";
const USE_DUAL_STACK: &str = "AWS_USE_DUALSTACK_ENDPOINT";

/// Region and endpoints that variables and a profile set. Variables win.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Location {
    region: Option<String>,
    variant: Variant,
    ecr: Option<String>,
    sts: Option<String>,
    sso: Option<String>,
}

impl Location {
    /// Reads variables and the shared files. `profile` names the profile. [default: the one that
    /// `AWS_PROFILE` names, or else `default`]
    ///
    /// - The region: `AWS_REGION`, `AWS_DEFAULT_REGION`, or the profile's `region`.
    /// - Endpoints: `AWS_ENDPOINT_URL_ECR`, `AWS_ENDPOINT_URL`, or the profile's `services` and
    ///   `endpoint_url`, unless `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS` is `true`.
    /// - Their variant: `AWS_USE_FIPS_ENDPOINT` and `AWS_USE_DUALSTACK_ENDPOINT`, or the profile's
    ///   `use_fips_endpoint` and `use_dualstack_endpoint`.
    ///
    /// ```
    /// use amazon_ecr::Location;
    /// use openapi_transport::{Error, Surroundings};
    ///
    /// # async fn example() -> Result<(), Error> {
    /// let location = Location::load(&Surroundings::of_process(), None).await?;
    /// let endpoint = location.ecr_endpoint()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When a file cannot be read, or a chosen profile does not exist.
    pub async fn load(surroundings: &Surroundings, profile: Option<&str>) -> Result<Self, Error> {
        let name = ProfileName::find(profile, surroundings);
        let profiles = match Profiles::load(surroundings).await {
            Ok(profiles) => profiles,
            Err(SourceError::NotSet(_)) if !name.is_chosen => Profiles::default(),
            Err(why) => return Err(Error::configuration(why.to_string())),
        };
        match profiles.find(&name) {
            Ok(profile) => Ok(Self::of(surroundings, &profiles, Some(profile))),
            Err(SourceError::NotSet(_)) => Ok(Self::of(surroundings, &profiles, None)),
            Err(why) => Err(Error::configuration(why.to_string())),
        }
    }

    /// Returns what variables and this profile set.
    pub(crate) fn of(
        surroundings: &Surroundings,
        profiles: &Profiles,
        profile: Option<&Section>,
    ) -> Self {
        let text = |name: &str| profile.and_then(|profile| profile.text(name));
        let is_on = |variable: &str, property: &str| match surroundings.variable(variable) {
            Some(_) => surroundings.is_true(variable),
            None => text(property).is_some_and(|value| value.eq_ignore_ascii_case("true")),
        };
        let ignores = is_on(IGNORE_URLS, "ignore_configured_endpoint_urls");
        let url = |service: &str| {
            let own = format!("{ENDPOINT_URL}_{}", service.to_ascii_uppercase());
            let variable = surroundings.variable(&own);
            let variable = variable.or_else(|| surroundings.variable(ENDPOINT_URL));
            let set = variable.or_else(|| {
                let url = profile.and_then(|profile| profiles.endpoint(profile, service));
                url.map(str::to_owned)
            });
            set.filter(|_| !ignores)
        };
        let region = REGION
            .into_iter()
            .find_map(|name| surroundings.variable(name));
        Self {
            region: region.or_else(|| text("region").map(str::to_owned)),
            variant: Variant {
                fips: is_on(USE_FIPS, "use_fips_endpoint"),
                dual_stack: is_on(USE_DUAL_STACK, "use_dualstack_endpoint"),
            },
            ecr: url("ecr"),
            sts: url("sts"),
            sso: url("sso"),
        }
    }

    /// Returns the region, if one is set.
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// Sets the region, if the caller has chosen one.
    pub fn in_region(mut self, region: Option<&str>) -> Self {
        if let Some(region) = region {
            self.region = Some(region.to_owned());
        }
        self
    }

    /// Returns the variant of endpoints.
    pub fn variant(&self) -> Variant {
        self.variant
    }

    /// Returns the URL of ECR: the one that is set, or the region's.
    ///
    /// # Errors
    /// When neither is set, when a URL is set in addition to a variant, and when the region is
    /// invalid.
    pub fn ecr_endpoint(&self) -> Result<String, Error> {
        match (&self.ecr, &self.region) {
            (Some(url), _) => self.only(url),
            (None, Some(region)) => endpoints::ecr(region, self.variant),
            (None, None) => Err(Error::configuration(
                "missing region: set AWS_REGION, or region in the profile",
            )),
        }
    }

    /// Returns the URL of STS: the one that is set, the region's, or the one for all regions.
    ///
    /// # Errors
    /// When a URL is set in addition to a variant, and when the region is invalid.
    pub fn sts_endpoint(&self) -> Result<String, Error> {
        match &self.sts {
            Some(url) => self.only(url),
            None => endpoints::sts(self.region(), self.variant),
        }
    }

    /// Returns the URL of the portal of the single sign-on: the one that is set, or the region's.
    pub(crate) fn sso_endpoint(&self, region: &str) -> Result<String, Error> {
        match &self.sso {
            Some(url) => self.only(url),
            None => endpoints::sso_portal(region, self.variant),
        }
    }

    fn only(&self, url: &str) -> Result<String, Error> {
        if self.variant == Variant::default() {
            return Ok(url.to_owned());
        }
        Err(Error::configuration(
            "an endpoint URL cannot be combined with FIPS or dual-stack endpoints; unset the URL, or \
             AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT",
        ))
    }
}
