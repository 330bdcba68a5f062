use clap::Args;

/// Options of a command that changes something.
#[derive(Args, Debug)]
pub(crate) struct Change {
    /// Show the requests that would be sent, without secrets, and send none
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Skip the confirmation prompt
    #[arg(long)]
    pub(crate) yes: bool,
}
