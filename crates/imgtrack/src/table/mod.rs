//! Tables for people.

mod arrivals;
mod cell;
mod column;
mod coverage;
mod differences;
mod lag;
mod layout;
mod places;
mod records;
mod tags;
mod time;

pub(crate) use arrivals::{Arrived, arrivals, explained, noted};
pub(crate) use cell::{Cell, View};
pub(crate) use column::{Column, Head, Row};
pub(crate) use coverage::CoverageRow;
pub(crate) use layout::{Table, cut};
pub(crate) use records::{Listed, covers, goes};
pub(crate) use tags::{TaskTags, TaskTagsJson};
pub(crate) use time::duration;
