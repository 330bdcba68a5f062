//! The words of the command line.

mod arrival;
mod lag;
mod listing;
mod look;
mod place;
pub(crate) mod value;

use std::net::SocketAddr;

use clap::{Args, Parser, Subcommand, ValueEnum};
use registry_replication::{alibabacloud, api, huaweicloud, suggest};

pub(crate) use arrival::{Asked, Since, WaitArgs};
pub(crate) use lag::LagArgs;
pub(crate) use listing::TaskListing;
pub(crate) use look::Look;
pub(crate) use place::{Alibabacloud, Common, Enterprise, Place, RegistryName};

const AFTER: &str = "\
Credentials are looked for where the vendors' SDKs look, in the environment for example:
  Huawei Cloud   HUAWEICLOUD_SDK_AK, HUAWEICLOUD_SDK_SK (or CLOUD_SDK_AK, CLOUD_SDK_SK)
  Alibaba Cloud  ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET
`imgtrack doctor` says what it finds.

Exit codes:
  0  done; of status, wait and explain: the image has arrived
  2  wrong usage, or something that the registry does not offer or take
  3  the task that should have brought the image has failed
  4  not yet: pending or stalled, or the --timeout of status, wait or explain has passed
  5  no rule copies the image there, or none has made a task
  6  the destination has, or will have, another image under the tag
  7  no credentials, or access refused
  1  anything else";

/// The part of that which says how an image stands.
const VERDICTS: &str = "\
Exit codes, of the worst image where there are several:
  0  arrived
  2  wrong usage
  3  failed
  4  not yet: pending or stalled, or the --timeout has passed
  5  no rule, or no task
  6  another image under the tag
  7  no credentials, or access refused
  1  anything else";

/// Is this image where it has to be, and if not, why?
#[derive(Debug, Parser)]
#[command(name = "imgtrack", version, after_help = AFTER, max_term_width = 100)]
pub(crate) struct Cli {
    /// How data is written
    #[arg(
        short,
        long,
        global = true,
        value_enum,
        default_value = "table",
        display_order = 90
    )]
    pub(crate) output: Format,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// For programs
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Shows everything against a sandbox: no account, no network
    Demo,
    /// Says whether an image is where it has to be, at a look
    #[command(after_help = VERDICTS)]
    Status {
        #[arg(value_name = "IMAGE", help = IMAGE, value_parser = value::tagged)]
        image: String,
        #[command(flatten)]
        asked: Asked,
        #[command(flatten)]
        to: Place,
        #[command(flatten)]
        look: Look,
    },
    /// Waits until images are where they have to be: a deploy gate
    ///
    /// It ends before the deadline when all have arrived, and when waiting longer would change
    /// nothing. An image that will not arrive ends its own wait, and not that of the others.
    #[command(after_help = VERDICTS)]
    Wait {
        #[command(flatten)]
        args: WaitArgs,
        #[command(flatten)]
        asked: Asked,
        #[command(flatten)]
        to: Place,
    },
    /// Says why an image is not where it has to be, and what to change
    #[command(after_help = VERDICTS)]
    Explain {
        #[arg(value_name = "IMAGE", help = IMAGE, value_parser = value::tagged)]
        image: String,
        #[command(flatten)]
        asked: Asked,
        #[command(flatten)]
        to: Place,
        #[command(flatten)]
        look: Look,
    },
    /// Counts how long tasks take from creation to end, for each destination and rule
    ///
    /// Times are of the tasks that copied; those that failed, and all others, are counted beside.
    /// Tasks of Huawei Cloud Enterprise count from their start, by the rule of their execution and
    /// where that rule copies to now; those of Huawei Cloud Basic name no rule.
    Lag {
        #[command(flatten)]
        args: LagArgs,
        #[command(flatten)]
        to: Place,
        #[command(flatten)]
        look: Look,
    },
    /// Lists tasks of replication and retention
    Tasks {
        #[command(subcommand)]
        of: TaskListing,
    },
    /// Lists rules of replication and retention
    ///
    /// Those of Huawei Cloud Basic belong to a repository.
    Rules {
        /// Shows only rules of this repository, NAMESPACE/REPOSITORY
        #[arg(value_parser = value::image)]
        repository: Option<String>,
        /// Which registry is asked; of a repository, Huawei Cloud Basic unless said otherwise
        #[arg(long, value_enum, value_name = "NAME", help_heading = "Registry")]
        registry: Option<RegistryName>,
        #[arg(long, value_name = "N", help = LIMIT, value_parser = value::limit)]
        limit: Option<usize>,
        #[command(flatten)]
        to: Enterprise,
        #[command(flatten)]
        look: Look,
    },
    /// Lists executions, which are runs of rules (Huawei Cloud Enterprise)
    Executions {
        /// The rule, such as 12, or NAMESPACE/7 for retention; without it, those of all replication
        /// rules are listed
        #[arg(value_parser = value::word)]
        rule: Option<String>,
        #[arg(long, value_name = "N", help = LIMIT, value_parser = value::limit)]
        limit: Option<usize>,
        #[command(flatten)]
        to: Place,
        #[command(flatten)]
        look: Look,
    },
    /// Lists the subtasks of a task, one for each tag (Huawei Cloud Enterprise)
    Subtasks {
        /// The task, such as 83/1927, or NAMESPACE/7/113/2439 for retention
        #[arg(value_parser = value::word)]
        task: String,
        #[arg(long, value_name = "N", help = LIMIT, value_parser = value::limit)]
        limit: Option<usize>,
        #[command(flatten)]
        to: Place,
        #[command(flatten)]
        look: Look,
    },
    /// Runs a rule now
    ///
    /// A rule of Huawei Cloud Enterprise runs for all that it covers. Of the others, it runs for the
    /// images that are named.
    Run {
        /// The rule, as `imgtrack rules` lists it
        #[arg(value_parser = value::word)]
        rule: String,
        /// An image to copy, NAMESPACE/REPOSITORY:TAG; may be said several times
        #[arg(long, value_name = "IMAGE", value_parser = value::tagged)]
        image: Vec<String>,
        /// Lets a retention rule only show, in its subtasks, what it would delete
        #[arg(long)]
        trial: bool,
        #[command(flatten)]
        change: Change,
        #[command(flatten)]
        to: Place,
        #[command(flatten)]
        look: Look,
    },
    /// Stops an execution (Huawei Cloud Enterprise) or a task (Alibaba Cloud)
    Stop {
        /// The execution or task, as `imgtrack executions` or `imgtrack tasks` lists it
        #[arg(value_parser = value::word)]
        what: String,
        #[command(flatten)]
        change: Change,
        #[command(flatten)]
        to: Place,
        #[command(flatten)]
        look: Look,
    },
    /// Looks at credentials, endpoint, clock and project of each cloud, and makes one harmless call
    Doctor {
        #[command(flatten)]
        args: DoctorArgs,
        #[command(flatten)]
        look: Look,
    },
    /// Decodes the reason that comes with a refused call (Huawei Cloud)
    DecodeMessage {
        /// The encoded reason; - reads it from stdin
        message: String,
        #[command(flatten)]
        to: Common,
        #[command(flatten)]
        look: Look,
    },
    /// Makes any call of the vendors' APIs, by its name
    ///
    /// Without a name it lists the calls. The answer is JSON, as it came.
    Api(ApiArgs),
    /// Prints a script that lets a shell complete commands, options and names of calls
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Runs both clouds on loopback, in the foreground, until it is interrupted
    ///
    /// The first line on stdout is a JSON object with the endpoint and keys of each cloud.
    Sandbox {
        /// Where to listen; port 0 takes a free one
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
        listen: SocketAddr,
    },
}

