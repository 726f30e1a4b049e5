//! Durable state, behind the policy: every door asks for a proof.
//!
//! A *unit of work* is one transaction, pinned to one tenant or one account; dropped without a commit, it never was.
//! *Views* are reads that no invariant depends on.

use super::{AccessClaims, Secret};
use async_trait::async_trait;
use bailiwick_domain::{
    ChainId, MailedTokenId, MemberId, Name, ProjectId, SessionId, TenantId, Timestamp, UserId,
    access::{AccountScope, AuditEntry, Founding, Read, Standing, TenantScope, Write},
    invitation::Invitation,
    mailed::MailedToken,
    member::{Member, MemberStatus},
    password::PasswordHash,
    project::Project,
    role::{BuiltIn, Role},
    session::{Chain, EndCause, Place, RevokeCause, Session},
    tenant::{Slug, Tenant, TenantStatus},
    user::{EmailAddress, User},
};

/// The store.
#[async_trait]
pub trait Store: Credentials + Views + Send + Sync {
    /// Opens a tenant for writing.
    async fn begin(&self, scope: &TenantScope<Write>) -> Result<Box<dyn TenantUnit>, StoreError>;

    /// Opens a tenant that comes into being with the unit: it is the first thing that is written, so that nobody
    /// founds what exists. [`Unique::Slug`] when the slug is taken.
    async fn found(
        &self,
        founding: &Founding,
        tenant: &Tenant,
    ) -> Result<Box<dyn TenantUnit>, StoreError>;

    /// Opens one account for writing.
    async fn account(&self, scope: &AccountScope) -> Result<Box<dyn AccountUnit>, StoreError>;
}

/// Whether the store can be used.
#[async_trait]
pub trait Readiness: Send + Sync {
    /// Does it answer, and is its schema the one that this build expects?
    async fn ready(&self) -> Result<(), StoreError>;
}

/// What is looked up in order to learn who asks. Nobody can be asked for leave yet.
#[async_trait]
pub trait Credentials: Send + Sync {
    /// The account that signs in with this address.
    async fn account_of(&self, email: &EmailAddress) -> Result<Option<Account>, StoreError>;

    /// All that decides about an access token, as it stands now.
    async fn facts(&self, claims: &AccessClaims) -> Result<Option<Facts>, StoreError>;

    /// All that decides about a refresh token, as it stands now.
    async fn chain(&self, id: ChainId) -> Result<Option<KnownChain>, StoreError>;

    /// The token that was mailed with this secret, if it was not brought back or superseded.
    async fn mailed_token(&self, secret: &Secret) -> Result<Option<MailedToken>, StoreError>;

    /// A session, over or not.
    async fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError>;
}

/// An account and what it signs in with.
#[derive(Debug, Clone)]
pub struct Account {
    /// Whose.
    pub user: User,
    /// Nothing when the account has no password.
    pub password: Option<PasswordHash>,
}

/// What decides about an access token.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Whose it is.
    pub user: User,
    /// Its session.
    pub session: Session,
    /// Is its chain alive?
    pub chain_revoked: bool,
    /// The person's standing in the tenant that the token names, if they have one.
    pub standing: Option<Standing>,
}

/// What decides about a refresh token.
#[derive(Debug, Clone)]
pub struct KnownChain {
    /// The chain.
    pub chain: Chain,
    /// What its tokens are made with.
    pub secret: Secret,
    /// Its session.
    pub session: Session,
    /// Can the account be used, and where the chain has a place, are tenant and membership in order?
    pub in_order: bool,
}

/// Reads that no invariant depends on.
#[async_trait]
pub trait Views: Send + Sync {
    /// The organizations that a person is a member of, the oldest membership first.
    async fn organizations_of(
        &self,
        scope: &AccountScope,
    ) -> Result<Vec<MembershipRow>, StoreError>;

    /// A person's sessions that are not over, the newest first.
    async fn sessions_of(
        &self,
        scope: &AccountScope,
        now: Timestamp,
    ) -> Result<Vec<SessionRow>, StoreError>;

    /// The organization itself.
    async fn organization(&self, scope: &TenantScope<Read>) -> Result<Option<Tenant>, StoreError>;

