//! Sessions: signing in and out, entering organizations, and the tokens that go with it.

use crate::{
    Ground,
    machines::MachineCaller,
    ports::{
        Access, AccessClaims, AccessTokens, AccountUnit, Attempt, Attempts, Comparison, Device,
        DeviceId, DeviceTokens, Entropy, HashingError, KeyUses, KnownChain, KnownDevice,
        MembershipRow, Passwords, Presented, PresentedRefresh, RefreshClaims, RefreshTokens,
        Rotations, Secret, SessionRow, StoreError, TokenError, TooMany, Unique, Which,
    },
};
use bailiwick_domain::{
    ChainId, SessionId, TenantId, Timestamp,
    access::{AccountAct, AccountScope, Actor, Platform, Principal, Standing},
    api_key::ShownKey,
    password::Password,
    role::{Role, operator_grants},
    session::{Chain, EndCause, Lifetimes, Place, Reuse, RevokeCause, Session, Verdict},
    user::{EmailAddress, User},
};
use std::{net::IpAddr, sync::Arc, time::Duration};

/// The use cases of sessions.
#[derive(Clone)]
pub struct Sessions {
    pub(crate) ground: Ground,
    pub(crate) instruments: Instruments,
    pub(crate) rules: SessionRules,
}

/// What a deployment decides about sessions.
#[derive(Debug, Clone, Copy)]
pub struct SessionRules {
    /// How long sessions and refresh tokens live.
    pub lifetimes: Lifetimes,
    /// How long access tokens live.
    pub access_ttl: Duration,
    /// Must an address be verified before its owner can sign in?
    pub verified_only: bool,
}

/// What sessions need beside the store.
#[derive(Clone)]
pub struct Instruments {
    /// Checks passwords.
    pub passwords: Arc<dyn Passwords>,
    /// Signs and reads access tokens.
    pub access: Arc<dyn AccessTokens>,
    /// Signs and reads refresh tokens.
    pub refresh: Arc<dyn RefreshTokens>,
    /// Signs and reads what devices remember.
    pub devices: Arc<dyn DeviceTokens>,
    /// Counts attempts to sign in.
    pub attempts: Arc<dyn Attempts>,
    /// Makes the secrets of chains.
    pub entropy: Arc<dyn Entropy>,
    /// Takes note of when keys are used.
    pub uses: Arc<dyn KeyUses>,
    /// Takes note of what becomes of refresh tokens.
    pub rotations: Arc<dyn Rotations>,
}

/// Whoever asks, by what they brought: a person in a session, or a machine with a key.
#[derive(Debug, Clone)]
pub enum Asker {
    /// A person.
    Person(Arc<Caller>),
    /// A machine.
    Machine(Arc<MachineCaller>),
}

impl Asker {
    /// Who it is, and what they hold.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        match self {
            Self::Person(caller) => &caller.principal,
            Self::Machine(machine) => &machine.principal,
        }
    }

    /// The tenant that they work in, if they work in one.
    #[must_use]
    pub fn tenant(&self) -> Option<TenantId> {
        match self {
            Self::Person(caller) => caller.tenant,
            Self::Machine(machine) => Some(machine.tenant()),
        }
    }

    /// The tenant that knows them, if one does: in its trail stands what was refused to them.
    #[must_use]
    pub fn known_in(&self) -> Option<TenantId> {
        match self {
            Self::Person(caller) => caller.standing.as_ref().map(|standing| standing.tenant),
            Self::Machine(machine) => Some(machine.tenant()),
        }
    }

    /// Who it is.
    #[must_use]
    pub fn actor(&self) -> Actor {
        self.principal().actor()
    }

    /// When all this was so.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::Person(caller) => caller.now,
            Self::Machine(machine) => machine.now,
        }
    }

    /// The person, if it is one.
    #[must_use]
    pub const fn person(&self) -> Option<&Arc<Caller>> {
        match self {
            Self::Person(caller) => Some(caller),
            Self::Machine(_) => None,
        }
    }
}

