//! Providers, as data.

use registry_replication::{alibabacloud, huaweicloud};

/// Option that tells a provider where a registry is.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    pub(crate) value_name: &'static str,
    pub(crate) help: &'static str,
}

const REGION: Setting = Setting {
    name: "region",
    value_name: "ID",
    help: "Region id",
};
const INSTANCE: Setting = Setting {
    name: "instance",
    value_name: "ID",
    help: "Instance id",
};
const PROJECT: Setting = Setting {
    name: "project-id",
    value_name: "ID",
    help: "Project id [default: from the credentials, or by the region]",
};
const ENDPOINT: Setting = Setting {
    name: "endpoint",
    value_name: "URL",
    help: "URL to call instead of the region's endpoint",
};

/// Kind of registry.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) settings: &'static [&'static Setting],
    pub(crate) regions: &'static [&'static str],
    pub(crate) features: &'static [Feature],
    /// Whether tasks can be listed without a scope.
    pub(crate) all_tasks: bool,
    /// Whether tasks can be listed by tag.
    pub(crate) tag_tasks: bool,
}

/// What not every provider offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Feature {
    Executions,
    ExecutionTasks,
    ImageTasks,
    StopExecution,
    StopTask,
}

static PROVIDERS: [Provider; 3] = [
    Provider {
        name: "huaweicloud-enterprise",
        title: "Huawei Cloud Enterprise",
        settings: &[&REGION, &INSTANCE, &PROJECT, &ENDPOINT],
        regions: &huaweicloud::client::endpoints::SWR_REGIONS,
        features: &[
            Feature::Executions,
            Feature::ExecutionTasks,
            Feature::StopExecution,
        ],
        all_tasks: false,
        tag_tasks: false,
    },
    Provider {
        name: "huaweicloud-basic",
        title: "Huawei Cloud Basic",
        settings: &[&REGION, &ENDPOINT],
        regions: &huaweicloud::client::endpoints::SWR_REGIONS,
        features: &[Feature::ImageTasks],
        all_tasks: false,
        tag_tasks: false,
    },
    Provider {
        name: "alibabacloud",
        title: "Alibaba Cloud",
        settings: &[&REGION, &INSTANCE, &ENDPOINT],
        regions: &alibabacloud::client::endpoints::CR_REGIONS,
        features: &[
            Feature::ExecutionTasks,
            Feature::ImageTasks,
            Feature::StopTask,
        ],
        all_tasks: true,
        tag_tasks: true,
    },
];

/// Returns the table of providers.
pub(crate) fn providers() -> &'static [Provider] {
    &PROVIDERS
}

impl Provider {
    /// Returns whether the provider offers a feature.
    pub(crate) fn has(&self, feature: Feature) -> bool {
        self.features.contains(&feature)
    }

    /// Returns the settings of all providers, each once.
    pub(crate) fn all_settings() -> impl Iterator<Item = &'static Setting> {
        let mut all: Vec<&'static Setting> = Vec::new();
        for setting in PROVIDERS.iter().flat_map(|provider| provider.settings) {
            if all.iter().all(|known| known.name != setting.name) {
                all.push(setting);
            }
        }
        all.into_iter()
    }
}
