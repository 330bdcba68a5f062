//! Where the services are.

use registry_transport::Error;

/// URL of SWR in a region, such as `https://swr-api.cn-north-4.myhuaweicloud.com`.
///
/// # Errors
/// When `region` cannot be the id of a region.
pub fn swr(region: &str) -> Result<String, Error> {
    endpoint("swr-api", region)
}

/// URL of IAM in a region.
///
/// # Errors
/// When `region` cannot be the id of a region.
pub fn iam(region: &str) -> Result<String, Error> {
    endpoint("iam", region)
}

/// URL of STS in a region.
///
/// # Errors
/// When `region` cannot be the id of a region.
pub fn sts(region: &str) -> Result<String, Error> {
    endpoint("sts", region)
}

/// The one region of the European partition, whose hosts end in `.eu`.
const EUROPE: &str = "eu-west-101";

fn endpoint(service: &str, region: &str) -> Result<String, Error> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if region.is_empty() || !region.chars().all(fits) {
        return Err(Error::configuration(format!(
            "region {region:?} is no region id; one looks like cn-north-4"
        )));
    }
    let top = if region == EUROPE { "eu" } else { "com" };
    Ok(format!("https://{service}.{region}.myhuaweicloud.{top}"))
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
            iam("eu-west-101").unwrap(),
            "https://iam.eu-west-101.myhuaweicloud.eu"
        );
        for bad in ["", "cn north", "cn-north-4.evil.example/", "CN"] {
            assert!(sts(bad).is_err(), "{bad}");
        }
    }
}
