//! Accounts: who can sign in at all.

use crate::{
    Ground,
    once::Once,
    ports::{
        Account, AccountUnit, Attempt, Attempts, Comparison, DeviceId, Entropy, HashingError,
        Letter, MailError, Mailer, Passwords, Secret, StoreError, TooMany, Unique, Which,
    },
    sessions::Caller,
};
use bailiwick_domain::{
    MailedTokenId, Name, Timestamp, UserId,
    access::{AccountAct, AccountScope},
    mailed::{MailPurpose, MailedToken, NotRedeemable, Redeemed},
    password::{NewPassword, Password, PasswordHash},
    session::EndCause,
    user::{EmailAddress, User},
};
use std::sync::Arc;

/// The use cases of accounts.
#[derive(Clone)]
pub struct Accounts {
    ground: Ground,
    passwords: Arc<dyn Passwords>,
    entropy: Arc<dyn Entropy>,
    mailer: Arc<dyn Mailer>,
    attempts: Arc<dyn Attempts>,
}

/// Somebody asks for an account.
#[derive(Debug)]
pub struct Register {
    /// Where they receive mail.
    pub email: EmailAddress,
    /// What they are called.
    pub name: Name,
    /// What they will sign in with.
    pub password: NewPassword,
}

/// Why there is no account.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The address belongs to somebody.
    #[error("the email address is already registered")]
    EmailTaken,
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

