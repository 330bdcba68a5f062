//! What a call takes from its surroundings: the time, and a number used once.

use std::fmt::Debug;

use jiff::Timestamp;

/// The time, for dates in signatures.
pub trait Clock: Debug + Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// Texts that never come twice, for signatures that are good for one request.
pub trait NonceSource: Debug + Send + Sync {
    /// The next one.
    fn nonce(&self) -> String;
}

/// Random nonces of 128 bits, as 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, Default)]
pub struct RandomNonces;

impl NonceSource for RandomNonces {
    fn nonce(&self) -> String {
        uuid::Uuid::new_v4().simple().to_string()
    }
}
