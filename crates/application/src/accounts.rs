//! Accounts: who can sign in at all.

use crate::{
    Ground,
    ports::{
        AccountUnit, Attempt, Attempts, Comparison, DeviceId, Entropy, HashingError, Letter,
        MailError, Mailer, Passwords, Secret, StoreError, TooMany, Unique, Which,
    },
    sessions::Caller,
};
use bailiwick_domain::{
    MailedTokenId, Name, Timestamp, UserId,
    access::{AccountAct, AccountScope},
    mailed::{MailPurpose, MailedToken, NotRedeemable, Redeemed},
    password::{NewPassword, Password},
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

/// A registration, and the letter that goes with it.
#[derive(Debug)]
pub struct Registered {
    /// The account: new, or the one that has the address.
    pub user: User,
    letter: Letter,
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

    /// Makes an account, and a letter by which its owner can verify the address.
    ///
    /// # Errors
    /// When the address is taken, when too many passwords wait to be hashed, when the store fails.
    pub async fn register(&self, register: Register) -> Result<Registered, RegisterError> {
        let password = self.passwords.hash(register.password.into()).await?;
        let user = User::new(
            UserId::from_uuid(self.ground.ids.next()),
            register.email,
            register.name,
            self.ground.clock.now(),
        );
        let scope = AccountScope::registering(&user);
        let mut unit = self.ground.store.account(&scope).await?;
        unit.add_user(&user, &password).await?;
        let secret = self
            .add_token(&mut *unit, &user, MailPurpose::VerifyEmail)
            .await?;
        unit.commit(scope.entry(AccountAct::Register, user.id))
            .await?;
        let letter = Letter::VerifyEmail {
            name: user.name.clone(),
            secret,
        };
        Ok(Registered { user, letter })
    }

    /// Makes an account where nobody is to learn who has one: the answer is the same, and the letter tells.
    ///
    /// As long as the address is not verified the last one to register counts. Else whoever came first could lie in
    /// wait, with a password of their own, until the owner of the address follows a link.
    ///
    /// # Errors
    /// When too many passwords wait to be hashed, when the store fails.
    pub async fn register_discreetly(
        &self,
        register: Register,
    ) -> Result<Registered, RegisterError> {
        let Some(known) = self.ground.store.account_of(&register.email).await? else {
            return self.register(register).await;
        };
        let password = self.passwords.hash(register.password.into()).await?;
        let mut user = known.user;
        if user.verified_at.is_some() {
            let letter = Letter::AlreadyRegistered {
                name: user.name.clone(),
            };
            return Ok(Registered { user, letter });
        }
        user.name = register.name;
        let scope = AccountScope::registering(&user);
        let mut unit = self.ground.store.account(&scope).await?;
        unit.replace_user(&user, &password).await?;
        let secret = self
            .add_token(&mut *unit, &user, MailPurpose::VerifyEmail)
            .await?;
        unit.commit(scope.entry(AccountAct::Register, user.id))
            .await?;
        let letter = Letter::VerifyEmail {
            name: user.name.clone(),
            secret,
        };
        Ok(Registered { user, letter })
    }

    /// Sends the letter that goes with a registration.
    ///
    /// # Errors
    /// When it cannot be handed over.
    pub async fn welcome(&self, registered: Registered) -> Result<(), MailError> {
        self.mailer
            .send(&registered.user.email, &registered.letter)
            .await
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
        if needless || !user.is_active() {
            return Ok(());
        }
        let scope = AccountScope::mailing(&user);
        let mut unit = self.ground.store.account(&scope).await?;
        let secret = self.add_token(&mut *unit, &user, purpose).await?;
        unit.commit(scope.entry(AccountAct::SendToken, user.id))
            .await?;
        let name = user.name;
        let letter = match purpose {
            MailPurpose::VerifyEmail => Letter::VerifyEmail { name, secret },
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
    ) -> Result<(), RedeemError> {
        self.redeem(secret, MailPurpose::ResetPassword).await?;
        let hash = self.passwords.hash(password.into()).await?;
        // Hashing takes its time, and the token may have run out meanwhile.
        let (redeemed, now) = self.redeem(secret, MailPurpose::ResetPassword).await?;
        let scope = AccountScope::redeemed(&redeemed);
        let mut unit = self.ground.store.account(&scope).await?;
        if !unit.take_mailed_token(redeemed.token()).await? {
            return Err(NotRedeemable.into());
        }
        unit.set_password(&hash, now).await?;
        unit.verify_email(now).await?;
        unit.end_sessions(Which::All, EndCause::PasswordReset, now)
            .await?;
        unit.commit(scope.entry(AccountAct::ResetPassword, redeemed.user()))
            .await?;
        Ok(())
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
        let id = MailedTokenId::from_uuid(self.ground.ids.next());
        let token = MailedToken::send(id, user.id, purpose, self.ground.clock.now());
        let secret = self.entropy.secret();
        unit.add_mailed_token(&token, &secret).await?;
        Ok(secret)
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
        let hash = store
            .account_of(&caller.user.email)
            .await?
            .and_then(|account| account.password);
        if !current.is_bounded()
            || self.passwords.verify(current, hash).await? == Comparison::Differs
        {
            return Err(ChangePasswordError::WrongPassword);
        }
        let hash = self.passwords.hash(new.into()).await?;
        let now = self.ground.clock.now();
        let scope = AccountScope::of_session(&caller.session);
        let mut unit = store.account(&scope).await?;
        unit.set_password(&hash, now).await?;
        let others = Which::AllBut(caller.session.id);
        unit.end_sessions(others, EndCause::PasswordChanged, now)
            .await?;
        unit.commit(scope.entry(AccountAct::ChangePassword, caller.user.id))
            .await?;
        Ok(())
    }
}
