//! Every row of the table, met by everybody who may not, over a store that panics when it is touched.

use actix_web::{App, http::StatusCode, middleware::from_fn, test};
use async_trait::async_trait;
use bailiwick_api::{
    Background, Caveat, Cookies, Metrics, OAuth, Registration, Services, Throttle, TrustedProxies,
    access::Access, edge, routes::routes,
};
use bailiwick_application::{
    Ground,
    access::Access as Explanations,
    accounts::Accounts,
    admin::Admin,
    audit::Audit,
    invitations::Invitations,
    machines::Machines,
    members::{JoinRules, Members},
    organizations::Organizations,
    platform::Platform,
    ports::{self, *},
    projects::Projects,
    roles::Roles,
    sessions::{Instruments, SessionRules, Sessions},
};
use bailiwick_domain::{
    access::{
        AccountScope, Assignment, AuditEntry, Founding, PlatformScope, Read, Selection, Standing,
        TenantScope, Write,
    },
    api_key::ApiKey,
    invitation::{InvitationStatus, Redemption},
    mailed::MailedToken,
    member::{MemberStatus, MembershipMode},
    ownership::Offer,
    password::{Password, PasswordHash, PasswordPolicy},
    project::Project,
    role::RoleBook,
    service_account::ServiceAccount,
    session::{Chain, EndCause, Lifetimes, Outage, RevokeCause, Session},
    tenant::{Erasure, Tenant, TenantStatus},
    user::{EmailAddress, User},
    *,
};
use std::{sync::Arc, time::Duration};
use tokio::runtime::Handle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

/// Whoever must be kept out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Persona {
    /// No token at all.
    Nobody,
    /// A token that is not ours.
    Forger,
    /// Signed in, in no organization.
    WithoutOrganization,
    /// A member of the organization who holds no role.
    WithoutPermission,
    /// A token for an organization where they are no member: they own another.
    OwnerElsewhere,
    /// An owner, in an organization that the operators suspended.
    OwnerOfLocked,
    /// An owner whose membership is suspended.
    SuspendedOwner,
}

const CAST: [Persona; 7] = [
    Persona::Nobody,
    Persona::Forger,
    Persona::WithoutOrganization,
    Persona::WithoutPermission,
    Persona::OwnerElsewhere,
    Persona::OwnerOfLocked,
    Persona::SuspendedOwner,
];

#[actix_web::test]
async fn no_row_lets_anybody_in_whom_it_does_not_declare() {
    let routes = Arc::new(routes());
    let configure = bailiwick_api::configure(&services(), &routes);
    let app = test::init_service(App::new().configure(configure).wrap(from_fn(edge))).await;

    let mut met = 0;
    for row in routes.iter() {
        let path = row
            .path
            .replace("{id}", &ProjectId::from_uuid(Uuid::nil()).to_string())
            .replace("{member_id}", &MemberId::from_uuid(Uuid::nil()).to_string());
        for persona in CAST {
            let mut request = test::TestRequest::with_uri(&path)
                .method(row.method.clone())
                .insert_header(("content-type", "application/json"))
                .set_payload("{not json");
            if persona != Persona::Nobody {
                request = request.insert_header(("authorization", format!("Bearer {persona:?}")));
            }
            let status = test::call_service(&app, request.to_request())
                .await
                .status();

            let signed_in = !matches!(persona, Persona::Nobody | Persona::Forger);
            let kept_out = match row.access {
                Access::Public => !status.is_server_error() && status != StatusCode::FORBIDDEN,
                Access::SignedIn if signed_in => {
                    !status.is_server_error() && status != StatusCode::UNAUTHORIZED
                }
                // Whoever is a member in order may, whatever roles go with it: the handler runs into the store.
                Access::Member if persona == Persona::WithoutPermission => {
                    status == StatusCode::INTERNAL_SERVER_ERROR
                }
                Access::Member | Access::Requires(_) | Access::RequiresOn(_) if signed_in => {
                    status == StatusCode::FORBIDDEN
                }
                Access::SignedIn | Access::Member | Access::Requires(_) | Access::RequiresOn(_) => {
                    status == StatusCode::UNAUTHORIZED
                }
            };
            assert!(kept_out, "{row:?} answers {persona:?} with {status}");
            met += 1;
        }
    }

    assert_eq!(met, routes.iter().count() * CAST.len());
}

