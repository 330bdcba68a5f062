//! URLs of the services.

use openapi_transport::{Error, Surroundings};

/// URL of SWR in a region, such as `https://swr-api.cn-north-4.myhuaweicloud.com`.
///
/// # Errors
/// When `region` cannot be the id of a region.
pub fn swr(region: &str) -> Result<String, Error> {
    endpoint("swr-api", region)
}

/// URL of IAM in a region. It is the global one if the region has no IAM.
///
/// # Errors
/// When `region` cannot be the id of a region.
pub fn iam(region: &str) -> Result<String, Error> {
    let own = endpoint("iam", region)?;
    let global = || GLOBAL_IAM.to_owned();
    Ok(if IAM_REGIONS.contains(&region) {
        own
    } else {
        global()
    })
}

/// URL of STS in a region. If the region has no STS, it is the one in cn-north-4, as in the vendor's
/// SDKs.
///
/// # Errors
/// When `region` cannot be the id of a region.
pub fn sts(region: &str) -> Result<String, Error> {
    let own = endpoint("sts", region)?;
    if STS_REGIONS.contains(&region) {
        Ok(own)
    } else {
        endpoint("sts", STS_FALLBACK)
    }
}

/// Host of the registry of the Basic edition in a region, as docker knows it, such as
/// `swr.cn-north-4.myhuaweicloud.com`.
pub fn registry(region: &str) -> String {
    format!("swr.{region}.{}", domain(region))
}

/// Regions with SWR, from the vendor's SDKs 3.1.219. Newer regions are missing.
pub const SWR_REGIONS: [&str; 35] = [
    "ae-ad-1",
    "af-north-1",
    "af-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "cn-east-2",
    "cn-east-3",
    "cn-east-4",
    "cn-east-5",
    "cn-north-1",
    "cn-north-11",
    "cn-north-12",
    "cn-north-2",
    "cn-north-4",
    "cn-north-9",
    "cn-south-1",
    "cn-south-2",
    "cn-south-4",
    "cn-southwest-2",
    "cn-southwest-3",
    "eu-west-0",
    "eu-west-101",
    "la-north-2",
    "la-south-2",
    "me-east-1",
    "my-kualalumpur-1",
    "na-mexico-1",
    "ru-moscow-1",
    "ru-northwest-2",
    "sa-brazil-1",
    "sa-peru-1",
    "tr-west-1",
];

/// Regions with their own IAM, from the vendor's SDKs 3.1.219.
const IAM_REGIONS: [&str; 27] = [
    "ae-ad-1",
    "af-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "cn-east-2",
    "cn-east-3",
    "cn-east-4",
    "cn-east-5",
    "cn-north-1",
    "cn-north-12",
    "cn-north-2",
    "cn-north-4",
    "cn-north-9",
    "cn-south-1",
    "cn-south-2",
    "cn-southwest-2",
    "eu-west-0",
    "la-north-2",
    "la-south-2",
    "me-east-1",
    "my-kualalumpur-1",
    "na-mexico-1",
    "ru-moscow-1",
    "sa-brazil-1",
    "tr-west-1",
];

/// Regions with their own STS, from the same lists.
const STS_REGIONS: [&str; 12] = [
    "af-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "cn-east-3",
    "cn-north-4",
    "cn-south-1",
    "cn-southwest-2",
    "la-south-2",
    "sa-brazil-1",
    "tr-west-1",
];

const STS_FALLBACK: &str = "cn-north-4";

/// URL of SWR in a region, which `HUAWEICLOUD_SDK_REGION_SWR_<REGION>` overrides, as in
/// `HUAWEICLOUD_SDK_REGION_SWR_CN_NORTH_4=https://swr.example.com`. The variable may hold several
/// URLs separated by commas; the first one is used.
///
/// # Errors
/// When `region` cannot be the id of a region, or the variable holds no URL.
pub fn swr_in(surroundings: &Surroundings, region: &str) -> Result<String, Error> {
    let own = swr(region)?;
    let name = region.to_ascii_uppercase().replace('-', "_");
    let variable = format!("HUAWEICLOUD_SDK_REGION_SWR_{name}");
    Ok(overridden(surroundings, &variable)?.unwrap_or(own))
}

/// URL of IAM in a region, which `HUAWEICLOUD_SDK_IAM_ENDPOINT` overrides. [default: the global URL]
///
/// # Errors
/// When `region` cannot be the id of a region, or the variable holds no URL.
pub fn iam_in(surroundings: &Surroundings, region: Option<&str>) -> Result<String, Error> {
    match overridden(surroundings, "HUAWEICLOUD_SDK_IAM_ENDPOINT")? {
        Some(url) => Ok(url),
        None => region.map_or_else(|| Ok(GLOBAL_IAM.to_owned()), iam),
    }
}

