//! Every route of the API, and who may call it.

use crate::{
    access::{
        Access, AnyMember, AnyUser, Declaration, Keeps, Public, Recently, Requires, RequiresOn,
        authenticate, note_refusals, recently,
    },
    accounts, admin,
    answer::Answers,
    audit, document, explain, health,
    idempotency::recognize,
    invitations, keys,
    list::no_parameters,
    machines, members,
    metrics::Row,
    oauth,
    openapi::Description,
    operations::Does,
    organizations, platform,
    problem::{Kind, Problem},
    projects,
    reads::Reads,
    roles, sessions,
    throttle::throttle,
};
use actix_web::{
    FromRequest, Handler, HttpMessage, HttpResponse, Resource, Responder,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    guard,
    http::{Method, StatusCode, header},
    middleware::{Condition, Next, from_fn},
    rt,
    web::{self, ServiceConfig},
};
use bailiwick_domain::access::{Catalogue, action::*};
use std::{collections::BTreeMap, fmt::Write, sync::Arc};
use tracing::{Instrument, Span};

/// The table.
#[rustfmt::skip]
#[must_use]
pub fn routes() -> Routes {
    Routes::default()
        .get   ("/health",                             Public,                          health::live,                    Does::Live)
        .get   ("/health/ready",                       Public,                          health::ready,                   Does::Ready)
        .get   ("/.well-known/jwks.json",             Public,                          keys::jwks,                      Does::Jwks)
        .get   ("/openapi.json",                       Public,                          document::document,              Does::OpenApi)
        .get   ("/docs",                               Public,                          document::page,                  Does::Docs)
        .get   ("/docs/page.css",                      Public,                          document::page_style,            Does::DocsStyle)
        .get   ("/docs/page.js",                       Public,                          document::page_script,           Does::DocsScript)
        .get   ("/docs/swagger-ui.css",                Public,                          document::ui_style,              Does::UiStyle)
        .get   ("/docs/swagger-ui-bundle.js",          Public,                          document::ui_script,             Does::UiScript)

        // OAuth 2.0
        .get   ("/.well-known/oauth-authorization-server", Public,                      oauth::metadata,                 Does::OAuthMetadata)
        .post  ("/oauth/token",                        Public,                          oauth::token,                    Does::Token)
        .post  ("/oauth/revoke",                       Public,                          oauth::revoke,                   Does::RevokeToken)
        .post  ("/oauth/introspect",                   Public,                          oauth::introspect,               Does::IntrospectToken)

        // The seed contract
        .post  ("/users/register",                     Public,                          accounts::register,              Does::ShortRegister)
        .post  ("/login",                              Public,                          sessions::login,                 Does::ShortLogin)
        .post  ("/refresh_token",                      Public,                          sessions::refresh,               Does::ShortRefresh)
        .post  ("/logout",                             Public,                          sessions::logout,                Does::ShortLogout)
        .get   ("/users/me",                           AnyUser,                         accounts::me,                    Does::ShortMe)
        .get   ("/users/list_orgs",                    AnyUser,                         organizations::list_orgs,        Does::ShortOrganizations)
        .post  ("/organization/register",              AnyUser,                         organizations::found,            Does::ShortFound)
        .post  ("/organization/select",                AnyUser,                         sessions::select,                Does::ShortSelect)
        .post  ("/organization/add_users",             Requires(InviteMember),          members::add,                    Does::ShortAddMember)
        .get   ("/organization/list_users",            Requires(ListMembers),           members::list,                   Does::ShortMembers)
        .post  ("/projects/create_project",            Requires(CreateProject),         projects::create,                Does::ShortCreateProject)

        // The canonical API
        .post  ("/api/v1/auth/register",               Public,                          accounts::register,              Does::Register)
        .post  ("/api/v1/auth/login",                  Public,                          sessions::login,                 Does::Login)
        .post  ("/api/v1/auth/refresh",                Public,                          sessions::refresh,               Does::Refresh)
        .post  ("/api/v1/auth/logout",                 Public,                          sessions::logout,                Does::Logout)
        .post  ("/api/v1/auth/password/forgot",        Public,                          accounts::forgot_password,       Does::ForgotPassword)
        .post  ("/api/v1/auth/password/reset",         Public,                          accounts::reset_password,        Does::ResetPassword)
        .post  ("/api/v1/auth/email/verify",           Public,                          accounts::verify_email,          Does::VerifyEmail)
        .post  ("/api/v1/auth/email/resend",           Public,                          accounts::resend_verification,   Does::ResendVerification)
        .get   ("/api/v1/auth/password/policy",        Public,                          accounts::password_policy,       Does::PasswordPolicy)
        .get   ("/api/v1/me",                          AnyUser,                         accounts::me,                    Does::Me)
        .put   ("/api/v1/me/password",                 Recently(AnyUser),               accounts::change_password,       Does::ChangePassword)
        .get   ("/api/v1/me/organizations",            AnyUser,                         organizations::mine,             Does::MyOrganizations)
        .get   ("/api/v1/me/invitations",              AnyUser,                         invitations::mine,               Does::MyInvitations)
        .get   ("/api/v1/me/sessions",                 AnyUser,                         sessions::list,                  Does::Sessions)
        .delete("/api/v1/me/sessions",                 AnyUser,                         sessions::end_all,               Does::EndSessions)
        .post  ("/api/v1/me/sessions/revoke-others",   AnyUser,                         sessions::end_others,            Does::EndOtherSessions)
        .delete("/api/v1/me/sessions/{id}",            AnyUser,                         sessions::end_one,               Does::EndSession)
        .get   ("/api/v1/organizations",               AnyUser,                         organizations::mine,             Does::Organizations)
        .post  ("/api/v1/organizations",               AnyUser,                         organizations::found,            Does::Found)
        .post  ("/api/v1/organizations/{id}/select",   AnyUser,                         sessions::select_by_path,        Does::Select)
        .get   ("/api/v1/organization",                Requires(ReadOrganization),      organizations::read,             Does::Organization)
        .patch ("/api/v1/organization",                Requires(UpdateOrganization),    organizations::change,           Does::ChangeOrganization)
        .delete("/api/v1/organization",                Recently(Requires(OwnOrganization)), organizations::delete,           Does::DeleteOrganization)
        .post  ("/api/v1/organization/suspend",        Requires(OwnOrganization),       organizations::suspend,          Does::SuspendOrganization)
        .post  ("/api/v1/organization/resume",         Requires(OwnOrganization),       organizations::resume,           Does::ResumeOrganization)
        .post  ("/api/v1/organization/restore",        Requires(OwnOrganization),       organizations::restore,          Does::RestoreOrganization)
        .get   ("/api/v1/organization/transfer",       Requires(ReadOrganization),      organizations::offer,            Does::Transfer)
        .post  ("/api/v1/organization/transfer",       Recently(Requires(OwnOrganization)), organizations::offer_ownership,  Does::OfferTransfer)
        .delete("/api/v1/organization/transfer",       Requires(OwnOrganization),       organizations::withdraw_offer,   Does::WithdrawTransfer)
        .post  ("/api/v1/organization/transfer/accept",  AnyMember,                     organizations::accept_ownership, Does::AcceptTransfer)
        .post  ("/api/v1/organization/transfer/decline", AnyMember,                     organizations::decline_ownership,Does::DeclineTransfer)
        .post  ("/api/v1/organization/leave",          AnyMember,                       members::leave,                  Does::Leave)
        .get   ("/api/v1/members",                     Requires(ListMembers),           members::list,                   Does::Members)
        .post  ("/api/v1/members",                     Requires(InviteMember),          members::add,                    Does::AddMember)
        .get   ("/api/v1/members/{id}",                Requires(ListMembers),           members::read,                   Does::Member)
        .delete("/api/v1/members/{id}",                Requires(RemoveMember),          members::remove,                 Does::RemoveMember)
        .get   ("/api/v1/members/{id}/roles",          Requires(ListMembers),           members::roles,                  Does::MemberRoles)
        .put   ("/api/v1/members/{id}/roles",          Requires(AssignRoles),           members::change_roles,           Does::AssignRoles)
        .post  ("/api/v1/members/{id}/suspend",        Requires(SuspendMember),         members::suspend,                Does::SuspendMember)
        .post  ("/api/v1/members/{id}/resume",         Requires(SuspendMember),         members::resume,                 Does::ResumeMember)
        .get   ("/api/v1/invitations",                 Requires(ListInvitations),       invitations::list,               Does::Invitations)
        .post  ("/api/v1/invitations",                 Requires(InviteMember),          invitations::invite,             Does::Invite)
        .get   ("/api/v1/invitations/{id}",            Requires(ListInvitations),       invitations::read,               Does::Invitation)
        .delete("/api/v1/invitations/{id}",            Requires(RevokeInvitation),      invitations::revoke,             Does::RevokeInvitation)
        .post  ("/api/v1/invitations/{id}/resend",     Requires(InviteMember),          invitations::resend,             Does::ResendInvitation)
        .post  ("/api/v1/invitations/preview",         Public,                          invitations::preview,            Does::PreviewInvitation)
        .post  ("/api/v1/invitations/accept",          AnyUser,                         invitations::accept,             Does::AcceptInvitation)
        .post  ("/api/v1/invitations/decline",         Public,                          invitations::decline,            Does::DeclineInvitation)
        .get   ("/api/v1/permissions",                 AnyUser,                         roles::permissions,              Does::Permissions)
        .get   ("/api/v1/roles",                       Requires(ListRoles),             roles::list,                     Does::Roles)
        .post  ("/api/v1/roles",                       Requires(CreateRole),            roles::create,                   Does::CreateRole)
        .get   ("/api/v1/roles/{id}",                  Requires(ListRoles),             roles::read,                     Does::Role)
        .patch ("/api/v1/roles/{id}",                  Requires(UpdateRole),            roles::change,                   Does::ChangeRole)
        .put   ("/api/v1/roles/{id}",                  Requires(UpdateRole),            roles::replace,                  Does::ReplaceRole)
        .delete("/api/v1/roles/{id}",                  Requires(DeleteRole),            roles::delete,                   Does::DeleteRole)
        .get   ("/api/v1/service-accounts",            Requires(ListServiceAccounts),   machines::accounts,              Does::ServiceAccounts)
        .post  ("/api/v1/service-accounts",            Requires(CreateServiceAccount),  machines::create_account,        Does::CreateServiceAccount)
        .get   ("/api/v1/service-accounts/{id}",       Requires(ListServiceAccounts),   machines::account,               Does::ServiceAccount)
        .patch ("/api/v1/service-accounts/{id}",       Requires(UpdateServiceAccount),  machines::change_account,        Does::ChangeServiceAccount)
        .delete("/api/v1/service-accounts/{id}",       Requires(DeleteServiceAccount),  machines::delete_account,        Does::DeleteServiceAccount)
        .get   ("/api/v1/api-keys",                    Requires(ListApiKeys),           machines::keys,                  Does::ApiKeys)
        .post  ("/api/v1/api-keys",                    Requires(CreateApiKey),          machines::create_key,            Does::CreateApiKey)
        .get   ("/api/v1/api-keys/{id}",               Requires(ListApiKeys),           machines::key,                   Does::ApiKey)
        .post  ("/api/v1/api-keys/{id}/rotate",        Requires(RotateApiKey),          machines::rotate_key,            Does::RotateApiKey)
        .delete("/api/v1/api-keys/{id}",               Requires(RevokeApiKey),          machines::revoke_key,            Does::RevokeApiKey)
        .delete("/api/v1/api-keys/{id}/previous",      Requires(RevokeApiKey),          machines::revoke_previous,       Does::RevokePreviousKey)
        .get   ("/api/v1/projects",                    RequiresOn(ReadProject),         projects::list,                  Does::Projects)
        .post  ("/api/v1/projects",                    Requires(CreateProject),         projects::create,                Does::CreateProject)
        .get   ("/api/v1/projects/{id}",               RequiresOn(ReadProject),         projects::read,                  Does::Project)
        .patch ("/api/v1/projects/{id}",               RequiresOn(UpdateProject),       projects::rename,                Does::RenameProject)
        .delete("/api/v1/projects/{id}",               RequiresOn(DeleteProject),       projects::delete,                Does::DeleteProject)
        .get   ("/api/v1/projects/{id}/members",       RequiresOn(ReadProject),         projects::members,               Does::ProjectMembers)
        .post  ("/api/v1/projects/{id}/members",       RequiresOn(ShareProject),        projects::share,                 Does::ShareProject)
        .delete("/api/v1/projects/{id}/members/{member_id}", RequiresOn(ShareProject),  projects::unshare,               Does::UnshareProject)
        .post  ("/api/v1/access/explain",              AnyUser,                         explain::explain,                Does::Explain)
        .get   ("/api/v1/audit-events",                Requires(ReadAudit),             audit::list,                     Does::AuditEvents)
        .get   ("/api/v1/audit-events/export",         Requires(ReadAudit),             audit::export,                   Does::ExportAudit)
        .get   ("/api/v1/admin/overview",              Requires(Oversee),               admin::overview,                 Does::Overview)
        .get   ("/api/v1/admin/attention",             Requires(Oversee),               admin::attention,                Does::Attention)
        .get   ("/api/v1/admin/refusals",              Requires(Oversee),               admin::refusals,                 Does::Refusals)

        // The platform, for its operators
        .get   ("/api/v1/platform/tenants",            Requires(ListTenants),           platform::tenants,               Does::Tenants)
        .get   ("/api/v1/platform/tenants/{id}",       Requires(ListTenants),           platform::tenant,                Does::Tenant)
        .post  ("/api/v1/platform/tenants/{id}/suspend", Requires(SuspendTenant),       platform::suspend_tenant,        Does::SuspendTenant)
        .post  ("/api/v1/platform/tenants/{id}/resume",  Requires(SuspendTenant),       platform::resume_tenant,         Does::ResumeTenant)
        .get   ("/api/v1/platform/users",              Requires(ListUsers),             platform::users,                 Does::Users)
        .get   ("/api/v1/platform/users/{id}",         Requires(ListUsers),             platform::user,                  Does::User)
        .post  ("/api/v1/platform/users/{id}/suspend", Requires(SuspendUser),           platform::suspend_user,          Does::SuspendUser)
        .post  ("/api/v1/platform/users/{id}/resume",  Requires(SuspendUser),           platform::resume_user,           Does::ResumeUser)
}