#[actix_web::test]
async fn a_wrong_verb_names_the_right_ones() {
    let routes = Arc::new(routes());
    let configure = bailiwick_api::configure(&services(), &routes);
    let app = test::init_service(App::new().configure(configure).wrap(from_fn(edge))).await;

    let request = test::TestRequest::put()
        .uri("/api/v1/projects")
        .to_request();
    let answer = test::call_service(&app, request).await;

    assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(
        answer.headers().get("allow").unwrap(),
        "GET, HEAD, POST, OPTIONS"
    );
}

fn services() -> Services {
    let ground = Ground {
        store: Arc::new(Untouched),
        clock: Arc::new(Noon),
        ids: Arc::new(Zero),
    };
    let instruments = Instruments {
        passwords: Arc::new(Untouched),
        access: Arc::new(ByName),
        refresh: Arc::new(Untouched),
        devices: Arc::new(Untouched),
        attempts: Arc::new(Untouched),
        entropy: Arc::new(Zero),
        uses: Arc::new(Untouched),
        rotations: Arc::new(Untouched),
    };
    let rules = SessionRules {
        lifetimes: Lifetimes::default(),
        access_ttl: Duration::from_secs(300),
        verified_only: false,
    };
    Services {
        background: Background::new(Handle::current(), TaskTracker::new()),
        leaving: CancellationToken::new(),
        metrics: Metrics::default(),
        caveat: Caveat::default(),
        accounts: Accounts::new(
            ground.clone(),
            Arc::new(Untouched),
            Arc::new(Zero),
            Arc::new(Untouched),
            Arc::new(Untouched),
        ),
        sessions: Sessions::new(ground.clone(), instruments, rules),
        organizations: Organizations::new(ground.clone(), MembershipMode::Many),
        members: Members::new(ground.clone(), Arc::new(Zero), JOINING),
        invitations: Invitations::new(
            ground.clone(),
            Arc::new(Zero),
            Arc::new(Untouched),
            Arc::new(Untouched),
            JOINING,
        ),
        machines: Machines::new(ground.clone(), Arc::new(Zero)),
        roles: Roles::new(ground.clone()),
        projects: Projects::new(ground.clone()),
        access: Explanations::new(ground.clone()),
        audit: Audit::new(ground.clone()),
        admin: Admin::new(ground.clone()),
        platform: Platform::new(ground),
        refusals: Arc::new(Untouched),
        answers: Arc::new(Untouched),
        cursors: Arc::new(Untouched),
        clock: Arc::new(Noon),
        readiness: Arc::new(Untouched),
        keys: Arc::new(Untouched),
        ids: Arc::new(Zero),
        passwords: PasswordPolicy::default(),
        registration: Registration::default(),
        oauth: OAuth {
            issuer: "http://localhost".to_owned(),
            password_grant: true,
        },
        cookies: Cookies::default(),
        proxies: TrustedProxies::default(),
        throttle: Throttle::default(),
    }
}

const JOINING: JoinRules = JoinRules {
    mode: MembershipMode::Many,
    verified_only: false,
};

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(0)
    }
}

struct Zero;

impl Ids for Zero {
    fn next(&self) -> Uuid {
        Uuid::nil()
    }
}

impl Entropy for Zero {
    fn secret(&self) -> Secret {
        Secret([0; 32])
    }
}

/// A token is the name of whoever brings it; their place in [`CAST`] is their user id.
struct ByName;

#[async_trait]
impl AccessTokens for ByName {
    async fn issue(&self, _: &ports::Access) -> Result<String, TokenError> {
        unreachable!("a token was issued")
    }

