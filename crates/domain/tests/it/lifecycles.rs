//! How tenants, invitations and offers begin, change and end.

use bailiwick_domain::{
    InvitationId, MemberId, Name, RoleId, SessionId, TenantId, Timestamp, UserId, Version,
    access::{
        AccountScope, Assignment, Permission, Permit, Platform, Principal,
        action::{InviteMember, OwnOrganization, SuspendTenant, UpdateOrganization},
        authorize, membership,
    },
    invitation::{Invitation, InvitationStatus, InviteError, RedeemInvitationError, Shown},
    member::{Member, MemberStatus},
    ownership::{Offer, OfferError},
    role::{BuiltIn, Escalation, RoleBook, operator_grants},
    session::{EndCause, Lifetimes, RevokeCause, Session},
    tenant::{Domain, DomainRefused, Founded, Settings, Tenant, TenantError, TenantStatus},
    user::User,
    version::{Expected, Stale},
};
use std::time::Duration;
use uuid::Uuid;

const TENANT: TenantId = TenantId::from_uuid(Uuid::from_u128(1));
const ADA: UserId = UserId::from_uuid(Uuid::from_u128(2));
const BEN: UserId = UserId::from_uuid(Uuid::from_u128(3));
const ROLES: [RoleId; 3] = [
    RoleId::from_uuid(Uuid::from_u128(4)),
    RoleId::from_uuid(Uuid::from_u128(5)),
    RoleId::from_uuid(Uuid::from_u128(6)),
];
const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);
const MICRO: Duration = Duration::from_micros(1);

fn user(id: UserId, name: &str) -> User {
    let email = format!("{name}@example.com").parse().unwrap();
    User::new(id, email, name.parse::<Name>().unwrap(), NOW)
}

fn founded() -> Founded {
    let founding = AccountScope::registering(&user(ADA, "Ada")).founding(TENANT);
    let member = MemberId::from_uuid(Uuid::from_u128(7));
    Tenant::found(&founding, "Engines".parse().unwrap(), member, ROLES, NOW)
}

fn book() -> RoleBook {
    RoleBook::of(founded().roles.into())
}

/// Somebody else who belongs to the tenant.
fn ben() -> Member {
    Member {
        id: MemberId::from_uuid(Uuid::from_u128(8)),
        user: BEN,
        assignments: vec![Assignment::of(ROLES[2])],
        ..founded().owner
    }
}

fn holding(user: UserId, role: BuiltIn) -> Principal {
    Principal::new(user).granted(TENANT, role.grants())
}

fn owning() -> Permit<OwnOrganization> {
    authorize(&holding(ADA, BuiltIn::Owner), TENANT).unwrap()
}

fn operating() -> Permit<SuspendTenant> {
    let operator = Principal::new(BEN).granted(Platform, operator_grants());
    authorize(&operator, Platform).unwrap()
}

// Tenants

/// What is done to a tenant as a whole.
type Turn = fn(&mut Tenant, Timestamp) -> Result<(), TenantError>;

const TURNS: [Turn; 6] = [
    |tenant, now| tenant.suspend(&owning(), now),
    |tenant, now| tenant.resume(&owning(), now),
    |tenant, now| tenant.delete(&owning(), now),
    |tenant, now| tenant.restore(&owning(), now),
    |tenant, now| tenant.lock(&operating(), now),
    |tenant, now| tenant.unlock(&operating(), now),
];

#[test]
fn a_tenant_goes_from_state_to_state_as_the_table_says() {
    use TenantStatus::{Active, Deleted, Locked, Suspended};
    #[rustfmt::skip]
    let table = [
        //          suspend          resume        delete         restore       lock          unlock
        (Active,    [Some(Suspended), Some(Active), Some(Deleted), None,         Some(Locked), Some(Active)]),
        (Suspended, [Some(Suspended), Some(Active), Some(Deleted), None,         Some(Locked), None]),
        (Locked,    [None,            None,         None,          None,         Some(Locked), Some(Active)]),
        (Deleted,   [None,            None,         None,          Some(Active), None,         None]),
    ];
    assert_eq!(
        table.map(|(from, _)| from),
        [Active, Suspended, Locked, Deleted]
    );

    for (from, row) in table {
        for (turn, to) in TURNS.into_iter().zip(row) {
            let before = Tenant {
                status: from,
                deleted_at: (from == Deleted).then_some(NOW),
                ..founded().tenant
            };
            let mut tenant = before.clone();
            let later = NOW.plus(MICRO);

            let turned = turn(&mut tenant, later);

            let Some(status) = to else {
                assert_eq!(turned, Err(TenantError::WrongState), "{from:?}");
                assert_eq!(tenant, before);
                continue;
            };
            let expected = if status == from {
                before
            } else {
                Tenant {
                    status,
                    deleted_at: (status == Deleted).then_some(later),
                    updated_at: later,
                    version: before.version.next(),
                    ..before
                }
            };
            assert_eq!((turned, tenant), (Ok(()), expected), "{from:?}");
        }
    }
}

