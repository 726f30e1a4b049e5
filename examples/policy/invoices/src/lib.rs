//! Invoices of several companies: who may list, write and approve them.
//!
//! The permissions are this team's own, and so is the HTTP. From `bailiwick-domain` come the policy, the roles, and the
//! permits without which the ledger opens to nobody.

pub mod access;
pub mod http;
pub mod ledger;

bailiwick_domain::permissions! {
    /// What can be done with invoices.
    pub enum Invoicing,
    /// It is what the arguments of handlers and the doors of the ledger are about.
    pub mod action {
        /// See the invoices.
        ListInvoices   "invoice:list"      TenantScope<Read>     Low;
        /// Write an invoice.
        WriteInvoice   "invoice:write"     TenantScope<Write>    Medium;
        /// Approve an invoice for payment.
        ApproveInvoice "invoice:approve"   ObjectScope<Write>    High;
    }
}
