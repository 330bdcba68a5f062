//! Synchronization task, and its progress at any time.

use std::sync::Arc;

use jiff::Timestamp;

use super::records::{LayerTask, Progress, SyncTask, Tag};
use crate::course::{Course, State};
use crate::fleet;

#[derive(Clone, Debug)]
pub(crate) struct Task {
    /// Record in the form of the listing. States and times of a running task are those of its start.
    record: Arc<SyncTask>,
    /// Layers in the vendor's example.
    progress: Option<Progress>,
    /// Work of the task. `None` for an initial task, which does not change until it is cancelled.
    work: Option<Work>,
}

#[derive(Clone, Debug)]
struct Work {
    course: Course,
    /// Image at the start of the successful attempt, or before that, at the creation of the task.
    image: Tag,
    overrides: bool,
    /// Whether its effect has been applied.
    settled: bool,
    conflict: Option<Timestamp>,
    /// Issue of failed attempts.
    issue: &'static str,
}

/// Issue of a task that fails by a test's decision. Invented.
const FAILURE: &str = "NETWORK_ERROR";
/// Issue of a task whose image did not exist at the start of an attempt. Invented.
const NOTHING_THERE: &str = "INTERNAL_ERROR";

impl Task {
    pub(crate) fn fixed(record: SyncTask, progress: Option<Progress>) -> Self {
        Self {
            record: record.into(),
            progress,
            work: None,
        }
    }

    pub(crate) fn new(record: SyncTask, course: Course, image: Tag, overrides: bool) -> Self {
        Self {
            record: record.into(),
            progress: None,
            work: Some(Work {
                course,
                image,
                overrides,
                settled: false,
                conflict: None,
                issue: FAILURE,
            }),
        }
    }

    pub(crate) fn id(&self) -> &str {
        &self.record.sync_task_id
    }

    /// Returns the record, for the fields that do not change: ids, images, trigger.
    pub(crate) fn record(&self) -> &SyncTask {
        &self.record
    }

    /// Returns the task at `now` in the form of the listing.
    pub(crate) fn shown(&self, now: Timestamp) -> SyncTask {
        let mut record = SyncTask::clone(&self.record);
        if let Some(work) = &self.work {
            let (status, issue, changed) = work.state(now);
            record.task_status = status.to_owned();
            record.task_issue = issue.to_owned();
            record.modifed_time = Some(changed.as_millisecond());
            record.modified_time = record.modifed_time;
        }
        record
    }

    /// Stops the work at `now`. Returns whether it was running.
    pub(crate) fn cancel(&mut self, now: Timestamp) -> bool {
        if self.is_over(now) {
            return false;
        }
        match &mut self.work {
            Some(work) => work.course.stop(now),
            None => {
                let record = Arc::make_mut(&mut self.record);
                record.task_status = "CANCELED".to_owned();
                record.modifed_time = Some(now.as_millisecond());
                record.modified_time = record.modifed_time;
                true
            }
        }
    }

