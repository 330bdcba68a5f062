//! Where the service is.

use registry_transport::Error;

/// URL of Container Registry in a region, such as `https://cr.cn-hangzhou.aliyuncs.com`.
///
/// # Errors
/// When `region` cannot be the id of a region.
pub fn cr(region: &str) -> Result<String, Error> {
    endpoint("cr", region)
}

/// The same from inside the vendor's network.
///
/// # Errors
/// When `region` cannot be the id of a region.
pub fn cr_vpc(region: &str) -> Result<String, Error> {
    endpoint("cr-vpc", region)
}

/// URL of the Security Token Service in a region, or of the one for all regions.
///
/// # Errors
/// When `region` cannot be the id of a region.
pub fn sts(region: Option<&str>) -> Result<String, Error> {
    match region {
        Some(region) => endpoint("sts", region),
        None => Ok("https://sts.aliyuncs.com".to_owned()),
    }
}

/// URL of a region's Security Token Service from inside the vendor's network.
///
/// # Errors
/// When `region` cannot be the id of a region.
pub fn sts_vpc(region: &str) -> Result<String, Error> {
    endpoint("sts-vpc", region)
}

fn endpoint(service: &str, region: &str) -> Result<String, Error> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if region.is_empty() || !region.chars().all(fits) {
        return Err(Error::configuration(format!(
            "region {region:?} is no region id; one looks like cn-hangzhou"
        )));
    }
    Ok(format!("https://{service}.{region}.aliyuncs.com"))
}