    async fn verify(&self, token: &str, now: Timestamp) -> Result<ports::Access, TokenError> {
        let place = CAST
            .iter()
            .position(|persona| format!("{persona:?}") == token);
        let place = place.filter(|place| CAST[*place] != Persona::Forger);
        let place = place.ok_or(TokenError::Invalid("forged"))?;
        let bound = CAST[place] != Persona::WithoutOrganization;
        Ok(ports::Access::Person(AccessClaims {
            id: Uuid::nil(),
            user: UserId::from_uuid(Uuid::from_u128(place as u128)),
            session: SessionId::from_uuid(Uuid::nil()),
            chain: ChainId::from_uuid(Uuid::nil()),
            tenant: bound.then(|| TenantId::from_uuid(Uuid::nil())),
            authenticated_at: now,
            issued_at: now,
            expires_at: now.plus(Duration::from_secs(300)),
        }))
    }
}

/// Only what tells who asks may be touched.
struct Untouched;

impl Rotations for Untouched {
    fn note(&self, _: Presented) {
        unreachable!("a refresh token was noted")
    }
}

impl KeyUses for Untouched {
    fn note(&self, _: TenantId, _: ApiKeyId, _: Timestamp) {
        unreachable!("a use was noted")
    }
}

#[async_trait]
impl Credentials for Untouched {
    fn outage(&self) -> Option<Outage> {
        None
    }
    async fn facts(&self, claims: &AccessClaims) -> Result<Option<Arc<Facts>>, StoreError> {
        let persona = CAST[claims.user.as_uuid().as_u128() as usize];
        let owner = role::Role::built_in(RoleId::from_uuid(Uuid::nil()), role::BuiltIn::Owner);
        let standing = |tenant_status, member_status, roles: Vec<role::Role>| {
            Arc::new(Standing {
                tenant: TenantId::from_uuid(Uuid::nil()),
                tenant_status,
                member: MemberId::from_uuid(Uuid::nil()),
                member_status,
                account_suspended: false,
                second_factor_missing: false,
                assignments: roles.iter().map(|role| Assignment::of(role.id)).collect(),
                roles: RoleBook::of(roles),
            })
        };
        let name: Name = "Somebody".parse().unwrap();
        let email = "somebody@example.com".parse().unwrap();
        let now = Timestamp::from_micros(0);
        Ok(Some(Arc::new(Facts {
            user: User::new(claims.user, email, name, now),
            session: Session::open(claims.session, claims.user, &Lifetimes::default(), now),
            chain_revoked: false,
            standing: match persona {
                Persona::Nobody
                | Persona::Forger
                | Persona::WithoutOrganization
                | Persona::OwnerElsewhere => None,
                Persona::WithoutPermission => {
                    Some(standing(TenantStatus::Active, MemberStatus::Active, vec![]))
                }
                Persona::OwnerOfLocked => Some(standing(
                    TenantStatus::Locked,
                    MemberStatus::Active,
                    vec![owner],
                )),
                Persona::SuspendedOwner => Some(standing(
                    TenantStatus::Active,
                    MemberStatus::Suspended,
                    vec![owner],
                )),
            },
            operator: false,
        })))
    }

    async fn account_of(&self, _: &EmailAddress) -> Result<Option<Account>, StoreError> {
        unreachable!("the store was touched")
    }
    async fn chain(&self, _: &RefreshClaims) -> Result<Option<KnownChain>, StoreError> {
        unreachable!("the store was touched")
    }
    async fn mailed_token(&self, _: &Secret) -> Result<Option<MailedToken>, StoreError> {
        unreachable!("the store was touched")
    }
    async fn session(&self, _: SessionId) -> Result<Option<Session>, StoreError> {
        unreachable!("the store was touched")
    }
    async fn key_with(
        &self,
        _: ApiKeyId,
        _: &Secret,
    ) -> Result<Option<(KnownKey, WhichSecret)>, StoreError> {
        unreachable!("the store was touched")
    }
    async fn key_of(&self, _: &MachineClaims) -> Result<Option<KnownKey>, StoreError> {
        unreachable!("the store was touched")
    }
    async fn invited(&self, _: &Secret) -> Result<Option<InvitationRow>, StoreError> {
        unreachable!("the store was touched")
    }
}

