//! Durable state, behind the policy: every door asks for a proof.
//!
//! A *unit of work* is one transaction, pinned to one tenant or one account; dropped without a commit, it never was.
//! *Views* are reads that no invariant depends on.

use super::{AccessClaims, KeptAnswer, MachineClaims, RefreshClaims, Secret};
use async_trait::async_trait;
use bailiwick_domain::{
    ApiKeyId, AuditId, ChainId, InvitationId, MailedTokenId, MemberId, Name, ProjectId, RoleId,
    ServiceAccountId, SessionId, TenantId, Timestamp, UserId,
    access::{
        AccountScope, Assignment, AuditEntry, Founding, PlatformScope, Read, Selection, Standing,
        TenantScope, Write,
    },
    api_key::ApiKey,
    invitation::{Invitation, InvitationStatus, Redemption},
    mailed::MailedToken,
    member::{Member, MemberStatus, Owners},
    ownership::Offer,
    password::PasswordHash,
    project::Project,
    role::{BuiltIn, Role, RoleBook, Usage},
    service_account::ServiceAccount,
    session::{Chain, EndCause, Outage, Place, RevokeCause, Session},
    tenant::{Erasure, Slug, Tenant, TenantStatus},
    user::{EmailAddress, User},
};
use std::sync::Arc;

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

    /// Opens the tenant of an invitation, for whoever answers it.
    async fn redeem(&self, redemption: &Redemption) -> Result<Box<dyn TenantUnit>, StoreError>;

    /// Opens a tenant for an operator of the platform.
    async fn operate(
        &self,
        scope: &PlatformScope<Write>,
        tenant: TenantId,
    ) -> Result<Box<dyn TenantUnit>, StoreError>;

    /// The tenants that are deleted and not erased yet.
    async fn deleted_tenants(&self) -> Result<Vec<Tenant>, StoreError>;

    /// Opens a tenant for good: what it held is gone when the unit is committed. Its record stays, and so do its slugs,
    /// so that nobody is led to somebody else. `None`: another replica has done it, or somebody restored it.
    async fn erase(&self, erasure: &Erasure) -> Result<Option<Box<dyn TenantUnit>>, StoreError>;

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
    async fn facts(&self, claims: &AccessClaims) -> Result<Option<Arc<Facts>>, StoreError>;

    /// The last time in which the store did not answer this process, if there was one.
    fn outage(&self) -> Option<Outage>;

    /// All that decides about a refresh token, as it stands now.
    async fn chain(&self, claims: &RefreshClaims) -> Result<Option<KnownChain>, StoreError>;

    /// The token that was mailed with this secret, if it was not brought back or superseded.
    async fn mailed_token(&self, secret: &Secret) -> Result<Option<MailedToken>, StoreError>;

    /// A session, over or not.
    async fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError>;

    /// All that decides about a key that is shown with this secret, as it stands now, and which of its secrets that is.
    /// Nobody learns from how long it takes how much of a secret is right.
    async fn key_with(
        &self,
        id: ApiKeyId,
        secret: &Secret,
    ) -> Result<Option<(KnownKey, WhichSecret)>, StoreError>;

    /// All that decides about the key that a machine's token was made with, as it stands now.
    async fn key_of(&self, claims: &MachineClaims) -> Result<Option<KnownKey>, StoreError>;

    /// The invitation that was mailed with this secret.
    async fn invited(&self, secret: &Secret) -> Result<Option<InvitationRow>, StoreError>;
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
    pub standing: Option<Arc<Standing>>,
    /// Are they an operator of the platform?
    pub operator: bool,
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
    /// Can the account be used?
    pub account_open: bool,
    /// The person's standing where the chain has a place, if they have one.
    pub standing: Option<Standing>,
}

/// What decides about a key.
#[derive(Debug, Clone)]
pub struct KnownKey {
    /// The key.
    pub key: ApiKey,
    /// Whose it is.
    pub account: ServiceAccount,
    /// Is the tenant in order?
    pub tenant_status: TenantStatus,
    /// The roles of the account, and all that they include.
    pub roles: RoleBook,
}

