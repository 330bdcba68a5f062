//! Partitions: groups of regions with accounts, credentials and host names of their own.

/// Partition of the vendor's cloud. Images are not replicated from one to another.
///
/// ```
/// use amazon_ecr::partitions;
///
/// assert_eq!(partitions::of("cn-north-1").id(), "aws-cn");
/// assert_eq!(partitions::of("xx-new-9").id(), "aws", "an unknown region");
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Partition {
    id: &'static str,
    /// Beginning of the names of its regions. The default partition has many.
    regions: &'static str,
    suffix: &'static str,
    dual_stack: &'static str,
    /// End of the dual-stack host names of registries, if the partition has them.
    registries: Option<&'static str>,
    /// Region that signs calls to services without a region.
    home: &'static str,
}

impl Partition {
    /// Returns the id, as ARNs have it.
    pub fn id(&self) -> &'static str {
        self.id
    }

    /// Returns the end of host names.
    pub(crate) fn suffix(&self) -> &'static str {
        self.suffix
    }

    /// Returns the end of host names with IPv4 and IPv6 addresses.
    pub(crate) fn dual_stack(&self) -> &'static str {
        self.dual_stack
    }

    /// Returns the end of host names of registries with IPv4 and IPv6 addresses.
    pub(crate) fn registries(&self) -> Option<&'static str> {
        self.registries
    }

    /// Returns the region that signs calls to services without a region.
    pub(crate) fn home(&self) -> &'static str {
        self.home
    }
}

/// Returns the partition of a region. An unknown region is in the default partition.
pub fn of(region: &str) -> &'static Partition {
    let mut others = PARTITIONS.iter().skip(1);
    others
        .find(|partition| region.starts_with(partition.regions))
        .unwrap_or(&PARTITIONS[0])
}

/// Returns all partitions, the default one first.
pub fn all() -> &'static [Partition] {
    &PARTITIONS
}

const PARTITIONS: [Partition; 8] = [
    Partition {
        id: "aws",
        regions: "",
        suffix: "amazonaws.com",
        dual_stack: "api.aws",
        registries: Some("on.aws"),
        home: "us-east-1",
    },
    Partition {
        id: "aws-cn",
        regions: "cn-",
        suffix: "amazonaws.com.cn",
        dual_stack: "api.amazonwebservices.com.cn",
        registries: Some("on.amazonwebservices.com.cn"),
        home: "cn-northwest-1",
    },
    Partition {
        id: "aws-eusc",
        regions: "eusc-",
        suffix: "amazonaws.eu",
        dual_stack: "api.amazonwebservices.eu",
        registries: Some("on.amazonwebservices.eu"),
        home: "eusc-de-east-1",
    },
    Partition {
        id: "aws-iso",
        regions: "us-iso-",
        suffix: "c2s.ic.gov",
        dual_stack: "api.aws.ic.gov",
        registries: None,
        home: "us-iso-east-1",
    },
    Partition {
        id: "aws-iso-b",
        regions: "us-isob-",
        suffix: "sc2s.sgov.gov",
        dual_stack: "api.aws.scloud",
        registries: None,
        home: "us-isob-east-1",
    },
    Partition {
        id: "aws-iso-e",
        regions: "eu-isoe-",
        suffix: "cloud.adc-e.uk",
        dual_stack: "api.cloud-aws.adc-e.uk",
        registries: None,
        home: "eu-isoe-west-1",
    },
    Partition {
        id: "aws-iso-f",
        regions: "us-isof-",
        suffix: "csp.hci.ic.gov",
        dual_stack: "api.aws.hci.ic.gov",
        registries: None,
        home: "us-isof-south-1",
    },
    Partition {
        id: "aws-us-gov",
        regions: "us-gov-",
        suffix: "amazonaws.com",
        dual_stack: "api.aws",
        registries: Some("on.aws"),
        home: "us-gov-west-1",
    },
];