/// Whoever an access token speaks for, as the store knows them at this moment.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who it is.
    pub user: User,
    /// What they hold in the tenant of the token.
    pub principal: Principal,
    /// The session that they work in.
    pub session: Session,
    /// The chain that the token belongs to.
    pub chain: ChainId,
    /// The tenant that they work in, if the token names one.
    pub tenant: Option<TenantId>,
    /// Their standing there, if they have one.
    pub standing: Option<Arc<Standing>>,
    /// Have they proved who they are a short while ago?
    pub recent: bool,
    /// Have they shown a second factor in this session?
    pub second_factor: bool,
    /// When all this was so.
    pub now: Timestamp,
}

impl Caller {
    /// Their roles in the whole tenant of the token.
    #[must_use]
    pub fn roles(&self) -> Vec<&Role> {
        let standing = self.standing.as_ref();
        standing.map_or(Vec::new(), |standing| standing.live_roles(self.now))
    }
}

/// Somebody wants to sign in.
pub struct SignIn {
    /// The address, as it was typed.
    pub username: String,
    /// The password, as it was typed.
    pub password: Password,
    /// The organization to enter at once.
    pub organization: Option<TenantId>,
    /// From where, as it says itself.
    pub device: Device,
    /// From which network address.
    pub address: Option<IpAddr>,
    /// What the device remembers of having signed in before.
    pub device_token: Option<String>,
}

/// Somebody has signed in.
pub struct SignedIn {
    /// Their tokens.
    pub tokens: Tokens,
    /// The organizations that they can enter.
    pub organizations: Vec<MembershipRow>,
    /// What the device is to remember.
    pub device_token: String,
    /// When all this was so.
    pub now: Timestamp,
}

/// How long a device remembers that its owner has signed in.
pub const DEVICE_REMEMBERED: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A token pair.
pub struct Tokens {
    /// The access token.
    pub access: String,
    /// How long it is good.
    pub access_ttl: Duration,
    /// The refresh token.
    pub refresh: String,
    /// How long it is good.
    pub refresh_ttl: Duration,
    /// Where both are good.
    pub tenant: Option<TenantId>,
}

/// For how long a proof of who somebody is counts as recent (RFC 9470 §3).
pub const RECENT: Duration = Duration::from_secs(15 * 60);