#[async_trait]
impl Views for Untouched {
    /// About the caller alone, whom every signed-in row may serve.
    async fn organizations_of(
        &self,
        _: &AccountScope,
        _: Timestamp,
    ) -> Result<Vec<MembershipRow>, StoreError> {
        Ok(vec![])
    }
    /// About the caller alone, whom every signed-in row may serve.
    async fn sessions_of(
        &self,
        _: &AccountScope,
        _: Timestamp,
    ) -> Result<Vec<SessionRow>, StoreError> {
        Ok(vec![])
    }
    /// About the caller alone, whom every signed-in row may serve.
    async fn invitations_of(
        &self,
        _: &AccountScope,
        _: &EmailAddress,
        _: Timestamp,
    ) -> Result<Vec<InvitationRow>, StoreError> {
        Ok(vec![])
    }
    async fn organization(&self, _: &TenantScope<Read>) -> Result<Option<Tenant>, StoreError> {
        unreachable!("the store was touched")
    }
    async fn offer(&self, _: &TenantScope<Read>) -> Result<Option<Offer>, StoreError> {
        unreachable!("the store was touched")
    }
    async fn members(
        &self,
        _: &TenantScope<Read>,
        _: &MemberFilter,
        _: &Page<MemberId>,
    ) -> Result<Slice<MemberRow>, StoreError> {
        unreachable!("the store was touched")
    }
    async fn member(
        &self,
        _: &TenantScope<Read>,
        _: MemberId,
    ) -> Result<Option<MemberRow>, StoreError> {
        unreachable!("the store was touched")
    }
    async fn roles(&self, _: &TenantScope<Read>) -> Result<RoleBook, StoreError> {
        unreachable!("the store was touched")
    }
    async fn holders(
        &self,
        _: &TenantScope<Read>,
        _: &[RoleId],
        _: u8,
    ) -> Result<Vec<MemberRow>, StoreError> {
        unreachable!("the store was touched")
    }
    async fn invitations(
        &self,
        _: &TenantScope<Read>,
        _: Option<InvitationStatus>,
        _: &Page<InvitationId>,
        _: Timestamp,
    ) -> Result<Slice<InvitationRow>, StoreError> {
        unreachable!("the store was touched")
    }
    async fn invitation(
        &self,
        _: &TenantScope<Read>,
        _: InvitationId,
    ) -> Result<Option<InvitationRow>, StoreError> {
        unreachable!("the store was touched")
    }
    async fn projects(
        &self,
        _: &TenantScope<Read>,
        _: &Selection,
        _: &Page<ProjectId>,
    ) -> Result<Slice<Project>, StoreError> {
        unreachable!("the store was touched")
    }
    async fn project(
        &self,
        _: &TenantScope<Read>,
        _: ProjectId,
    ) -> Result<Option<Project>, StoreError> {
        unreachable!("the store was touched")
    }
    async fn project_members(
        &self,
        _: &TenantScope<Read>,
        _: ProjectId,
        _: &Page<MemberId>,
    ) -> Result<Slice<MemberRow>, StoreError> {
        unreachable!("the store was touched")
    }
    async fn service_accounts(
        &self,
        _: &TenantScope<Read>,
        _: &Page<ServiceAccountId>,
    ) -> Result<Slice<ServiceAccount>, StoreError> {
        unreachable!("the store was touched")
    }
    async fn service_account(
        &self,
        _: &TenantScope<Read>,
        _: ServiceAccountId,
    ) -> Result<Option<ServiceAccount>, StoreError> {
        unreachable!("the store was touched")
    }
    async fn api_keys(
        &self,
        _: &TenantScope<Read>,
        _: &Page<ApiKeyId>,
    ) -> Result<Slice<ApiKey>, StoreError> {
        unreachable!("the store was touched")
    }
    async fn api_key(
        &self,
        _: &TenantScope<Read>,
        _: ApiKeyId,
    ) -> Result<Option<ApiKey>, StoreError> {
        unreachable!("the store was touched")
    }
    async fn audit_events(
        &self,
        _: &TenantScope<Read>,
        _: &AuditFilter,
        _: &Page<AuditId>,
    ) -> Result<Slice<AuditRow>, StoreError> {
        unreachable!("the store was touched")
    }
    async fn overview(&self, _: &TenantScope<Read>, _: Timestamp) -> Result<Overview, StoreError> {
        unreachable!("the store was touched")
    }
    async fn attention(
        &self,
        _: &TenantScope<Read>,
        _: &Page<MemberId>,
        _: Timestamp,
    ) -> Result<Slice<MemberRow>, StoreError> {
        unreachable!("the store was touched")
    }
    async fn every_tenant(
        &self,
        _: &PlatformScope<Read>,
        _: &Page<TenantId>,
    ) -> Result<Slice<TenantRow>, StoreError> {
        unreachable!("the store was touched")
    }
    async fn one_tenant(
        &self,
        _: &PlatformScope<Read>,
        _: TenantId,
    ) -> Result<Option<TenantRow>, StoreError> {
        unreachable!("the store was touched")
    }
    async fn every_user(
        &self,
        _: &PlatformScope<Read>,
        _: Option<&EmailAddress>,
        _: &Page<UserId>,
    ) -> Result<Slice<UserRow>, StoreError> {
        unreachable!("the store was touched")
    }
    async fn one_user(
        &self,
        _: &PlatformScope<Read>,
        _: UserId,
    ) -> Result<Option<UserRow>, StoreError> {
        unreachable!("the store was touched")
    }
}

