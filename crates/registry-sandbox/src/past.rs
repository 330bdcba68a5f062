//! What names stood for at earlier times, such as a tag before it was pushed anew or lost.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// What each name stood for, and until when; nothing for the times at which it was not there.
#[derive(Clone, Debug)]
pub(crate) struct Past<T>(BTreeMap<String, Vec<(Timestamp, Option<T>)>>);

impl<T> Default for Past<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> Past<T> {
    /// Notes that from `now` on the name does not stand for this any more.
    pub(crate) fn note(&mut self, name: &str, was: T, now: Timestamp) {
        let own = self.0.entry(name.to_owned()).or_default();
        own.push((now, Some(was)));
    }

    /// Notes that the name is there from `now` on. Of a name that never was there before, nothing
    /// is kept: nobody asks about the time before.
    pub(crate) fn note_absence(&mut self, name: &str, now: Timestamp) {
        if let Some(own) = self.0.get_mut(name) {
            own.push((now, None));
        }
    }

    /// What the name stood for at `time`, if `current` is what it stands for now.
    pub(crate) fn at<'a>(
        &'a self,
        name: &str,
        time: Timestamp,
        current: Option<&'a T>,
    ) -> Option<&'a T> {
        let mut own = self.0.get(name).into_iter().flatten();
        match own.find(|(until, _)| time < *until) {
            Some((_, was)) => was.as_ref(),
            None => current,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_knows_what_it_was_and_when_it_was_not_there() {
        let at = Timestamp::constant;
        let mut past = Past::default();
        past.note_absence("v1", at(0, 0));
        past.note("v1", "a", at(10, 0));
        past.note("v1", "b", at(20, 0));
        past.note_absence("v1", at(30, 0));
        for (second, expected) in [
            (0, Some("a")),
            (9, Some("a")),
            (10, Some("b")),
            (20, None),
            (29, None),
            (30, Some("c")),
        ] {
            let found = past.at("v1", at(second, 0), Some(&"c"));
            assert_eq!(found, expected.as_ref(), "{second}");
        }
        assert_eq!(past.at("v2", at(0, 0), None), None);
    }
}