/// What somebody signs out with.
#[derive(Clone, Copy)]
pub enum Credential<'a> {
    /// An access token.
    Access(&'a str),
    /// A refresh token.
    Refresh(&'a str),
}

/// Why somebody did not get what they asked for with a password or a token.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The password is wrong, or the token is: nothing more is said.
    #[error("the credential is not valid")]
    Refused,
    /// There is no such organization, or the person cannot enter it: nothing more is said.
    #[error("the organization cannot be entered")]
    NotYours,
    /// Too many passwords were tried.
    #[error(transparent)]
    TooMany(#[from] TooMany),
    /// The password could not be checked.
    #[error(transparent)]
    Hashing(#[from] HashingError),
    /// The keys are out of reach.
    #[error("the keys are unavailable")]
    Keys(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<TokenError> for SessionError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Invalid(_) => Self::Refused,
            TokenError::Unavailable(source) => Self::Keys(source),
        }
    }
}

impl Sessions {
    /// The use cases over these ports.
    #[must_use]
    pub const fn new(ground: Ground, instruments: Instruments, rules: SessionRules) -> Self {
        Self {
            ground,
            instruments,
            rules,
        }
    }

    /// Who speaks, by their access token, or by their key.
    ///
    /// # Errors
    /// When the token, its session or its account is good no more, or the key; when store or keys fail.
    pub async fn authenticate(&self, token: &str) -> Result<Asker, SessionError> {
        let now = self.ground.clock.now();
        if token.starts_with(ShownKey::PREFIX) {
            let machine = self.machine_with(token, now).await?;
            return Ok(Asker::Machine(Arc::new(self.at_work(machine))));
        }
        match self.instruments.access.verify(token, now).await? {
            Access::Person(claims) => {
                let person = self.person_of(&claims, now).await?;
                Ok(Asker::Person(Arc::new(person)))
            }
            Access::Machine(claims) => {
                let machine = self.machine_of(&claims, now).await?;
                Ok(Asker::Machine(Arc::new(self.at_work(machine))))
            }
        }
    }

    pub(crate) async fn person_of(
        &self,
        claims: &AccessClaims,
        now: Timestamp,
    ) -> Result<Caller, SessionError> {
        let facts = self
            .ground
            .store
            .facts(claims)
            .await?
            .ok_or(SessionError::Refused)?;
        if facts.chain_revoked || !facts.session.is_live(now) || !facts.user.is_active() {
            return Err(SessionError::Refused);
        }
        let mut principal = Principal::new(facts.user.id);
        if facts.operator {
            principal = principal.granted(Platform, operator_grants());
        }
        let recent = now < facts.session.authenticated_at.plus(RECENT);
        Ok(Caller {
            principal: match &facts.standing {
                Some(standing) => principal.standing(standing, now),
                None => principal,
            },
            user: facts.user.clone(),
            chain: claims.chain,
            tenant: claims.tenant,
            standing: facts.standing.clone(),
            recent,
            second_factor: facts.session.second_factor_at.is_some(),
            session: facts.session.clone(),
            now,
        })
    }

    /// Opens a session with a password. It enters the organization that was asked for, else the only one that there
    /// is, else none.
    ///
    /// An unknown address, one that has yet to be verified, a closed account and one without a password are refused like a wrong password, after the
    /// same work.
    ///
    /// # Errors
    /// When address and password do not belong together; when the organization cannot be entered; when too many
    /// passwords wait to be hashed; when store or keys fail.
    pub async fn sign_in(&self, attempt: SignIn) -> Result<SignedIn, SessionError> {
        self.instruments.passwords.admit()?;
        let email = attempt.username.parse::<EmailAddress>().ok();
        let device = self.known_device(&attempt, email.as_ref()).await?;
        let account = match &email {
            Some(account) => {
                let address = attempt.address;
                self.instruments.attempts.count(&Attempt {
                    account,
                    address,
                    device,
                })?;
                self.ground.store.account_of(account).await?
            }
            None => None,
        };
        let (user, hash) = match account {
            Some(account) => (Some(account.user), account.password),
            None => (None, None),
        };
        let password = attempt.password;
        if !password.is_bounded() {
            return Err(SessionError::Refused);
        }
        let passwords = &self.instruments.passwords;
        let comparison = passwords.verify(password.clone(), hash.clone()).await?;
        let user = user
            .filter(|_| comparison != Comparison::Differs)
            .filter(|user| user.verified_at.is_some() || !self.rules.verified_only)
            .ok_or(SessionError::Refused)?;
        // When too many wait, it is made anew another time.
        let rehashed = match comparison {
            Comparison::Differs | Comparison::Matches => None,
            Comparison::MatchesOutdated => passwords.hash(password).await.ok(),
        };

        let now = self.ground.clock.now();
        let session = SessionId::from_uuid(self.ground.ids.next());
        let session = Session::open(session, user.id, &self.rules.lifetimes, now);
        let scope = AccountScope::of_session(&session);
        let mut organizations = self.ground.store.organizations_of(&scope, now).await?;
        organizations.retain(MembershipRow::may_enter);
        let place = match (attempt.organization, organizations.as_slice()) {
            (Some(wanted), all) => Some(place_in(all, wanted)?),
            (None, [only]) => Some(only.place),
            (None, _) => None,
        };

        let mut unit = self.ground.store.account(&scope).await?;
        // While the password was hashed it may have been changed, and the account closed.
        let account = unit.account().await?.ok_or(SessionError::Refused)?;
        if account.password != hash || !account.user.is_active() {
            return Err(SessionError::Refused);
        }
        unit.add_session(&session, &attempt.device).await?;
        if let Some(hash) = rehashed {
            unit.set_password(&hash, now).await?;
        }
        let (chain, secret) = self
            .start_chain(&mut *unit, &session, place, None, now)
            .await?;
        unit.commit(scope.entry(AccountAct::OpenSession, session.id))
            .await?;
        let tokens = self.tokens(&session, &chain, &secret, now).await?;
        Ok(SignedIn {
            tokens,
            organizations,
            device_token: self.remember(device, user.email).await?,
            now,
        })
    }

    /// What a device is to remember when its owner has shown who they are: by a password, or by a mail.
    ///
    /// # Errors
    /// When the keys fail.
    pub async fn remember(
        &self,
        device: Option<DeviceId>,
        account: EmailAddress,
    ) -> Result<String, SessionError> {
        let now = self.ground.clock.now();
        let device = KnownDevice {
            id: device.unwrap_or_else(|| DeviceId(self.ground.ids.next())),
            account,
            issued_at: now,
            expires_at: now.plus(DEVICE_REMEMBERED),
        };
        Ok(self.instruments.devices.issue(&device).await?)
    }

    /// The device of an attempt, if its owner has signed in to this account with it before.
    async fn known_device(
        &self,
        attempt: &SignIn,
        account: Option<&EmailAddress>,
    ) -> Result<Option<DeviceId>, SessionError> {
        let Some(token) = &attempt.device_token else {
            return Ok(None);
        };
        match self
            .instruments
            .devices
            .verify(token, self.ground.clock.now())
            .await
        {
            Ok(device) => Ok((Some(&device.account) == account).then_some(device.id)),
            Err(TokenError::Invalid(_)) => Ok(None),
            Err(TokenError::Unavailable(source)) => Err(SessionError::Keys(source)),
        }
    }

    /// Enters an organization: tokens for it, from the session's own chain there. Entering twice disturbs nobody.
    ///
    /// # Errors
    /// When the organization cannot be entered; when store or keys fail.
    pub async fn select(&self, caller: &Caller, wanted: TenantId) -> Result<Tokens, SessionError> {
        self.select_from(&caller.session, caller.chain, wanted)
            .await
    }

    async fn select_from(
        &self,
        session: &Session,
        from: ChainId,
        wanted: TenantId,
    ) -> Result<Tokens, SessionError> {
        let place = self.place(session, wanted).await?;
        match self.enter(session, from, place).await {
            // The same organization was entered in another tab at this moment: now its chain is there to be found.
            Err(SessionError::Store(StoreError::Taken(Unique::LiveChain))) => {
                self.enter(session, from, place).await
            }
            // They were removed from it at this moment.
            Err(SessionError::Store(StoreError::Gone)) => Err(SessionError::NotYours),
            outcome => outcome,
        }
    }

    async fn place(&self, session: &Session, wanted: TenantId) -> Result<Place, SessionError> {
        let scope = AccountScope::of_session(session);
        let now = self.ground.clock.now();
        place_in(
            &self.ground.store.organizations_of(&scope, now).await?,
            wanted,
        )
    }

    async fn enter(
        &self,
        session: &Session,
        from: ChainId,
        place: Place,
    ) -> Result<Tokens, SessionError> {
        let now = self.ground.clock.now();
        let scope = AccountScope::of_session(session);
        let mut unit = self.ground.store.account(&scope).await?;
        let (chain, secret) = match unit.live_chain(session.id, Some(place.tenant)).await? {
            Some((chain, secret)) if now < chain.expires_at(session, &self.rules.lifetimes) => {
                (chain, secret)
            }
            idle => {
                if let Some((chain, _)) = idle {
                    unit.revoke_chain(chain.id, RevokeCause::Lapsed, now)
                        .await?;
                }
                self.start_chain(&mut *unit, session, Some(place), Some(from), now)
                    .await?
            }
        };
        unit.commit(scope.entry(AccountAct::SelectOrganization, place.tenant))
            .await?;
        self.tokens(session, &chain, &secret, now).await
    }

    /// A new pair for a refresh token, which is spent by it. The organization stays, unless another one is named: then
    /// the pair is for that one.
    ///
    /// # Errors
    /// When the token is good no more, and if it was spent before, its chain ends with it; when the organization
    /// cannot be entered; when store or keys fail.
    pub async fn refresh(
        &self,
        token: &str,
        organization: Option<TenantId>,
    ) -> Result<Tokens, SessionError> {
        let now = self.ground.clock.now();
        let presented = self.instruments.refresh.read(token, now).await?;
        // Who loses the race for a rotation looks again, and finds that somebody was faster.
        for _ in 0..2 {
            let KnownChain {
                mut chain,
                secret,
                session,
                account_open,
                standing,
            } = self.known(&presented).await?;
            let here = chain.place.map(|place| place.tenant);
            let open = here.is_none() || standing.is_some_and(|standing| standing.may_enter(now));
            if !account_open || !open {
                return Err(SessionError::Refused);
            }
            let generation = presented.claims.generation;
            let lifetimes = &self.rules.lifetimes;
            let outage = self.ground.store.outage();
            let next = match chain.present(generation, &session, lifetimes, outage, now) {
                Verdict::Rotate(next) => Some(next),
                Verdict::Replay(_) => None,
                Verdict::Reuse(reuse) => {
                    self.instruments.rotations.note(Presented::Reused);
                    self.end_reused(&reuse, now).await?;
                    return Err(SessionError::Refused);
                }
                Verdict::Over => {
                    self.instruments.rotations.note(Presented::Over);
                    return Err(SessionError::Refused);
                }
            };
            let elsewhere = organization.filter(|wanted| here != Some(*wanted));
            if let Some(wanted) = elsewhere {
                // A token is not spent on what is refused.
                self.place(&session, wanted).await?;
            }
            if let Some(next) = next {
                let scope = AccountScope::of_session(&session);
                let mut unit = self.ground.store.account(&scope).await?;
                if !unit.rotate_chain(chain.id, next, now).await? {
                    continue;
                }
                unit.commit(scope.entry(AccountAct::RefreshTokens, chain.id))
                    .await?;
                chain.generation = next;
                chain.rotated_at = now;
                self.instruments.rotations.note(Presented::Rotated);
            } else {
                self.instruments.rotations.note(Presented::Replayed);
            }
            return match elsewhere {
                Some(wanted) => self.select_from(&session, chain.id, wanted).await,
                None => self.tokens(&session, &chain, &secret, now).await,
            };
        }
        Err(SessionError::Refused)
    }

    /// The verdict on a reuse lasts, although the answer is a refusal.
    async fn end_reused(&self, reuse: &Reuse, now: Timestamp) -> Result<(), StoreError> {
        let scope = AccountScope::reused(reuse);
        let mut unit = self.ground.store.account(&scope).await?;
        if unit
            .revoke_chain(reuse.chain, RevokeCause::Reuse, now)
            .await?
        {
            unit.commit(scope.entry(AccountAct::LoseChain, reuse.chain))
                .await?;
        }
        Ok(())
    }

    /// Ends the session of a credential, with all its chains and access tokens. Doing it again changes nothing.
    ///
    /// # Errors
    /// When the credential is not ours or has lapsed; when store or keys fail.
    pub async fn sign_out(&self, credential: Credential<'_>) -> Result<(), SessionError> {
        let now = self.ground.clock.now();
        let session = match credential {
            Credential::Access(token) => {
                match self.instruments.access.verify(token, now).await? {
                    Access::Person(claims) => self.ground.store.session(claims.session).await?,
                    // A machine has no session that it could end.
                    Access::Machine(_) => None,
                }
            }
            Credential::Refresh(token) => {
                let presented = self.instruments.refresh.read(token, now).await?;
                Some(self.known(&presented).await?.session)
            }
        }
        .ok_or(SessionError::Refused)?;
        let scope = AccountScope::of_session(&session);
        let mut unit = self.ground.store.account(&scope).await?;
        let ended = unit
            .end_sessions(Which::One(session.id), EndCause::SignedOut, now)
            .await?;
        if ended > 0 {
            unit.commit(scope.entry(AccountAct::EndSession, session.id))
                .await?;
        }
        Ok(())
    }

    /// The caller's sessions that are not over, the newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self, caller: &Caller) -> Result<Vec<SessionRow>, StoreError> {
        let scope = AccountScope::of_session(&caller.session);
        let now = self.ground.clock.now();
        self.ground.store.sessions_of(&scope, now).await
    }

    /// Ends sessions of the caller, and says how many were not over yet.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn end(&self, caller: &Caller, which: Which) -> Result<u64, StoreError> {
        let scope = AccountScope::of_session(&caller.session);
        let entry = match which {
            Which::One(session) => scope.entry(AccountAct::EndSession, session),
            Which::AllBut(_) => scope.entry(AccountAct::EndOtherSessions, caller.user.id),
            Which::All => scope.entry(AccountAct::EndAllSessions, caller.user.id),
        };
        let now = self.ground.clock.now();
        let mut unit = self.ground.store.account(&scope).await?;
        let ended = unit.end_sessions(which, EndCause::Revoked, now).await?;
        if ended > 0 {
            unit.commit(entry).await?;
        }
        Ok(ended)
    }

    pub(crate) async fn known(
        &self,
        presented: &PresentedRefresh,
    ) -> Result<KnownChain, SessionError> {
        self.ground
            .store
            .chain(&presented.claims)
            .await?
            .filter(|known| self.instruments.refresh.vouches(presented, &known.secret))
            .ok_or(SessionError::Refused)
    }

    async fn start_chain(
        &self,
        unit: &mut dyn AccountUnit,
        session: &Session,
        place: Option<Place>,
        parent: Option<ChainId>,
        now: Timestamp,
    ) -> Result<(Chain, Secret), StoreError> {
        let id = ChainId::from_uuid(self.ground.ids.next());
        let chain = Chain::start(id, session.id, place, now);
        let secret = self.instruments.entropy.secret();
        unit.add_chain(&chain, &secret, parent).await?;
        Ok((chain, secret))
    }

    /// The pair of the chain's newest generation. Whoever asks for it again gets the same refresh token in all but
    /// the bytes of its signature.
    async fn tokens(
        &self,
        session: &Session,
        chain: &Chain,
        secret: &Secret,
        now: Timestamp,
    ) -> Result<Tokens, SessionError> {
        let tenant = chain.place.map(|place| place.tenant);
        let access = AccessClaims {
            id: self.ground.ids.next(),
            user: session.user,
            session: session.id,
            chain: chain.id,
            tenant,
            authenticated_at: session.authenticated_at,
            issued_at: now,
            expires_at: session
                .expires_at
                .min(now.plus(self.rules.access_ttl))
                .rounded_up(),
        };
        let refresh = RefreshClaims {
            user: session.user,
            session: session.id,
            chain: chain.id,
            generation: chain.generation,
            issued_at: chain.rotated_at,
            expires_at: chain
                .expires_at(session, &self.rules.lifetimes)
                .rounded_up(),
        };
        Ok(Tokens {
            access_ttl: now.until(access.expires_at),
            access: self
                .instruments
                .access
                .issue(&Access::Person(access))
                .await?,
            refresh_ttl: now.until(refresh.expires_at),
            refresh: self.instruments.refresh.issue(&refresh, secret).await?,
            tenant,
        })
    }
}

/// An unknown organization, a foreign one and a suspended one are refused alike.
fn place_in(organizations: &[MembershipRow], wanted: TenantId) -> Result<Place, SessionError> {
    organizations
        .iter()
        .find(|row| row.place.tenant == wanted && row.may_enter())
        .map(|row| row.place)
        .ok_or(SessionError::NotYours)
}
