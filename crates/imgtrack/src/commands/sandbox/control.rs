//! Commands that control a running sandbox.

use std::time::Duration;

use clap::Args;
use registry_sandbox::Fault;
use registry_sandbox::control::{
    ClockRequest, ControlClient, DecideRequest, FaultRules, ImageRequest, PlannedOutcome,
    PushRequest,
};

use super::announcement::{TOKEN, URL};
use crate::args::value;
use crate::failure::Failure;
use crate::session::Session;

/// The running sandbox.
#[derive(Args, Debug)]
struct Server {
    /// URL of the running sandbox
    #[arg(long, env = URL, value_name = "URL", hide_env_values = true)]
    url: Option<String>,
    /// Token of the running sandbox; processes of this machine can read an argument
    #[arg(long, env = TOKEN, value_name = "TOKEN", hide_env_values = true)]
    token: Option<String>,
}

impl Server {
    fn client(&self) -> Result<ControlClient, Failure> {
        match (&self.url, &self.token) {
            (Some(url), Some(token)) => Ok(ControlClient::new(url, token.as_str())?),
            (url, _) => {
                let missing = if url.is_none() { URL } else { TOKEN };
                Err(Failure::Usage(format!(
                    "missing {missing}; set it to what `imgtrack sandbox --env` prints"
                )))
            }
        }
    }
}

#[derive(Args, Debug)]
pub(super) struct Places {
    #[command(flatten)]
    server: Server,
}

impl Places {
    pub(super) async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        let places = self.server.client()?.places().await?;
        let output = &mut session.output;
        match output.is_data() {
            true => output.list(&places)?,
            false => output.rows(&places)?,
        }
        Ok(0)
    }
}

#[derive(Args, Debug)]
pub(super) struct Push {
    /// Place: a registry that takes pushes, such as oci
    #[arg(value_name = "PLACE", value_parser = value::word)]
    place: String,
    /// Image: NAMESPACE/REPOSITORY:TAG
    #[arg(value_name = "IMAGE", value_parser = value::tagged)]
    image: String,
    /// Text that makes the image; the same text makes the same image
    ///
    /// [default: a new image]
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// Digest of an image that this one refers to, as a signature does
    #[arg(long, value_name = "DIGEST", value_parser = value::digest)]
    subject: Option<String>,
    #[command(flatten)]
    server: Server,
}

impl Push {
    pub(super) async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        let request = PushRequest {
            place: self.place,
            image: self.image,
            text: self.text,
            subject: self.subject,
        };
        let pushed = self.server.client()?.push(&request).await?;
        match session.output.is_data() {
            true => session.output.value(&pushed)?,
            false => session.output.line(&pushed.digest.unwrap_or_default())?,
        }
        Ok(0)
    }
}

/// Copies that a decision covers.
#[derive(Args, Debug)]
struct Copies {
    /// Repository, or one image of it: NAMESPACE/REPOSITORY[:TAG]
    #[arg(value_name = "IMAGE", value_parser = value::image)]
    image: String,
    /// Destination of the copies: region, instance or registry [default: all]
    #[arg(long, value_name = "DESTINATION", value_parser = value::word)]
    to: Option<String>,
    #[command(flatten)]
    server: Server,
}

impl Copies {
    async fn decide(
        self,
        outcome: PlannedOutcome,
        words: &str,
        session: &mut Session<'_>,
    ) -> Result<u8, Failure> {
        let place = self.to.as_deref();
        let place = place.map(|place| format!(" to {place}"));
        let said = format!(
            "future copies of {}{} {words}",
            self.image,
            place.unwrap_or_default()
        );
        let request = DecideRequest {
            image: self.image,
            destination: self.to,
            outcome,
        };
        self.server.client()?.decide(&request).await?;
        session.output.say(&said)?;
        Ok(0)
    }
}

#[derive(Args, Debug)]
pub(super) struct Fail {
    /// Number of attempts that fail; the next one succeeds [default: all]
    #[arg(long, value_name = "COUNT")]
    first: Option<u32>,
    #[command(flatten)]
    copies: Copies,
}

impl Fail {
    pub(super) async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        let (outcome, words) = match self.first {
            None => (PlannedOutcome::Fails, "fail".to_owned()),
            Some(count) => {
                let words = format!("fail in the first attempts, {count} at most");
                (PlannedOutcome::FailsFirst(count), words)
            }
        };
        self.copies.decide(outcome, &words, session).await
    }
}

