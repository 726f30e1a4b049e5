//! The ledger: rows that are reached with a proof and no other way.

use crate::action::{ApproveInvoice, WriteInvoice};
use bailiwick_domain::{
    TenantId, UserId,
    access::{AuditEntry, Mode, Object, Permit, Read, TenantScope},
};
use std::sync::{Mutex, PoisonError};

/// An invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice {
    /// Whose.
    pub tenant: TenantId,
    /// Its number, from 1 in each company.
    pub number: u32,
    /// How much, in cents.
    pub cents: u64,
    /// Who wrote it.
    pub written_by: Option<UserId>,
    /// Is it approved for payment?
    pub approved: bool,
}

/// It was written by the one who would approve it: two pairs of eyes are the rule of this team, not of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnInvoice;

impl Invoice {
    /// The invoice, as far as the policy needs to know it.
    #[must_use]
    pub const fn object(&self) -> Object {
        Object {
            tenant: self.tenant,
            project: None,
            owner: self.written_by,
        }
    }
}

/// All invoices of all companies, and what was done with them.
#[derive(Debug, Default)]
pub struct Ledger {
    rows: Mutex<(Vec<Invoice>, Vec<AuditEntry>)>,
}

impl Ledger {
    /// Those of one company.
    #[must_use]
    pub fn list(&self, scope: &TenantScope<Read>) -> Vec<Invoice> {
        self.of(scope)
    }

    /// One of them.
    #[must_use]
    pub fn find<M: Mode>(&self, scope: &TenantScope<M>, number: u32) -> Option<Invoice> {
        self.of(scope)
            .into_iter()
            .find(|invoice| invoice.number == number)
    }

    /// A new one.
    pub fn write(&self, permit: &Permit<WriteInvoice>, cents: u64) -> Invoice {
        let tenant = permit.scope().tenant();
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let before = rows.0.iter().filter(|invoice| invoice.tenant == tenant);
        let number = before.map(|invoice| invoice.number).max().unwrap_or(0) + 1;
        let invoice = Invoice {
            tenant,
            number,
            cents,
            written_by: permit.actor().user(),
            approved: false,
        };
        rows.0.push(invoice.clone());
        rows.1.push(permit.entry(number));
        invoice
    }

    /// Approves the one that the permit is for.
    ///
    /// # Errors
    /// When whoever approves wrote it.
    pub fn approve(&self, permit: &Permit<ApproveInvoice>, number: u32) -> Result<(), OwnInvoice> {
        let object = permit.scope().object();
        if object.owner == permit.actor().user() {
            return Err(OwnInvoice);
        }
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = rows.0.iter_mut();
        let found = found.find(|one| one.object() == object && one.number == number);
        if let Some(invoice) = found {
            invoice.approved = true;
            rows.1.push(permit.entry(number));
        }
        Ok(())
    }

    /// What was done, the oldest first: who, what, to which invoice.
    #[must_use]
    pub fn trail(&self) -> Vec<(Option<UserId>, &'static str, String)> {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = rows.1.iter();
        entries
            .map(|entry| {
                let who = entry.actor().and_then(|actor| actor.user());
                (who, entry.action(), entry.target().to_owned())
            })
            .collect()
    }

    fn of<M: Mode>(&self, scope: &TenantScope<M>) -> Vec<Invoice> {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = rows.0.iter();
        rows.filter(|invoice| invoice.tenant == scope.tenant())
            .cloned()
            .collect()
    }
}
