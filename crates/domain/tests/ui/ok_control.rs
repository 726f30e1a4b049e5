//! The right way, which has to compile: else every attempt beside it could fail for the wrong reason.

use bailiwick_domain::{
    Name, ProjectId, TenantId, Timestamp, UserId,
    access::{
        AuditEntry, Denied, Permission, Principal, Proof, Read, Scope, TenantScope, Write,
        action::{CreateProject, ListProjects},
        authorize,
    },
    project::Project,
};
use uuid::Uuid;

bailiwick_domain::permissions! {
    /// A catalogue of somebody else's.
    pub enum Invoicing, pub mod invoicing {
        /// Approve an invoice for payment.
        ApproveInvoice "invoice:approve" TenantScope<Write> High;
    }
}

fn write(_: &TenantScope<Write>) {}

fn read(_: &TenantScope<Read>) {}

fn commit(entry: AuditEntry) -> Scope {
    entry.scope()
}

fn reach<P: Proof>(_: &P) -> bool {
    P::REACH.writes
}

fn main() -> Result<(), Denied> {
    let tenant = TenantId::from_uuid(Uuid::nil());
    let nobody = Principal::new(UserId::from_uuid(Uuid::nil()));
    let both = [Permission::CreateProject, Permission::ListProjects];
    let somebody = nobody.clone().granted(tenant, both.into_iter().collect());
    assert!(authorize::<CreateProject>(&nobody, tenant).is_err());

    let permit = authorize::<CreateProject>(&somebody, tenant)?;
    let name = "Analytical engine".parse::<Name>().unwrap();
    let id = ProjectId::from_uuid(Uuid::nil());
    let project = Project::create(&permit, id, name, Timestamp::from_micros(0));
    write(permit.scope());
    assert!(reach(permit.scope()));
    assert_eq!(commit(permit.entry(project.id)), Scope::Tenant(tenant));
    read(authorize::<ListProjects>(&somebody, tenant)?.scope());

    let clerk = Principal::new(UserId::from_uuid(Uuid::nil()))
        .granted(tenant, [Invoicing::ApproveInvoice].into_iter().collect());
    assert!(authorize::<invoicing::ApproveInvoice>(&clerk, tenant).is_ok());
    Ok(())
}
