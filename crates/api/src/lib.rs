//! The REST adapter: the only crate that knows HTTP and JSON.
//!
//! The way of a request: [`edge`] names it, [`routes`] finds its row, [`access`] learns who asks and asks the policy,
//! a handler turns the body into a command and the outcome into an answer.

mod accounts;
mod address;
mod admin;
mod audit;
mod background;
mod body;
mod compression;
mod cors;
mod document;
mod edge;
mod explain;
mod health;
mod idempotency;
mod invitations;
mod keys;
mod list;
mod machines;
mod members;
mod metrics;
mod oauth;
mod organizations;
mod path;
mod platform;
mod precondition;
mod projects;
mod roles;
mod schema;
mod sessions;
mod throttle;
mod time;

pub mod access;
pub mod answer;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
pub mod openapi;
pub mod operations;
pub mod own;
pub mod problem;
pub mod reads;
pub mod routes;

pub use accounts::Registration;
pub use address::TrustedProxies;
pub use background::Background;
pub use cors::cors;
pub use edge::edge;
pub use health::Caveat;
pub use metrics::{Metrics, row_of};
pub use oauth::OAuth;
pub use sessions::Cookies;
pub use throttle::{Allowance, Throttle};

use actix_web::web::{Data, ServiceConfig};
use bailiwick_application::{
    access::Access,
    accounts::Accounts,
    admin::Admin,
    audit::Audit,
    invitations::Invitations,
    machines::Machines,
    members::Members,
    organizations::Organizations,
    platform::Platform,
    ports::{Answers, Clock, Cursors, Ids, PublicKeys, Readiness, Refusals},
    projects::Projects,
    roles::Roles,
    sessions::Sessions,
};
use bailiwick_domain::password::PasswordPolicy;
use routes::Routes;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// All that the handlers call.
#[derive(Clone)]
pub struct Services {
    /// Accounts.
    pub accounts: Accounts,
    /// Sessions.
    pub sessions: Sessions,
    /// Organizations.
    pub organizations: Organizations,
    /// Members.
    pub members: Members,
    /// Invitations.
    pub invitations: Invitations,
    /// Roles.
    pub roles: Roles,
    /// Machines.
    pub machines: Machines,
    /// Projects.
    pub projects: Projects,
    /// Explanations.
    pub access: Access,
    /// The audit trail.
    pub audit: Audit,
    /// How an organization stands.
    pub admin: Admin,
    /// The platform.
    pub platform: Platform,
    /// Who takes note of refusals.
    pub refusals: Arc<dyn Refusals>,
    /// The answers that are kept for requests that may come again.
    pub answers: Arc<dyn Answers>,
    /// What makes cursors, and knows them again.
    pub cursors: Arc<dyn Cursors>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What is counted.
    pub metrics: Metrics,
    /// Work that no answer waits for.
    pub background: Background,
    /// Whether the process is about to stop.
    pub leaving: CancellationToken,
    /// What is wrong with the deployment, though it serves.
    pub caveat: Caveat,
    /// Whether the store can be used.
    pub readiness: Arc<dyn Readiness>,
    /// The keys that access tokens are verified with.
    pub keys: Arc<dyn PublicKeys>,
    /// Names for requests.
    pub ids: Arc<dyn Ids>,
    /// What a new password must be.
    pub passwords: PasswordPolicy,
    /// How people register.
    pub registration: Registration,
    /// What the deployment says of itself to OAuth clients.
    pub oauth: OAuth,
    /// How refresh tokens travel in browsers.
    pub cookies: Cookies,
    /// Which proxies are believed about whom they speak for.
    pub proxies: TrustedProxies,
    /// How often one address may knock.
    pub throttle: Throttle,
}

/// Adds the whole API to an application that is wrapped in [`edge`].
pub fn configure(
    services: &Services,
    routes: &Arc<Routes>,
) -> impl Fn(&mut ServiceConfig) + Clone + use<> {
    let services = services.clone();
    let mount = routes.mount();
    let routes = Arc::clone(routes);
    move |config| {
        config
            .app_data(Data::new(services.accounts.clone()))
            .app_data(Data::new(services.sessions.clone()))
            .app_data(Data::new(services.organizations.clone()))
            .app_data(Data::new(services.members.clone()))
            .app_data(Data::new(services.invitations.clone()))
            .app_data(Data::new(services.roles.clone()))
            .app_data(Data::new(services.machines.clone()))
            .app_data(Data::new(services.projects.clone()))
            .app_data(Data::new(services.access.clone()))
            .app_data(Data::new(services.audit.clone()))
            .app_data(Data::new(services.admin.clone()))
            .app_data(Data::new(services.platform.clone()))
            .app_data(Data::<dyn Refusals>::from(Arc::clone(&services.refusals)))
            .app_data(Data::<dyn Answers>::from(Arc::clone(&services.answers)))
            .app_data(Data::<dyn Cursors>::from(Arc::clone(&services.cursors)))
            .app_data(Data::<dyn Clock>::from(Arc::clone(&services.clock)))
            .app_data(Data::from(Arc::clone(&routes)))
            .app_data(Data::new(services.metrics.clone()))
            .app_data(Data::new(services.background.clone()))
            .app_data(Data::new(services.leaving.clone()))
            .app_data(Data::new(services.caveat.clone()))
            .app_data(Data::<dyn Readiness>::from(Arc::clone(&services.readiness)))
            .app_data(Data::<dyn PublicKeys>::from(Arc::clone(&services.keys)))
            .app_data(Data::<dyn Ids>::from(Arc::clone(&services.ids)))
            .app_data(Data::new(services.passwords))
            .app_data(Data::new(services.registration))
            .app_data(Data::new(services.oauth.clone()))
            .app_data(Data::new(services.cookies.clone()))
            .app_data(Data::new(services.proxies.clone()))
            .app_data(Data::new(services.throttle.clone()));
        mount(config);
    }
}
