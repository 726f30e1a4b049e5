//! The right way, which has to compile: else every attempt beside it could fail for the wrong reason.

use bailiwick_domain::{
    MemberId, Name, ProjectId, RoleId, TenantId, Timestamp, UserId,
    access::{
        Assignment, AuditEntry, Claim, Decision, Denied, Grants, MemberAct, Permission, Permit,
        Platform, Principal, Proof, Read, Scope, Selection, Standing, TenantScope, Write,
        action::{CreateProject, ReadProject, SuspendTenant, UpdateProject},
        authorize, claim, membership, renew,
    },
    member::MemberStatus,
    project::Project,
    role::{BuiltIn, Role, RoleBook, operator_grants},
    tenant::TenantStatus,
};
use uuid::Uuid;

bailiwick_domain::permissions! {
    /// A catalogue of somebody else's.
    pub enum Invoicing, pub mod invoicing {
        /// Approve an invoice for payment.
        ApproveInvoice "invoice:approve" TenantScope<Write> High;
        /// Change an invoice.
        ChangeInvoice  "invoice:change"  ObjectScope<Write> Medium;
        /// Close the books of the organization.
        CloseBooks     "books:close"     TenantScope<Write> High reserved;
    }
}

fn write(_: &TenantScope<Write>) {}

fn read(_: &TenantScope<Read>) {}

fn commit(entry: AuditEntry) -> Scope {
    entry.scope()
}

fn change(_: &Permit<UpdateProject>) {}

fn list(selection: &Selection, project: &Project) -> bool {
    selection.contains(project.object())
}

fn reach<P: Proof>(_: &P) -> bool {
    P::REACH.writes
}

fn main() -> Result<(), Denied> {
    let tenant = TenantId::from_uuid(Uuid::nil());
    let now = Timestamp::from_micros(0);
    let nobody = Principal::new(UserId::from_uuid(Uuid::nil()));
    let held: Grants = ["project:create", "project:read", "project:update:own"]
        .iter()
        .map(|name| Grants::named(name, |_| true).unwrap())
        .fold(Grants::empty(), |all, one| all.union(&one));
    let somebody = nobody.clone().granted(tenant, held);
    assert!(authorize::<CreateProject>(&nobody, tenant).is_err());

    let permit = authorize::<CreateProject>(&somebody, tenant)?;
    let permit = renew(&permit, &somebody)?;
    let name = "Analytical engine".parse::<Name>().unwrap();
    let id = ProjectId::from_uuid(Uuid::nil());
    let mut project = Project::create(&permit, id, name.clone(), now);
    write(permit.scope());
    assert!(reach(permit.scope()));
    assert_eq!(commit(permit.entry(project.id)), Scope::Tenant(tenant));

    let reading: Claim<ReadProject> = claim(&somebody, tenant)?;
    read(reading.within());
    assert!(list(&reading.selection(), &project));
    let updating = claim::<UpdateProject>(&somebody, tenant)?;
    write(updating.within());
    read(updating.reading());
    let permit = updating.on(project.object())?;
    change(&permit);
    project.rename(&permit, name, now).unwrap();
    write(permit.scope().within());
    assert_eq!(commit(permit.entry(project.id)), Scope::Tenant(tenant));

    let role = Role::built_in(RoleId::from_uuid(Uuid::nil()), BuiltIn::Member);
    let standing = Standing {
        tenant,
        tenant_status: TenantStatus::Active,
        member: MemberId::from_uuid(Uuid::nil()),
        member_status: MemberStatus::Active,
        account_suspended: false,
        second_factor_missing: false,
        assignments: vec![Assignment::of(role.id)],
        roles: RoleBook::of(vec![role]),
    };
    let member = membership(&nobody.clone().standing(&standing, now), tenant)?;
    write(member.writing());
    assert_eq!(commit(member.entry(MemberAct::Leave, "me")), Scope::Tenant(tenant));

    let operator = nobody.clone().granted(Platform, operator_grants());
    let permit = authorize::<SuspendTenant>(&operator, Platform)?;
    let entry = permit.entry_in(tenant, "tenant:suspend", tenant);
    assert_eq!(commit(entry), Scope::Tenant(tenant));
    assert_eq!(
        bailiwick_domain::access::decide(&operator, Permission::ReadProject, tenant),
        Decision::Deny(Denied::Outsider)
    );

    let clerk = Principal::new(UserId::from_uuid(Uuid::nil()))
        .granted(tenant, [Invoicing::ApproveInvoice].into_iter().collect());
    assert!(authorize::<invoicing::ApproveInvoice>(&clerk, tenant).is_ok());
    assert!(authorize::<invoicing::CloseBooks>(&clerk, tenant).is_err());
    assert!(claim::<invoicing::ChangeInvoice>(&clerk, tenant).is_err());
    Ok(())
}