/// Why the password is still the old one.
#[derive(Debug, thiserror::Error)]
pub enum ChangePasswordError {
    /// The current password is another one.
    #[error("the current password is another one")]
    WrongPassword,
    /// Too many passwords were tried.
    #[error(transparent)]
    TooMany(#[from] TooMany),
    /// A password could not be hashed.
    #[error(transparent)]
    Hashing(#[from] HashingError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a token from a mail did nothing.
#[derive(Debug, thiserror::Error)]
pub enum RedeemError {
    /// It is not ours, for something else, spent, superseded or expired.
    #[error(transparent)]
    NotRedeemable(#[from] NotRedeemable),
    /// The password could not be hashed.
    #[error(transparent)]
    Hashing(#[from] HashingError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why no mail went out: for the log, since whoever asked for it is told nothing.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The mail was not handed over.
    #[error(transparent)]
    Mail(#[from] MailError),
}

/// Somebody asks for an account, and their password is hashed.
#[derive(Debug)]
pub struct Draft {
    email: EmailAddress,
    name: Name,
    password: PasswordHash,
}

/// A new account, and the secret by which its owner can verify the address.
#[derive(Debug)]
#[must_use = "its owner has to be welcomed"]
pub struct Registered {
    /// The account.
    pub user: User,
    secret: Secret,
}

impl Accounts {
    /// The use cases over these ports.
    #[must_use]
    pub fn new(
        ground: Ground,
        passwords: Arc<dyn Passwords>,
        entropy: Arc<dyn Entropy>,
        mailer: Arc<dyn Mailer>,
        attempts: Arc<dyn Attempts>,
    ) -> Self {
        Self {
            ground,
            passwords,
            entropy,
            mailer,
            attempts,
        }
    }

    /// Hashes the password, which takes its time whoever registers.
    ///
    /// # Errors
    /// When too many passwords wait to be hashed.
    pub async fn draft(&self, register: Register) -> Result<Draft, HashingError> {
        let Register {
            email,
            name,
            password,
        } = register;
        let password = self.passwords.hash(password.into()).await?;
        Ok(Draft {
            email,
            name,
            password,
        })
    }

    /// Makes an account, and a letter by which its owner can verify the address.
    ///
    /// # Errors
    /// When the address is taken, when the store fails.
    pub async fn register(
        &self,
        draft: Draft,
        once: Once<User>,
    ) -> Result<Registered, RegisterError> {
        once.first()?;
        let Draft {
            email,
            name,
            password,
        } = draft;
        let id = UserId::from_uuid(self.ground.ids.next());
        let user = User::new(id, email, name, self.ground.clock.now());
        let scope = AccountScope::registering(&user);
        let mut unit = self.ground.store.account(&scope).await?;
        unit.add_user(&user, Some(&password)).await?;
        let secret = self
            .add_token(&mut *unit, &user, MailPurpose::VerifyEmail)
            .await?;
        once.keep(&mut *unit, &user).await?;
        unit.commit(scope.entry(AccountAct::Register, user.id))
            .await?;
        Ok(Registered { user, secret })
    }

    /// Sends the letter that goes with a new account.
    ///
    /// # Errors
    /// When it cannot be handed over.
    pub async fn welcome(&self, registered: Registered) -> Result<(), SendError> {
        let Registered { user, secret } = registered;
        Ok(self
            .mailer
            .send(&user.email, &Letter::VerifyEmail { secret })
            .await?)
    }

    /// Makes an account where nobody is to learn who has one: only a letter tells. Whoever has the address already is
    /// told so; and if it was never verified, so that somebody else may have taken it, they are sent a token to choose
    /// a password of their own.
    ///
    /// # Errors
    /// When the store fails, when the mail cannot be handed over.
    pub async fn register_discreetly(
        &self,
        draft: Draft,
        once: Once<User>,
    ) -> Result<(), SendError> {
        let email = draft.email.clone();
        match self.register(draft, once).await {
            Ok(registered) => self.welcome(registered).await,
            Err(RegisterError::Store(error)) => Err(error.into()),
            Err(RegisterError::EmailTaken) => {
                let account = self.ground.store.account_of(&email).await?;
                let Some(Account { user, .. }) = account else {
                    return Ok(());
                };
                if user.verified_at.is_none() {
                    return self.send_token(&email, MailPurpose::ResetPassword).await;
                }
                if self.attempts.count_mail(&email).is_err() {
                    return Ok(());
                }
                let letter = Letter::AlreadyRegistered { name: user.name };
                Ok(self.mailer.send(&email, &letter).await?)
            }
        }
    }

    /// Mails a token for this purpose to the address, if somebody has it and needs one.
    ///
    /// # Errors
    /// When the store fails, when the mail cannot be handed over.
    pub async fn send_token(
        &self,
        email: &EmailAddress,
        purpose: MailPurpose,
    ) -> Result<(), SendError> {
        let Some(account) = self.ground.store.account_of(email).await? else {
            return Ok(());
        };
        let user = account.user;
        let needless = purpose == MailPurpose::VerifyEmail && user.verified_at.is_some();
        if needless || !user.is_active() || self.attempts.count_mail(email).is_err() {
            return Ok(());
        }
        let scope = AccountScope::mailing(&user);
        let mut unit = self.ground.store.account(&scope).await?;
        let secret = self.add_token(&mut *unit, &user, purpose).await?;
        unit.commit(scope.entry(AccountAct::SendToken, user.id))
            .await?;
        let name = user.name;
        let letter = match purpose {
            MailPurpose::VerifyEmail => Letter::VerifyEmail { secret },
            MailPurpose::ResetPassword => Letter::ResetPassword { name, secret },
        };
        Ok(self.mailer.send(email, &letter).await?)
    }

    /// Takes a token that shows that its bearer reads the mail of the account.
    ///
    /// # Errors
    /// When the token is not good any more, when the store fails.
    pub async fn verify_email(&self, secret: &Secret) -> Result<(), RedeemError> {
        let (redeemed, now) = self.redeem(secret, MailPurpose::VerifyEmail).await?;
        let scope = AccountScope::redeemed(&redeemed);
        let mut unit = self.ground.store.account(&scope).await?;
        if !unit.take_mailed_token(redeemed.token()).await? {
            return Err(NotRedeemable.into());
        }
        unit.verify_email(now).await?;
        unit.commit(scope.entry(AccountAct::VerifyEmail, redeemed.user()))
            .await?;
        Ok(())
    }

    /// Gives an account another password for a token from a mail. All its sessions end, and its address is verified.
    ///
    /// # Errors
    /// When the token is not good any more, when too many passwords wait to be hashed, when the store fails.
    pub async fn reset_password(
        &self,
        secret: &Secret,
        password: NewPassword,
    ) -> Result<User, RedeemError> {
        self.redeem(secret, MailPurpose::ResetPassword).await?;
        let hash = self.passwords.hash(password.into()).await?;
        // Hashing takes its time, and the token may have run out meanwhile.
        let (redeemed, now) = self.redeem(secret, MailPurpose::ResetPassword).await?;
        let scope = AccountScope::redeemed(&redeemed);
        let mut unit = self.ground.store.account(&scope).await?;
        if !unit.take_mailed_token(redeemed.token()).await? {
            return Err(NotRedeemable.into());
        }
        let account = unit.account().await?.ok_or(NotRedeemable)?;
        unit.set_password(&hash, now).await?;
        unit.verify_email(now).await?;
        unit.end_sessions(Which::All, EndCause::PasswordReset, now)
            .await?;
        unit.commit(scope.entry(AccountAct::ResetPassword, redeemed.user()))
            .await?;
        Ok(account.user)
    }

    async fn redeem(
        &self,
        secret: &Secret,
        purpose: MailPurpose,
    ) -> Result<(Redeemed, Timestamp), RedeemError> {
        let token = self
            .ground
            .store
            .mailed_token(secret)
            .await?
            .ok_or(NotRedeemable)?;
        let now = self.ground.clock.now();
        Ok((token.redeem(purpose, now)?, now))
    }

    async fn add_token(
        &self,
        unit: &mut dyn AccountUnit,
        user: &User,
        purpose: MailPurpose,
    ) -> Result<Secret, StoreError> {
        add_token(&self.ground, &*self.entropy, unit, user, purpose).await
    }

    /// Gives the caller another password, and ends their other sessions.
    ///
    /// # Errors
    /// When the current password is another one, when too many passwords wait to be hashed, when the store fails.
    pub async fn change_password(
        &self,
        caller: &Caller,
        current: Password,
        new: NewPassword,
    ) -> Result<(), ChangePasswordError> {
        // Whoever found a session open may guess no more often than whoever signs in.
        self.attempts.count(&Attempt {
            account: &caller.user.email,
            address: None,
            device: Some(DeviceId(caller.session.id.as_uuid())),
        })?;
        let store = &self.ground.store;
        let account = store.account_of(&caller.user.email).await?;
        let old = account.and_then(|account| account.password);
        if !current.is_bounded()
            || self.passwords.verify(current, old.clone()).await? == Comparison::Differs
        {
            return Err(ChangePasswordError::WrongPassword);
        }
        let hash = self.passwords.hash(new.into()).await?;
        let now = self.ground.clock.now();
        let scope = AccountScope::of_session(&caller.session);
        let mut unit = store.account(&scope).await?;
        // While both were hashed the password may have been reset, which ended this session.
        let account = unit.account().await?;
        let session = unit.session(caller.session.id).await?;
        if account.and_then(|account| account.password) != old
            || !session.is_some_and(|session| session.is_live(now))
        {
            return Err(ChangePasswordError::WrongPassword);
        }
        unit.set_password(&hash, now).await?;
        let others = Which::AllBut(caller.session.id);
        unit.end_sessions(others, EndCause::PasswordChanged, now)
            .await?;
        unit.commit(scope.entry(AccountAct::ChangePassword, caller.user.id))
            .await?;
        Ok(())
    }
}

/// Adds a token that is to be mailed, and answers with its secret.
pub(crate) async fn add_token(
    ground: &Ground,
    entropy: &dyn Entropy,
    unit: &mut dyn AccountUnit,
    user: &User,
    purpose: MailPurpose,
) -> Result<Secret, StoreError> {
    let id = MailedTokenId::from_uuid(ground.ids.next());
    let token = MailedToken::send(id, user.id, purpose, ground.clock.now());
    let secret = entropy.secret();
    unit.add_mailed_token(&token, &secret).await?;
    Ok(secret)
}