impl Command {
    /// How long the command may take, of those that take one look.
    pub(crate) fn look(&self) -> Option<Look> {
        Some(match self {
            Self::Status { look, .. }
            | Self::Explain { look, .. }
            | Self::Lag { look, .. }
            | Self::Rules { look, .. }
            | Self::Executions { look, .. }
            | Self::Subtasks { look, .. }
            | Self::Run { look, .. }
            | Self::Stop { look, .. }
            | Self::Doctor { look, .. }
            | Self::DecodeMessage { look, .. }
            | Self::Api(ApiArgs { look, .. }) => *look,
            Self::Tasks { of } => of.look(),
            Self::Wait { .. } | Self::Demo | Self::Completions { .. } | Self::Sandbox { .. } => {
                return None;
            }
        })
    }

    /// Whether the exit code says how an image stands.
    pub(crate) fn is_verdict(&self) -> bool {
        matches!(self, Self::Status { .. } | Self::Explain { .. })
    }

    /// Whether the command sends requests that change something.
    pub(crate) fn changes(&self) -> bool {
        match self {
            Self::Run { change, .. } | Self::Stop { change, .. } => !change.dry_run,
            Self::Api(args) => !args.dry_run && args.writes(),
            _ => false,
        }
    }

    /// Where the registry is that the command asks, of those that ask one.
    fn common(&self) -> Option<&Common> {
        Some(match self {
            Self::Status { to, .. }
            | Self::Wait { to, .. }
            | Self::Explain { to, .. }
            | Self::Lag { to, .. }
            | Self::Executions { to, .. }
            | Self::Subtasks { to, .. }
            | Self::Run { to, .. }
            | Self::Stop { to, .. }
            | Self::Tasks {
                of: TaskListing::Of { to, .. },
            } => &to.to.common,
            Self::Rules { to, .. }
            | Self::Tasks {
                of: TaskListing::Replication { to, .. } | TaskListing::Retention { to, .. },
            } => &to.common,
            Self::Tasks {
                of: TaskListing::SyncJobs { to, .. },
            }
            | Self::DecodeMessage { to, .. } => to,
            Self::Tasks {
                of: TaskListing::SyncTasks { to, .. },
            } => &to.common,
            Self::Api(args) => &args.to.common,
            Self::Demo | Self::Doctor { .. } | Self::Completions { .. } | Self::Sandbox { .. } => {
                return None;
            }
        })
    }