/// One of the secrets of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhichSecret {
    /// The one of the last rotation.
    Newest,
    /// The one before it.
    Previous,
}

/// Reads that no invariant depends on.
#[async_trait]
pub trait Views: Send + Sync {
    /// The organizations that a person is a member of, the oldest membership first. One that is deleted is listed while
    /// it can be restored, and to its owners alone.
    async fn organizations_of(
        &self,
        scope: &AccountScope,
        now: Timestamp,
    ) -> Result<Vec<MembershipRow>, StoreError>;

    /// A person's sessions that are not over, the newest first.
    async fn sessions_of(
        &self,
        scope: &AccountScope,
        now: Timestamp,
    ) -> Result<Vec<SessionRow>, StoreError>;

    /// The invitations that wait for a person's address, the oldest first.
    async fn invitations_of(
        &self,
        scope: &AccountScope,
        email: &EmailAddress,
        now: Timestamp,
    ) -> Result<Vec<InvitationRow>, StoreError>;

    /// The organization itself.
    async fn organization(&self, scope: &TenantScope<Read>) -> Result<Option<Tenant>, StoreError>;

    /// The offer of its ownership, lapsed or not.
    async fn offer(&self, scope: &TenantScope<Read>) -> Result<Option<Offer>, StoreError>;

    /// Its members.
    async fn members(
        &self,
        scope: &TenantScope<Read>,
        filter: &MemberFilter,
        page: &Page<MemberId>,
    ) -> Result<Slice<MemberRow>, StoreError>;

    /// One member.
    async fn member(
        &self,
        scope: &TenantScope<Read>,
        id: MemberId,
    ) -> Result<Option<MemberRow>, StoreError>;

    /// Its roles: there are never many.
    async fn roles(&self, scope: &TenantScope<Read>) -> Result<RoleBook, StoreError>;

    /// At most so many of its active members who have one of these roles, and an account that is open.
    async fn holders(
        &self,
        scope: &TenantScope<Read>,
        roles: &[RoleId],
        limit: u8,
    ) -> Result<Vec<MemberRow>, StoreError>;

    /// Its invitations, in the order of being made.
    async fn invitations(
        &self,
        scope: &TenantScope<Read>,
        status: Option<InvitationStatus>,
        page: &Page<InvitationId>,
        now: Timestamp,
    ) -> Result<Slice<InvitationRow>, StoreError>;

    /// One invitation.
    async fn invitation(
        &self,
        scope: &TenantScope<Read>,
        id: InvitationId,
    ) -> Result<Option<InvitationRow>, StoreError>;

    /// The live projects among the selected ones, in the order of creation.
    async fn projects(
        &self,
        scope: &TenantScope<Read>,
        selection: &Selection,
        page: &Page<ProjectId>,
    ) -> Result<Slice<Project>, StoreError>;

    /// One live project.
    async fn project(
        &self,
        scope: &TenantScope<Read>,
        id: ProjectId,
    ) -> Result<Option<Project>, StoreError>;

    /// The members who have roles on a project, in the order of joining, each with those roles alone.
    async fn project_members(
        &self,
        scope: &TenantScope<Read>,
        project: ProjectId,
        page: &Page<MemberId>,
    ) -> Result<Slice<MemberRow>, StoreError>;

    /// Its service accounts, in the order of being made.
    async fn service_accounts(
        &self,
        scope: &TenantScope<Read>,
        page: &Page<ServiceAccountId>,
    ) -> Result<Slice<ServiceAccount>, StoreError>;

    /// One service account.
    async fn service_account(
        &self,
        scope: &TenantScope<Read>,
        id: ServiceAccountId,
    ) -> Result<Option<ServiceAccount>, StoreError>;

    /// Its API keys, in the order of being made, those that are good no more among them.
    async fn api_keys(
        &self,
        scope: &TenantScope<Read>,
        page: &Page<ApiKeyId>,
    ) -> Result<Slice<ApiKey>, StoreError>;

