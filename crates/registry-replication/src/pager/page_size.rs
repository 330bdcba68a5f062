//! Pages of the requested size, from pages that overlap.

use std::collections::VecDeque;

use openapi_transport::Error;

use super::reading::{Read, Reading};
use super::token::PageToken;
use super::{Page, Steps};

/// Listing in pages of one size.
pub(super) struct Sized<T> {
    reading: Reading<T>,
    /// Number of records on a page; `None` for pages as they were fetched.
    size: Option<usize>,
    /// Pages that were read and not fully returned.
    held: VecDeque<Read<T>>,
    /// Number of records on those pages.
    count: usize,
    /// Error that ends the listing after all records before it are returned.
    failed: Option<Error>,
}

impl<T: Send + 'static> Sized<T> {
    /// Makes a listing in pages of the requested size.
    pub(super) fn of(mut reading: Reading<T>) -> Self {
        // Without prefetch, a caller that reads one page and resumes pays for that page only.
        reading.be_eager(false);
        let size = usize::try_from(reading.pager().paging.size).unwrap_or(usize::MAX);
        let size = Some(size.max(1)).filter(|_| reading.steps() != Steps::All);
        Self {
            size,
            ..Self::by_fetch(reading)
        }
    }

    /// Makes a listing in pages as they are fetched, without known records.
    pub(super) fn by_fetch(reading: Reading<T>) -> Self {
        Self {
            reading,
            size: None,
            held: VecDeque::new(),
            count: 0,
            failed: None,
        }
    }

    pub(super) async fn next(&mut self) -> Result<Option<Page<T>>, Error> {
        while self.failed.is_none() && self.count < self.size.unwrap_or(1) {
            match self.reading.next().await {
                Ok(Some(read)) => self.hold(read),
                Ok(None) => break,
                Err(error) => self.failed = Some(error),
            }
        }
        match self.page() {
            Some(page) => {
                self.reading.be_eager(true);
                Ok(Some(page))
            }
            None => self.failed.take().map_or(Ok(None), Err),
        }
    }

    fn hold(&mut self, read: Read<T>) {
        self.count = self.count.saturating_add(read.items.len());
        if let (Some(size), Some(told)) = (&mut self.size, read.size) {
            *size = (*size).min(usize::try_from(told).unwrap_or(usize::MAX).max(1));
        }
        self.held.push_back(read);
    }

    /// Makes a page of the held records.
    fn page(&mut self) -> Option<Page<T>> {
        let size = self.size.unwrap_or(usize::MAX);
        let mut page: Option<Page<T>> = None;
        while let Some(read) = self.held.front_mut() {
            let mut items = page.map(|page| page.items).unwrap_or_default();
            let taken = read.items.len().min(size.saturating_sub(items.len()));
            let next = read.items.split_off(taken);
            let handed = std::mem::replace(&mut read.items, next);
            let (end, last) = match handed.back() {
                Some((index, _)) if !read.items.is_empty() => read.up_to(*index),
                _ => read.whole(),
            };
            items.extend(handed.into_iter().map(|(_, item)| item));
            self.count = self.count.saturating_sub(taken);
            let is_full = items.len() >= size;
            let (total, told) = (read.total, read.size);
            if read.items.is_empty() {
                self.held.pop_front();
            }
            let is_over = self.held.is_empty() && self.failed.is_none() && self.reading.is_over();
            page = Some(Page {
                items,
                total,
                size: told,
                token: PageToken::of(&self.reading.pager().name, end, &last, is_over),
            });
            if is_full {
                break;
            }
        }
        page
    }
}
