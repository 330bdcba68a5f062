//! URLs of the services.

use openapi_transport::Error;

use crate::partitions;

/// Variant of a service's endpoint. [default: neither]
///
/// ```
/// use amazon_ecr::endpoints::{self, Variant};
///
/// let both = Variant::default().fips(true).dual_stack(true);
/// let url = endpoints::ecr("us-gov-west-1", both)?;
/// assert_eq!(url, "https://ecr-fips.us-gov-west-1.api.aws");
/// # Ok::<(), openapi_transport::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Variant {
    /// Whether its cryptography is validated by FIPS 140.
    pub fips: bool,
    /// Whether its host has IPv4 and IPv6 addresses.
    pub dual_stack: bool,
}

impl Variant {
    /// Uses the endpoint with cryptography validated by FIPS 140.
    pub fn fips(mut self, fips: bool) -> Self {
        self.fips = fips;
        self
    }

    /// Uses the host with IPv4 and IPv6 addresses.
    pub fn dual_stack(mut self, dual_stack: bool) -> Self {
        self.dual_stack = dual_stack;
        self
    }
}

/// URL of ECR in a region.
///
/// ```
/// use amazon_ecr::endpoints::{self, Variant};
///
/// let url = endpoints::ecr("eu-central-1", Variant::default())?;
/// assert_eq!(url, "https://api.ecr.eu-central-1.amazonaws.com");
/// let url = endpoints::ecr("cn-north-1", Variant::default().dual_stack(true))?;
/// assert_eq!(url, "https://ecr.cn-north-1.api.amazonwebservices.com.cn");
/// # Ok::<(), openapi_transport::Error>(())
/// ```
///
/// # Errors
/// When `region` cannot be the name of a region.
pub fn ecr(region: &str, variant: Variant) -> Result<String, Error> {
    match variant.dual_stack {
        true => endpoint("ecr", region, variant),
        false => endpoint("api.ecr", region, variant),
    }
}

/// URL of ECR Public. The vendor has it in us-east-1 and us-west-2.
///
/// # Errors
/// When `region` cannot be the name of a region.
pub fn ecr_public(region: &str) -> Result<String, Error> {
    endpoint("api.ecr-public", region, Variant::default())
}

/// URL of the Security Token Service in a region. [default: the one for all regions]
///
/// ```
/// use amazon_ecr::endpoints::{self, Variant};
///
/// let url = endpoints::sts(Some("eu-central-1"), Variant::default())?;
/// assert_eq!(url, "https://sts.eu-central-1.amazonaws.com");
/// # Ok::<(), openapi_transport::Error>(())
/// ```
///
/// # Errors
/// When `region` cannot be the name of a region.
pub fn sts(region: Option<&str>, variant: Variant) -> Result<String, Error> {
    match region {
        Some(region) => at_most_plain("sts", region, variant),
        None => Ok("https://sts.amazonaws.com".to_owned()),
    }
}

/// URL of the portal that gives a signed-in person the credentials of a role.
pub(crate) fn sso_portal(region: &str, variant: Variant) -> Result<String, Error> {
    at_most_plain("portal.sso", region, variant)
}

/// Regions with ECR in all partitions, from the vendor's SDKs. Newer regions are missing.
pub const ECR_REGIONS: [&str; 46] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-isoe-west-1",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eusc-de-east-1",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-iso-east-1",
    "us-iso-west-1",
    "us-isob-east-1",
    "us-isob-west-1",
    "us-isof-east-1",
    "us-isof-south-1",
    "us-west-1",
    "us-west-2",
];

/// Checks that a text can be the name of a region, so that it cannot change a URL's host.
///
/// # Errors
/// When `region` cannot be the name of a region.
pub(crate) fn check_region(region: &str) -> Result<(), Error> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let is_label = region.len() <= 63 && !region.starts_with('-') && !region.ends_with('-');
    if region.is_empty() || !is_label || !region.chars().all(fits) {
        return Err(Error::configuration(format!(
            "invalid region {region:?}; write a region such as eu-central-1"
        )));
    }
    Ok(())
}

fn endpoint(service: &str, region: &str, variant: Variant) -> Result<String, Error> {
    check_region(region)?;
    let partition = partitions::of(region);
    let suffix = match variant.dual_stack {
        true => partition.dual_stack(),
        false => partition.suffix(),
    };
    let fips = if variant.fips { "-fips" } else { "" };
    Ok(format!("https://{service}{fips}.{region}.{suffix}"))
}