#[async_trait]
impl AccountUnit for Untouched {
    async fn commit(self: Box<Self>, _: AuditEntry) -> Result<(), StoreError> {
        unreachable!("something was written")
    }
}

#[async_trait]
impl Keeps for Untouched {
    async fn keep(&mut self, _: &KeptAnswer) -> Result<(), StoreError> {
        unreachable!("something was written")
    }
}

#[async_trait]
impl Answers for Untouched {
    fn recognize(&self, _: Requester, _: &str, _: &[&[u8]]) -> KeyedRequest {
        unreachable!("a key was sent")
    }
    fn seal(&self, _: &KeyedRequest, _: &[u8]) -> Result<KeptAnswer, StoreError> {
        unreachable!("something was answered")
    }
    async fn earlier(&self, _: &KeyedRequest) -> Result<Option<Earlier>, StoreError> {
        unreachable!("the store was touched")
    }
    async fn forget_lapsed(&self) -> Result<u64, StoreError> {
        unreachable!("the store was touched")
    }
}

impl Cursors for Untouched {
    fn sign(&self, _: &[u8]) -> [u8; 16] {
        unreachable!("something was listed")
    }
    fn verify(&self, _: &[u8], _: &[u8; 16]) -> bool {
        false
    }
}

#[async_trait]
impl Users for Untouched {
    async fn add_user(&mut self, _: &User, _: Option<&PasswordHash>) -> Result<(), StoreError> {
        unreachable!("something was written")
    }
    async fn save_user(&mut self, _: &User, _: Timestamp) -> Result<(), StoreError> {
        unreachable!("something was written")
    }
    async fn appoint(&mut self, _: Timestamp) -> Result<bool, StoreError> {
        unreachable!("something was written")
    }
    async fn dismiss(&mut self) -> Result<bool, StoreError> {
        unreachable!("something was written")
    }
    async fn account(&mut self) -> Result<Option<Account>, StoreError> {
        unreachable!("the store was touched")
    }
    async fn verify_email(&mut self, _: Timestamp) -> Result<(), StoreError> {
        unreachable!("something was written")
    }
    async fn add_mailed_token(&mut self, _: &MailedToken, _: &Secret) -> Result<(), StoreError> {
        unreachable!("something was written")
    }
    async fn take_mailed_token(&mut self, _: MailedTokenId) -> Result<bool, StoreError> {
        unreachable!("something was written")
    }
    async fn set_password(&mut self, _: &PasswordHash, _: Timestamp) -> Result<(), StoreError> {
        unreachable!("something was written")
    }
}

