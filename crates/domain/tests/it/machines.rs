//! Machines: what a key opens is in what it was given and in what its account holds, and nobody comes by more over one.

use bailiwick_domain::{
    ApiKeyId, Name, ProjectId, RoleId, ServiceAccountId, TenantId, Timestamp, UserId, Version,
    access::{
        Actor, Catalogue, Decision, Extent, Grant, Grants, Level, Object, Permission, Permit,
        Platform, Principal, Scope, Target, action, authorize, decide, membership, renew,
    },
    api_key::{ApiKey, ApiKeyError, KeyDraft, ShownKey, grants_named, manages},
    role::{BuiltIn, Escalation, Role, RoleBook, is_on_offer},
    service_account::{
        ServiceAccount, ServiceAccountChange, ServiceAccountError, ServiceAccountStatus,
    },
    tenant::TenantStatus,
};
use proptest::{
    collection::vec,
    option,
    prelude::*,
    sample::{Index, select},
};
use std::time::Duration;
use uuid::Uuid;

const MAKER: UserId = UserId::from_uuid(Uuid::from_u128(7));
const TENANT: TenantId = TenantId::from_uuid(Uuid::from_u128(1));
const OTHER: TenantId = TenantId::from_uuid(Uuid::from_u128(2));
const PROJECT: ProjectId = ProjectId::from_uuid(Uuid::from_u128(3));
const ACCOUNT: ServiceAccountId = ServiceAccountId::from_uuid(Uuid::from_u128(4));
const KEY: ApiKeyId = ApiKeyId::from_uuid(Uuid::from_u128(5));
const CUSTOM: RoleId = RoleId::from_uuid(Uuid::from_u128(14));
const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);
const HOUR: Duration = Duration::from_secs(60 * 60);

const STATUSES: [TenantStatus; 4] = [
    TenantStatus::Active,
    TenantStatus::Suspended,
    TenantStatus::Locked,
    TenantStatus::Deleted,
];

/// Everywhere that a permission can be asked for, here and elsewhere.
fn targets() -> Vec<Target> {
    let object = |tenant, owner| {
        Target::Object(Object {
            tenant,
            project: Some(PROJECT),
            owner,
        })
    };
    vec![
        Platform.into(),
        TENANT.into(),
        OTHER.into(),
        object(TENANT, None),
        object(TENANT, Some(MAKER)),
        object(OTHER, Some(MAKER)),
    ]
}

fn grants() -> impl Strategy<Value = Grants> {
    let grant = (select(Permission::ALL), any::<bool>()).prop_map(|(permission, own)| Grant {
        permission,
        extent: match own && permission.is_ownable() {
            true => Extent::Own,
            false => Extent::All,
        },
    });
    vec(grant, 0..24).prop_map(|grants| grants.into_iter().collect())
}

/// What is held on everything alone, as keys are given it.
fn whole() -> impl Strategy<Value = Grants> {
    vec(select(Permission::ALL), 0..24).prop_map(|all| all.into_iter().collect())
}

fn built_in(role: BuiltIn) -> RoleId {
    let number = match role {
        BuiltIn::Owner => 11,
        BuiltIn::Admin => 12,
        BuiltIn::Member => 13,
    };
    RoleId::from_uuid(Uuid::from_u128(number))
}

/// The built-in roles, and one that holds these.
fn book(custom: Grants) -> RoleBook {
    let roles = BuiltIn::ALL.map(|role| Role::built_in(built_in(role), role));
    let custom = Role {
        id: CUSTOM,
        name: "Custom".parse().unwrap(),
        built_in: None,
        grants: custom,
        includes: Vec::new(),
        version: Version::FIRST,
    };
    RoleBook::of(roles.into_iter().chain([custom]).collect())
}

fn name() -> Name {
    "Deploys".parse().unwrap()
}

fn account(roles: &[RoleId]) -> ServiceAccount {
    ServiceAccount {
        id: ACCOUNT,
        tenant: TENANT,
        name: name(),
        status: ServiceAccountStatus::Active,
        roles: roles.to_vec(),
        created_at: NOW,
        version: Version::FIRST,
    }
}