/// One row.
pub struct Route {
    /// The verb.
    pub method: Method,
    /// The path, with `{id}` where an id stands.
    pub path: &'static str,
    /// Who may call.
    pub access: Access,
    /// Must they have proved who they are a short while ago?
    pub recent: bool,
    /// Is a request with a key recognized when it comes again?
    pub keyed: bool,
    /// What it does.
    pub operation: Does,
    pub(crate) describe: fn(&mut Description<'_>),
    mount: Mounted,
}

/// Makes the route of a row, for each worker.
pub(crate) type Mounted = Box<dyn Fn() -> actix_web::Route + Send + Sync>;

/// All rows.
#[derive(Default)]
pub struct Routes(Vec<Route>);

macro_rules! verbs {
    ($($verb:ident $method:ident),*) => {$(
        #[doc = concat!("Adds a row for `", stringify!($method), "`.")]
        #[must_use]
        pub fn $verb<D, H, Args>(self, path: &'static str, declared: D, handler: H, does: Does) -> Self
        where
            D: Declaration + 'static,
            H: Handler<Args, Output: Responder<Body: MessageBody> + Answers> + Send + Sync,
            Args: FromRequest + Keeps<D> + Reads + 'static,
        {
            self.row(Method::$method, path, declared, handler, does)
        }
    )*};
}

impl Routes {
    verbs!(get GET, post POST, put PUT, patch PATCH, delete DELETE);

    fn row<D, H, Args>(
        mut self,
        method: Method,
        path: &'static str,
        _: D,
        handler: H,
        does: Does,
    ) -> Self
    where
        D: Declaration + 'static,
        H: Handler<Args, Output: Responder<Body: MessageBody> + Answers> + Send + Sync,
        Args: FromRequest + Keeps<D> + Reads + 'static,
    {
        let mount = mounted::<D, _, _>(&method, path, handler, Args::KEYED, !Args::QUERY);
        self.0.push(Route {
            method,
            path,
            access: D::ACCESS,
            recent: D::RECENT,
            keyed: Args::KEYED,
            operation: does,
            describe: |description| {
                Args::describe(description);
                H::Output::answers(description);
            },
            mount,
        });
        self
    }

    /// The rows, in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = &Route> {
        self.0.iter()
    }

    /// The row that a request has come to.
    pub(crate) fn row_of(&self, method: &Method, path: &str) -> Option<&Route> {
        self.iter()
            .find(|row| row.method == method && row.path == path)
    }

    /// Mounts the rows, path by path.
    pub fn mount(self: &Arc<Self>) -> impl Fn(&mut ServiceConfig) + Clone + use<> {
        let routes = Arc::clone(self);
        move |config| {
            let rows = routes.iter();
            mount_rows(config, rows.map(|row| (row.path, &row.method, &row.mount)));
        }
    }

    /// The table as it stands in `docs/routes.md`.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut table = String::from("| verb | path | who may call |\n|---|---|---|\n");
        for Route {
            method,
            path,
            access,
            recent,
            ..
        } in self.iter()
        {
            let who = match access {
                Access::Public => "anybody".to_owned(),
                Access::SignedIn => "whoever is signed in".to_owned(),
                Access::Member => "whoever is a member, in order".to_owned(),
                Access::Requires(permission) => format!("`{}`", permission.name()),
                Access::RequiresOn(permission) => format!("`{}`, on the thing", permission.name()),
            };
            let recent = if *recent {
                ", signed in a short while ago"
            } else {
                ""
            };
            let _ = writeln!(table, "| {method} | `{path}` | {who}{recent} |");
        }
        table
    }
}

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {:?}", self.method, self.path, self.access)
    }
}

