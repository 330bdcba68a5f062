//! Deploy gate at the end of the demo.

use std::sync::Arc;
use std::time::Duration;

use registry_replication::{Clock, Registry, Report};
use registry_sandbox::{Sandbox, world};
use serde::Serialize;

use crate::arrivals::{self, Awaiting, Ended, Polled};
use crate::failure::Failure;
use crate::output::Output;
use crate::signals::Signals;
use crate::waiting::Feed;

const TAG: &str = "v44";
/// Options that name the registry.
const PLACE: &str = "--registry huaweicloud-basic --region cn-north-4";
/// A region that no rule copies to.
const ELSEWHERE: &str = "la-south-2";

/// Push, wait until it has arrived in one region, and explanation why it will not arrive in another.
#[derive(Serialize)]
pub(super) struct Gate {
    #[serde(skip)]
    pushed: String,
    #[serde(skip)]
    /// Lines, in which values are escaped.
    progress: String,
    wait: Vec<Ended>,
    explain: Report,
}

pub(super) async fn ask(
    registry: &dyn Registry,
    sandbox: &Sandbox,
    clock: &Arc<dyn Clock>,
) -> Result<Gate, Failure> {
    let repository = format!(
        "{}/{}",
        world::FLEET_IMAGE_NAMESPACE,
        world::FLEET_IMAGE_REPOSITORY
    );
    let to = world::huaweicloud::BASIC;
    let digest = sandbox
        .push(to, &repository, TAG, "what the demo pushes")
        .map_err(|error| Failure::Usage(error.to_string()))?;
    let image = format!("{repository}:{TAG}");
    let there = registry
        .arrival(&image)
        .to(world::huaweicloud::FLEET_BASIC_REGIONS[0])
        .digest(&digest);
    let mut progress: Vec<u8> = Vec::new();
    let timeout = Duration::from_secs(15 * 60);
    let (wait, _) = arrivals::follow(
        vec![Awaiting::new(image.clone(), there)],
        timeout,
        &mut Feed::Lines {
            to: &mut progress,
            heartbeat: Duration::ZERO,
        },
        &mut Signals::listen(false),
        clock,
    )
    .await;
    let explain = registry.arrival(&image).to(ELSEWHERE).explain().await?;
    Ok(Gate {
        pushed: format!("{image}@{digest}"),
        progress: String::from_utf8_lossy(&progress).into_owned(),
        wait,
        explain,
    })
}

impl Gate {
    pub(super) fn show(&self, output: &mut Output<'_>) -> Result<(), Failure> {
        let region = world::huaweicloud::FLEET_BASIC_REGIONS[0];
        output.say(&format!(
            "The deploy gate: {} has just been pushed in {}, and a deployment in {region} waits for \
             it. It deploys if the exit code is 0.\n",
            self.explain.image,
            world::huaweicloud::REGION,
        ))?;
        output.say(&format!(
            "$ imgtrack wait {} --to {region} --timeout 15m {PLACE}",
            self.pushed
        ))?;
        output.say(&self.progress)?;
        arrivals::told(&self.wait, output)?;
        output.say("\nIn another region it never will arrive, and the program says why.\n")?;
        output.say(&format!(
            "$ imgtrack explain {} --to {ELSEWHERE} {PLACE}",
            self.explain.image
        ))?;
        let polled = Polled::of(self.explain.clone(), PLACE);
        arrivals::explained(&polled, output)
    }
}
