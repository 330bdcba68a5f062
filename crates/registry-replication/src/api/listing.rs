//! Listings of calls by name.

use std::fmt::Display;

use openapi_transport::{Call, Context, Error, Paging, PagingKind};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::listing::Listing;
use crate::pager::{self, Continued, CursorSlot, Fetched, Slot, Steps, listing_name};

/// Record of a call by name: JSON as the service answered it.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    value: Value,
    key: String,
}

impl Record {
    /// Returns the JSON.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Returns the JSON, without a copy.
    pub fn into_value(self) -> Value {
        self.value
    }
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

impl pager::Record for Record {
    fn key(&self) -> String {
        self.key.clone()
    }

    fn bytes(&self) -> u64 {
        let mut count = Count(0);
        // Writing to the counter cannot fail.
        let _ = serde_json::to_writer(&mut count, &self.value);
        count.0
    }
}

/// Writer that counts bytes.
struct Count(u64);

impl std::io::Write for Count {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        self.0 = self.0.saturating_add(text.len() as u64);
        Ok(text.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Lists the records of all pages of a call.
///
/// The spec's `x-paging` tells how the call pages and which field of a record is its key. Without a
/// key, the whole JSON identifies a record, so equal records on different pages come once.
/// A size that the call sets is the size of the pages. A call that pages by a token may set the
/// first token; other calls are read from the first record.
///
/// The listing ends with an error after 256 MiB of records, additionally to the bounds of every
/// [`Listing`]. A call that does not answer in pages, lacks a parameter, or sets a later page yields
/// an error of kind [`Invalid`](crate::ErrorKind::Invalid).
///
/// ```no_run
/// use registry_replication::{Context, Error, api};
///
/// # async fn example(context: &Context) -> Result<(), Error> {
/// let (_, operation) = api::find("ListNamespace")?;
/// let call = api::Call::new(operation).parameter("InstanceId", "cri-1")?;
/// for record in api::listing(call, context).all().await? {
///     println!("{}", record.value()["NamespaceName"]);
/// }
/// # Ok(())
/// # }
/// ```
pub fn listing(call: Call, context: &Context) -> Listing<Record> {
    Listing::tried(paged(call, context))
}

fn paged(call: Call, context: &Context) -> Result<Listing<Record>, Error> {
    let paging = call.paging()?;
    let requested = call.requested_page()?;
    let name = name(&call);
    let context = context.clone();
    let steps = match paging.kind {
        PagingKind::Cursor => None,
        PagingKind::Offset if !paging.aligned => Some(Steps::Records),
        _ => Some(Steps::Pages),
    };
    let listing = match steps {
        Some(steps) => {
            if requested.offset > 0 {
                return Err(Error::configuration(format!(
                    "{}: {start} sets a later page, but the listing starts at the first record; \
                     leave {start} out",
                    call.operation().name,
                    start = paging.start
                )));
            }
            let size = requested.size.unwrap_or(SIZE);
            call.at(0, size)?.complete()?;
            Listing::new(name, steps, move |Slot { offset, size }| {
                let (call, context) = (call.clone(), context.clone());
                async move {
                    let page = call.at(offset, size)?.send_page(&context).await?;
                    Ok(Fetched {
                        items: records(&paging, page.records),
                        total: page.total,
                        size: None,
                    })
                }
            })
        }
        None => {
            call.after(None, None)?.complete()?;
            Listing::by_cursor(name, move |CursorSlot { token, size }| {
                let (call, context) = (call.clone(), context.clone());
                async move {
                    let call = call.after(token.as_deref(), Some(size))?;
                    let page = call.send_page(&context).await?;
                    Ok(Continued {
                        items: records(&paging, page.records),
                        total: page.total,
                        next: page.next,
                    })
                }
            })
        }
    };
    Ok(match requested.size {
        Some(size) => listing.page_size(size),
        None => listing,
    })
}

/// Number of records on a page if the call does not say.
const SIZE: u32 = 100;

fn records(paging: &Paging, values: Vec<Value>) -> Vec<Record> {
    let record = |value| Record {
        key: paging.key_of(&value),
        value,
    };
    values.into_iter().map(record).collect()
}

/// Returns the name of the listing: the call and what narrows it, without secrets.
fn name(call: &Call) -> String {
    let narrowed = call.narrowing();
    let narrowed = narrowed.iter();
    let narrowed = narrowed.map(|(name, value)| (name.as_str(), Some(value as &dyn Display)));
    listing_name(call.operation().name, &narrowed.collect::<Vec<_>>())
}