#[test]
fn a_deleted_tenant_can_be_restored_for_so_long_and_no_longer() {
    let mut tenant = founded().tenant;
    tenant.delete(&owning(), NOW).unwrap();
    let mut too_late = tenant.clone();
    let end = NOW.plus(Tenant::GRACE);

    assert_eq!(
        too_late.restore(&owning(), end),
        Err(TenantError::GraceOver)
    );
    assert_eq!(too_late.status, TenantStatus::Deleted);
    let last_moment = NOW.plus(Tenant::GRACE - MICRO);
    assert_eq!(tenant.restore(&owning(), last_moment), Ok(()));
    assert_eq!(tenant.status, TenantStatus::Active);
}

#[test]
fn settings_are_taken_when_they_can_be_so() {
    let configure = |role: BuiltIn, settings: Settings, shown: bool| {
        let permit: Permit<UpdateOrganization> = authorize(&holding(ADA, role), TENANT).unwrap();
        let mut tenant = founded().tenant;
        let configured = tenant.configure(&permit, &book(), settings.clone(), shown, NOW);
        let kept = if configured.is_ok() {
            settings
        } else {
            Settings::default()
        };
        assert_eq!(tenant.settings, kept);
        configured
    };
    let default_role = |role| Settings {
        default_role: Some(role),
        ..Settings::default()
    };
    let domains = |many| Settings {
        allowed_domains: vec!["example.com".parse::<Domain>().unwrap(); many],
        ..Settings::default()
    };
    let second_factor = Settings {
        second_factor_required: true,
        ..Settings::default()
    };
    let (owner, admin) = (BuiltIn::Owner, BuiltIn::Admin);
    let unknown = RoleId::from_uuid(Uuid::nil());

    assert_eq!(configure(admin, default_role(ROLES[1]), true), Ok(()));
    assert_eq!(
        configure(owner, default_role(ROLES[0]), true),
        Err(TenantError::OwnerByDefault)
    );
    assert_eq!(
        configure(admin, default_role(unknown), true),
        Err(TenantError::UnknownRole)
    );
    assert_eq!(
        configure(admin, domains(Settings::MAX_DOMAINS), true),
        Ok(())
    );
    let too_many = domains(Settings::MAX_DOMAINS + 1);
    assert_eq!(
        configure(admin, too_many, true),
        Err(TenantError::TooManyDomains)
    );
    assert_eq!(configure(admin, second_factor.clone(), true), Ok(()));
    let unshown = Err(TenantError::SecondFactorMissing);
    assert_eq!(configure(admin, second_factor, false), unshown);
}

#[test]
fn an_address_is_admitted_by_its_domain() {
    let admits = |domains: &[&str], email: &str| {
        let domains = domains.iter().map(|domain| domain.parse().unwrap());
        let settings = Settings {
            allowed_domains: domains.collect(),
            ..Settings::default()
        };
        settings.admit(&email.parse().unwrap()).is_ok()
    };

    assert!(admits(&[], "ada@example.com"));
    assert!(admits(&["example.org", "Example.COM"], "ada@example.com"));
    assert!(!admits(&["example.org"], "ada@example.com"));
    assert!(!admits(&["example.com"], "ada@sub.example.com"));
    assert!(!admits(&["sub.example.com"], "ada@example.com"));
}

#[test]
fn a_change_expects_the_version_that_it_is_based_on() {
    let first = Version::FIRST;
    let second = first.next();

    assert_eq!(Expected::Any.met_by(second), Ok(()));
    assert_eq!(Expected::OneOf(vec![first, second]).met_by(second), Ok(()));
    assert_eq!(Expected::OneOf(vec![first]).met_by(second), Err(Stale));
    assert_eq!(Expected::OneOf(Vec::new()).met_by(first), Err(Stale));
    assert_eq!((first.number(), second.number()), (1, 2));
}

#[test]
fn a_store_keeps_versions_that_another_one_can_follow() {
    assert_eq!(Version::stored(1), Ok(Version::FIRST));
    assert_eq!(
        Version::stored(i64::MAX - 1).unwrap().next().number(),
        i64::MAX
    );
    for number in [0, -1, i64::MIN, i64::MAX] {
        assert!(Version::stored(number).is_err(), "{number}");
    }
}

