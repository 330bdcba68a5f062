//! Earlier values of names, such as the image of a tag before it was pushed again or lost.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// Earlier values of each name with their end. The value is `None` for times without the name.
#[derive(Clone, Debug)]
pub(crate) struct Past<T>(BTreeMap<String, Vec<(Timestamp, Option<T>)>>);

impl<T> Default for Past<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> Past<T> {
    /// Records that `was` is no longer the value of the name, from `now` on.
    pub(crate) fn note(&mut self, name: &str, was: T, now: Timestamp) {
        let own = self.0.entry(name.to_owned()).or_default();
        own.push((now, Some(was)));
    }

    /// Records that the name exists from `now` on. Keeps nothing for a name that never existed before,
    /// because no caller needs the time before.
    pub(crate) fn note_absence(&mut self, name: &str, now: Timestamp) {
        if let Some(own) = self.0.get_mut(name) {
            own.push((now, None));
        }
    }

    /// Returns the value of the name at `time`. `current` is its value now.
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
