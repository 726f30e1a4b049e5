//! Sessions and their chains of refresh tokens.
//!
//! A session is opened by signing in. For each organization entered in it, and for none, it has a *chain*: a counter.
//! A refresh token names one value of the counter, its *generation*; only the newest is good. Whoever presents it
//! moves the counter on. Whoever presents an older one has stolen it, or was stolen from, and the chain ends, with one
//! exception: the immediate predecessor, within a short window, while its successor is unused. That is an honest
//! retry or a second tab, and gets the same successor again.

use crate::{ChainId, MemberId, SessionId, TenantId, Timestamp, UserId};
use std::time::Duration;

/// What a person opens by signing in.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The tenant.
    pub tenant: TenantId,
    /// The membership of it.
    pub member: MemberId,
}

/// How long sessions and their refresh tokens live.
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
