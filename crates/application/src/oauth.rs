//! Tokens as OAuth 2.0 knows them: for machines, given back (RFC 7009), and looked into (RFC 7662).

use crate::{
    machines::MachineCaller,
    ports::{
        Access, AccessClaims, KnownChain, MachineClaims, RefreshClaims, Secret, StoreError,
        WhichSecret,
    },
    sessions::{SessionError, Sessions},
};
use bailiwick_domain::{
    ChainId, TenantId, Timestamp,
    access::{AccountAct, AccountScope, Grants},
    api_key::{ApiKey, ShownKey},
    session::{RevokeCause, Session},
    tenant::TenantStatus,
};
use std::time::Duration;

/// The access token of a machine (RFC 6749 §4.4.3): there is none to refresh it with, the key is.
pub struct MachineToken {
    /// The token.
    pub access: String,
    /// How long it is good.
    pub access_ttl: Duration,
    /// Where.
    pub tenant: TenantId,
    /// How far its key goes.
    pub grants: Grants,
}

/// What came of giving back a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GivenBack {
    /// It is worthless now, and all that belongs to it; or it was before.
    Over,
    /// It is good for as long as the key that it was made with.
    AsLongAsItsKey,
}

/// A token that is good, as whoever looks into it may know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Live {
    /// An access token of a person.
    Person(AccessClaims),
    /// A refresh token of a person, and where it is good.
    Refresh(RefreshClaims, TenantId),
    /// An access token of a machine.
    Machine(MachineClaims),
    /// A key itself.
    Key(ApiKey),
}

impl Sessions {
    /// The machine that shows this key.
    pub(crate) async fn machine_with(
        &self,
        key: &str,
        now: Timestamp,
    ) -> Result<MachineCaller, SessionError> {
        // Whoever mistypes costs the store nothing.
        let shown: ShownKey = key.parse().map_err(|_| SessionError::Refused)?;
        let secret = Secret(shown.secret);
        let known = self.ground.store.key_with(shown.id, &secret).await?;
        let (known, which) = known.ok_or(SessionError::Refused)?;
        if which == WhichSecret::Previous && !known.key.takes_previous(now) {
            return Err(SessionError::Refused);
        }
        MachineCaller::of(known, now).ok_or(SessionError::Refused)
    }

    /// The machine whose token says this.
    pub(crate) async fn machine_of(
        &self,
        claims: &MachineClaims,
        now: Timestamp,
    ) -> Result<MachineCaller, SessionError> {
        let known = self.ground.store.key_of(claims).await?;
        let machine = known.and_then(|known| MachineCaller::of(known, now));
        machine.ok_or(SessionError::Refused)
    }

    /// The machine works with its key: that is noted, and whoever looks into a key does not use it.
    pub(crate) fn at_work(&self, machine: MachineCaller) -> MachineCaller {
        let uses = &self.instruments.uses;
        uses.note(machine.tenant(), machine.key.id, machine.now);
        machine
    }

    /// The machine that shows who it is as an OAuth client: by the id of its service account or of its key, and by the key.
    ///
    /// # Errors
    /// When they do not belong together, or are good no more; when its organization is not in order; when the store fails.
    pub async fn client(&self, id: &str, key: &str) -> Result<MachineCaller, SessionError> {
        let now = self.ground.clock.now();
        let machine = self.machine_with(key, now).await?;
        let ids = [machine.account.id.to_string(), machine.key.id.to_string()];
        if machine.tenant_status != TenantStatus::Active || !ids.iter().any(|known| known == id) {
            return Err(SessionError::Refused);
        }
        Ok(self.at_work(machine))
    }

    /// An access token for a machine that has shown who it is.
    ///
    /// # Errors
    /// When the keys fail.
    pub async fn token_for(&self, machine: &MachineCaller) -> Result<MachineToken, SessionError> {
        let now = machine.now;
        let claims = MachineClaims {
            id: self.ground.ids.next(),
            account: machine.account.id,
            key: machine.key.id,
            tenant: machine.tenant(),
            issued_at: now,
            expires_at: machine
                .key
                .expires_at
                .min(now.plus(self.rules.access_ttl))
                .rounded_up(),
        };
        Ok(MachineToken {
            access_ttl: now.until(claims.expires_at),
            tenant: claims.tenant,
            grants: machine.key.grants,
            access: self
                .instruments
                .access
                .issue(&Access::Machine(claims))
                .await?,
        })
    }

