//! Parameters of one request, which are checked by the spec of its operation.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::rule;
use crate::spec::Operation;

/// Reason why parameters are invalid.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum Violation {
    #[error("{name} is missing")]
    Missing { name: String },
    #[error("{name} {reason}")]
    Invalid { name: String, reason: String },
}

fn invalid(name: &str, reason: impl Into<String>) -> Violation {
    Violation::Invalid {
        name: name.to_owned(),
        reason: reason.into(),
    }
}

/// Parameters that the spec allows.
#[derive(Debug)]
pub(crate) struct Parameters<'a> {
    operation: &'a Operation,
    given: &'a BTreeMap<String, String>,
}

impl<'a> Parameters<'a> {
    /// Checks the parameters. Ignores unknown names, as both vendors do.
    pub(crate) fn check(
        operation: &'a Operation,
        given: &'a BTreeMap<String, String>,
    ) -> Result<Self, Violation> {
        for parameter in &operation.parameters {
            match given.get(&parameter.name) {
                Some(text) => parameter
                    .rule
                    .check(text)
                    .map_err(|reason| invalid(&parameter.name, reason))?,
                None if parameter.required => {
                    return Err(Violation::Missing {
                        name: parameter.name.clone(),
                    });
                }
                None => {}
            }
        }
        let parameters = Self { operation, given };
        if let Some(paging) = &operation.paging {
            parameters.check_pair(&paging.start, &paging.size)?;
            match (paging.is_offset, paging.is_aligned) {
                (true, true) => parameters.check_alignment(&paging.start, &paging.size)?,
                (true, false) => parameters.check_numbers([&paging.start, &paging.size])?,
                _ => {}
            }
        }
        Ok(parameters)
    }

    fn check_pair(&self, one: &str, other: &str) -> Result<(), Violation> {
        for (given, absent) in [(one, other), (other, one)] {
            if self.given.contains_key(given) && !self.given.contains_key(absent) {
                return Err(invalid(given, format!("goes only together with {absent}")));
            }
        }
        Ok(())
    }

    /// Refuses texts that are not numbers, because the spec may have the parameters as text.
    fn check_numbers(&self, names: [&str; 2]) -> Result<(), Violation> {
        for name in names {
            let text = self.text(name);
            if text.is_some_and(|text| rule::integer(text).is_none_or(|number| number < 0)) {
                return Err(invalid(name, "must be a number of 0 or more"));
            }
        }
        Ok(())
    }

    fn check_alignment(&self, start: &str, size: &str) -> Result<(), Violation> {
        match (self.integer(start), self.integer(size)) {
            (Some(offset), Some(limit)) if limit > 0 && offset % limit != 0 => {
                Err(invalid(start, format!("must be 0 or a multiple of {size}")))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn text(&self, name: &str) -> Option<&'a str> {
        self.given.get(name).map(String::as_str)
    }

    /// Returns the spec's example of the parameter, if it is a text.
    pub(crate) fn example(&self, name: &str) -> Option<&'a str> {
        self.operation.parameter(name)?.example.as_ref()?.as_str()
    }

    pub(crate) fn boolean(&self, name: &str) -> Option<bool> {
        rule::boolean(self.text(name)?)
    }

    /// Returns the number of the request, or the spec's default.
    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        match self.text(name) {
            Some(text) => rule::integer(text),
            None => self.operation.parameter(name)?.rule.default_integer(),
        }
    }
}

/// Returns the records of the page that begins at `offset` and has up to `limit` records.
pub(crate) fn page<T>(records: &[T], offset: i64, limit: i64) -> &[T] {
    let index = |number: i64| usize::try_from(number.max(0)).unwrap_or(usize::MAX);
    let start = index(offset).min(records.len());
    let end = start.saturating_add(index(limit)).min(records.len());
    &records[start..end]
}

/// Returns the records of page `number`, counted from 1, with up to `size` records per page.
pub(crate) fn numbered_page<T>(records: &[T], number: i64, size: i64) -> &[T] {
    page(records, number.saturating_sub(1).saturating_mul(size), size)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::spec;

    fn outcome(id: &str, given: &[(&str, &str)]) -> String {
        let operation = spec::with(id).operation(id).unwrap();
        let given = given
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        match Parameters::check(operation, &given) {
            Ok(_) => String::new(),
            Err(violation) => violation.to_string(),
        }
    }

    #[test]
    fn pairs_and_bounds() {
        for (query, problem) in [
            (&[] as &[(&str, &str)], ""),
            (&[("offset", "0"), ("limit", "100")], ""),
            (&[("offset", "200"), ("limit", "100")], ""),
            (&[("more", "x")], ""),
            (&[("limit", "10")], "limit goes only together with offset"),
            (&[("offset", "0")], "offset goes only together with limit"),
            (
                &[("offset", "5"), ("limit", "10")],
                "offset must be 0 or a multiple of limit",
            ),
            (
                &[("offset", "0"), ("limit", "0")],
                "limit must be at least 1",
            ),
            (
                &[("offset", "0"), ("limit", "101")],
                "limit must be at most 100",
            ),
            (
                &[("offset", "-10"), ("limit", "10")],
                "offset must be at least 0",
            ),
            (
                &[("offset", "a"), ("limit", "10")],
                "offset must be an integer",
            ),
        ] {
            let path = [
                ("project_id", "p"),
                ("instance_id", "i"),
                ("execution_id", "83"),
            ];
            let given = [&path, query].concat();
            let found = outcome("ListInstanceReplicationPolicyExecTasks", &given);
            assert_eq!(found, problem, "{query:?}");
        }
        assert_eq!(
            outcome("KeystoneListProjects", &[("page", "1")]),
            "page goes only together with per_page"
        );
        assert_eq!(outcome("ListRepoSyncTask", &[]), "InstanceId is missing");
    }

    #[test]
    fn pages_end_where_the_records_end() {
        let records = [1, 2, 3, 4, 5];
        for (offset, limit, expected) in [
            (0, 2, &[1, 2] as &[i32]),
            (4, 2, &[5]),
            (6, 2, &[]),
            (0, i64::MAX, &[1, 2, 3, 4, 5]),
            (i64::MAX, i64::MAX, &[]),
            (0, 0, &[]),
        ] {
            assert_eq!(page(&records, offset, limit), expected, "{offset} {limit}");
        }
    }
}
