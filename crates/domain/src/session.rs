//! Sessions and their chains of refresh tokens.
//!
//! A session is opened by signing in. For each organization entered in it, and for none, it has a *chain*: a counter.
//! A refresh token names one value of the counter, its *generation*; only the newest is good. Whoever presents it
//! moves the counter on. Whoever presents an older one has stolen it, or was stolen from, and the chain ends, with one
//! exception: the immediate predecessor, within a short window, while its successor is unused. That is an honest
//! retry or a second tab, and gets the same successor again.
//!
//! ```
//! use bailiwick_domain::{ChainId, SessionId, Timestamp, UserId};
//! use bailiwick_domain::session::{Chain, Lifetimes, Session, Verdict};
//! # use uuid::Uuid;
//!
//! let (now, lifetimes) = (Timestamp::from_micros(0), Lifetimes::default());
//! let session = Session::open(
//!     SessionId::from_uuid(Uuid::from_u128(1)),
//!     UserId::from_uuid(Uuid::from_u128(2)),
//!     &lifetimes,
//!     now,
//! );
//! let mut chain = Chain::start(ChainId::from_uuid(Uuid::from_u128(3)), session.id, None, now);
//!
//! assert_eq!(chain.present(0, &session, &lifetimes, None, now), Verdict::Rotate(1));
//! chain.generation = 1;
//! assert_eq!(chain.present(0, &session, &lifetimes, None, now), Verdict::Replay(1));
//! let later = now.plus(lifetimes.grace);
//! assert!(matches!(chain.present(0, &session, &lifetimes, None, later), Verdict::Reuse(_)));
//! ```

use crate::{ChainId, MemberId, SessionId, TenantId, Timestamp, UserId};
use core::time::Duration;

/// What a person opens by signing in.
///
/// ```
/// use bailiwick_domain::{SessionId, Timestamp, UserId, session::{Lifetimes, Session}};
/// # use uuid::Uuid;
///
/// let now = Timestamp::from_micros(0);
/// let id = SessionId::from_uuid(Uuid::from_u128(1));
/// let session = Session::open(id, UserId::from_uuid(Uuid::from_u128(2)), &Lifetimes::default(), now);
///
/// assert!(session.is_live(now) && !session.is_live(session.expires_at));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Which.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// When the person last proved who they are.
    pub authenticated_at: Timestamp,
    /// When it is over, however busy.
    pub expires_at: Timestamp,
    /// Since when it is over, if somebody ended it.
    pub ended_at: Option<Timestamp>,
    /// When the person last showed a second factor, if they did.
    pub second_factor_at: Option<Timestamp>,
}

/// One session's refresh tokens in one tenant, or in none.
///
/// ```
/// use bailiwick_domain::{ChainId, SessionId, Timestamp, UserId};
/// use bailiwick_domain::session::{Chain, Lifetimes, Session, Verdict};
/// # use uuid::Uuid;
///
/// let (now, lifetimes) = (Timestamp::from_micros(0), Lifetimes::default());
/// let id = SessionId::from_uuid(Uuid::from_u128(1));
/// let session = Session::open(id, UserId::from_uuid(Uuid::from_u128(2)), &lifetimes, now);
///
/// let chain = Chain::start(ChainId::from_uuid(Uuid::from_u128(3)), id, None, now);
/// let lapses = chain.expires_at(&session, &lifetimes);
/// assert_eq!(lapses, now.plus(lifetimes.idle));
/// assert_eq!(chain.present(0, &session, &lifetimes, None, now), Verdict::Rotate(1));
/// assert_eq!(chain.present(0, &session, &lifetimes, None, lapses), Verdict::Over);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// Which.
    pub id: ChainId,
    /// Of which session.
    pub session: SessionId,
    /// Where its access tokens are good.
    pub place: Option<Place>,
    /// The newest refresh token's place in the chain, from 0.
    pub generation: u64,
    /// When the newest refresh token was made.
    pub rotated_at: Timestamp,
    /// Since when it is dead, if it is.
    pub revoked_at: Option<Timestamp>,
}