    /// Takes a token back: the chain that it is of ends, with every token of it. Doing it again changes nothing, and nobody
    /// learns whether there was one.
    ///
    /// # Errors
    /// When store or keys fail.
    pub async fn give_back(&self, token: &str) -> Result<GivenBack, SessionError> {
        match self.given_back(token).await {
            Err(SessionError::Refused) => Ok(GivenBack::Over),
            outcome => outcome,
        }
    }

    async fn given_back(&self, token: &str) -> Result<GivenBack, SessionError> {
        let now = self.ground.clock.now();
        if token.starts_with(ShownKey::PREFIX) {
            self.machine_with(token, now).await?;
            return Ok(GivenBack::AsLongAsItsKey);
        }
        let (session, chain) = match self.instruments.access.verify(token, now).await {
            Ok(Access::Machine(_)) => return Ok(GivenBack::AsLongAsItsKey),
            Ok(Access::Person(claims)) => {
                let session = self.ground.store.session(claims.session).await?;
                (session.ok_or(SessionError::Refused)?, claims.chain)
            }
            Err(error) => match SessionError::from(error) {
                SessionError::Refused => {
                    let presented = self.instruments.refresh.read(token, now).await?;
                    let known = self.known(&presented).await?;
                    (known.session, known.chain.id)
                }
                error => return Err(error),
            },
        };
        self.end_chain(&session, chain, now).await?;
        Ok(GivenBack::Over)
    }

    async fn end_chain(
        &self,
        session: &Session,
        chain: ChainId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let scope = AccountScope::of_session(session);
        let mut unit = self.ground.store.account(&scope).await?;
        if unit
            .revoke_chain(chain, RevokeCause::GivenBack, now)
            .await?
        {
            unit.commit(scope.entry(AccountAct::GiveBackTokens, chain))
                .await?;
        }
        Ok(())
    }

    /// What a token is good for, if it is good at this moment, and in the machine's own tenant. Of any other nothing is said.
    ///
    /// # Errors
    /// When store or keys fail.
    pub async fn look_into(
        &self,
        machine: &MachineCaller,
        token: &str,
    ) -> Result<Option<Live>, SessionError> {
        match self.live(machine.tenant(), token).await {
            Err(SessionError::Refused) => Ok(None),
            outcome => outcome.map(Some),
        }
    }

    async fn live(&self, tenant: TenantId, token: &str) -> Result<Live, SessionError> {
        let now = self.ground.clock.now();
        if token.starts_with(ShownKey::PREFIX) {
            let other = self.machine_with(token, now).await?;
            other.is_of(tenant)?;
            return Ok(Live::Key(other.key));
        }
        match self.instruments.access.verify(token, now).await {
            Ok(Access::Machine(claims)) => {
                self.machine_of(&claims, now).await?.is_of(tenant)?;
                Ok(Live::Machine(claims))
            }
            Ok(Access::Person(claims)) => {
                let person = self.person_of(&claims, now).await?;
                let here = person.standing.filter(|one| one.tenant == tenant);
                match here {
                    Some(standing) if standing.may_enter(now) => Ok(Live::Person(claims)),
                    _ => Err(SessionError::Refused),
                }
            }
            Err(error) => match SessionError::from(error) {
                SessionError::Refused => self.live_refresh(tenant, token, now).await,
                error => Err(error),
            },
        }
    }

    /// A refresh token that would be taken now; looking into it does not spend it.
    async fn live_refresh(
        &self,
        tenant: TenantId,
        token: &str,
        now: Timestamp,
    ) -> Result<Live, SessionError> {
        let presented = self.instruments.refresh.read(token, now).await?;
        let KnownChain {
            chain,
            session,
            account_open,
            standing,
            ..
        } = self.known(&presented).await?;
        let here = standing.filter(|standing| standing.tenant == tenant);
        let good = account_open
            && here.is_some_and(|standing| standing.may_enter(now))
            && chain.revoked_at.is_none()
            && chain.generation == presented.claims.generation
            && session.is_live(now)
            && now < chain.expires_at(&session, &self.rules.lifetimes);
        if good {
            Ok(Live::Refresh(presented.claims, tenant))
        } else {
            Err(SessionError::Refused)
        }
    }
}

impl MachineCaller {
    fn is_of(&self, tenant: TenantId) -> Result<(), SessionError> {
        if self.tenant() == tenant && self.tenant_status == TenantStatus::Active {
            Ok(())
        } else {
            Err(SessionError::Refused)
        }
    }
}
