//! What is done once, however often it is asked for.

use crate::ports::{Keeps, KeptAnswer, StoreError, Unique};

/// What becomes of a request that may come again with the same key.
///
/// A use case asks first whether it was [done before](Self::first), once it has its permit; and its unit of work
/// [keeps the answer](Self::keep) with the change that it tells of. So a change that lasts has its answer, and one that was
/// cut off has none and can be asked for again.
pub struct Once<T: ?Sized>(Which<T>);

enum Which<T: ?Sized> {
    Unkeyed,
    Before,
    First(Box<Answer<T>>),
}

type Answer<T> = dyn FnOnce(&T) -> Result<KeptAnswer, StoreError> + Send;

impl<T: ?Sized> Once<T> {
    /// It has no key: each time is the first.
    #[must_use]
    pub const fn unkeyed() -> Self {
        Self(Which::Unkeyed)
    }

    /// It was done before.
    #[must_use]
    pub const fn before() -> Self {
        Self(Which::Before)
    }

    /// It is new, and is to be answered like this.
    pub fn answered(
        answer: impl FnOnce(&T) -> Result<KeptAnswer, StoreError> + Send + 'static,
    ) -> Self {
        Self(Which::First(Box::new(answer)))
    }

    /// Nothing of this was done before.
    ///
    /// # Errors
    /// [`Unique::Request`]: it was.
    pub const fn first(&self) -> Result<(), StoreError> {
        match self.0 {
            Which::Unkeyed | Which::First(_) => Ok(()),
            Which::Before => Err(StoreError::Taken(Unique::Request)),
        }
    }

    /// Keeps the answer with what the unit of work has written.
    ///
    /// # Errors
    /// [`Unique::Request`]: the same request came again meanwhile, and was faster. When the store fails.
    pub async fn keep<U: Keeps + ?Sized>(
        self,
        unit: &mut U,
        outcome: &T,
    ) -> Result<(), StoreError> {
        match self.0 {
            Which::First(answer) => unit.keep(&answer(outcome)?).await,
            Which::Unkeyed | Which::Before => self.first(),
        }
    }
}

impl<T: ?Sized> std::fmt::Debug for Once<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            Which::Unkeyed => "Once(unkeyed)",
            Which::Before => "Once(before)",
            Which::First(_) => "Once(first)",
        })
    }
}