/// A membership, as the place where a chain's tokens are good.
///
/// ```
/// use bailiwick_domain::{MemberId, TenantId, session::Place};
/// # use uuid::Uuid;
///
/// let place = Place {
///     tenant: TenantId::from_uuid(Uuid::from_u128(1)),
///     member: MemberId::from_uuid(Uuid::from_u128(2)),
/// };
/// assert_eq!(place, place.clone());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The tenant.
    pub tenant: TenantId,
    /// The membership of it.
    pub member: MemberId,
}

/// How long sessions and their refresh tokens live.
///
/// ```
/// use bailiwick_domain::session::Lifetimes;
/// use core::time::Duration;
///
/// let strict = Lifetimes { grace: Duration::ZERO, ..Lifetimes::default() };
/// assert_eq!(strict.absolute, Duration::from_secs(30 * 24 * 60 * 60));
/// assert_eq!(strict.idle, Duration::from_secs(7 * 24 * 60 * 60));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// A session, from signing in.
    pub absolute: Duration,
    /// A refresh token, unused.
    pub idle: Duration,
    /// A spent refresh token, for retries. Zero is strict: no retry at all.
    pub grace: Duration,
}

impl Default for Lifetimes {
    fn default() -> Self {
        const DAY: u64 = 24 * 60 * 60;
        Self {
            absolute: Duration::from_secs(30 * DAY),
            idle: Duration::from_secs(7 * DAY),
            grace: Duration::from_secs(10),
        }
    }
}

/// A time in which the store did not answer: whoever refreshed a token in it may never have heard of the new one.
///
/// ```
/// use bailiwick_domain::{ChainId, SessionId, Timestamp, UserId};
/// use bailiwick_domain::session::{Chain, Lifetimes, Outage, Session, Verdict};
/// use core::time::Duration;
/// # use uuid::Uuid;
///
/// # let (now, lifetimes) = (Timestamp::from_micros(0), Lifetimes::default());
/// # let id = SessionId::from_uuid(Uuid::from_u128(1));
/// # let session = Session::open(id, UserId::from_uuid(Uuid::from_u128(2)), &lifetimes, now);
/// let mut chain = Chain::start(ChainId::from_uuid(Uuid::from_u128(3)), id, None, now);
/// chain.generation = 1;
///
/// // For two minutes nothing was heard: the answer with the new token may be lost.
/// let minute = now.plus(Duration::from_secs(120));
/// let outage = Outage { from: now, until: minute };
/// assert_eq!(chain.present(0, &session, &lifetimes, Some(outage), minute), Verdict::Replay(1));
/// assert!(matches!(chain.present(0, &session, &lifetimes, None, minute), Verdict::Reuse(_)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// Since when.
    pub from: Timestamp,
    /// When it was last seen not to answer.
    pub until: Timestamp,
}

impl Outage {
    /// How long an answer is waited for: one that was asked for so long before an outage may have been lost in it.
    const UNANSWERED: Duration = Duration::from_secs(15);
    /// After an outage that is longer, whoever was cut off by it signs in again.
    const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
}

/// What a presented refresh token means.
///
/// ```
/// use bailiwick_domain::session::Verdict;
///
/// /// What a store does about it.
/// fn statement(verdict: Verdict) -> Option<&'static str> {
///     match verdict {
///         Verdict::Rotate(_) => Some("UPDATE chains SET generation = generation + 1 WHERE …"),
///         Verdict::Reuse(_) => Some("UPDATE chains SET revoked_at = now WHERE …"),
///         Verdict::Replay(_) | Verdict::Over => None,
///     }
/// }
/// assert_eq!(statement(Verdict::Over), None);
/// ```
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// The newest: move the chain on to this generation.
    Rotate(u64),
    /// An honest retry: hand out this generation again.
    Replay(u64),
    /// Stolen, or stolen from: the chain has to end.
    Reuse(Reuse),
    /// Good once, over now.
    Over,
}

/// Why a session is over before its time.
///
/// ```
/// use bailiwick_domain::session::EndCause;
///
/// assert_eq!(EndCause::PasswordChanged.name(), "password_changed");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndCause {
    /// Its owner signed out.
    SignedOut,
    /// Its owner ended it from another one.
    Revoked,
    /// The password was changed.
    PasswordChanged,
    /// The password was reset.
    PasswordReset,
    /// The account was closed.
    AccountClosed,
}

