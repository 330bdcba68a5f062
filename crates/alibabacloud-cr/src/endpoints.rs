//! URLs of the services.

use openapi_transport::Error;

/// URL of Container Registry in a region, such as `https://cr.cn-hangzhou.aliyuncs.com`.
///
/// # Errors
/// When `region` cannot be the id of a region.
pub fn cr(region: &str) -> Result<String, Error> {
    endpoint("cr", region)
}

/// Regions with Container Registry, from the vendor's SDKs. Newer regions are missing.
pub const CR_REGIONS: [&str; 36] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "cn-beijing",
    "cn-beijing-finance-1",
    "cn-chengdu",
    "cn-fuzhou",
    "cn-guangzhou",
    "cn-hangzhou",
    "cn-hangzhou-finance",
    "cn-heyuan-acdr-1",
    "cn-hongkong",
    "cn-huhehaote",
    "cn-nanjing",
    "cn-qingdao",
    "cn-shanghai",
    "cn-shanghai-finance-1",
    "cn-shenzhen",
    "cn-shenzhen-finance-1",
    "cn-wuhan-lr",
    "cn-zhangjiakou",
    "cn-zhengzhou-jva",
    "eu-central-1",
    "eu-west-1",
    "me-central-1",
    "me-east-1",
    "na-south-1",
    "us-east-1",
    "us-southeast-1",
    "us-west-1",
];

/// URL of Container Registry from inside the vendor's network.
///
/// # Errors
/// When `region` cannot be the id of a region.
pub fn cr_vpc(region: &str) -> Result<String, Error> {
    endpoint("cr-vpc", region)
}

/// URL of the Security Token Service in a region. [default: the one for all regions]
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
            "invalid region {region:?}; write a region id such as cn-hangzhou"
        )));
    }
    Ok(format!("https://{service}.{region}.aliyuncs.com"))
}