/// The handler behind all that its declaration asks for.
pub(crate) fn mounted<D, H, Args>(
    method: &Method,
    path: &'static str,
    handler: H,
    keyed: bool,
    bare: bool,
) -> Mounted
where
    D: Declaration + 'static,
    H: Handler<Args, Output: Responder<Body: MessageBody>> + Send + Sync,
    Args: FromRequest + 'static,
{
    let verb = method.clone();
    let counted = Row::of(method, path);
    Box::new(move || {
        let writes = !verb.is_safe();
        let public = D::ACCESS == Access::Public;
        verbs_of(&verb)
            .guard(guard::fn_guard(move |request| {
                // The last guard: only whoever comes to this row passes here.
                request.req_data_mut().insert(counted);
                true
            }))
            .to(handler.clone())
            .wrap(Condition::new(writes, from_fn(to_the_end)))
            .wrap(Condition::new(keyed, from_fn(recognize::<D>)))
            .wrap(Condition::new(bare, from_fn(no_parameters)))
            .wrap(Condition::new(D::RECENT, from_fn(recently)))
            .wrap(Condition::new(!public, from_fn(note_refusals)))
            .wrap(Condition::new(!public, from_fn(authenticate)))
            .wrap(Condition::new(public && writes, from_fn(throttle)))
    })
}

