//! What is true of the registries, whatever their calls say, and what befalls them.

use std::collections::BTreeSet;

use crate::place::{Found, Place, Record};
use crate::push;
use crate::server::Service;
use crate::world::Source;

impl Service {
    pub(crate) fn has(&self, place: &Place) -> bool {
        let now = (self.clock)();
        match place {
            Place::HuaweicloudEnterprise(id) => self.huaweicloud.has_instance(id, now),
            Place::HuaweicloudBasic(region) => self.huaweicloud.has_region(region, now),
            Place::Alibabacloud(id) => self.alibabacloud.has_instance(id),
        }
    }

    /// What `reference`, a tag or a digest, stands for in `repository`.
    pub(crate) fn find(&self, place: &Place, repository: &str, reference: &str) -> Found {
        let Ok(name) = push::split(repository) else {
            return Found::NoRepository;
        };
        let now = (self.clock)();
        let huaweicloud = &self.huaweicloud;
        match place {
            Place::HuaweicloudEnterprise(id) => {
                huaweicloud.find_enterprise(id, name, reference, now)
            }
            Place::HuaweicloudBasic(region) => huaweicloud.find_basic(region, name, reference, now),
            Place::Alibabacloud(id) => self.alibabacloud.find(id, name, reference, now),
        }
    }

    pub(crate) fn holds(&self, place: &Place, repository: &str, tag: &str) -> Option<String> {
        match self.find(place, repository, tag) {
            Found::Manifest(manifest) => Some(manifest.digest),
            Found::NoRepository | Found::NoManifest => None,
        }
    }

    pub(crate) fn forget(&self, place: &Place, repository: &str, tag: &str) -> bool {
        let Ok(name) = push::split(repository) else {
            return false;
        };
        let now = (self.clock)();
        let huaweicloud = &self.huaweicloud;
        match place {
            Place::HuaweicloudEnterprise(id) => huaweicloud.forget_enterprise(id, name, tag, now),
            Place::HuaweicloudBasic(region) => huaweicloud.forget_basic(region, name, tag, now),
            Place::Alibabacloud(id) => self.alibabacloud.forget(id, name, tag, now),
        }
    }

    pub(crate) fn purge(&self, registry: Source, mut is_due: impl FnMut(&Record) -> bool) -> usize {
        let now = (self.clock)();
        let mut ended = match registry {
            Source::HuaweicloudEnterprise => self.huaweicloud.ended_executions(now),
            Source::HuaweicloudBasic => self.huaweicloud.ended_jobs(now),
            Source::Alibabacloud => self.alibabacloud.ended_tasks(now),
        };
        ended.sort_by_key(|record| record.made);
        // No lock is held while the caller decides.
        ended.retain(|record| is_due(record));
        let ids: BTreeSet<_> = ended.into_iter().map(|record| record.id).collect();
        match registry {
            Source::HuaweicloudEnterprise => self.huaweicloud.purge_executions(&ids, now),
            Source::HuaweicloudBasic => self.huaweicloud.purge_jobs(&ids, now),
            Source::Alibabacloud => self.alibabacloud.purge_tasks(&ids),
        }
        ids.len()
    }
}