#[test]
fn a_store_keeps_instants_whose_years_have_four_digits() {
    let last = Timestamp::LAST.as_micros();

    assert_eq!(Timestamp::stored(0), Ok(Timestamp::from_micros(0)));
    assert_eq!(Timestamp::stored(last), Ok(Timestamp::LAST));
    for micros in [-1, i64::MIN, last + 1, i64::MAX] {
        assert!(Timestamp::stored(micros).is_err(), "{micros}");
    }
}

// Invitations

fn inviting() -> Permit<InviteMember> {
    authorize(&holding(ADA, BuiltIn::Admin), TENANT).unwrap()
}

fn invited() -> Invitation {
    let (tenant, id) = (founded().tenant, InvitationId::from_uuid(Uuid::nil()));
    let email = user(BEN, "Ben").email;
    Invitation::issue(
        &inviting(),
        &book(),
        &tenant,
        id,
        email,
        vec![ROLES[2]],
        NOW,
    )
    .unwrap()
}

#[test]
fn an_invitation_waits_for_so_long_and_no_longer() {
    let invitation = invited();
    let end = NOW.plus(Invitation::LIFETIME);
    let last_moment = NOW.plus(Invitation::LIFETIME - MICRO);
    let redeem = |now| {
        invitation
            .redeem(&user(BEN, "Ben"), Shown::Address, now)
            .map(|_| ())
    };

    assert_eq!(invitation.status_at(last_moment), InvitationStatus::Pending);
    assert_eq!(redeem(last_moment), Ok(()));
    assert_eq!(invitation.status_at(end), InvitationStatus::Expired);
    assert_eq!(redeem(end), Err(RedeemInvitationError::Over));
    assert!(invitation.redeem_to_decline(end).is_err());

    let mut again = invitation.clone();
    again
        .resend(&inviting(), &book(), &founded().tenant, end)
        .unwrap();
    assert_eq!(again.expires_at, end.plus(Invitation::LIFETIME));
}

#[test]
fn an_invitation_is_answered_once_and_by_whom_it_is_for() {
    let (tenant, ben) = (founded().tenant, user(BEN, "Ben"));
    let stranger = user(ADA, "Ada");
    let inviter = holding(ADA, BuiltIn::Admin);
    let id = MemberId::from_uuid(Uuid::nil());
    let mut invitation = invited();

    let another = invitation.redeem(&stranger, Shown::Secret, NOW).map(|_| ());
    assert_eq!(another, Err(RedeemInvitationError::AnotherAddress));
    let nobody = invitation.redeem_to_decline(NOW).unwrap();
    let accepted = invitation.accept(&nobody, &book(), &tenant, Some(&inviter), id, NOW);
    assert_eq!(accepted, Err(RedeemInvitationError::AnotherAddress));

    let answer = invitation.redeem(&ben, Shown::Secret, NOW).unwrap();
    let other = Invitation {
        id: InvitationId::from_uuid(Uuid::from_u128(1)),
        ..invitation.clone()
    };
    let elsewhere = other
        .clone()
        .accept(&answer, &book(), &tenant, Some(&inviter), id, NOW);
    assert_eq!(elsewhere, Err(RedeemInvitationError::Over));
    let member = invitation
        .accept(&answer, &book(), &tenant, Some(&inviter), id, NOW)
        .unwrap();
    assert_eq!((member.tenant, member.user, member.id), (TENANT, BEN, id));
    assert_eq!(member.assignments, [Assignment::of(ROLES[2])]);
    assert_eq!(invitation.status, InvitationStatus::Accepted);

    assert_eq!(
        invitation.decline(&answer, NOW),
        Err(RedeemInvitationError::Over)
    );
    let resent = invitation.resend(&inviting(), &book(), &tenant, NOW);
    assert_eq!(resent, Err(InviteError::Over));
    assert!(invitation.redeem(&ben, Shown::Secret, NOW).is_err());
}

#[test]
fn an_invitation_is_refused_when_the_tenant_takes_its_address_no_more() {
    let Founded { mut tenant, .. } = founded();
    let mut invitation = invited();
    let inviter = holding(ADA, BuiltIn::Admin);
    let answer = invitation
        .redeem(&user(BEN, "Ben"), Shown::Secret, NOW)
        .unwrap();
    tenant.settings.allowed_domains = vec!["example.org".parse().unwrap()];

    let id = MemberId::from_uuid(Uuid::nil());
    let accepted = invitation.accept(&answer, &book(), &tenant, Some(&inviter), id, NOW);

    let refused = RedeemInvitationError::DomainRefused(DomainRefused);
    assert_eq!(accepted, Err(refused));
    assert_eq!(invitation.status, InvitationStatus::Pending);
}