fn key(grants: Grants) -> ApiKey {
    ApiKey {
        id: KEY,
        tenant: TENANT,
        account: ACCOUNT,
        name: name(),
        grants,
        made_by: MAKER,
        created_at: NOW,
        expires_at: NOW.plus(HOUR),
        revoked_at: None,
        previous_until: None,
        last_used_at: None,
    }
}

fn draft(grants: Grants) -> KeyDraft {
    KeyDraft {
        name: name(),
        grants,
        expires_at: None,
    }
}

fn person(grants: Grants) -> Principal {
    Principal::new(MAKER).granted(TENANT, grants)
}

fn permit<A>(principal: &Principal) -> Permit<A>
where
    A: bailiwick_domain::access::Action<
            Catalogue = Permission,
            Scope = bailiwick_domain::access::TenantScope<bailiwick_domain::access::Write>,
        >,
{
    authorize(principal, TENANT).unwrap()
}

fn is_permitted(principal: &Principal, permission: Permission, target: Target) -> bool {
    decide(principal, permission, target) == Decision::Permit
}

proptest! {
    #[test]
    fn whoever_is_restricted_may_what_they_and_the_ceiling_allow(
        held in vec((select(vec![Scope::Platform, TENANT.into(), OTHER.into(), Scope::Project(TENANT, PROJECT)]), grants()), 0..6),
        ceiling in grants(),
    ) {
        let free = held.into_iter().fold(Principal::new(MAKER), |one, (place, grants)| one.granted(place, grants));

        let restricted = free.clone().restricted(&ceiling);

        for target in targets() {
            let theirs = matches!(target, Target::Object(Object { owner: Some(MAKER), .. }));
            for permission in Permission::ALL.iter().copied() {
                let both = is_permitted(&free, permission, target) && ceiling.allow(permission, theirs);
                prop_assert_eq!(is_permitted(&restricted, permission, target), both, "{} {:?}", permission, target);
            }
        }
        prop_assert!(membership(&restricted, TENANT).is_err());
    }

    /// The one decision, for a machine: its account holds it now, its key was given it, and all of it is in order.
    #[test]
    fn a_key_opens_what_it_was_given_as_far_as_its_account_holds_it(
        custom in grants(),
        roles in vec(select(vec![CUSTOM, built_in(BuiltIn::Admin), built_in(BuiltIn::Member), built_in(BuiltIn::Owner)]), 0..3),
        given in grants(),
        status in select(STATUSES.to_vec()),
        suspended in any::<bool>(),
        revoked in any::<bool>(),
        after in 0..3_u32,
    ) {
        let book = book(custom);
        let status_of = |suspended| if suspended { ServiceAccountStatus::Suspended } else { ServiceAccountStatus::Active };
        let account = ServiceAccount { status: status_of(suspended), ..account(&roles) };
        let key = ApiKey { revoked_at: revoked.then_some(NOW), ..key(given) };
        let now = NOW.plus(HOUR * after / 2);

        let machine = account.principal(&key, status, &book, now);

        let in_order = status == TenantStatus::Active && !suspended && !revoked && after < 2;
        let account_holds = |permission: Permission| {
            is_on_offer(permission) && roles.iter().any(|role| book.effective(*role).allow(permission, false))
        };
        for target in targets() {
            let here = matches!(target, Target::Tenant(TENANT) | Target::Object(Object { tenant: TENANT, .. }));
            for permission in Permission::ALL.iter().copied() {
                let fits = permission.reach().level != Level::Platform;
                let both = account_holds(permission) && key.grants.allow(permission, false);
                prop_assert_eq!(
                    is_permitted(&machine, permission, target),
                    in_order && here && fits && both,
                    "{} {:?}", permission, target
                );
            }
        }
        prop_assert!(membership(&machine, TENANT).is_err());
        prop_assert_eq!(machine.actor(), Actor::Machine(key.machine()));
        prop_assert_eq!(machine.actor().user(), None);
    }

    /// The key of another account, or of another tenant, opens nothing here.
    #[test]
    fn a_key_opens_nothing_for_another_account(given in grants()) {
        let book = book(Grants::empty());
        let admin = account(&[built_in(BuiltIn::Admin)]);
        let elsewhere = ApiKey { tenant: OTHER, ..key(given) };
        let of_another = ApiKey { account: ServiceAccountId::from_uuid(Uuid::nil()), ..key(given) };

        for key in [elsewhere, of_another] {
            let machine = admin.principal(&key, TenantStatus::Active, &book, NOW);
            for permission in Permission::ALL.iter().copied() {
                prop_assert!(!is_permitted(&machine, permission, TENANT.into()));
            }
        }
    }

    /// Whoever makes a key: it goes no further than they do, and what manages is an owner's alone to give.
    #[test]
    fn a_key_is_a_hand_on(mut held in whole(), owner in any::<bool>(), wanted in grants(), within in any::<bool>()) {
        let create = |permission| Grant { permission, extent: Extent::All };
        held = held.only(|permission| permission != Permission::OwnOrganization)
            .with(create(Permission::CreateApiKey));
        if owner {
            held = held.with(create(Permission::OwnOrganization));
        }
        let wanted = if within { wanted.intersection(&held) } else { wanted };
        let maker = person(held);
        let permit = permit::<action::CreateApiKey>(&maker);

        let made = ApiKey::make(&permit, &account(&[]), KEY, draft(wanted), 0, NOW);

        let own = wanted.iter().any(|grant| grant.extent == Extent::Own);
        let covered = wanted.iter().all(|grant| {
            grant.permission.reach().level != Level::Platform && permit.held().allow(grant.permission, false)
        });
        let managing = wanted.iter().any(|grant| manages(grant.permission));
        let expected = match (own, covered && (owner || !managing)) {
            (true, _) => Err(ApiKeyError::OwnThings),
            (false, true) => Ok(wanted.only(is_on_offer)),
            (false, false) => Err(Escalation.into()),
        };
        prop_assert_eq!(made.as_ref().map(|key| key.grants).map_err(|error| *error), expected);
        if let Ok(key) = made {
            prop_assert_eq!((key.made_by, key.expires_at), (MAKER, NOW.plus(ApiKey::LIFETIME)));
        }
    }

    /// A machine that makes keys makes none that manages anything, whatever an owner has given it.
    #[test]
    fn a_machine_hands_on_no_more_than_it_holds_and_nothing_that_manages(given in whole(), wanted in whole()) {
        let create = Grant { permission: Permission::CreateApiKey, extent: Extent::All };
        let book = book(Grants::empty());
        let admin = account(&[built_in(BuiltIn::Admin)]);
        let machine = admin.principal(&key(given.with(create)), TenantStatus::Active, &book, NOW);
        let permit = permit::<action::CreateApiKey>(&machine);

        let made = ApiKey::make(&permit, &admin, KEY, draft(wanted), 0, NOW);

        if let Ok(key) = made {
            prop_assert!(permit.held().cover(&key.grants));
            prop_assert!(key.grants.iter().all(|grant| !manages(grant.permission)));
            prop_assert_eq!(key.made_by, MAKER, "a person answers for it");
        }
    }

    #[test]
    fn a_service_account_is_a_hand_on(
        held in whole(), custom in whole(),
        before in vec(select(vec![CUSTOM, built_in(BuiltIn::Member)]), 0..3),
        after in option::of(vec(select(vec![CUSTOM, built_in(BuiltIn::Member), built_in(BuiltIn::Admin)]), 0..3)),
    ) {
        let all = [Permission::CreateServiceAccount, Permission::UpdateServiceAccount, Permission::DeleteServiceAccount];
        let held = held.union(&all.into_iter().collect());
        let book = book(custom);
        let maker = person(held);
        let covers = |roles: &[RoleId]| held.in_place(TENANT.into()).cover(&account(roles).holds(&book));

        let created = ServiceAccount::create(&permit(&maker), &book, ACCOUNT, name(), before.clone(), 0, NOW);
        prop_assert_eq!(created.is_ok(), covers(&before));

        let mut changed = account(&before);
        let change = ServiceAccountChange { roles: after.clone(), ..ServiceAccountChange::default() };
        let outcome = changed.change(&permit(&maker), &book, change);
        let allowed = covers(&before) && after.as_ref().is_none_or(|roles| covers(roles));
        prop_assert_eq!(outcome, if allowed { Ok(()) } else { Err(Escalation.into()) });
        if !allowed {
            prop_assert_eq!(changed, account(&before));
        }
        let removable = account(&before).removable(&permit(&maker), &book);
        prop_assert_eq!(removable.is_ok(), covers(&before));
    }

    /// Whoever acts on a key, in whatever way, could do what it could.
    #[test]
    fn nobody_acts_on_a_key_that_goes_further_than_they(held in whole(), given in whole()) {
        let all = [Permission::RotateApiKey, Permission::RevokeApiKey];
        let held = held.union(&all.into_iter().collect());
        let actor = person(held);
        let covered = held.in_place(TENANT.into()).cover(&given);
        let mut rotated = key(given);
        let mut revoked = key(given);
        let mut forgotten = ApiKey { previous_until: Some(NOW.plus(HOUR)), ..key(given) };

        prop_assert_eq!(rotated.rotate(&permit(&actor), None, NOW).is_ok(), covered);
        prop_assert_eq!(revoked.revoke(&permit(&actor), NOW).is_ok(), covered);
        prop_assert_eq!(forgotten.forget_previous(&permit(&actor)).is_ok(), covered);

        prop_assert_eq!(revoked.is_live(NOW), !covered);
        prop_assert_eq!(forgotten.takes_previous(NOW), !covered);
    }

    #[test]
    fn a_key_reads_as_it_was_shown(id in any::<u128>(), secret in any::<[u8; 32]>()) {
        let shown = ShownKey { id: ApiKeyId::from_uuid(Uuid::from_u128(id)), secret };

        let text = shown.to_string();

        prop_assert_eq!(text.parse(), Ok(shown.clone()));
        prop_assert_eq!(text.len(), 89);
        let (head, tail) = text.split_at(ShownKey::PREFIX.len());
        prop_assert_eq!(head, "bw_");
        prop_assert_eq!(format!("key_{}", tail.split_once('_').unwrap().0), shown.id.to_string());
        prop_assert!(tail.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'));
        prop_assert_eq!(format!("{shown:?}"), format!("ShownKey({}, …)", shown.id));
    }

    /// One letter that is another, two that changed places, one too many or too few.
    #[test]
    fn a_mistake_in_typing_is_no_key(
        id in any::<u128>(), secret in any::<[u8; 32]>(), at in any::<Index>(), letter in "[0-9a-z_A-Z]", way in 0..4_u8,
    ) {
        let text = ShownKey { id: ApiKeyId::from_uuid(Uuid::from_u128(id)), secret }.to_string();
        let mut letters: Vec<char> = text.chars().collect();
        let at = at.index(letters.len() - 1);
        let letter = letter.chars().next().unwrap();
        match way {
            0 => letters[at] = letter,
            1 => letters.swap(at, at + 1),
            2 => letters.insert(at, letter),
            _ => drop(letters.remove(at)),
        }
        let mistyped: String = letters.into_iter().collect();

        if mistyped != text {
            prop_assert!(mistyped.parse::<ShownKey>().is_err(), "{mistyped}");
        }
    }

    #[test]
    fn whatever_is_no_key_is_refused(text in "(bw_)?[0-9a-z_é]{0,100}") {
        prop_assert!(text.parse::<ShownKey>().is_err());
    }
}

#[test]
fn what_manages_is_named_or_not_given() {
    for pattern in ["*", "member:*", "role:*", "api_key:*", "service_account:*"] {
        let given = grants_named([pattern]).unwrap();
        assert!(
            given.iter().all(|grant| !manages(grant.permission)),
            "{pattern}"
        );
        assert!(!given.is_empty(), "{pattern}");
    }
    for permission in Permission::ALL.iter().copied() {
        let named = grants_named([permission.name()]);
        assert_eq!(named.is_ok(), is_on_offer(permission), "{permission}");
    }
    let reads = Permission::ALL.iter().copied();
    for permission in reads.filter(|permission| !permission.reach().writes) {
        assert!(!manages(permission), "{permission} changes nothing");
    }
}

#[test]
fn a_service_account_owns_nothing() {
    let book = book(Grants::empty());
    let owner = person(BuiltIn::Owner.grants());
    let roles = vec![built_in(BuiltIn::Owner)];

    let created = ServiceAccount::create(
        &permit(&owner),
        &book,
        ACCOUNT,
        name(),
        roles.clone(),
        0,
        NOW,
    );
    assert_eq!(created, Err(ServiceAccountError::Owner));
    let unknown = vec![RoleId::from_uuid(Uuid::nil())];
    let created = ServiceAccount::create(&permit(&owner), &book, ACCOUNT, name(), unknown, 0, NOW);
    assert_eq!(created, Err(ServiceAccountError::UnknownRole));
    let many = ServiceAccount::MAX;
    let created =
        ServiceAccount::create(&permit(&owner), &book, ACCOUNT, name(), vec![], many, NOW);
    assert_eq!(created, Err(ServiceAccountError::TooMany));

    // Whoever writes it into the row by hand makes no machine an owner.
    let held = account(&roles).holds(&book);
    assert_eq!(held, BuiltIn::Owner.grants().only(is_on_offer));
}

#[test]
fn a_key_has_an_end_and_there_are_not_many() {
    let owner = person(BuiltIn::Owner.grants());
    let until = |expires_at| {
        let draft = KeyDraft {
            expires_at: Some(expires_at),
            ..draft(Grants::empty())
        };
        ApiKey::make(&permit(&owner), &account(&[]), KEY, draft, 0, NOW).map(|key| key.expires_at)
    };
    let last = NOW.plus(ApiKey::LONGEST);

    assert_eq!(until(NOW), Err(ApiKeyError::Lifetime));
    assert_eq!(until(last), Ok(last));
    assert_eq!(
        until(last.plus(Duration::from_micros(1))),
        Err(ApiKeyError::Lifetime)
    );
    let one_more = ApiKey::make(
        &permit(&owner),
        &account(&[]),
        KEY,
        draft(Grants::empty()),
        ApiKey::MAX,
        NOW,
    );
    assert_eq!(one_more, Err(ApiKeyError::TooMany));
}

#[test]
fn two_secrets_are_good_while_a_rotation_lasts() {
    let owner = person(BuiltIn::Owner.grants());
    let mut key = key(Grants::empty());
    let later = NOW.plus(HOUR / 2);

    key.rotate(&permit(&owner), Some(later), NOW).unwrap();
    assert!(key.takes_previous(NOW) && !key.takes_previous(later));

    // Longer than the key itself nothing of it is good.
    key.rotate(&permit(&owner), Some(NOW.plus(HOUR * 9)), NOW)
        .unwrap();
    assert_eq!(key.previous_until, Some(key.expires_at));

    key.rotate(&permit(&owner), None, NOW).unwrap();
    assert!(!key.takes_previous(NOW));
    assert_eq!(
        key.rotate(&permit(&owner), Some(NOW), NOW),
        Err(ApiKeyError::Lifetime)
    );

    key.revoke(&permit(&owner), NOW).unwrap();
    key.revoke(&permit(&owner), later).unwrap();
    assert_eq!(key.revoked_at, Some(NOW));
    assert_eq!(
        key.rotate(&permit(&owner), None, NOW),
        Err(ApiKeyError::Over)
    );
}

/// Behind the lock of the tenant a machine is asked for as itself: whoever made its key renews nothing of it.
#[test]
fn a_permit_is_renewed_by_its_own_machine_alone() {
    let book = book(Grants::empty());
    let admin = account(&[built_in(BuiltIn::Admin)]);
    let given: Grants = [Permission::CreateProject].into_iter().collect();
    let machine = admin.principal(&key(given), TenantStatus::Active, &book, NOW);
    let permit = permit::<action::CreateProject>(&machine);
    let other = ApiKey {
        id: ApiKeyId::from_uuid(Uuid::nil()),
        ..key(given)
    };
    let other = admin.principal(&other, TenantStatus::Active, &book, NOW);

    assert!(renew(&permit, &machine).is_ok());
    assert!(renew(&permit, &other).is_err());
    assert!(renew(&permit, &person(BuiltIn::Owner.grants())).is_err());
}

/// An operator's grants make no operator of a machine.
#[test]
fn no_machine_holds_anything_on_the_platform() {
    let machine = Principal::machine(key(Grants::empty()).machine());
    let machine = machine.granted(Platform, bailiwick_domain::role::operator_grants());

    for permission in Permission::ALL.iter().copied() {
        assert!(!is_permitted(&machine, permission, Platform.into()));
    }
}
