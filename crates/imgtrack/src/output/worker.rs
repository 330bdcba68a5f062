//! Threads for work that may never end, or that may need more stack than there is.

use std::fmt;
use std::hint::black_box;
use std::panic::resume_unwind;
use std::ptr::from_ref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Instant;

/// Stack of a worker, in bytes. The system provides only what is used.
const STACK: usize = 256 * 1024 * 1024;
/// Part of the stack that steps may use. The rest is for what a step does, and for the unwinding.
const MOST: usize = STACK / 2;

/// Thread that answers one request after the other.
///
/// A worker that does not answer in time is left alone: it ends with the process.
pub(super) struct Worker<Q, A> {
    requests: Sender<Q>,
    answers: Receiver<A>,
    thread: Option<JoinHandle<()>>,
    is_stopped: Arc<AtomicBool>,
}

/// Why a worker has not answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stopped {
    /// It did not answer before the end of the command's time.
    Late,
    /// Its calls were nested too deeply.
    Deep,
    /// The system has no more threads.
    NoThread,
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Late => "it has not ended in time; raise --timeout or remove an endless loop",
            Self::Deep => "it calls itself too often; end the recursion sooner",
            Self::NoThread => "cannot start a thread",
        })
    }
}

/// What an interpreter tells each step to.
#[derive(Clone)]
pub(super) struct Watched {
    /// Address at which the stack begins.
    base: usize,
    is_stopped: Arc<AtomicBool>,
}

/// Payload of the unwinding that ends nested calls.
struct TooDeep;

impl<Q: Send + 'static, A: Send + 'static> Worker<Q, A> {
    /// Starts a worker.
    pub(super) fn start(
        mut work: impl FnMut(Q, Watched) -> A + Send + 'static,
    ) -> Result<Self, Stopped> {
        let (requests, asked) = channel();
        let (told, answers) = channel();
        let is_stopped = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&is_stopped);
        let thread = thread::Builder::new().stack_size(STACK).spawn(move || {
            let watched = Watched {
                base: here(),
                is_stopped: flag,
            };
            for request in asked {
                if told.send(work(request, watched.clone())).is_err() {
                    break;
                }
            }
        });
        Ok(Self {
            requests,
            answers,
            thread: Some(thread.map_err(|_| Stopped::NoThread)?),
            is_stopped,
        })
    }

    /// Returns the answer to a request, which must come before `end`.
    pub(super) fn answer(&mut self, request: Q, end: Option<Instant>) -> Result<A, Stopped> {
        if self.is_stopped.load(Ordering::Relaxed) {
            return Err(Stopped::Late);
        }
        // It fails if the thread has ended, which the answer tells.
        let _ = self.requests.send(request);
        let answer = match end {
            Some(end) => {
                let left = end.saturating_duration_since(Instant::now());
                self.answers.recv_timeout(left)
            }
            None => self.answers.recv().map_err(RecvTimeoutError::from),
        };
        match answer {
            Ok(answer) => Ok(answer),
            Err(RecvTimeoutError::Timeout) => {
                self.is_stopped.store(true, Ordering::Relaxed);
                Err(Stopped::Late)
            }
            Err(RecvTimeoutError::Disconnected) => {
                let ended = self.thread.take().map(JoinHandle::join);
                match ended {
                    Some(Err(payload)) if !payload.is::<TooDeep>() => resume_unwind(payload),
                    _ => Err(Stopped::Deep),
                }
            }
        }
    }
}

impl Watched {
    /// Ends the work if its calls are nested too deeply. Stands still for ever after the end of its time.
    pub(super) fn step(&self) {
        if self.base.abs_diff(here()) > MOST {
            // The panic hook would report a bug.
            resume_unwind(Box::new(TooDeep));
        }
        while self.is_stopped.load(Ordering::Relaxed) {
            // Unwinding would drop values, whose depth is not bounded.
            thread::park();
        }
    }
}

/// Returns an address on the stack.
fn here() -> usize {
    let local = 0_u8;
    from_ref(black_box(&local)).addr()
}
