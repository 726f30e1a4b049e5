//! Attempts at passwords, counted in memory: each replica by itself, so that N replicas allow N times as many.

use bailiwick_application::ports::{Attempt, Attempts, DeviceId, TooMany};
use bailiwick_domain::user::EmailAddress;
use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};
use std::{
    hash::Hash,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    num::NonZeroU32,
    time::Duration,
};

/// Beyond this many remembered keys, those that have been quiet are forgotten.
const REMEMBERED: usize = 10_000;

/// Counts attempts: by account and network, by account, and by account and device.
#[derive(Debug)]
pub struct CountedAttempts {
    /// Somebody mistypes, or guesses from one place.
    by_network: Limit<(EmailAddress, IpAddr)>,
    /// Many guess together, from everywhere.
    by_account: Limit<EmailAddress>,
    /// The owner, on a device of theirs.
    by_device: Limit<(EmailAddress, DeviceId)>,
    /// Somebody has mails sent to somebody else.
    mails: Limit<EmailAddress>,
}

/// No limits at all.
#[derive(Debug, Clone, Copy, Default)]
pub struct UncountedAttempts;

impl Attempts for UncountedAttempts {
    fn count(&self, _: &Attempt<'_>) -> Result<(), TooMany> {
        Ok(())
    }

    fn count_mail(&self, _: &EmailAddress) -> Result<(), TooMany> {
        Ok(())
    }
}

impl Default for CountedAttempts {
    fn default() -> Self {
        Self {
            by_network: Limit::new(10, Duration::from_secs(30)),
            by_account: Limit::new(100, Duration::from_secs(10)),
            by_device: Limit::new(10, Duration::from_secs(30)),
            mails: Limit::new(5, Duration::from_secs(5 * 60)),
        }
    }
}

impl Attempts for CountedAttempts {
    fn count(&self, attempt: &Attempt<'_>) -> Result<(), TooMany> {
        let account = attempt.account.clone();
        if let Some(device) = attempt.device {
            return self.by_device.count((account, device));
        }
        let nowhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let network = attempt.address.map_or(nowhere, network);
        self.by_network.count((account.clone(), network))?;
        self.by_account.count(account)
    }

    fn count_mail(&self, to: &EmailAddress) -> Result<(), TooMany> {
        self.mails.count(to.clone())
    }
}

/// What one customer of a network provider may hold: a /24, or a /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits() & !0xff).into(),
        IpAddr::V6(address) => {
            Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into()
        }
    }
}

/// So many at once, and one more in each period after that.
struct Limit<Key: Hash + Eq + Clone>(DefaultKeyedRateLimiter<Key>);

impl<Key: Hash + Eq + Clone> Limit<Key> {
    fn new(burst: u32, period: Duration) -> Self {
        let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::with_period(period).unwrap_or(Quota::per_second(NonZeroU32::MIN));
        Self(RateLimiter::keyed(quota.allow_burst(burst)))
    }

    fn count(&self, key: Key) -> Result<(), TooMany> {
        if self.0.len() > REMEMBERED {
            self.0.retain_recent();
        }
        self.0.check_key(&key).map_err(|refusal| {
            let wait = refusal.wait_time_from(DefaultClock::default().now());
            TooMany {
                retry_after: wait.max(Duration::from_secs(1)),
            }
        })
    }
}

impl<Key: Hash + Eq + Clone> std::fmt::Debug for Limit<Key> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Limit").field(&self.0.len()).finish()
    }
}
