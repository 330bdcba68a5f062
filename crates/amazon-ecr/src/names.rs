//! Names of accounts, registries and hosts.

use std::fmt;
use std::str::FromStr;

use openapi_transport::Error;

use crate::endpoints::{Variant, check_region};
use crate::partitions;

/// Host of a private registry: an account's registry in one region.
///
/// ```
/// use amazon_ecr::names::RegistryHost;
///
/// let host: RegistryHost = "012345678901.dkr.ecr.eu-central-1.amazonaws.com".parse()?;
/// assert_eq!((host.account(), host.region()), ("012345678901", "eu-central-1"));
/// # Ok::<(), openapi_transport::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryHost {
    account: String,
    region: String,
    variant: Variant,
}

impl RegistryHost {
    /// Makes the host of an account's registry.
    ///
    /// ```
    /// use amazon_ecr::endpoints::Variant;
    /// use amazon_ecr::names::RegistryHost;
    ///
    /// let host = RegistryHost::new("012345678901", "eu-west-1", Variant::default())?;
    /// assert_eq!(host.to_string(), "012345678901.dkr.ecr.eu-west-1.amazonaws.com");
    /// # Ok::<(), openapi_transport::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the account is not 12 digits, the region cannot be the name of a region, or its
    /// partition has no such host.
    pub fn new(account: &str, region: &str, variant: Variant) -> Result<Self, Error> {
        check_account(account)?;
        check_region(region)?;
        if variant.dual_stack && partitions::of(region).registries().is_none() {
            return Err(Error::configuration(format!(
                "registries in {region} have no dual-stack host; turn dual-stack endpoints off"
            )));
        }
        Ok(Self {
            account: account.to_owned(),
            region: region.to_owned(),
            variant,
        })
    }

    /// Returns the account, which is the id of the registry, too.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Returns the region.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Returns the variant of the host.
    pub fn variant(&self) -> Variant {
        self.variant
    }
}

impl fmt::Display for RegistryHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (account, region) = (&self.account, &self.region);
        let partition = partitions::of(region);
        let fips = if self.variant.fips { "-fips" } else { "" };
        match partition.registries().filter(|_| self.variant.dual_stack) {
            Some(end) => write!(f, "{account}.dkr-ecr{fips}.{region}.{end}"),
            None => write!(f, "{account}.dkr.ecr{fips}.{region}.{}", partition.suffix()),
        }
    }
}

impl FromStr for RegistryHost {
    type Err = Error;

    fn from_str(host: &str) -> Result<Self, Error> {
        let host = host.to_ascii_lowercase();
        let read = || {
            let (account, rest) = host.split_once(".dkr")?;
            let dual_stack = rest.starts_with('-');
            let rest = rest.get(1..)?.strip_prefix("ecr")?;
            let (fips, rest) = match rest.strip_prefix("-fips") {
                Some(rest) => (true, rest),
                None => (false, rest),
            };
            let (region, _) = rest.strip_prefix('.')?.split_once('.')?;
            let variant = Variant { fips, dual_stack };
            let found = Self::new(account, region, variant).ok()?;
            (found.to_string() == host).then_some(found)
        };
        read().ok_or_else(|| {
            Error::configuration(format!(
                "invalid registry host {host:?}; expected \
                 ACCOUNT.dkr.ecr.REGION.amazonaws.com"
            ))
        })
    }
}

/// Checks that a text is the id of an account.
///
/// ```
/// assert!(amazon_ecr::names::check_account("012345678901").is_ok());
/// assert!(amazon_ecr::names::check_account("12345").is_err());
/// ```
///
/// # Errors
/// When it is not 12 digits.
pub fn check_account(account: &str) -> Result<(), Error> {
    if account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    Err(Error::configuration(format!(
        "invalid account {account:?}; expected 12 digits"
    )))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    #[test]
    fn hosts_are_read_and_written() {
        for (host, region, fips, dual_stack) in [
            (
                "012345678901.dkr.ecr.eu-central-1.amazonaws.com",
                "eu-central-1",
                false,
                false,
            ),
            (
                "012345678901.dkr.ecr.cn-north-1.amazonaws.com.cn",
                "cn-north-1",
                false,
                false,
            ),
            (
                "012345678901.dkr.ecr.eusc-de-east-1.amazonaws.eu",
                "eusc-de-east-1",
                false,
                false,
            ),
            (
                "012345678901.dkr.ecr.us-isob-east-1.sc2s.sgov.gov",
                "us-isob-east-1",
                false,
                false,
            ),
            (
                "012345678901.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
                "us-gov-west-1",
                true,
                false,
            ),
            (
                "012345678901.dkr-ecr.eu-west-1.on.aws",
                "eu-west-1",
                false,
                true,
            ),
            (
                "012345678901.dkr-ecr-fips.us-east-1.on.aws",
                "us-east-1",
                true,
                true,
            ),
            (
                "012345678901.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn",
                "cn-north-1",
                false,
                true,
            ),
        ] {
            let found: RegistryHost = host.parse().unwrap();
            assert_eq!((found.account(), found.region()), ("012345678901", region));
            assert_eq!(found.variant(), Variant { fips, dual_stack }, "{host}");
            assert_eq!(found.to_string(), host);
        }
        let capital = "012345678901.DKR.ECR.us-east-1.amazonaws.com";
        assert!(capital.parse::<RegistryHost>().is_ok());
    }

    #[test]
    fn other_hosts_are_refused() {
        for host in [
            "",
            "public.ecr.aws",
            "docker.io",
            "12345678901.dkr.ecr.us-east-1.amazonaws.com",
            "01234567890a.dkr.ecr.us-east-1.amazonaws.com",
            "012345678901.dkr.ecr.us-east-1.amazonaws.com.cn",
            "012345678901.dkr.ecr.us-east-1.amazonaws.com.evil.example",
            "012345678901.dkr.ecr.us-east-1.amazonaws.com:443",
            "012345678901.dkr.ecr..amazonaws.com",
            "012345678901.dkr",
            "012345678901.dkré",
            "012345678901.dkr-ecr.us-iso-east-1.on.aws",
            "evil.012345678901.dkr.ecr.us-east-1.amazonaws.com",
        ] {
            let error = host.parse::<RegistryHost>().unwrap_err().to_string();
            assert!(error.contains("invalid registry host"), "{error}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn what_is_read_is_written_again(
            host in prop_oneof![any::<String>(), "[0-9]{12}[.]dkr[.-]ecr(-fips)?[.][a-z0-9.-]{0,24}"],
        ) {
            if let Ok(found) = host.parse::<RegistryHost>() {
                prop_assert_eq!(found.to_string(), host.to_ascii_lowercase());
            }
        }
    }
}