/// URL of STS in a region, which `HUAWEICLOUD_SDK_STS_ENDPOINT` overrides.
///
/// # Errors
/// When `region` cannot be the id of a region, or the variable holds no URL.
pub fn sts_in(surroundings: &Surroundings, region: &str) -> Result<String, Error> {
    match overridden(surroundings, "HUAWEICLOUD_SDK_STS_ENDPOINT")? {
        Some(url) => Ok(url),
        None => sts(region),
    }
}

/// URL of IAM for accounts of every region except the European partition's.
const GLOBAL_IAM: &str = "https://iam.myhuaweicloud.com";

/// Returns the first URL in a variable.
fn overridden(surroundings: &Surroundings, variable: &str) -> Result<Option<String>, Error> {
    let Some(value) = surroundings.variable(variable) else {
        return Ok(None);
    };
    let first = value.split(',').next().unwrap_or_default().trim();
    match reqwest::Url::parse(first) {
        Ok(url) if url.has_host() => Ok(Some(first.to_owned())),
        // The error does not show the value, which could hold a password.
        _ => Err(Error::configuration(format!(
            "{variable} does not hold a URL such as https://HOST"
        ))),
    }
}

/// Only region of the European partition, whose hosts end in `.eu`.
const EUROPE: &str = "eu-west-101";

fn endpoint(service: &str, region: &str) -> Result<String, Error> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if region.is_empty() || !region.chars().all(fits) {
        return Err(Error::configuration(format!(
            "invalid region {region:?}; write a region id such as cn-north-4"
        )));
    }
    Ok(format!("https://{service}.{region}.{}", domain(region)))
}

/// Returns the vendor's domain for a region.
fn domain(region: &str) -> &'static str {
    match region {
        EUROPE => "myhuaweicloud.eu",
        _ => "myhuaweicloud.com",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn one_region_is_in_another_domain() {
        assert_eq!(
            swr("cn-north-4").unwrap(),
            "https://swr-api.cn-north-4.myhuaweicloud.com"
        );
        assert_eq!(
            swr("eu-west-101").unwrap(),
            "https://swr-api.eu-west-101.myhuaweicloud.eu"
        );
        assert_eq!(iam("eu-west-101").unwrap(), GLOBAL_IAM);
        assert_eq!(
            sts("cn-north-1").unwrap(),
            "https://sts.cn-north-4.myhuaweicloud.com"
        );
        for bad in ["", "cn north", "cn-north-4.evil.example/", "CN"] {
            assert!(sts(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn variables_say_where_else() {
        let set = Surroundings::new(|name| {
            let value = match name {
                "HUAWEICLOUD_SDK_REGION_SWR_CN_NORTH_4" => "https://a.example, https://b.example",
                "HUAWEICLOUD_SDK_REGION_SWR_CN_NORTH_1" => "somebody:secret@nowhere",
                "HUAWEICLOUD_SDK_IAM_ENDPOINT" => "https://iam.example",
                "HUAWEICLOUD_SDK_STS_ENDPOINT" => "https://sts.example",
                _ => return None,
            };
            Some(value.to_owned())
        });
        let none = Surroundings::new(|_| None);
        assert_eq!(swr_in(&set, "cn-north-4").unwrap(), "https://a.example");
        for unset in [
            swr_in(&set, "cn-east-3").unwrap(),
            swr_in(&none, "cn-east-3").unwrap(),
        ] {
            assert_eq!(unset, "https://swr-api.cn-east-3.myhuaweicloud.com");
        }
        assert_eq!(
            swr_in(&set, "cn-north-1").unwrap_err().to_string(),
            "HUAWEICLOUD_SDK_REGION_SWR_CN_NORTH_1 does not hold a URL such as https://HOST"
        );
        assert!(swr_in(&set, "cn north").is_err());
        assert_eq!(
            iam_in(&set, Some("cn-east-3")).unwrap(),
            "https://iam.example"
        );
        assert_eq!(
            iam_in(&none, Some("cn-east-3")).unwrap(),
            "https://iam.cn-east-3.myhuaweicloud.com"
        );
        assert_eq!(iam_in(&none, None).unwrap(), GLOBAL_IAM);
        assert_eq!(sts_in(&set, "cn-east-3").unwrap(), "https://sts.example");
        assert_eq!(
            sts_in(&none, "cn-east-3").unwrap(),
            "https://sts.cn-east-3.myhuaweicloud.com"
        );
    }
}