    /// Its members, in the order of joining.
    async fn members(
        &self,
        scope: &TenantScope<Read>,
        page: Page<MemberId>,
    ) -> Result<Slice<MemberRow>, StoreError>;

    /// One member.
    async fn member(
        &self,
        scope: &TenantScope<Read>,
        id: MemberId,
    ) -> Result<Option<MemberRow>, StoreError>;

    /// The live projects, in the order of creation.
    async fn projects(
        &self,
        scope: &TenantScope<Read>,
        page: Page<ProjectId>,
    ) -> Result<Slice<Project>, StoreError>;

    /// One live project.
    async fn project(
        &self,
        scope: &TenantScope<Read>,
        id: ProjectId,
    ) -> Result<Option<Project>, StoreError>;
}

/// One organization of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MembershipRow {
    /// The organization and the membership.
    pub place: Place,
    /// What people call it.
    pub name: Name,
    /// What addresses call it.
    pub slug: Slug,
    /// Is it in order?
    pub tenant_status: TenantStatus,
    /// Is the membership in order?
    pub member_status: MemberStatus,
    /// The person's roles there.
    pub roles: Vec<Role>,
}

/// One session, as people recognize it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// The session.
    pub session: Session,
    /// From where it was opened.
    pub device: Device,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it last asked for tokens.
    pub last_seen_at: Timestamp,
}

impl MembershipRow {
    /// Can it be entered?
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.tenant_status == TenantStatus::Active && self.member_status == MemberStatus::Active
    }
}

/// One member, as lists show them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRow {
    /// The membership.
    pub member: Member,
    /// Where the person receives mail.
    pub email: EmailAddress,
    /// What the person is called.
    pub name: Name,
}

/// Which part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page<Id> {
    /// The last row that was seen, if one was.
    pub after: Option<Id>,
    /// At most so many rows, 1 to 100.
    pub limit: u8,
    /// In which direction.
    pub order: Order,
}

/// The direction of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The oldest first.
    Ascending,
    /// The newest first.
    Descending,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice<Row> {
    /// The rows.
    pub rows: Vec<Row>,
    /// Are there more behind them?
    pub more: bool,
}

/// One transaction in one tenant: every repository of it at once.
#[async_trait]
pub trait TenantUnit: Directory + Tenants + Roles + Members + Invitations + Projects {
    /// Makes it last. Nothing is written without a record of who wrote it.
    async fn commit(self: Box<Self>, entry: AuditEntry) -> Result<(), StoreError>;
}

/// One transaction about one account.
#[async_trait]
pub trait AccountUnit: Users + Sessions {
    /// Makes it last. Nothing is written without a record of who wrote it.
    async fn commit(self: Box<Self>, entry: AuditEntry) -> Result<(), StoreError>;
}

/// The account that the unit is about.
#[async_trait]
pub trait Users: Send {
    /// Registers it. [`Unique::Email`] when the address is taken.
    async fn add_user(&mut self, user: &User, password: &PasswordHash) -> Result<(), StoreError>;

    /// The account as it stands, locked until the unit is over: what was read of it before may have changed.
    async fn account(&mut self) -> Result<Option<Account>, StoreError>;

    /// Notes that the address is the account's.
    async fn verify_email(&mut self, now: Timestamp) -> Result<(), StoreError>;

    /// Adds a token that will be mailed with this secret; an older one for the purpose is good no more.
    async fn add_mailed_token(
        &mut self,
        token: &MailedToken,
        secret: &Secret,
    ) -> Result<(), StoreError>;

    /// Takes a token out, for good. `false`: somebody was faster.
    async fn take_mailed_token(&mut self, id: MailedTokenId) -> Result<bool, StoreError>;

    /// Gives it another password. A token that was mailed to choose one is good no more.
    async fn set_password(
        &mut self,
        password: &PasswordHash,
        now: Timestamp,
    ) -> Result<(), StoreError>;
}

/// The sessions of the account that the unit is about.
#[async_trait]
pub trait Sessions: Send {
    /// Opens a session.
    async fn add_session(&mut self, session: &Session, device: &Device) -> Result<(), StoreError>;

    /// One of the sessions, over or not.
    async fn session(&mut self, id: SessionId) -> Result<Option<Session>, StoreError>;

    /// Ends these sessions and their chains, and says how many were not over yet.
    async fn end_sessions(
        &mut self,
        which: Which,
        cause: EndCause,
        now: Timestamp,
    ) -> Result<u64, StoreError>;

