use clap::{Args, ValueEnum};

/// Form of messages to the CI system that runs the command.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct JobArgs {
    /// Report to a CI system: github, gitlab or plain [default: detected]
    ///
    /// The variables GITHUB_ACTIONS and GITLAB_CI are read.
    /// `github` writes annotations on stderr, and a table to the file GITHUB_STEP_SUMMARY. `gitlab` folds
    /// the progress. `plain` does neither.
    #[arg(long, value_enum, value_name = "CI", hide_possible_values = true)]
    pub(crate) format: Option<JobFormat>,
}

/// CI system that runs the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum JobFormat {
    /// GitHub Actions
    Github,
    /// GitLab CI
    Gitlab,
    /// None
    Plain,
}
