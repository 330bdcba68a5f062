//! Pages by number, or by a token for the position.

use serde_json::Value;

use super::{Call, Fields};
use crate::digest::sha256_hex;
use crate::parameters::numbered_page;
use crate::sides::alibabacloud::errors::Refusal;

/// Form of the total.
pub(super) enum Total {
    Number,
    Text,
}

/// Number of a token's digits that identify its listing.
const SCOPE: usize = 16;
/// Default of MaxResults. Invented, because the vendor names none.
const USUAL: i64 = 30;

impl Call<'_> {
    /// Returns one page of `records` as the field `name`.
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

    /// Returns one page by number, or by token if the request has a parameter for it. `records` are in
    /// the order of `key`, so that a token keeps its position while records come and go. `scope` is
    /// the parameters that select the listing.
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

    /// Returns the key of the last record before the token's position. It is `None` for the beginning,
    /// which the token of the vendor's example means.
    fn place(&self, token: &str, scope: &str) -> Result<Option<String>, Refusal> {
        if self.parameters.example("NextToken") == Some(token) {
            return Ok(None);
        }
        let key = token
            .strip_prefix(scope)
            .and_then(|key| hex::decode(key).ok());
        let key = key.and_then(|key| String::from_utf8(key).ok());
        // Invented.
        let stranger = || Refusal::invalid("NextToken", "is not a token of this listing");
        key.map(Some).ok_or_else(stranger)
    }
}