// Ownership

#[test]
fn ownership_is_offered_to_an_active_member_who_has_it_not() {
    let (owner, ben) = (founded().owner, ben());
    let offer = |from: &Member, to: &Member| {
        let offer = Offer::make(&owning(), &book(), from, to, NOW);
        offer.map(|offer| (offer.from, offer.to))
    };
    let suspended = Member {
        status: MemberStatus::Suspended,
        ..ben.clone()
    };
    let owner_too = Member {
        assignments: vec![Assignment::of(ROLES[0])],
        ..ben.clone()
    };

    assert_eq!(offer(&owner, &ben), Ok((owner.id, ben.id)));
    for (from, to) in [
        (&owner, &owner),
        (&owner, &suspended),
        (&owner, &owner_too),
        (&ben, &owner),
    ] {
        assert_eq!(offer(from, to), Err(OfferError::NotEligible));
    }
    // In a suspended tenant that is all that an owner holds.
    let reserved = [Permission::OwnOrganization].into_iter().collect();
    let permit = authorize(&Principal::new(ADA).granted(TENANT, reserved), TENANT).unwrap();
    let offered = Offer::make(&permit, &book(), &owner, &ben, NOW);
    assert_eq!(offered, Err(Escalation.into()));
}

#[test]
fn ownership_changes_hands_while_the_offer_stands() {
    let (owner, ben) = (founded().owner, ben());
    let offer = Offer::make(&owning(), &book(), &owner, &ben, NOW).unwrap();
    let standing = ben.standing(&founded().tenant, book());
    let scope = membership(&Principal::new(BEN).standing(&standing, NOW), TENANT).unwrap();
    let accept = |from: &Member, to: &Member, now| {
        let (mut from, mut to) = (from.clone(), to.clone());
        let accepted = offer.accept(&scope, &book(), &mut from, &mut to, now);
        accepted.map(|()| [from.assignments, to.assignments])
    };
    let end = NOW.plus(Offer::LIFETIME);
    let last_moment = NOW.plus(Offer::LIFETIME - MICRO);
    let [owns, administers, belongs] = ROLES.map(Assignment::of);
    let handed_over = [vec![administers], vec![belongs, owns]];

    assert_eq!(accept(&owner, &ben, last_moment), Ok(handed_over));
    assert_eq!(accept(&owner, &ben, end), Err(OfferError::Void));
    let suspended = |member: &Member| Member {
        status: MemberStatus::Suspended,
        ..member.clone()
    };
    let owner_no_more = Member {
        assignments: vec![administers],
        ..owner.clone()
    };
    let somebody_else = Member {
        id: MemberId::from_uuid(Uuid::nil()),
        ..ben.clone()
    };
    for (from, to) in [
        (&suspended(&owner), &ben),
        (&owner, &suspended(&ben)),
        (&owner_no_more, &ben),
        (&owner, &somebody_else),
        (&somebody_else, &ben),
    ] {
        assert_eq!(accept(from, to, NOW), Err(OfferError::Void));
    }
}

#[test]
fn a_session_is_live_until_the_microsecond_in_which_it_lapses() {
    let lifetimes = Lifetimes::default();
    let session = Session::open(SessionId::from_uuid(Uuid::nil()), ADA, &lifetimes, NOW);
    let ended = Session {
        ended_at: Some(NOW),
        ..session.clone()
    };

    assert!(session.is_live(session.expires_at.minus(MICRO)));
    assert!(!session.is_live(session.expires_at));
    assert!(!ended.is_live(NOW));
}

#[test]
fn what_ended_sessions_and_chains_is_stored_under_these_names() {
    let sessions = [
        (EndCause::SignedOut, "signed_out"),
        (EndCause::Revoked, "revoked"),
        (EndCause::PasswordChanged, "password_changed"),
        (EndCause::PasswordReset, "password_reset"),
        (EndCause::AccountClosed, "account_closed"),
    ];
    let chains = [
        (RevokeCause::Reuse, "reuse"),
        (RevokeCause::Lapsed, "lapsed"),
        (RevokeCause::MembershipEnded, "membership_ended"),
    ];

    for (cause, name) in sessions {
        assert_eq!(cause.name(), name);
    }
    for (cause, name) in chains {
        assert_eq!(cause.name(), name);
    }
}
