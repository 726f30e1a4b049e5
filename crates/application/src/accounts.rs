//! Accounts: who can sign in at all.

use crate::{
    Ground,
    ports::{HashingError, Passwords, StoreError, Unique},
};
use bailiwick_domain::{
    Name, UserId,
    access::{AccountAct, AccountScope},
    user::{EmailAddress, Password, User},
};
use std::sync::Arc;

/// The use cases of accounts.
#[derive(Clone)]
pub struct Accounts {
    ground: Ground,
    passwords: Arc<dyn Passwords>,
}

/// Somebody asks for an account.
#[derive(Debug)]
pub struct Register {
    /// Where they receive mail.
    pub email: EmailAddress,
    /// What they are called.
    pub name: Name,
    /// What they will sign in with.
    pub password: Password,
}

/// Why there is no account.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The address belongs to somebody.
    #[error("the email address is already registered")]
    EmailTaken,
    /// The password could not be hashed.
    #[error(transparent)]
    Hashing(#[from] HashingError),
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for RegisterError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Taken(Unique::Email) => Self::EmailTaken,
            error => Self::Store(error),
        }
    }
}

impl Accounts {
    /// The use cases over these ports.
    #[must_use]
    pub fn new(ground: Ground, passwords: Arc<dyn Passwords>) -> Self {
        Self { ground, passwords }
    }

    /// Makes an account.
    ///
    /// # Errors
    /// When the address is taken, when too many passwords wait to be hashed, when the store fails.
    pub async fn register(&self, register: Register) -> Result<User, RegisterError> {
        let password = self.passwords.hash(register.password).await?;
        let user = User::new(
            UserId::from_uuid(self.ground.ids.next()),
            register.email,
            register.name,
            self.ground.clock.now(),
        );
        let scope = AccountScope::registering(&user);
        let mut unit = self.ground.store.account(&scope).await?;
        unit.add_user(&user, &password).await?;
        unit.commit(scope.entry(AccountAct::Register, user.id))
            .await?;
        Ok(user)
    }
}
