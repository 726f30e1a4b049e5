//! Ownership, handed over: offered by an owner, accepted by a member.

use crate::{
    MemberId, TenantId, Timestamp,
    access::{Assignment, MemberScope, Permit, action::OwnOrganization},
    member::{Member, MemberStatus, holds_ownership},
    role::{BuiltIn, Escalation, RoleBook, hand_on},
};
use std::time::Duration;

/// An offer to own a tenant in the place of whoever makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Of which tenant.
    pub tenant: TenantId,
    /// Who would be owner no more.
    pub from: MemberId,
    /// Who would be owner.
    pub to: MemberId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it lapses.
    pub expires_at: Timestamp,
}

/// Why ownership stays where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OfferError {
    /// The other one has to be somebody else, who is a member in order and no owner.
    #[error("ownership goes to another active member who is no owner yet")]
    NotEligible,
    /// The offer has lapsed, or whoever made it can keep it no more.
    #[error("the offer is good no more")]
    Void,
    /// Whoever offers holds less than an owner.
    #[error(transparent)]
    Escalation(#[from] Escalation),
}

impl Offer {
    /// How long an offer stands.
    pub const LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);

    /// An offer from one member to another.
    ///
    /// # Errors
    /// When the other one cannot take it.
    pub fn make(
        permit: &Permit<OwnOrganization>,
        book: &RoleBook,
        from: &Member,
        to: &Member,
        now: Timestamp,
    ) -> Result<Self, OfferError> {
        hand_on(permit.held(), &BuiltIn::Owner.grants())?;
        let eligible = from.id != to.id
            && permit.actor() == from.user.into()
            && to.status == MemberStatus::Active
            && !holds_ownership(book, &to.assignments);
        if !eligible {
            return Err(OfferError::NotEligible);
        }
        Ok(Self {
            tenant: permit.scope().tenant(),
            from: from.id,
            to: to.id,
            created_at: now,
            expires_at: now.plus(Self::LIFETIME),
        })
    }

    /// The one who was offered takes it: they are owner now, and whoever offered is an admin. The one who offered must
    /// still be an active owner at this moment.
    ///
    /// # Errors
    /// When the offer is good no more.
    pub fn accept(
        &self,
        scope: &MemberScope,
        book: &RoleBook,
        from: &mut Member,
        to: &mut Member,
        now: Timestamp,
    ) -> Result<(), OfferError> {
        let (Some(owner), Some(admin)) =
            (book.built_in(BuiltIn::Owner), book.built_in(BuiltIn::Admin))
        else {
            return Err(OfferError::Void);
        };
        let good = now < self.expires_at
            && scope.member() == self.to
            && (from.id, to.id) == (self.from, self.to)
            && from.status == MemberStatus::Active
            && to.status == MemberStatus::Active
            && holds_ownership(book, &from.assignments)
            && !holds_ownership(book, &to.assignments);
        if !good {
            return Err(OfferError::Void);
        }
        give(to, owner.id);
        give(from, admin.id);
        from.assignments
            .retain(|one| one.project.is_some() || one.role != owner.id);
        for member in [from, to] {
            member.version = member.version.next();
        }
        Ok(())
    }
}

/// A role in the whole tenant for good, whatever they had of it.
fn give(member: &mut Member, role: crate::RoleId) {
    member
        .assignments
        .retain(|one| one.project.is_some() || one.role != role);
    member.assignments.push(Assignment::of(role));
}