/// Mounts rows, path by path.
pub(crate) fn mount_rows<'a>(
    config: &mut ServiceConfig,
    rows: impl Iterator<Item = (&'static str, &'a Method, &'a Mounted)>,
) {
    let mut paths: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for (path, verb, mount) in rows {
        paths.entry(path).or_default().push((verb, mount));
    }
    // actix goes through all of them, one after the other, and patterns cost most.
    let (patterns, plain): (Vec<_>, Vec<_>) =
        paths.into_iter().partition(|(path, _)| path.contains('{'));
    for (path, rows) in plain.into_iter().chain(patterns) {
        mount_resource(config, path, &rows);
    }
}

/// Mounts rows as one resource, so that a wrong verb is a 405 and not a 404.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that mounts routes"
)]
fn mount_resource(config: &mut ServiceConfig, path: &str, rows: &[(&Method, &Mounted)]) {
    let verbs = rows.iter().map(|(verb, _)| match **verb {
        Method::GET => "GET, HEAD",
        ref verb => verb.as_str(),
    });
    let allow = verbs.chain(["OPTIONS"]).collect::<Vec<_>>().join(", ");
    let resource = web::resource(path).default_service(web::to(move |method| {
        let status = match method {
            Method::OPTIONS => StatusCode::NO_CONTENT,
            _ => Kind::MethodNotAllowed.status(),
        };
        let mut answer = HttpResponse::build(status);
        let answer = answer
            .insert_header((header::ALLOW, allow.clone()))
            .finish();
        async { answer }
    }));
    config.service(
        rows.iter()
            .map(|(_, mount)| mount())
            .fold(resource, Resource::route),
    );
}

/// A route for this verb; where there is a GET there is a HEAD (RFC 9110 §9.3.2), whose body actix leaves out.
fn verbs_of(verb: &Method) -> actix_web::Route {
    match *verb {
        Method::GET => web::route().guard(guard::Any(guard::Get()).or(guard::Head())),
        ref verb => web::method(verb.clone()),
    }
}

/// A span around the whole request, of somebody who has put it into its extensions: work that is taken out of the request
/// goes on within it.
#[derive(Debug, Clone)]
pub struct Around(pub Span);

/// Runs a request that may write to its end, also when the client is gone.
///
/// actix drops a request's future when its connection is reset. Half-way through a transaction that would leave the
/// outcome to chance.
async fn to_the_end(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let http = request.request().clone();
    let work = async move {
        next.call(request)
            .await
            .map(ServiceResponse::map_into_boxed_body)
    };
    let around = http.extensions().get::<Around>().cloned();
    let around = around.map_or_else(Span::none, |Around(span)| span);
    match rt::spawn(work.in_current_span().instrument(around)).await {
        Ok(outcome) => outcome,
        // It panicked.
        Err(_) => Ok(ServiceResponse::from_err(
            Problem::from(Kind::Internal),
            http,
        )),
    }
}
