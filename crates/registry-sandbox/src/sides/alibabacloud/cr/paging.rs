//! Pages: by number, or by a token that says where to go on.

use serde_json::Value;

use super::{Call, Fields};
use crate::digest::sha256_hex;
use crate::parameters::numbered_page;
use crate::sides::alibabacloud::errors::Refusal;

/// How the total is written.
pub(super) enum Total {
    Number,
    Text,
}

/// Digits of a token that say which listing it belongs to.
const SCOPE: usize = 16;
/// The vendor names no default for MaxResults.
const USUAL: i64 = 30;

impl Call<'_> {
    /// One page of `records`, as the field `name`.
    pub(super) fn numbered<T>(
        &self,
        (name, total): (&str, Total),
        records: &[T],
        shown: impl Fn(&T) -> Value,
    ) -> Fields {
        let number = self.parameters.integer("PageNo").unwrap_or(1);
        let size = self.parameters.integer("PageSize").unwrap_or(USUAL);
        let page = numbered_page(records, number, size);
        let count = match total {
            Total::Number => Value::from(records.len()),
            Total::Text => Value::from(records.len().to_string()),
        };
        Fields::from_iter([
            ("PageNo".to_owned(), Value::from(number)),
            ("PageSize".to_owned(), Value::from(size)),
            ("TotalCount".to_owned(), count),
            (name.to_owned(), page.iter().map(shown).collect()),
        ])
    }

    /// One page by number, or by token if a parameter of that way is there. `records` are in the
    /// order of `key`, so that a token holds its place while records come and go; `scope` are the
    /// parameters that say what is listed.
    pub(super) fn paged<T>(
        &self,
        name: &str,
        scope: &[&str],
        records: &[T],
        key: impl Fn(&T) -> String,
        shown: impl Fn(&T) -> Value,
    ) -> Result<Fields, Refusal> {
        let token = self.parameters.text("NextToken");
        let most = self.parameters.integer("MaxResults");
        let mut fields = self.numbered((name, Total::Text), records, &shown);
        let most = match (token, most) {
            (None, None) => return Ok(fields),
            (_, most) => most.unwrap_or(USUAL),
        };
        let scope = self.scope(scope);
        let after = token.map(|token| self.place(token, &scope)).transpose()?;
        let start = match after.flatten() {
            Some(after) => records.partition_point(|record| key(record) <= after),
            None => 0,
        };
        let rest = records.get(start..).unwrap_or_default();
        let page = numbered_page(rest, 1, most);
        // Empty on the last page, as in the vendor's example.
        let next = match page.last() {
            Some(last) if page.len() < rest.len() => {
                format!("{scope}{}", hex::encode(key(last)))
            }
            _ => String::new(),
        };
        fields.insert(name.to_owned(), page.iter().map(shown).collect());
        fields.insert("MaxResults".to_owned(), Value::from(most));
        fields.insert("NextToken".to_owned(), Value::from(next));
        Ok(fields)
    }

    fn scope(&self, names: &[&str]) -> String {
        let given = names.iter().map(|name| (*name, self.text(name)));
        let mut scope = sha256_hex(format!("{:?}", given.collect::<Vec<_>>()).as_bytes());
        scope.truncate(SCOPE);
        scope
    }

    /// The key that the token stands behind; none for the beginning, where the token of the
    /// vendor's example leads.
    fn place(&self, token: &str, scope: &str) -> Result<Option<String>, Refusal> {
        if self.parameters.example("NextToken") == Some(token) {
            return Ok(None);
        }
        let key = token
            .strip_prefix(scope)
            .and_then(|key| hex::decode(key).ok());
        let key = key.and_then(|key| String::from_utf8(key).ok());
        // Made.
        let stranger = || Refusal::invalid("NextToken", "is none that this listing has answered");
        key.map(Some).ok_or_else(stranger)
    }
}