    /// The session's live chain in this tenant, or in none.
    async fn live_chain(
        &mut self,
        session: SessionId,
        tenant: Option<TenantId>,
    ) -> Result<Option<(Chain, Secret)>, StoreError>;

    /// Starts a chain, from another one unless it is the session's first. [`Unique::LiveChain`] when the session has
    /// one there.
    async fn add_chain(
        &mut self,
        chain: &Chain,
        secret: &Secret,
        parent: Option<ChainId>,
    ) -> Result<(), StoreError>;

    /// Moves a live chain on to `generation`, if it stands at the one before. `false`: somebody was faster.
    async fn rotate_chain(
        &mut self,
        id: ChainId,
        generation: u64,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Ends a chain, and with [`RevokeCause::Reuse`] all that were started from it. `false`: it was dead already.
    async fn revoke_chain(
        &mut self,
        id: ChainId,
        cause: RevokeCause,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
}

/// Which sessions of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// All.
    All,
    /// One.
    One(SessionId),
    /// All but one.
    AllBut(SessionId),
}

/// From where somebody signs in, as they say themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Device {
    /// The program.
    pub user_agent: Option<String>,
    /// The network address.
    pub address: Option<String>,
}

/// The few things that a tenant may ask about people outside it.
#[async_trait]
pub trait Directory: Send {
    /// Who signs in with this address.
    async fn user_with(&mut self, email: &EmailAddress) -> Result<Option<UserId>, StoreError>;

    /// Every tenant that this person is a member of; nobody else adds one until the unit is over.
    async fn tenants_of(&mut self, user: UserId) -> Result<Vec<TenantId>, StoreError>;
}

/// The tenant that the unit is pinned to.
#[async_trait]
pub trait Tenants: Send {
    /// The tenant, locked until the unit is over.
    async fn tenant(&mut self) -> Result<Option<Tenant>, StoreError>;
    /// Keeps its changes.
    async fn save_tenant(&mut self, tenant: &Tenant) -> Result<(), StoreError>;
}

/// The roles of the tenant.
#[async_trait]
pub trait Roles: Send {
    /// One of the three that every tenant has.
    async fn built_in_role(&mut self, role: BuiltIn) -> Result<Option<Role>, StoreError>;
    /// Adds roles.
    async fn add_roles(&mut self, roles: &[Role], now: Timestamp) -> Result<(), StoreError>;
}

/// The members of the tenant.
#[async_trait]
pub trait Members: Send {
    /// Adds a member with their roles. [`Unique::Member`] when the person is one already.
    async fn add_member(&mut self, member: &Member) -> Result<(), StoreError>;
}

/// The invitations of the tenant.
#[async_trait]
pub trait Invitations: Send {
    /// Adds an invitation with its roles. [`Unique::PendingInvitation`] when one waits for the address.
    async fn add_invitation(&mut self, invitation: &Invitation) -> Result<(), StoreError>;
}

/// The projects of the tenant.
#[async_trait]
pub trait Projects: Send {
    /// A live project, locked until the unit is over.
    async fn project(&mut self, id: ProjectId) -> Result<Option<Project>, StoreError>;
    /// Adds a project. [`Unique::ProjectName`] when a live one has the name.
    async fn add_project(&mut self, project: &Project) -> Result<(), StoreError>;
    /// Keeps its changes. [`Unique::ProjectName`] when another live one has the name.
    async fn save_project(&mut self, project: &Project) -> Result<(), StoreError>;
}

/// What a store may fail with, in words that a use case can act on.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Something would stand there twice.
    #[error("{0:?} must be unique")]
    Taken(Unique),
    /// The store holds what it should not, or was asked for what it must not do.
    #[error("the store is not as it should be: {0}")]
    Corrupt(String),
    /// The store does not answer, or not in time.
    #[error("the store is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What the store keeps unique. Each use case turns it into a refusal of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unique {
    /// One account an email address.
    Email,
    /// One tenant a slug.
    Slug,
    /// One membership a person and tenant.
    Member,
    /// One pending invitation an address and tenant.
    PendingInvitation,
    /// One live project a name and tenant.
    ProjectName,
    /// One live chain a session and tenant.
    LiveChain,
}
