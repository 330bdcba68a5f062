//! Random histories against the sandbox's own truth: nothing is called arrived or failed that is
//! not, and no task of a listing is lost or comes twice. While arrivals wait, listings lag behind,
//! lose records and change their order in single looks.
//!
//! `ARRIVAL_HISTORIES` says how many histories each registry has (100 unless said otherwise), and
//! `ARRIVAL_SEED` replays the one of that seed alone.

mod faults;
mod history;
mod play;
pub(crate) mod stage;

use registry_sandbox::world;

/// A small generator of numbers that are the same for the same seed (SplitMix64).
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// One of 0 to `end`, without it.
    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn within(&mut self, range: std::ops::RangeInclusive<u64>) -> u64 {
        range.start() + self.below(range.end() - range.start() + 1)
    }

    /// True in so many of a hundred cases.
    fn percent(&mut self, cases: u64) -> bool {
        self.below(100) < cases
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }
}

fn histories(of: world::Source) {
    let number = |name: &str| -> Option<u64> { std::env::var(name).ok()?.parse().ok() };
    let seeds = match number("ARRIVAL_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("ARRIVAL_HISTORIES").unwrap_or(100),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut sum = play::Tally::default();
    for seed in seeds {
        let history = history::History::new(of, seed);
        let played = std::panic::AssertUnwindSafe(|| runtime.block_on(play::play(&history)));
        match std::panic::catch_unwind(played) {
            Ok(tally) => sum.add(&tally),
            Err(_) => {
                panic!("history {seed} of {of:?}; ARRIVAL_SEED={seed} replays it:\n{history:#?}")
            }
        }
    }
    #[allow(clippy::print_stdout, reason = "shown with --nocapture")]
    {
        println!("{of:?}: {sum:?}");
    }
    // A simulation in which nothing happens would prove nothing.
    if std::env::var_os("ARRIVAL_SEED").is_none() {
        assert!(
            sum.arrived > 20 && sum.failed > 5 && sum.listed > 1000 && sum.faulty > 100,
            "{sum:?}"
        );
    }
}

#[test]
fn nothing_is_said_of_huaweicloud_enterprise_that_is_not_so() {
    histories(world::Source::HuaweicloudEnterprise);
}

#[test]
fn nothing_is_said_of_huaweicloud_basic_that_is_not_so() {
    histories(world::Source::HuaweicloudBasic);
}

#[test]
fn nothing_is_said_of_alibabacloud_that_is_not_so() {
    histories(world::Source::Alibabacloud);
}