    /// One API key.
    async fn api_key(
        &self,
        scope: &TenantScope<Read>,
        id: ApiKeyId,
    ) -> Result<Option<ApiKey>, StoreError>;

    /// The audit trail.
    async fn audit_events(
        &self,
        scope: &TenantScope<Read>,
        filter: &AuditFilter,
        page: &Page<AuditId>,
    ) -> Result<Slice<AuditRow>, StoreError>;

    /// How the organization stands.
    async fn overview(
        &self,
        scope: &TenantScope<Read>,
        now: Timestamp,
    ) -> Result<Overview, StoreError>;

    /// The members whom somebody should look at, in the order of joining.
    async fn attention(
        &self,
        scope: &TenantScope<Read>,
        page: &Page<MemberId>,
        now: Timestamp,
    ) -> Result<Slice<MemberRow>, StoreError>;

    /// Every organization of the platform, in the order of founding.
    async fn every_tenant(
        &self,
        scope: &PlatformScope<Read>,
        page: &Page<TenantId>,
    ) -> Result<Slice<TenantRow>, StoreError>;

    /// One organization of the platform.
    async fn one_tenant(
        &self,
        scope: &PlatformScope<Read>,
        id: TenantId,
    ) -> Result<Option<TenantRow>, StoreError>;

    /// Every account of the platform, in the order of registration; with `email`, the one with that address.
    async fn every_user(
        &self,
        scope: &PlatformScope<Read>,
        email: Option<&EmailAddress>,
        page: &Page<UserId>,
    ) -> Result<Slice<UserRow>, StoreError>;

    /// One account of the platform.
    async fn one_user(
        &self,
        scope: &PlatformScope<Read>,
        id: UserId,
    ) -> Result<Option<UserRow>, StoreError>;
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
    pub roles: Vec<HeldRole>,
}

/// A role that somebody has or would get, as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldRole {
    /// Which, where, and until when.
    pub assignment: Assignment,
    /// What people call it.
    pub name: Name,
    /// Which of the three that every tenant has, if it is one of them.
    pub built_in: Option<BuiltIn>,
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
    /// Can it be entered? By its owners also to undo what they did to it.
    #[must_use]
    pub fn may_enter(&self) -> bool {
        let mut roles = self.roles.iter();
        let owner = roles.any(|role| role.built_in == Some(BuiltIn::Owner));
        self.member_status == MemberStatus::Active && self.tenant_status.opens_to(owner)
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
    /// Have the operators of the platform suspended their account?
    pub account_suspended: bool,
    /// Their roles, by name.
    pub roles: Vec<HeldRole>,
}

/// One invitation, as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationRow {
    /// The invitation.
    pub invitation: Invitation,
    /// What people call the organization.
    pub organization: Name,
    /// What whoever invited is called.
    pub inviter: Name,
    /// The roles, by name.
    pub roles: Vec<HeldRole>,
}

/// Which members.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemberFilter {
    /// Those in this state.
    pub status: Option<MemberStatus>,
    /// Those with this role in the whole tenant.
    pub role: Option<RoleId>,
    /// Those whose address or name holds this text, whatever the case of ASCII letters.
    pub search: Option<String>,
    /// In which order.
    pub sort: MemberSort,
}

/// What members are sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MemberSort {
    /// When they joined.
    #[default]
    Joined,
    /// Their address.
    Email,
    /// Their name, byte by byte: the same on every database.
    Name,
}

/// One record of the audit trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Which.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Option<RecordedActor>,
    /// What.
    pub action: String,
    /// To which thing.
    pub target: String,
    /// What came of it.
    pub outcome: Outcome,
    /// Why, if it was said.
    pub reason: Option<String>,
}

/// Who did it, as a record says it: both outlive whom they name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordedActor {
    /// A person.
    User(UserId),
    /// A service account, with one of its keys.
    Machine(ServiceAccountId, ApiKeyId),
}