    /// Whether a sandbox is asked.
    pub(crate) fn is_in_sandbox(&self) -> bool {
        match self {
            Self::Doctor { args, .. } => args.sandbox,
            _ => self.common().is_some_and(|common| common.sandbox),
        }
    }

    /// Whether what is asked is of Alibaba Cloud alone, as far as the command says so.
    fn is_alibabacloud(&self) -> bool {
        let name = match self {
            Self::Rules { registry, .. } => *registry,
            Self::Status { to, .. }
            | Self::Wait { to, .. }
            | Self::Explain { to, .. }
            | Self::Lag { to, .. }
            | Self::Executions { to, .. }
            | Self::Subtasks { to, .. }
            | Self::Run { to, .. }
            | Self::Stop { to, .. }
            | Self::Tasks {
                of: TaskListing::Of { to, .. },
            } => Some(to.registry),
            Self::Tasks {
                of: TaskListing::SyncTasks { .. },
            } => Some(RegistryName::Alibabacloud),
            _ => None,
        };
        name == Some(RegistryName::Alibabacloud)
    }

    /// What to do where nothing answers in the region that was named: the region that is nearest to
    /// it, unless it is known.
    pub(crate) fn region_hint(&self) -> Option<String> {
        let to = self.common()?;
        let region = to.region.as_deref().filter(|_| to.endpoint.is_none())?;
        let known: &[&str] = match self.is_alibabacloud() {
            true => &alibabacloud::client::endpoints::CR_REGIONS,
            false => &huaweicloud::client::endpoints::SWR_REGIONS,
        };
        let near = suggest::near(region, known.iter().copied())?;
        let is_known = known.contains(&region);
        (!is_known).then(|| format!("region {region} is not known; did you mean {near}?"))
    }

    /// The words that decode an encoded reason of this command's refusal, where its vendor's can
    /// be decoded and it is known where.
    pub(crate) fn decoder(&self) -> Option<String> {
        // What cannot be decoded is not helped by decoding it again.
        if self.is_alibabacloud() || matches!(self, Self::DecodeMessage { .. }) {
            return None;
        }
        let to = self.common()?;
        let place = match (&to.region, to.sandbox) {
            (_, true) => "--sandbox".to_owned(),
            (Some(region), _) => format!("--region {region}"),
            (None, false) => "--region ID".to_owned(),
        };
        Some(format!("imgtrack decode-message {place}"))
    }
}

const LIMIT: &str = "Stops after this many";

const IMAGE: &str = "The image, NAMESPACE/REPOSITORY:TAG, and if need be @DIGEST";

/// How something is changed.
#[derive(Args, Debug)]
pub(crate) struct Change {
    /// Shows the requests that would change something, signed but without secrets, and sends none
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Does not ask before something is changed
    #[arg(long)]
    pub(crate) yes: bool,
}

/// A call by its name.
#[derive(Args, Debug)]
pub(crate) struct ApiArgs {
    /// The vendor's name of the call, such as ListRepoSyncTask; SERVICE:NAME where two have it
    #[arg(value_parser = crate::api::Names, hide_possible_values = true)]
    pub(crate) operation: Option<String>,
    /// A parameter, by the vendor's name; may be said several times
    #[arg(short, long, value_name = "NAME=VALUE", requires = "operation")]
    pub(crate) param: Vec<String>,
    /// A file with the JSON body; - reads it from stdin
    #[arg(long, value_name = "FILE", requires = "operation")]
    pub(crate) body: Option<String>,
    /// Shows what the call takes, and makes none
    #[arg(long, requires = "operation")]
    pub(crate) describe: bool,
    /// Shows the request that would leave, signed but without secrets; the call is not made
    #[arg(long, requires = "operation")]
    pub(crate) dry_run: bool,
    /// Reads all pages, and writes their records as one list
    #[arg(long, requires = "operation")]
    pub(crate) all: bool,
    /// Stops after this many records
    #[arg(long, value_name = "N", requires = "all", value_parser = value::limit)]
    pub(crate) limit: Option<usize>,
    /// Does not ask before a call that changes something
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) look: Look,
    #[command(flatten)]
    pub(crate) to: Enterprise,
}

impl ApiArgs {
    /// Whether the call changes something.
    fn writes(&self) -> bool {
        let found = self.operation.as_deref().map(api::find);
        found.is_some_and(|found| {
            found.is_ok_and(|(_, operation)| operation.access == api::Access::Write)
        })
    }
}

/// What the doctor looks at.
#[derive(Args, Debug)]
pub(crate) struct DoctorArgs {
    /// Region id of Huawei Cloud; without it only credentials are looked at
    #[arg(long, value_name = "ID", value_parser = value::id)]
    pub(crate) huaweicloud_region: Option<String>,
    /// Region id of Alibaba Cloud; without it only credentials are looked at
    #[arg(long, value_name = "ID", value_parser = value::id)]
    pub(crate) alibabacloud_region: Option<String>,
    /// Looks at a sandbox within this program instead of the clouds
    #[arg(long, conflicts_with_all = ["huaweicloud_region", "alibabacloud_region"])]
    pub(crate) sandbox: bool,
}
