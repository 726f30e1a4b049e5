//! What no answer waits for: how long it takes would tell who has an account.

use std::error::Error;
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

/// Work behind answers, which goes on when the threads that answer requests have stopped.
#[derive(Debug, Clone)]
pub struct Background {
    runtime: Handle,
    tasks: TaskTracker,
}

impl Background {
    /// On this runtime, among these tasks, which whoever stops it waits for.
    #[must_use]
    pub const fn new(runtime: Handle, tasks: TaskTracker) -> Self {
        Self { runtime, tasks }
    }

    pub(crate) fn run<E: Error>(&self, work: impl Future<Output = Result<(), E>> + Send + 'static) {
        let work = async {
            if let Err(error) = work.await {
                tracing::error!(error = %error, cause = error.source(), "a mail was not sent");
            }
        };
        self.tasks.spawn_on(work.in_current_span(), &self.runtime);
    }
}
