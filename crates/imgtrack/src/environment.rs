//! What the program knows of the machine that it runs on.

use std::env;
use std::io::IsTerminal;

use jiff::tz::TimeZone;
use registry_replication::Surroundings;

use crate::jobs;

/// Terminal, time zone and variables of a run.
///
/// The default is no terminal and UTC: tables have any width and no colours. Variables `IMGTRACK_…` do
/// not count, and only `--config` names a configuration.
#[derive(Clone, Debug)]
pub struct Environment {
    pub(crate) width: Option<usize>,
    /// Lines of the terminal, if stdout is one.
    pub(crate) height: Option<usize>,
    /// Terminal of stderr, if it is one and can move its cursor.
    pub(crate) live: Option<Terminal>,
    pub(crate) color: bool,
    pub(crate) zone: TimeZone,
    /// Where the configuration is looked for. Then the variables of the process count, too.
    pub(crate) surroundings: Option<Surroundings>,
}

impl Default for Environment {
    fn default() -> Self {
        Self {
            width: None,
            height: None,
            live: None,
            color: false,
            zone: TimeZone::UTC,
            surroundings: None,
        }
    }
}

impl Environment {
    /// Reads the terminal of stdout, the variables of the process, and the time zone of the system.
    ///
    /// `COLUMNS` sets the width, with or without a terminal.
    pub fn detect() -> Self {
        let size = terminal_size::terminal_size_of(std::io::stdout());
        let width = match env::var("COLUMNS").ok().and_then(|text| text.parse().ok()) {
            Some(columns) => Some(columns),
            None => size.map(|(terminal_size::Width(columns), _)| usize::from(columns)),
        };
        let variable = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
        let color = match (variable("NO_COLOR"), variable("CLICOLOR_FORCE")) {
            (Some(_), _) => false,
            (None, Some(forced)) if forced != "0" => true,
            _ => {
                let is_dumb = env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
                std::io::stdout().is_terminal() && !is_dumb
            }
        };
        Self {
            width: width.filter(|columns| *columns > 0),
            height: size.map(|(_, terminal_size::Height(lines))| usize::from(lines)),
            live: Terminal::of_stderr(),
            color,
            zone: TimeZone::system(),
            surroundings: Some(Surroundings::of_process()),
        }
    }

    /// Reads the terminal again, whose size may have changed.
    pub(crate) fn again(&self) -> Self {
        match self.surroundings {
            Some(_) => Self::detect(),
            None => self.clone(),
        }
    }

    /// Returns whether GitHub Actions reads the output, and runs the commands that are in it.
    pub(crate) fn is_github(&self) -> bool {
        jobs::is_github(self.surroundings.as_ref())
    }

    /// Sets the number of lines of the terminal.
    #[must_use]
    pub fn height(mut self, lines: usize) -> Self {
        self.height = Some(lines);
        self
    }

    /// Sets the columns and lines of stderr, which then shows the progress of waits in place.
    #[must_use]
    pub fn live(mut self, columns: usize, lines: usize) -> Self {
        self.live = Some(Terminal {
            columns,
            lines,
            is_real: false,
        });
        self
    }

    /// Sets the width of the terminal, in columns.
    #[must_use]
    pub fn width(mut self, columns: usize) -> Self {
        self.width = Some(columns);
        self
    }

    /// Sets whether `--color auto` means colours.
    #[must_use]
    pub fn color(mut self, color: bool) -> Self {
        self.color = color;
        self
    }

    /// Sets the zone of times that tables show.
    #[must_use]
    pub fn time_zone(mut self, zone: TimeZone) -> Self {
        self.zone = zone;
        self
    }
}

/// Terminal that can move its cursor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    pub(crate) columns: usize,
    pub(crate) lines: usize,
    /// Whether the size may change.
    is_real: bool,
}

impl Terminal {
    fn of_stderr() -> Option<Self> {
        if env::var_os("TERM").is_none_or(|terminal| terminal == "dumb") {
            return None;
        }
        let (columns, lines) = terminal_size::terminal_size_of(std::io::stderr())?;
        Some(Self {
            columns: usize::from(columns.0),
            lines: usize::from(lines.0),
            is_real: true,
        })
    }

    /// Reads the size again.
    pub(crate) fn again(self) -> Self {
        match self.is_real {
            true => Self::of_stderr().unwrap_or(self),
            false => self,
        }
    }
}
