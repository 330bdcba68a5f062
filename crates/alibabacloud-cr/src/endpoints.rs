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

fn endpoint(service: &str, region: &str) -> Result<String, Error> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if region.is_empty() || !region.chars().all(fits) {
        return Err(Error::configuration(format!(
            "region {region:?} is no region id; one looks like cn-hangzhou"
        )));
    }
    Ok(format!("https://{service}.{region}.aliyuncs.com"))
}
