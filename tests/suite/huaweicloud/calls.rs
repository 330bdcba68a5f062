//! Every call of SWR against the sandbox.

use registry_sandbox::world;
use serde_json::{Value, json};

use crate::calls::{Trial, with_id};