/// Whose records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhoseRecords {
    /// A person's.
    User(UserId),
    /// A service account's.
    Machine(ServiceAccountId),
}

/// What came of something that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Permitted,
    /// It was refused.
    Denied,
}

/// Which records of the audit trail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Those of this person or machine.
    pub actor: Option<WhoseRecords>,
    /// Those of this act.
    pub action: Option<String>,
    /// Those about this thing.
    pub target: Option<String>,
    /// Those with this outcome.
    pub outcome: Option<Outcome>,
    /// Those from this time on.
    pub since: Option<Timestamp>,
    /// Those before this time.
    pub until: Option<Timestamp>,
}

/// How an organization stands, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Overview {
    /// Members in order.
    pub active_members: u64,
    /// Members who are suspended.
    pub suspended_members: u64,
    /// Active members who own it.
    pub owners: u64,
    /// Invitations that wait.
    pub pending_invitations: u64,
    /// Live projects.
    pub projects: u64,
    /// Roles of its own.
    pub custom_roles: u64,
}

/// One organization, as operators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantRow {
    /// The organization.
    pub tenant: Tenant,
    /// How many members it has.
    pub members: u64,
}

/// One account, as operators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRow {
    /// The account.
    pub user: User,
    /// Is it an operator's?
    pub operator: bool,
    /// The organizations that it belongs to.
    pub organizations: u64,
}

/// Which part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<Id> {
    /// The last row that was seen, if one was.
    pub after: Option<After<Id>>,
    /// At most so many rows, 1 to 100.
    pub limit: u8,
    /// In which direction.
    pub order: Order,
}

impl<Id: Copy> Page<Id> {
    /// The same part, of rows that are named otherwise.
    pub fn map<Other>(&self, name: impl Fn(Id) -> Other) -> Page<Other> {
        Page {
            after: self.after.as_ref().map(|after| After {
                id: name(after.id),
                key: after.key.clone(),
            }),
            limit: self.limit,
            order: self.order,
        }
    }
}

/// The last row that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct After<Id> {
    /// Its id.
    pub id: Id,
    /// What the list is sorted by, if that is not the id.
    pub key: Option<String>,
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
pub trait TenantUnit:
    Directory + Tenants + Roles + Members + Invitations + Offers + Projects + Machines + Keeps
{
    /// Makes it last. Nothing is written without a record of who wrote it.
    async fn commit(self: Box<Self>, entry: AuditEntry) -> Result<(), StoreError>;
}

/// One transaction about one account.
#[async_trait]
pub trait AccountUnit: Users + Sessions + Keeps {
    /// Makes it last. Nothing is written without a record of who wrote it.
    async fn commit(self: Box<Self>, entry: AuditEntry) -> Result<(), StoreError>;
}

/// The answer to whoever asked for what the unit does.
#[async_trait]
pub trait Keeps: Send {
    /// Keeps it. [`Unique::Request`] when one is kept for the request already.
    async fn keep(&mut self, answer: &KeptAnswer) -> Result<(), StoreError>;
}

/// The account that the unit is about.
#[async_trait]
pub trait Users: Send {
    /// Registers it; without a password, its owner has to choose one by mail. [`Unique::Email`] when the address is
    /// taken.
    async fn add_user(
        &mut self,
        user: &User,
        password: Option<&PasswordHash>,
    ) -> Result<(), StoreError>;

    /// Keeps whether it is open.
    async fn save_user(&mut self, user: &User, now: Timestamp) -> Result<(), StoreError>;

    /// Makes it an operator's. `false`: it is one already.
    async fn appoint(&mut self, now: Timestamp) -> Result<bool, StoreError>;

    /// Makes it an operator's no more. `false`: it was none.
    async fn dismiss(&mut self) -> Result<bool, StoreError>;

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

impl Outcome {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Permitted, Self::Denied];

