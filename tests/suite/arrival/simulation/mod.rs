//! Random histories against the sandbox's own truth: no verdict is a false "arrived" or "failed",
//! and no listing loses a task or repeats one. While arrivals wait, listings lag behind, lose
//! records and change their order in single looks.
//!
//! A provider without rules and tasks has its registries answer wrongly instead. Its waits end with an
//! arrival or at their deadline, and they arrive within two polls that nothing disturbs.
//!
//! `ARRIVAL_HISTORIES` sets the number of histories of each provider [default: 100].
//! `ARRIVAL_SEED` replays one history, and `ARRIVAL_PROVIDER` plays those of one provider.

mod alone;
mod faults;
mod history;
mod play;
mod registries;
pub(crate) mod stage;

use crate::subjects::{Subject, subjects};

/// Generator of numbers that depend on the seed only (SplitMix64).
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

    /// Returns a number from 0 (included) to `end` (excluded).
    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn within(&mut self, range: std::ops::RangeInclusive<u64>) -> u64 {
        range.start() + self.below(range.end() - range.start() + 1)
    }

    /// Returns true in this percentage of cases.
    fn percent(&mut self, cases: u64) -> bool {
        self.below(100) < cases
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

fn histories(of: &'static dyn Subject) {
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
                let provider = of.provider();
                panic!(
                    "history {seed} of {provider}; ARRIVAL_PROVIDER={provider} \
                     ARRIVAL_SEED={seed} replays it:\n{history:#?}"
                )
            }
        }
    }
    #[allow(clippy::print_stdout, reason = "shown with --nocapture")]
    {
        println!("{of:?}: {sum:?}");
    }
    // A simulation without events would prove nothing.
    if std::env::var_os("ARRIVAL_SEED").is_none() {
        let worked = match of.has_rules() {
            true => sum.failed > 2 && sum.listed > 1000,
            false => sum.out_of_time > 20,
        };
        assert!(sum.arrived > 20 && sum.faulty > 100 && worked, "{sum:?}");
    }
}

#[test]
fn no_verdict_of_any_provider_is_false() {
    let wanted = std::env::var("ARRIVAL_PROVIDER").ok();
    let is_wanted =
        |of: &&'static dyn Subject| wanted.as_ref().is_none_or(|name| of.provider() == name);
    let played: Vec<_> = subjects()
        .filter(is_wanted)
        .map(|of| std::thread::spawn(move || histories(of)))
        .collect();
    assert!(!played.is_empty(), "no provider {wanted:?}");
    let ends: Vec<_> = played.into_iter().map(|thread| thread.join()).collect();
    for end in ends {
        if let Err(panic) = end {
            std::panic::resume_unwind(panic);
        }
    }
}
