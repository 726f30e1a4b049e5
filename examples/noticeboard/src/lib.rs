//! A noticeboard for each organization: what a team adds to the service that it mounts.
//!
//! Beside the whole API there are two routes and a table. They are guarded as ours are: the rows declare who may call, the
//! handlers get a permit, the store demands it, and nothing is written without a record.

mod board;
mod schema;

use actix_web::{
    App, HttpServer,
    middleware::from_fn,
    web::{self, Data},
};
use bailiwick_api::{access::Requires, edge, own::OwnRoutes};
use bailiwick_domain::access::action::{ReadOrganization, UpdateOrganization};
use bailiwick_server::{Config, Machine, app, config::ConfigError, migrate::migrate_own};
use board::Board;
use std::{error::Error, io, net::SocketAddr, sync::Arc};

/// The settings of the service, from `bailiwick.toml` where there is one, and from the environment.
///
/// # Errors
/// When they cannot be read.
pub fn settings() -> Result<Config, ConfigError> {
    Config::load(None)
}

/// Who may call what, of ours.
#[rustfmt::skip]
fn routes() -> OwnRoutes {
    OwnRoutes::default()
        .get ("/notices", Requires(ReadOrganization),   board::list)
        .post("/notices", Requires(UpdateOrganization), board::post)
}

/// Listens, with the service and the board in one application. Answers with where, and with a future that is done when it
/// has stopped.
///
/// # Errors
/// When the service cannot start, when the database refuses our table, when the address is taken.
pub async fn serve(
    config: &Config,
) -> Result<(SocketAddr, impl Future<Output = io::Result<()>> + use<>), Box<dyn Error>> {
    migrate_own::<schema::Migrator>(config).await?;
    let service = app(config, Machine::default()).await?;
    let board = Data::new(Board::over(&service));
    let (theirs, ours) = (service.mount(), Arc::new(routes()).mount());
    let server = HttpServer::new(move || {
        App::new()
            .app_data(board.clone())
            .configure(theirs.clone())
            .configure(ours.clone())
            // A route that asks nobody, beside all those that do.
            .route(
                "/",
                web::get().to(async || "A noticeboard for each organization.\n"),
            )
            .wrap(from_fn(edge))
    })
    .bind(config.http.bind)?;
    let address = server.addrs().first().copied();
    let address = address.ok_or_else(|| io::Error::from(io::ErrorKind::AddrNotAvailable))?;
    let server = server.run();
    let stopped = async {
        let outcome = server.await;
        service.finish().await;
        outcome
    };
    Ok((address, stopped))
}