    /// Its name on the wire and in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Permitted => "permitted",
            Self::Denied => "denied",
        }
    }
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
    async fn user_with(&mut self, email: &EmailAddress) -> Result<Option<User>, StoreError>;

    /// What this person is called, to whose account something of the tenant refers.
    async fn name_of(&mut self, user: UserId) -> Result<Name, StoreError>;

    /// Can this person's account be used?
    async fn is_open(&mut self, user: UserId) -> Result<bool, StoreError>;

    /// Every tenant that this person is a member of; nobody else adds one until the unit is over.
    async fn tenants_of(&mut self, user: UserId) -> Result<Vec<TenantId>, StoreError>;

    /// Notes that the person's address is theirs: they brought back what was mailed to it.
    async fn verify_address(&mut self, user: UserId, now: Timestamp) -> Result<(), StoreError>;
}

/// The tenant that the unit is pinned to.
#[async_trait]
pub trait Tenants: Send {
    /// The tenant, locked until the unit is over.
    async fn tenant(&mut self) -> Result<Option<Tenant>, StoreError>;
    /// Keeps its changes. [`Unique::Slug`] when another tenant has its slug, or ever had it.
    async fn save_tenant(&mut self, tenant: &Tenant) -> Result<(), StoreError>;
}

/// The roles of the tenant.
#[async_trait]
pub trait Roles: Send {
    /// All of them. They stand still while the tenant is locked.
    async fn role_book(&mut self) -> Result<RoleBook, StoreError>;
    /// Adds roles. [`Unique::RoleName`] when one has the name.
    async fn add_roles(&mut self, roles: &[Role], now: Timestamp) -> Result<(), StoreError>;
    /// Keeps the changes of a role of the tenant's own. [`Unique::RoleName`] when another one has the name.
    async fn save_role(&mut self, role: &Role, now: Timestamp) -> Result<(), StoreError>;
    /// Who or what refers to a role, but for other roles.
    async fn usage(&mut self, id: RoleId, now: Timestamp) -> Result<Usage, StoreError>;
    /// Removes a role; whoever has it, has the other one from now on.
    async fn remove_role(
        &mut self,
        id: RoleId,
        replacement: Option<RoleId>,
        now: Timestamp,
    ) -> Result<(), StoreError>;
}

/// The members of the tenant.
#[async_trait]
pub trait Members: Send {
    /// Adds a member with their roles. [`Unique::Member`] when the person is one already.
    async fn add_member(&mut self, member: &Member) -> Result<(), StoreError>;
    /// A member, who stands still while the tenant is locked.
    async fn member(&mut self, id: MemberId) -> Result<Option<Member>, StoreError>;
    /// The membership of a person.
    async fn member_of(&mut self, user: UserId) -> Result<Option<Member>, StoreError>;
    /// The active members who own the tenant.
    async fn owners(&mut self) -> Result<Owners, StoreError>;
    /// Keeps the changes of a member.
    async fn save_member(&mut self, member: &Member, now: Timestamp) -> Result<(), StoreError>;
    /// Ends the chains of a member in the tenant.
    async fn end_chains(&mut self, id: MemberId, now: Timestamp) -> Result<(), StoreError>;
    /// Removes a member, with everything that they had in the tenant.
    async fn remove_member(&mut self, id: MemberId) -> Result<(), StoreError>;
}

/// The invitations of the tenant.
#[async_trait]
pub trait Invitations: Send {
    /// Adds an invitation with its roles. [`Unique::PendingInvitation`] when one waits for the address.
    async fn add_invitation(
        &mut self,
        invitation: &Invitation,
        secret: &Secret,
    ) -> Result<(), StoreError>;
    /// An invitation, locked until the unit is over.
    async fn invitation(&mut self, id: InvitationId) -> Result<Option<Invitation>, StoreError>;
    /// Keeps its changes; with another secret, the old one is good no more.
    async fn save_invitation(
        &mut self,
        invitation: &Invitation,
        secret: Option<&Secret>,
        now: Timestamp,
    ) -> Result<(), StoreError>;
}