impl EndCause {
    /// Its name in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::Revoked => "revoked",
            Self::PasswordChanged => "password_changed",
            Self::PasswordReset => "password_reset",
            Self::AccountClosed => "account_closed",
        }
    }
}

/// Why a chain ended while its session goes on.
///
/// ```
/// use bailiwick_domain::session::RevokeCause;
///
/// assert_eq!(RevokeCause::Reuse.name(), "reuse");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevokeCause {
    /// A spent token of it came back.
    Reuse,
    /// Nobody used it for too long, and a new one takes its place.
    Lapsed,
    /// The membership that it was for is suspended.
    MembershipEnded,
    /// Whoever held a token of it gave it back.
    GivenBack,
}

impl RevokeCause {
    /// Its name in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reuse => "reuse",
            Self::Lapsed => "lapsed",
            Self::MembershipEnded => "membership_ended",
            Self::GivenBack => "given_back",
        }
    }
}

/// A spent refresh token came back.
///
/// ```
/// use bailiwick_domain::{ChainId, UserId, access::AccountScope, session::Reuse};
/// # use uuid::Uuid;
///
/// let reuse = Reuse {
///     user: UserId::from_uuid(Uuid::from_u128(1)),
///     chain: ChainId::from_uuid(Uuid::from_u128(2)),
///     presented: 3,
/// };
/// // What was stolen is leave enough to end it.
/// assert_eq!(AccountScope::reused(&reuse).user(), reuse.user);
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Reuse {
    /// Whose.
    pub user: UserId,
    /// Of which chain.
    pub chain: ChainId,
    /// The generation that was presented.
    pub presented: u64,
}

impl Session {
    /// A session that starts now.
    #[must_use]
    pub fn open(id: SessionId, user: UserId, lifetimes: &Lifetimes, now: Timestamp) -> Self {
        Self {
            id,
            user,
            authenticated_at: now,
            expires_at: now.plus(lifetimes.absolute),
            ended_at: None,
            second_factor_at: None,
        }
    }

    /// Can it still be used?
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now < self.expires_at
    }
}

impl Chain {
    /// A chain that starts now.
    #[must_use]
    pub const fn start(
        id: ChainId,
        session: SessionId,
        place: Option<Place>,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            session,
            place,
            generation: 0,
            rotated_at: now,
            revoked_at: None,
        }
    }

    /// When its newest refresh token lapses.
    #[must_use]
    pub fn expires_at(&self, session: &Session, lifetimes: &Lifetimes) -> Timestamp {
        session.expires_at.min(self.rotated_at.plus(lifetimes.idle))
    }

    /// Until when the token before the newest one may be retried: as long after an outage as otherwise after the rotation, if
    /// its answer, or its retry, may have been lost in it.
    fn retried_until(&self, lifetimes: &Lifetimes, outage: Option<Outage>) -> Timestamp {
        let concerned = self
            .rotated_at
            .plus(lifetimes.grace.max(Outage::UNANSWERED));
        match outage {
            Some(Outage { from, until }) if from <= concerned && self.rotated_at <= until => {
                until.min(from.plus(Outage::LONGEST)).plus(lifetimes.grace)
            }
            _ => self.rotated_at.plus(lifetimes.grace),
        }
    }

    /// What it means that this generation's token is presented now, after this outage of the store.
    pub fn present(
        &self,
        generation: u64,
        session: &Session,
        lifetimes: &Lifetimes,
        outage: Option<Outage>,
        now: Timestamp,
    ) -> Verdict {
        if self.revoked_at.is_some()
            || !session.is_live(now)
            || now >= self.expires_at(session, lifetimes)
            // A store that was restored from a backup knows less than its clients: no theft, no use.
            || generation > self.generation
        {
            return Verdict::Over;
        }
        match self.generation - generation {
            0 => Verdict::Rotate(generation + 1),
            1 if !lifetimes.grace.is_zero() && now < self.retried_until(lifetimes, outage) => {
                Verdict::Replay(self.generation)
            }
            _ => Verdict::Reuse(Reuse {
                user: session.user,
                chain: self.id,
                presented: generation,
            }),
        }
    }
}