    /// Whether the task no longer changes.
    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        match &self.work {
            Some(work) => work.settled || work.course.look(now).is_final,
            None => !matches!(
                self.record.task_status.as_str(),
                "PENDING" | "SYNCHRONIZING"
            ),
        }
    }

    /// Returns the end of the work, if it has ended by `now` and its effect has not been applied.
    pub(crate) fn unsettled(&self, now: Timestamp) -> Option<Timestamp> {
        let work = self.work.as_ref().filter(|work| !work.settled)?;
        let look = work.course.look(now);
        look.ended.filter(|_| look.is_final)
    }

    /// Returns start and end of the attempt that has succeeded by `now`.
    pub(crate) fn success(&self, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        self.work.as_ref()?.course.success(now)
    }

    /// Marks the effect as applied.
    pub(crate) fn settle(&mut self) {
        if let Some(work) = &mut self.work {
            work.settled = true;
        }
    }

    /// Marks the effect as applied, and stores the copied image. Returns whether the task may
    /// overwrite a tag at its destination.
    pub(crate) fn deliver(&mut self, image: Tag) -> bool {
        let Some(work) = &mut self.work else {
            return false;
        };
        work.settled = true;
        work.image = image;
        work.overrides
    }

    /// Lets the planned successful attempt fail, because there was nothing to copy at its start.
    pub(crate) fn find_nothing(&mut self) {
        if let Some(work) = &mut self.work {
            work.course.fail_once_more();
            work.issue = NOTHING_THERE;
        }
    }

    /// Lets the task fail, because the destination has another image under this tag.
    pub(crate) fn conflict(&mut self, at: Timestamp) {
        if let Some(work) = &mut self.work {
            work.conflict = Some(at);
        }
    }

    /// Returns layers and sizes at `now`. `image` is the source's image, for tasks without their own.
    pub(crate) fn progress(&self, now: Timestamp, image: Option<&Tag>) -> Progress {
        if let Some(progress) = &self.progress {
            return progress.clone();
        }
        let status = self.shown(now).task_status;
        let Some(image) = self.work.as_ref().map(|work| &work.image).or(image) else {
            return Progress::default();
        };
        let size = image.image_size.unwrap_or_default();
        let synced = match (&self.work, status.as_str()) {
            (Some(work), _) if work.conflict.is_some() => 0,
            (Some(work), _) => work.course.done(now, size),
            (None, "SUCCESS") => size,
            (None, "PENDING") => 0,
            (None, _) => size / 2,
        };
        Progress {
            progress: Some(i64::from(status == "SUCCESS")),
            synced_size: Some(synced),
            priority: None,
            layer_tasks: Some(self.layers(image, &status, synced)),
        }
    }

    /// Returns the layers, which are copied one after the other.
    fn layers(&self, image: &Tag, status: &str, synced: i64) -> Vec<LayerTask> {
        let id = self.record.sync_task_id.replacen("rst-", "rslt-", 1);
        let mut left = synced;
        let mut is_next = true;
        let layers = layers(image).into_iter().enumerate();
        let layers = layers.map(|(number, (digest, size))| {
            let synced = left.min(size);
            left -= synced;
            let status = match status {
                _ if synced == size => "SUCCESS",
                "SYNCHRONIZING" if !is_next => "PENDING",
                other => other,
            };
            is_next &= status == "SUCCESS";
            LayerTask {
                sync_layer_task_id: format!("{id}-{number}"),
                artifact_digest: image.digest.clone(),
                digest,
                task_status: status.to_owned(),
                size: Some(size),
                synced_size: Some(synced),
            }
        });
        layers.collect()
    }
}

impl Work {
    /// Returns status, issue, and the time of the last change.
    fn state(&self, now: Timestamp) -> (&'static str, &'static str, Timestamp) {
        if let Some(at) = self.conflict {
            return ("ERROR", "TAG_CONFLICT", at);
        }
        let look = self.course.look(now);
        let (status, issue) = match look.state {
            State::Waiting => ("PENDING", ""),
            State::Running => ("SYNCHRONIZING", ""),
            State::Succeeded => ("SUCCESS", ""),
            State::Failed => ("ERROR", self.issue),
            State::Stopped => ("CANCELED", ""),
        };
        (status, issue, look.changed)
    }
}

/// Returns digests and sizes of the image's layers. They are invented, because the sandbox stores
/// only the digest and size of an image.
fn layers(image: &Tag) -> Vec<(String, i64)> {
    let size = image.image_size.unwrap_or_default();
    let (small, middle) = (size / 10, size / 4);
    let sizes = [size - small - middle, middle, small];
    let digest = |number| fleet::manifest_digest(&format!("layer {number} of {}", image.digest));
    sizes
        .into_iter()
        .enumerate()
        .map(|(number, size)| (digest(number), size))
        .collect()
}