/// The offer of the tenant's ownership.
#[async_trait]
pub trait Offers: Send {
    /// The offer, lapsed or not.
    async fn offer(&mut self) -> Result<Option<Offer>, StoreError>;
    /// Makes it the only one.
    async fn put_offer(&mut self, offer: &Offer) -> Result<(), StoreError>;
    /// Takes it away. `false`: there was none.
    async fn remove_offer(&mut self) -> Result<bool, StoreError>;
}

/// The projects of the tenant.
#[async_trait]
pub trait Projects: Send {
    /// A live project, locked until the unit is over.
    async fn project(&mut self, id: ProjectId) -> Result<Option<Project>, StoreError>;
    /// Adds a project. [`Unique::ProjectName`] when a live one has the name.
    async fn add_project(&mut self, project: &Project) -> Result<(), StoreError>;
    /// Keeps its changes. Of one that is deleted nobody has a role any more. [`Unique::ProjectName`] when another live
    /// one has the name.
    async fn save_project(&mut self, project: &Project) -> Result<(), StoreError>;
}

/// The machines of the tenant. They and their keys stand still while the tenant is locked.
#[async_trait]
pub trait Machines: Send {
    /// How many service accounts there are.
    async fn count_service_accounts(&mut self) -> Result<usize, StoreError>;
    /// Adds a service account with its roles.
    async fn add_service_account(&mut self, account: &ServiceAccount) -> Result<(), StoreError>;
    /// A service account.
    async fn service_account(
        &mut self,
        id: ServiceAccountId,
    ) -> Result<Option<ServiceAccount>, StoreError>;
    /// Keeps its changes.
    async fn save_service_account(
        &mut self,
        account: &ServiceAccount,
        now: Timestamp,
    ) -> Result<(), StoreError>;
    /// Removes a service account, with its keys.
    async fn remove_service_account(&mut self, id: ServiceAccountId) -> Result<(), StoreError>;
    /// How many keys of an account are good at this moment.
    async fn count_live_keys(
        &mut self,
        account: ServiceAccountId,
        now: Timestamp,
    ) -> Result<usize, StoreError>;
    /// Adds a key with this secret.
    async fn add_api_key(&mut self, key: &ApiKey, secret: &Secret) -> Result<(), StoreError>;
    /// A key, good or not.
    async fn api_key(&mut self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError>;
    /// Keeps the changes of a key. With another secret the old one is kept beside it, if the key says until when; without
    /// one, a previous secret is kept or forgotten likewise.
    async fn save_api_key(
        &mut self,
        key: &ApiKey,
        secret: Option<&Secret>,
    ) -> Result<(), StoreError>;
}

/// What a store may fail with, in words that a use case can act on.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Something would stand there twice.
    #[error("{0:?} must be unique")]
    Taken(Unique),
    /// What was referred to is not there any more: somebody removed it at this moment.
    #[error("what this is about is gone")]
    Gone,
    /// A row is not as the store writes rows: somebody changed it by hand, or restored it from elsewhere.
    #[error(transparent)]
    Corrupt(CorruptRow),
    /// The store was asked for what it must not do, or failed in a way that it does not know.
    #[error("the store is broken: {0}")]
    Broken(String),
    /// The store does not answer, or not in time.
    #[error("the store is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A row that the store does not understand, for whoever has to mend it. What stands in it is not said, since this goes to
/// the log: it may be somebody's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{table}` has a row that is not understood: where {ids}, `{column}`: {why}")]
pub struct CorruptRow {
    /// Its table.
    pub table: &'static str,
    /// What it is found by there.
    pub ids: String,
    /// The column at fault.
    pub column: String,
    /// What is wrong with it.
    pub why: String,
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
    /// One role a name and tenant.
    RoleName,
    /// One live project a name and tenant.
    ProjectName,
    /// One live chain a session and tenant.
    LiveChain,
    /// One answer a request with a key.
    Request,
}
