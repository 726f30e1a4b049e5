//! Invitations: offers of membership to people who may have no account yet.

use crate::{
    InvitationId, TenantId, Timestamp, UserId,
    access::{Permit, action::AddMember},
    role::{Escalation, Role, hand_on},
    user::EmailAddress,
};
use std::time::Duration;

/// An offer of membership to an email address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Which.
    pub id: InvitationId,
    /// To which tenant.
    pub tenant: TenantId,
    /// To whom.
    pub email: EmailAddress,
    /// As what.
    pub roles: Vec<Role>,
    /// By whom.
    pub invited_by: UserId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it lapses.
    pub expires_at: Timestamp,
}

impl Invitation {
    /// How long an invitation stands.
    pub const LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);

    /// A new offer, pending.
    ///
    /// # Errors
    /// When a role holds more than the one who invites.
    pub fn issue(
        permit: &Permit<AddMember>,
        id: InvitationId,
        email: EmailAddress,
        roles: Vec<Role>,
        now: Timestamp,
    ) -> Result<Self, Escalation> {
        hand_on(permit, &roles)?;
        Ok(Self {
            id,
            tenant: permit.scope().tenant(),
            email,
            roles,
            invited_by: permit.user(),
            created_at: now,
            expires_at: now.plus(Self::LIFETIME),
        })
    }
}