/// Makes the URL of a service whose plain hosts in the government's partition are validated by FIPS.
fn at_most_plain(service: &str, region: &str, variant: Variant) -> Result<String, Error> {
    let plain = partitions::of(region).id() == "aws-us-gov" && !variant.dual_stack;
    endpoint(service, region, variant.fips(variant.fips && !plain))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// A region of each partition and the ends of its hosts, as the vendor's rules have them.
    const REGIONS: [(&str, &str, &str); 9] = [
        ("eu-central-1", "amazonaws.com", "api.aws"),
        (
            "cn-north-1",
            "amazonaws.com.cn",
            "api.amazonwebservices.com.cn",
        ),
        ("eusc-de-east-1", "amazonaws.eu", "api.amazonwebservices.eu"),
        ("us-iso-east-1", "c2s.ic.gov", "api.aws.ic.gov"),
        ("us-isob-east-1", "sc2s.sgov.gov", "api.aws.scloud"),
        ("eu-isoe-west-1", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
        ("us-isof-south-1", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
        ("us-gov-west-1", "amazonaws.com", "api.aws"),
        ("xx-new-9", "amazonaws.com", "api.aws"),
    ];

    #[test]
    fn every_partition_has_four_endpoints() {
        let variant = |fips, dual_stack| Variant { fips, dual_stack };
        for (region, plain, dual) in REGIONS {
            for (variant, ecr_host, sts_host) in [
                (
                    variant(false, false),
                    format!("api.ecr.{region}.{plain}"),
                    format!("sts.{region}.{plain}"),
                ),
                (
                    variant(false, true),
                    format!("ecr.{region}.{dual}"),
                    format!("sts.{region}.{dual}"),
                ),
                (
                    variant(true, false),
                    format!("api.ecr-fips.{region}.{plain}"),
                    format!("sts-fips.{region}.{plain}"),
                ),
                (
                    variant(true, true),
                    format!("ecr-fips.{region}.{dual}"),
                    format!("sts-fips.{region}.{dual}"),
                ),
            ] {
                assert_eq!(ecr(region, variant).unwrap(), format!("https://{ecr_host}"));
                // The plain hosts of the government's partition are validated.
                let gov = region == "us-gov-west-1" && variant == Variant::default().fips(true);
                let sts_host = if gov {
                    sts_host.replace("-fips", "")
                } else {
                    sts_host
                };
                assert_eq!(
                    sts(Some(region), variant).unwrap(),
                    format!("https://{sts_host}")
                );
            }
        }
        assert_eq!(REGIONS.len(), partitions::all().len() + 1);
    }

    #[test]
    fn other_services_have_hosts_of_their_own() {
        let plain = Variant::default();
        for (url, expected) in [
            (
                ecr_public("us-east-1"),
                "https://api.ecr-public.us-east-1.amazonaws.com",
            ),
            (sts(None, plain), "https://sts.amazonaws.com"),
            (
                sso_portal("eu-west-1", plain),
                "https://portal.sso.eu-west-1.amazonaws.com",
            ),
            (
                sso_portal("us-gov-west-1", plain.fips(true)),
                "https://portal.sso.us-gov-west-1.amazonaws.com",
            ),
            (
                sso_portal("eu-west-1", plain.dual_stack(true)),
                "https://portal.sso.eu-west-1.api.aws",
            ),
        ] {
            assert_eq!(url.unwrap(), expected);
        }
    }

    #[test]
    fn a_region_cannot_change_the_host() {
        for region in [
            "",
            "EU-CENTRAL-1",
            "eu.evil",
            "eu/",
            "eu@x",
            "eu-central-1 ",
            "-",
            "a-",
            "é",
        ] {
            let error = ecr(region, Variant::default()).unwrap_err().to_string();
            assert!(error.contains("invalid region"), "{error}");
        }
        assert!(ecr(&"a".repeat(64), Variant::default()).is_err());
    }

    #[test]
    fn every_known_region_is_in_the_partition_of_its_name() {
        let count = |id| {
            ECR_REGIONS
                .iter()
                .filter(|region| partitions::of(region).id() == id)
                .count()
        };
        let counts: Vec<_> = partitions::all()
            .iter()
            .map(|it| (it.id(), count(it.id())))
            .collect();
        assert_eq!(
            counts,
            [
                ("aws", 34),
                ("aws-cn", 2),
                ("aws-eusc", 1),
                ("aws-iso", 2),
                ("aws-iso-b", 2),
                ("aws-iso-e", 1),
                ("aws-iso-f", 2),
                ("aws-us-gov", 2),
            ]
        );
        assert!(ECR_REGIONS.is_sorted());
    }
}
