//! How much one network address, one caller and one organization may ask, and how the answers say what is left
//! (draft-ietf-httpapi-ratelimit-headers-10).

use crate::{
    address::client,
    answer::insert,
    problem::{Kind, Problem},
};
use actix_web::{
    HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::HeaderName,
    middleware::Next,
    web::Data,
};
use bailiwick_application::sessions::Asker;
use bailiwick_domain::{TenantId, access::Actor};
use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DashMapStateStore,
};
use std::{
    fmt::Write,
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use uuid::Uuid;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LEFT: HeaderName = HeaderName::from_static("ratelimit");

/// Beyond this many that are remembered, those that have been quiet are forgotten.
const REMEMBERED: usize = 10_000;
/// How many requests are counted from one look at how many that are to the next: each goes through all of them.
const LOOK_EVERY: u32 = 1_024;

/// How many requests at once, and how many a second after that.
#[derive(Debug, Clone, Copy)]
pub struct Allowance {
    /// At once.
    pub burst: NonZeroU32,
    /// A second.
    pub per_second: NonZeroU32,
}

/// The limits of a deployment, or none.
#[derive(Clone, Default)]
pub struct Throttle(Option<Arc<Limits>>);

struct Limits {
    address: Limit<IpAddr>,
    principal: Limit<Uuid>,
    tenant: Limit<TenantId>,
}

/// The limit on each of many.
struct Limit<K: Hash + Eq + Clone> {
    name: &'static str,
    allowance: Allowance,
    limiter: RateLimiter<K, DashMapStateStore<K>, DefaultClock, StateInformationMiddleware>,
    counted: AtomicU32,
}

/// What a request has left of the limits that it counts against.
#[derive(Debug, Default)]
pub(crate) struct Left {
    policy: String,
    left: String,
}

impl Throttle {
    /// What one network address may ask at the doors that take passwords and tokens, what one person or machine may ask, and
    /// what all that work in one organization may ask together.
    #[must_use]
    pub fn of(address: Allowance, principal: Allowance, tenant: Allowance) -> Self {
        Self(Some(Arc::new(Limits {
            address: Limit::new("address", address),
            principal: Limit::new("principal", principal),
            tenant: Limit::new("tenant", tenant),
        })))
    }

    /// Counts a request of somebody who is known, and writes down what is left.
    pub(crate) fn count(&self, asker: &Asker, left: &mut Left) -> Result<(), Problem> {
        let Some(limits) = &self.0 else {
            return Ok(());
        };
        let principal = match asker.actor() {
            Actor::User(user) => user.as_uuid(),
            // All keys of a machine together.
            Actor::Machine(machine) => machine.account.as_uuid(),
        };
        limits.principal.count(&principal, left)?;
        match asker.tenant() {
            Some(tenant) => limits.tenant.count(&tenant, left),
            None => Ok(()),
        }
    }

    fn count_address(&self, address: IpAddr, left: &mut Left) -> Result<(), Problem> {
        match &self.0 {
            Some(limits) => limits.address.count(&network(address), left),
            None => Ok(()),
        }
    }
}

impl<K: Hash + Eq + Clone> Limit<K> {
    fn new(name: &'static str, allowance: Allowance) -> Self {
        let quota = Quota::per_second(allowance.per_second).allow_burst(allowance.burst);
        Self {
            name,
            allowance,
            limiter: RateLimiter::dashmap(quota).with_middleware(),
            counted: AtomicU32::new(0),
        }
    }

    /// Counts one request, and writes down what is left.
    fn count(&self, key: &K, left: &mut Left) -> Result<(), Problem> {
        let counted = self.counted.fetch_add(1, Ordering::Relaxed);
        if counted.is_multiple_of(LOOK_EVERY) && self.limiter.len() > REMEMBERED {
            self.limiter.retain_recent();
        }
        match self.limiter.check_key(key) {
            Ok(state) => {
                left.say(self.name, self.allowance, state.remaining_burst_capacity());
                Ok(())
            }
            Err(refusal) => {
                left.say(self.name, self.allowance, 0);
                let wait = refusal.wait_time_from(self.limiter.clock().now());
                // A whole second, after which it is over.
                let wait = Duration::from_secs(wait.as_secs() + 1);
                Err(Problem::from(Kind::TooManyRequests).retry_after(wait))
            }
        }
    }
}

impl Left {
    /// `q` requests in a window of `w` seconds; `r` are left, and in `t` seconds they are all there again.
    fn say(&mut self, name: &str, allowance: Allowance, left: u32) {
        let (burst, rate) = (allowance.burst.get(), allowance.per_second.get());
        let separator = if self.policy.is_empty() { "" } else { ", " };
        let window = burst.div_ceil(rate);
        let _ = write!(self.policy, "{separator}\"{name}\";q={burst};w={window}");
        let again = burst.saturating_sub(left).div_ceil(rate);
        let _ = write!(self.left, "{separator}\"{name}\";r={left};t={again}");
    }

    /// Says it in an answer.
    pub(crate) fn tell<B>(&self, answer: &mut HttpResponse<B>) {
        if !self.policy.is_empty() {
            insert(answer, POLICY, &self.policy);
            insert(answer, LEFT, &self.left);
        }
    }
}

impl std::fmt::Debug for Throttle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Throttle").field(&self.0.is_some()).finish()
    }
}

/// What one customer of a network provider is given: an address, or a /64.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into()
        }
    }
}

/// Before whoever is not known yet: counts against their address.
pub(crate) async fn throttle(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let limits = request.app_data::<Data<Throttle>>().cloned();
    let (Some(limits), Some(address)) = (limits, client(request.request())) else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let mut left = Left::default();
    let mut response = match limits.count_address(address, &mut left) {
        Ok(()) => next.call(request).await?.map_into_boxed_body(),
        Err(problem) => request.error_response(problem),
    };
    left.tell(response.response_mut());
    Ok(response)
}
