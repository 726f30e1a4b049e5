//! How often one network address may knock at the doors that take passwords and tokens.

use crate::{
    address::client,
    problem::{Kind, Problem},
};
use actix_web::{
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    web::Data,
};
use governor::{Quota, RateLimiter, clock::Clock, state::keyed::DashMapStateStore};
use std::{
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::Arc,
};

type Limiter = RateLimiter<IpAddr, DashMapStateStore<IpAddr>, governor::clock::DefaultClock>;

/// Beyond this many remembered addresses, those that have been quiet are forgotten.
const REMEMBERED: usize = 10_000;

/// The limit on one address, or none.
#[derive(Clone, Default)]
pub struct Throttle(Option<Arc<Limiter>>);

impl Throttle {
    /// So many requests at once, and so many a second after that.
    #[must_use]
    pub fn per_address(burst: NonZeroU32, per_second: NonZeroU32) -> Self {
        let quota = Quota::per_second(per_second).allow_burst(burst);
        Self(Some(Arc::new(RateLimiter::dashmap(quota))))
    }

    fn check(&self, address: IpAddr) -> Result<(), Problem> {
        let Some(limiter) = &self.0 else {
            return Ok(());
        };
        if limiter.len() > REMEMBERED {
            limiter.retain_recent();
        }
        limiter.check_key(&network(address)).map_err(|refusal| {
            let wait = refusal.wait_time_from(limiter.clock().now());
            Problem::from(Kind::TooManyRequests).retry_after(wait)
        })
    }
}

impl std::fmt::Debug for Throttle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Throttle").field(&self.0.is_some()).finish()
    }
}

/// What one customer of a network provider is given: an address, or a /64.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into()
        }
    }
}

pub(crate) async fn throttle(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let limit = request.app_data::<Data<Throttle>>().cloned();
    if let (Some(limit), Some(address)) = (limit, client(request.request()))
        && let Err(problem) = limit.check(address)
    {
        return Ok(request.error_response(problem));
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}