#[derive(Args, Debug)]
pub(super) struct Stall {
    #[command(flatten)]
    copies: Copies,
}

impl Stall {
    pub(super) async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        let outcome = PlannedOutcome::Stalls;
        self.copies.decide(outcome, "stall", session).await
    }
}

#[derive(Args, Debug)]
pub(super) struct Succeed {
    #[command(flatten)]
    copies: Copies,
}

impl Succeed {
    pub(super) async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        let outcome = PlannedOutcome::Succeeds;
        self.copies.decide(outcome, "succeed", session).await
    }
}

/// An image in a place.
#[derive(Args, Debug)]
struct Held {
    /// Place, such as oci/mirror-1; `imgtrack sandbox places` lists them
    #[arg(value_name = "PLACE", value_parser = value::word)]
    place: String,
    /// Image: NAMESPACE/REPOSITORY:TAG
    #[arg(value_name = "IMAGE", value_parser = value::tagged)]
    image: String,
    #[command(flatten)]
    server: Server,
}

impl Held {
    fn request(&self) -> ImageRequest {
        ImageRequest {
            place: self.place.clone(),
            image: self.image.clone(),
        }
    }

    /// Writes that the place does not have the image.
    fn is_absent(&self, session: &mut Session<'_>) -> Result<u8, Failure> {
        let said = format!("{} does not have {}", self.place, self.image);
        session.output.say(&said)?;
        Ok(1)
    }
}

#[derive(Args, Debug)]
pub(super) struct Lose {
    #[command(flatten)]
    held: Held,
}

impl Lose {
    pub(super) async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        let held = self.held;
        let answer = held.server.client()?.lose(&held.request()).await?;
        if session.output.is_data() {
            session.output.value(&answer)?;
        }
        if !answer.lost {
            return held.is_absent(session);
        }
        let said = format!("{} has lost {}", held.place, held.image);
        session.output.say(&said)?;
        Ok(0)
    }
}

#[derive(Args, Debug)]
pub(super) struct Holds {
    #[command(flatten)]
    held: Held,
}

impl Holds {
    pub(super) async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        let held = self.held;
        let answer = held.server.client()?.holds(&held.request()).await?;
        if session.output.is_data() {
            session.output.value(&answer)?;
        }
        match answer.digest {
            None => held.is_absent(session),
            Some(digest) => {
                session.output.say(&digest)?;
                Ok(0)
            }
        }
    }
}

#[derive(Args, Debug)]
pub(super) struct Clock {
    /// Time to move the clock by, such as +10m
    #[arg(value_name = "DURATION", value_parser = forward)]
    forward: Duration,
    #[command(flatten)]
    server: Server,
}

/// Parses a duration with or without a plus sign.
fn forward(text: &str) -> Result<Duration, String> {
    value::window(text.strip_prefix('+').unwrap_or(text))
}

impl Clock {
    pub(super) async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        let request = ClockRequest {
            forward: format!("{}ms", self.forward.as_millis()),
        };
        let answer = self.server.client()?.clock(&request).await?;
        match session.output.is_data() {
            true => session.output.value(&answer)?,
            false => session.output.say(&format!("it is {:.0}", answer.now))?,
        }
        Ok(0)
    }
}

#[derive(Args, Debug)]
pub(super) struct Faults {
    /// Rules: OPERATION=ACTION[*COUNT][~PROBABILITY], as of `imgtrack sandbox --fault`
    #[arg(value_name = "RULE", conflicts_with = "clear")]
    rules: Vec<Fault>,
    /// Remove all rules
    #[arg(long)]
    clear: bool,
    #[command(flatten)]
    server: Server,
}

impl Faults {
    pub(super) async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        let client = self.server.client()?;
        let rules: Vec<String> = self.rules.iter().map(Fault::to_string).collect();
        let answer = match (self.clear, rules.is_empty()) {
            (true, _) => client.clear_faults().await?,
            (false, true) => client.faults().await?,
            (false, false) => client.add_faults(&FaultRules { rules }).await?,
        };
        if session.output.is_data() {
            session.output.value(&answer)?;
            return Ok(0);
        }
        if answer.rules.is_empty() {
            session.output.say("no faults")?;
        }
        for rule in &answer.rules {
            session.output.line(rule)?;
        }
        Ok(0)
    }
}
