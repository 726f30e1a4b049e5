//! Ownership, handed over: offered by an owner, accepted by a member.
//!
//! ```
//! use bailiwick_domain::ownership::Offer;
//!
//! assert_eq!(Offer::LIFETIME.as_secs(), 7 * 24 * 60 * 60);
//! ```

use crate::{
    MemberId, TenantId, Timestamp,
    access::{Assignment, MemberScope, Permit, action::OwnOrganization},
    member::{Member, MemberStatus, holds_ownership},
    role::{BuiltIn, Escalation, RoleBook, hand_on},
};
use core::time::Duration;

/// An offer to own a tenant in the place of whoever makes it.
///
/// ```
/// # use bailiwick_domain::{MemberId, RoleId, TenantId, Timestamp, UserId};
/// # use bailiwick_domain::access::{AccountScope, Assignment, action::*, authorize, membership};
/// # use bailiwick_domain::member::Member;
/// # use bailiwick_domain::tenant::Tenant;
/// # use bailiwick_domain::user::User;
/// # use uuid::Uuid;
/// use bailiwick_domain::ownership::Offer;
/// use bailiwick_domain::role::RoleBook;
///
/// # let now = Timestamp::from_micros(0);
/// # let id = Uuid::from_u128;
/// # let ada = User::new(UserId::from_uuid(id(1)), "ada@example.com".parse()?, "Ada".parse()?, now);
/// # let founding = AccountScope::registering(&ada).founding(TenantId::from_uuid(id(2)));
/// # let roles = [3, 4, 5].map(|role| RoleId::from_uuid(id(role)));
/// # let acme = Tenant::found(&founding, "Acme".parse()?, MemberId::from_uuid(id(6)), roles, now);
/// # let book = RoleBook::of(acme.roles.to_vec());
/// # let mut ada = acme.owner;
/// # let principal = ada.principal(&acme.tenant, &book, now);
/// # let plain = vec![Assignment::of(roles[2])];
/// # let permit = authorize::<InviteMember>(&principal, acme.tenant.id)?;
/// # let bob = (MemberId::from_uuid(id(7)), UserId::from_uuid(id(8)));
/// # let mut bob = Member::add(&permit, &book, bob.0, bob.1, plain, now)?;
/// let permit = authorize::<OwnOrganization>(&principal, acme.tenant.id)?;
/// let offer = Offer::make(&permit, &book, &ada, &bob, now)?;
///
/// let scope = membership(&bob.principal(&acme.tenant, &book, now), acme.tenant.id)?;
/// offer.accept(&scope, &book, &mut ada, &mut bob, now)?;
///
/// let [owner, admin, _] = roles.map(Assignment::of);
/// assert!(bob.assignments.contains(&owner));
/// assert_eq!(ada.assignments, [admin]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
///
/// ```
/// use bailiwick_domain::ownership::OfferError;
///
/// assert_eq!(OfferError::Void.to_string(), "the offer is good no more");
/// ```
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
