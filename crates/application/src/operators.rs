//! Operators of the platform: appointed at the console, never over HTTP.

use crate::{
    Ground,
    accounts::add_token,
    ports::{Entropy, Letter, Outgoing, StoreError},
};
use bailiwick_domain::{
    Name, UserId,
    access::{AccountAct, AccountScope},
    mailed::MailPurpose,
    user::{EmailAddress, User},
};
use std::sync::Arc;

/// The use cases of whoever runs the deployment.
#[derive(Clone)]
pub struct Operators {
    ground: Ground,
    entropy: Arc<dyn Entropy>,
}

/// Somebody is an operator now.
#[derive(Debug)]
pub struct Appointed {
    /// The account.
    pub user: User,
    /// Was it made an operator's by this?
    pub new: bool,
    /// Where the account is new: the letter by which its owner chooses a password.
    pub letter: Option<Outgoing>,
}

impl Operators {
    /// The use cases over these ports.
    #[must_use]
    pub const fn new(ground: Ground, entropy: Arc<dyn Entropy>) -> Self {
        Self { ground, entropy }
    }

    /// Makes the account with this address an operator's; where there is none, makes one of this name.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn appoint(&self, email: &EmailAddress, name: Name) -> Result<Appointed, StoreError> {
        let now = self.ground.clock.now();
        let known = self.ground.store.account_of(email).await?;
        let fresh = known.is_none();
        let user = match known {
            Some(account) => account.user,
            None => {
                let id = UserId::from_uuid(self.ground.ids.next());
                User::new(id, email.clone(), name, now)
            }
        };
        let scope = AccountScope::at_the_console(&user);
        let mut unit = self.ground.store.account(&scope).await?;
        let mut letter = None;
        if fresh {
            unit.add_user(&user, None).await?;
            let purpose = MailPurpose::ResetPassword;
            let secret =
                add_token(&self.ground, &*self.entropy, &mut *unit, &user, purpose).await?;
            letter = Some(Outgoing {
                to: email.clone(),
                letter: Letter::ResetPassword {
                    name: user.name.clone(),
                    secret,
                },
            });
        }
        let new = unit.appoint(now).await?;
        if new {
            let entry = scope.entry(AccountAct::BecomeOperator, user.id);
            unit.commit(entry).await?;
        }
        Ok(Appointed { user, new, letter })
    }

    /// Makes the account with this address an operator's no more. `None`: it was none.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn dismiss(&self, email: &EmailAddress) -> Result<Option<User>, StoreError> {
        let Some(account) = self.ground.store.account_of(email).await? else {
            return Ok(None);
        };
        let user = account.user;
        let scope = AccountScope::at_the_console(&user);
        let mut unit = self.ground.store.account(&scope).await?;
        if !unit.dismiss().await? {
            return Ok(None);
        }
        let entry = scope.entry(AccountAct::CeaseOperator, user.id);
        unit.commit(entry).await?;
        Ok(Some(user))
    }
}
