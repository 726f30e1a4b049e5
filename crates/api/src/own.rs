//! Rows of whoever mounts the API beside routes of their own: declared, guarded and noted as ours are.

use crate::{
    access::{Access, Declaration, Keeps},
    routes::{Mounted, mount_rows, mounted},
};
use actix_web::{
    FromRequest, Handler, Responder,
    body::MessageBody,
    http::Method,
    web::{Data, ServiceConfig},
};
use std::sync::Arc;

/// A table of somebody else's routes, mounted in the application that [`configure`](crate::configure) configures.
///
/// A row without a declaration, or whose handler asks for something else than the row says, does not compile. What the
/// handlers answer, and what describes them, is their own affair: the document of the API does not know them.
///
/// ```
/// use actix_web::Responder;
/// use bailiwick_api::{access::{Guard, Requires}, own::OwnRoutes};
/// use bailiwick_domain::access::action::ReadOrganization;
///
/// async fn board(permit: Guard<ReadOrganization>) -> impl Responder {
///     format!("the board of {}", permit.scope().tenant())
/// }
///
/// let routes = OwnRoutes::default().get("/board", Requires(ReadOrganization), board);
/// assert_eq!(routes.iter().count(), 1);
/// ```
#[derive(Default)]
pub struct OwnRoutes(Vec<OwnRoute>);

/// One row.
pub struct OwnRoute {
    /// The verb.
    pub method: Method,
    /// The path, with `{id}` where an id stands.
    pub path: &'static str,
    /// Who may call.
    pub access: Access,
    mount: Mounted,
}

macro_rules! verbs {
    ($($verb:ident $method:ident),*) => {$(
        #[doc = concat!("Adds a row for `", stringify!($method), "`.")]
        #[must_use]
        pub fn $verb<D, H, Args>(self, path: &'static str, declared: D, handler: H) -> Self
        where
            D: Declaration + 'static,
            H: Handler<Args, Output: Responder<Body: MessageBody>> + Send + Sync,
            Args: FromRequest + Keeps<D> + 'static,
        {
            self.row(Method::$method, path, declared, handler)
        }
    )*};
}

impl OwnRoutes {
    verbs!(get GET, post POST, put PUT, patch PATCH, delete DELETE);

    fn row<D, H, Args>(mut self, method: Method, path: &'static str, _: D, handler: H) -> Self
    where
        D: Declaration + 'static,
        H: Handler<Args, Output: Responder<Body: MessageBody>> + Send + Sync,
        Args: FromRequest + Keeps<D> + 'static,
    {
        let mount = mounted::<D, _, _>(&method, path, handler, false, false);
        self.0.push(OwnRoute {
            method,
            path,
            access: D::ACCESS,
            mount,
        });
        self
    }

    /// The rows, in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = &OwnRoute> {
        self.0.iter()
    }

    /// What the row for this verb and path declares.
    pub(crate) fn declared(&self, method: &Method, path: &str) -> Option<Access> {
        let row = self
            .iter()
            .find(|row| row.method == method && row.path == path);
        row.map(|row| row.access)
    }

    /// Mounts the rows, path by path.
    pub fn mount(self: &Arc<Self>) -> impl Fn(&mut ServiceConfig) + Clone + use<> {
        let routes = Arc::clone(self);
        move |config| {
            config.app_data(Data::from(Arc::clone(&routes)));
            let rows = routes.iter();
            mount_rows(config, rows.map(|row| (row.path, &row.method, &row.mount)));
        }
    }
}

impl std::fmt::Debug for OwnRoutes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let rows = self.iter().map(|row| (&row.method, row.path, row.access));
        f.debug_list().entries(rows).finish()
    }
}