#[async_trait]
impl ports::Sessions for Untouched {
    async fn session(&mut self, _: SessionId) -> Result<Option<Session>, StoreError> {
        unreachable!("the store was touched")
    }
    async fn end_sessions(
        &mut self,
        _: Which,
        _: EndCause,
        _: Timestamp,
    ) -> Result<u64, StoreError> {
        Ok(0)
    }
    async fn add_session(&mut self, _: &Session, _: &Device) -> Result<(), StoreError> {
        unreachable!("something was written")
    }
    async fn live_chain(
        &mut self,
        _: SessionId,
        _: Option<TenantId>,
    ) -> Result<Option<(Chain, Secret)>, StoreError> {
        unreachable!("the store was touched")
    }
    async fn add_chain(
        &mut self,
        _: &Chain,
        _: &Secret,
        _: Option<ChainId>,
    ) -> Result<(), StoreError> {
        unreachable!("something was written")
    }
    async fn rotate_chain(&mut self, _: ChainId, _: u64, _: Timestamp) -> Result<bool, StoreError> {
        unreachable!("something was written")
    }
    async fn revoke_chain(
        &mut self,
        _: ChainId,
        _: RevokeCause,
        _: Timestamp,
    ) -> Result<bool, StoreError> {
        unreachable!("something was written")
    }
}

#[async_trait]
impl Store for Untouched {
    async fn begin(&self, _: &TenantScope<Write>) -> Result<Box<dyn TenantUnit>, StoreError> {
        unreachable!("the store was touched")
    }
    async fn found(&self, _: &Founding, _: &Tenant) -> Result<Box<dyn TenantUnit>, StoreError> {
        unreachable!("the store was touched")
    }
    async fn deleted_tenants(&self) -> Result<Vec<Tenant>, StoreError> {
        unreachable!("the store was touched")
    }
    async fn erase(&self, _: &Erasure) -> Result<Option<Box<dyn TenantUnit>>, StoreError> {
        unreachable!("the store was touched")
    }
    async fn redeem(&self, _: &Redemption) -> Result<Box<dyn TenantUnit>, StoreError> {
        unreachable!("the store was touched")
    }
    async fn operate(
        &self,
        _: &PlatformScope<Write>,
        _: TenantId,
    ) -> Result<Box<dyn TenantUnit>, StoreError> {
        unreachable!("the store was touched")
    }
    /// About the caller alone, who may end sessions: they have none.
    async fn account(&self, _: &AccountScope) -> Result<Box<dyn AccountUnit>, StoreError> {
        Ok(Box::new(Self))
    }
}

#[async_trait]
impl Readiness for Untouched {
    async fn ready(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// A refusal in a tenant is noted, and nothing else is.
impl Refusals for Untouched {
    fn note(&self, _: Refusal) {}
}

impl PublicKeys for Untouched {
    fn public_keys(&self) -> Vec<PublicKey> {
        vec![]
    }
}

#[async_trait]
impl Mailer for Untouched {
    async fn send(&self, _: &EmailAddress, _: &Letter) -> Result<(), MailError> {
        unreachable!("a mail was sent")
    }
}

#[async_trait]
impl Passwords for Untouched {
    fn admit(&self) -> Result<(), HashingError> {
        unreachable!("a password was brought")
    }
    async fn hash(&self, _: Password) -> Result<PasswordHash, HashingError> {
        unreachable!("a password was hashed")
    }
    async fn verify(
        &self,
        _: Password,
        _: Option<PasswordHash>,
    ) -> Result<Comparison, HashingError> {
        unreachable!("a password was verified")
    }
}

impl Attempts for Untouched {
    fn count(&self, _: &Attempt<'_>) -> Result<(), TooMany> {
        unreachable!("a password was tried")
    }
    fn count_mail(&self, _: &EmailAddress) -> Result<(), TooMany> {
        unreachable!("a mail was sent")
    }
}

#[async_trait]
impl DeviceTokens for Untouched {
    async fn issue(&self, _: &KnownDevice) -> Result<String, TokenError> {
        unreachable!("a token was issued")
    }
    async fn verify(&self, _: &str, _: Timestamp) -> Result<KnownDevice, TokenError> {
        unreachable!("a token was read")
    }
}

#[async_trait]
impl RefreshTokens for Untouched {
    async fn issue(&self, _: &RefreshClaims, _: &Secret) -> Result<String, TokenError> {
        unreachable!("a token was issued")
    }
    async fn read(&self, _: &str, _: Timestamp) -> Result<PresentedRefresh, TokenError> {
        Err(TokenError::Invalid("forged"))
    }
    fn vouches(&self, _: &PresentedRefresh, _: &Secret) -> bool {
        false
    }
}
