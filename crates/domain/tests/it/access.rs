//! What the policy promises about grants, roles, principals and standings, tried on thousands of them.

use super::properties::{Many, uuids};
use bailiwick_domain::{
    InvitationId, MemberId, Name, ProjectId, RoleId, TenantId, Timestamp, UserId, Version,
    access::{
        AccountAct, AccountScope, Action, Assignment, Catalogue, Decision, Denied, Extent, Grant,
        Grants, InvalidGrant, Level, MemberAct, Object, ObjectScope, Obstacle, OnObject, Path,
        Permission, Permit, Platform, Principal, Proof, Reach, Reason, Scope, Standing, Target,
        TenantScope, Write, action, authorize, claim, decide, explain, membership, renew,
    },
    invitation::{Invitation, RedeemInvitationError, Shown},
    member::{Member, MemberError, MemberStatus, Owners},
    project::Project,
    role::{
        BuiltIn, Escalation, Role, RoleBook, RoleDraft, RoleError, Usage, grants_named, hand_on,
        highest, is_on_offer, operator_grants,
    },
    tenant::{Founded, Settings, Tenant, TenantError, TenantStatus},
    user::User,
};
use proptest::{
    bool::weighted,
    collection::{btree_set, vec},
    option,
    prelude::*,
    sample::{Index, select},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    panic,
};
use uuid::Uuid;

const USER: UserId = UserId::from_uuid(Uuid::from_u128(7));
const OTHER: UserId = UserId::from_uuid(Uuid::from_u128(8));
const MEMBER: MemberId = MemberId::from_uuid(Uuid::from_u128(9));
const TENANT: TenantId = TenantId::from_uuid(Uuid::from_u128(1));
const TENANTS: [TenantId; 3] = [
    TENANT,
    TenantId::from_uuid(Uuid::from_u128(2)),
    TenantId::from_uuid(Uuid::from_u128(3)),
];
const PROJECTS: [ProjectId; 3] = [
    ProjectId::from_uuid(Uuid::from_u128(1)),
    ProjectId::from_uuid(Uuid::from_u128(2)),
    ProjectId::from_uuid(Uuid::from_u128(3)),
];

/// Where somebody is granted something. In the last tenant and on the last project nobody is.
const PLACES: [Scope; 6] = [
    Scope::Platform,
    Scope::Tenant(TENANTS[0]),
    Scope::Tenant(TENANTS[1]),
    Scope::Project(TENANTS[0], PROJECTS[0]),
    Scope::Project(TENANTS[0], PROJECTS[1]),
    Scope::Project(TENANTS[1], PROJECTS[0]),
];

const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

bailiwick_domain::permissions! {
    /// What can be done with invoices and the desk that pays them.
    pub enum Invoicing, pub mod invoicing {
        /// See the invoices.
        ListInvoices   "invoice:list"    TenantScope<Read>    Low;
        /// Approve an invoice for payment.
        ApproveInvoice "invoice:approve" TenantScope<Write>   High;
        /// Change an invoice.
        ChangeInvoice  "invoice:change"  ObjectScope<Write>   Medium;
        /// Close the books.
        CloseBooks     "books:own"       TenantScope<Write>   High     reserved;
        /// See what the desk does.
        WatchDesk      "desk:watch"      PlatformScope<Read>  Low;
        /// Close the desk.
        CloseDesk      "desk:close"      PlatformScope<Write> High;
    }
}

// Grants

/// What is granted, as the standard library knows it: what is granted on everything is granted on one's own as well.
type Model<C = Permission> = BTreeSet<(C, Extent)>;

fn model<C: Catalogue>(grants: impl IntoIterator<Item = Grant<C>>) -> Model<C> {
    grants
        .into_iter()
        .flat_map(|Grant { permission, extent }| [(permission, extent), (permission, Extent::Own)])
        .collect()
}

/// The model of those that mean something in a place.
fn model_in<C: Catalogue>(place: Scope, model: &Model<C>) -> Model<C> {
    let fits = |level| match place {
        Scope::Platform => level == Level::Platform,
        Scope::Tenant(_) => level != Level::Platform,
        Scope::Project(..) => level == Level::Object,
    };
    let there = |(permission, _): &&(C, Extent)| fits(permission.reach().level);
    model.iter().filter(there).copied().collect()
}

fn grant<C: Catalogue>() -> impl Strategy<Value = Grant<C>> {
    (select(C::ALL), any::<bool>()).prop_map(|(permission, own)| Grant {
        permission,
        extent: if own && permission.is_ownable() {
            Extent::Own
        } else {
            Extent::All
        },
    })
}

fn grants<C: Catalogue>() -> impl Strategy<Value = Vec<Grant<C>>> {
    vec(grant(), 0..=C::ALL.len().min(16))
}

/// Grants of which the first often cover the second.
fn pairs<C: Catalogue>() -> impl Strategy<Value = (Vec<Grant<C>>, Vec<Grant<C>>)> {
    (grants(), grants::<C>(), 0..4_u8).prop_map(|(one, other, inside)| {
        if inside == 0 {
            return (one, other);
        }
        let within = model(one.iter().copied());
        let covered = model(other)
            .intersection(&within)
            .copied()
            .collect::<Vec<_>>();
        let less = one.iter().copied().skip(usize::from(inside));
        let covered = covered
            .into_iter()
            .map(|(permission, extent)| Grant { permission, extent });
        let other = covered.chain(less).collect();
        (one, other)
    })
}

fn agrees<C: Catalogue>(grants: &Grants<C>, model: &Model<C>) -> Result<(), TestCaseError> {
    for permission in C::ALL.iter().copied() {
        let extents = [Extent::All, Extent::Own];
        let extent = extents
            .into_iter()
            .find(|extent| model.contains(&(permission, *extent)));
        prop_assert_eq!(grants.extent(permission), extent);
        prop_assert_eq!(grants.allow(permission, true), extent.is_some());
        prop_assert_eq!(grants.allow(permission, false), extent == Some(Extent::All));
    }
    let listed = grants.iter().collect::<Vec<_>>();
    let permissions = model.iter().map(|(permission, _)| *permission);
    let permissions = permissions.collect::<BTreeSet<_>>();
    prop_assert!(listed.iter().map(|grant| grant.permission).eq(permissions));
    prop_assert_eq!(grants.len(), listed.len());
    prop_assert_eq!(grants.is_empty(), model.is_empty());
    prop_assert_eq!(grants, &listed.iter().rev().copied().collect());
    Ok(())
}

fn grants_are_a_set<C: Catalogue>(
    (one, other): (Vec<Grant<C>>, Vec<Grant<C>>),
    more: Grant<C>,
    kept: &BTreeSet<C>,
) -> Result<(), TestCaseError> {
    let [mine, theirs] = [&one, &other].map(|all| all.iter().copied().collect::<Grants<C>>());
    let [one, other] = [one, other].map(model);

    agrees(&mine, &one)?;
    agrees(
        &mine.with(more),
        &one.union(&model([more])).copied().collect(),
    )?;
    agrees(&mine.union(&theirs), &one.union(&other).copied().collect())?;
    agrees(
        &mine.intersection(&theirs),
        &one.intersection(&other).copied().collect(),
    )?;
    let chosen = one
        .iter()
        .filter(|(permission, _)| kept.contains(permission));
    agrees(
        &mine.only(|permission| kept.contains(&permission)),
        &chosen.copied().collect(),
    )?;
    for place in PLACES {
        agrees(&mine.in_place(place), &model_in(place, &one))?;
    }
    prop_assert_eq!(mine.cover(&theirs), other.is_subset(&one));
    prop_assert_eq!(theirs.cover(&mine), one.is_subset(&other));
    prop_assert_eq!(mine == theirs, one == other);
    prop_assert_eq!(
        hand_on(&mine, &theirs),
        if other.is_subset(&one) {
            Ok(())
        } else {
            Err(Escalation)
        }
    );

    prop_assert_eq!(Grants::stored(&mine.to_string()), Ok(mine));
    for grant in mine.iter() {
        prop_assert_eq!(grant.to_string().parse(), Ok(grant));
    }
    Ok(())
}

proptest! {
    #[test]
    fn grants_are_a_set_of_permissions_on_everything_and_on_ones_own(
        pair in pairs(), more in grant(), kept in btree_set(select(Permission::ALL), 0..20),
    ) {
        grants_are_a_set(pair, more, &kept)?;
    }

    #[test]
    fn grants_are_a_set_where_a_name_ends_as_if_it_were_ones_own(
        pair in pairs(), more in grant(), kept in btree_set(select(Invoicing::ALL), 0..4),
    ) {
        grants_are_a_set(pair, more, &kept)?;
    }

    #[test]
    fn grants_are_a_set_across_words(
        pair in pairs(), more in grant(), kept in btree_set(select(Many::ALL), 0..80),
    ) {
        grants_are_a_set(pair, more, &kept)?;
    }

    #[test]
    fn what_cannot_be_ones_own_is_not_granted_as_such(
        held in grants::<Permission>(), permission in select(Permission::ALL),
    ) {
        let before = held.iter().copied().collect::<Grants>();

        let after = before.with(Grant { permission, extent: Extent::Own });

        if !permission.is_ownable() {
            prop_assert_eq!(after, before);
        }
        prop_assert_eq!(Grants::stored(&after.to_string()), Ok(after));
    }

    #[test]
    fn a_stored_name_that_is_on_no_line_grants_nothing(
        held in grants::<Permission>(),
        unknown in vec(("[a-z_-]{1,8}:[a-z_-]{1,8}", any::<bool>()), 0..4),
        at in any::<Index>(),
    ) {
        let on_no_line = |name: &String| Permission::named(name).is_err();
        let unknown = unknown.into_iter().filter(|(name, _)| on_no_line(name));
        let unknown = unknown.map(|(name, own)| if own { format!("{name}:own") } else { name });
        let held = held.into_iter().collect::<Grants>();
        let mut names = held.iter().map(|grant| grant.to_string()).collect::<Vec<_>>();
        let at = at.index(names.len() + 1);
        names.splice(at..at, unknown);

        prop_assert_eq!(Grants::stored(&names.join(" ")), Ok(held));
    }

    #[test]
    fn what_no_catalogue_could_have_written_is_refused(
        held in grants::<Permission>(),
        malformed in prop_oneof![
            "[a-z]{1,9}",
            "[a-z]{1,9}:",
            ":[a-z]{1,9}",
            "[a-z]{1,5}:[a-z]{1,5}:[a-nq-z]{1,5}",
            "[a-z]{0,5}:?[A-Z0-9*.,;/\\PC&&[^ a-z:_-]]{1,3}:?[a-z]{0,5}",
            "(\\*|[a-z]{1,5}:\\*)(:own)?",
            select(vec!["member:list:own", "organization:own:own", "project:update:own:own", "::own"])
                .prop_map(ToOwned::to_owned),
        ],
        at in any::<Index>(),
    ) {
        let mut names = held.iter().map(ToString::to_string).collect::<Vec<_>>();
        names.insert(at.index(names.len() + 1), malformed.clone());

        prop_assert!(Grants::<Permission>::stored(&names.join(" ")).is_err(), "{malformed}");
        prop_assert!(malformed.parse::<Grant>().is_err(), "{malformed}");
    }
}

/// What a text means, word by word: `None` when it means nothing.
fn meaning(text: &str, offered: &BTreeSet<Permission>) -> Option<Model> {
    let exact = |text: &str| {
        Permission::ALL
            .iter()
            .copied()
            .find(|one| one.name() == text)
    };
    if let Some(permission) = exact(text) {
        return offered.contains(&permission).then(|| {
            model([Grant {
                permission,
                extent: Extent::All,
            }])
        });
    }
    let (name, own) = match text.strip_suffix(":own") {
        Some(name) => (name, true),
        None => (text, false),
    };
    let kind = match name.split(':').collect::<Vec<_>>().as_slice() {
        ["*"] => None,
        [kind, "*"] => Some(*kind),
        _ => {
            let permission = exact(name).filter(|one| own && one.is_ownable())?;
            return offered.contains(&permission).then(|| {
                model([Grant {
                    permission,
                    extent: Extent::Own,
                }])
            });
        }
    };
    let fitting = Permission::ALL.iter().copied().filter(|permission| {
        let its_kind = permission.name().split(':').next();
        offered.contains(permission)
            && (kind.is_none() || kind == its_kind)
            && (!own || permission.is_ownable())
    });
    let extent = if own { Extent::Own } else { Extent::All };
    let fitting = model(fitting.map(|permission| Grant { permission, extent }));
    (!fitting.is_empty()).then_some(fitting)
}

/// Texts as people write them into roles: names, patterns, and what is nearly one.
fn wishes() -> impl Strategy<Value = String> {
    let names = || select(Permission::ALL).prop_map(Permission::name);
    let kinds = || names().prop_map(|name| name.split(':').next().unwrap_or_default().to_owned());
    prop_oneof![
        4 => (names(), any::<bool>()).prop_map(|(name, own)| format!("{name}{}", if own { ":own" } else { "" })),
        4 => (kinds(), any::<bool>()).prop_map(|(kind, own)| format!("{kind}:*{}", if own { ":own" } else { "" })),
        1 => select(vec!["*", "*:own", "**", "*:*", ":*", "*own", ":own", "", "project:up*", "proj*", "*:update"])
            .prop_map(ToOwned::to_owned),
        1 => (names(), any::<Index>(), "[a-z:*]?").prop_map(|(name, at, letter)| {
            let at = at.index(name.len());
            format!("{}{letter}{}", &name[..at], &name[at + 1..])
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_pattern_grants_everything_on_offer_that_fits_and_nothing_else(
        wish in wishes(),
        offered in prop_oneof![
            Just(Permission::ALL.iter().copied().filter(|one| is_on_offer(*one)).collect()),
            btree_set(select(Permission::ALL), 0..20),
        ],
    ) {
        let named = Grants::<Permission>::named(&wish, |permission| offered.contains(&permission));

        match (meaning(&wish, &offered), named) {
            (Some(meant), Ok(granted)) => prop_assert_eq!(model(granted.iter()), meant),
            (None, Err(_)) => {}
            (meant, named) => prop_assert!(false, "`{wish}`: {meant:?}, {named:?}"),
        }
    }

    #[test]
    fn no_text_grants_what_is_reserved_or_the_platforms(wishes in vec(wishes(), 1..4)) {
        let texts = wishes.iter().map(String::as_str);

        if let Ok(granted) = grants_named(texts.clone()) {
            for Grant { permission, .. } in granted.iter() {
                prop_assert!(!permission.is_reserved(), "{wishes:?} {permission}");
                prop_assert!(permission.reach().level != Level::Platform, "{wishes:?} {permission}");
            }
            let each = texts.map(|text| Grants::named(text, is_on_offer).unwrap());
            prop_assert_eq!(granted, each.fold(Grants::empty(), |all, one| all.union(&one)));
        }
    }
}

#[test]
fn a_refusal_of_a_text_names_what_is_wrong_with_it() {
    let refusal = |text: &str| grants_named([text]).unwrap_err().to_string();

    assert_eq!(
        refusal("organization:own"),
        "no role of an organization's own can hold `organization:own`"
    );
    assert_eq!(
        refusal("tenant:list"),
        "no role of an organization's own can hold `tenant:list`"
    );
    assert_eq!(refusal("project:fly"), "unknown permission `project:fly`");
    assert_eq!(refusal("tenant:*"), "`tenant:*` fits no permission");
    assert_eq!(refusal("member:*:own"), "`member:*:own` fits no permission");
    assert_eq!(
        grants_named(["member:list:own"]),
        Err(InvalidGrant::NotOwnable("member:list".to_owned()))
    );
}

// Roles

const ROLES: usize = 6;

fn role_id(number: usize) -> RoleId {
    RoleId::from_uuid(Uuid::from_u128(100 + number as u128))
}

fn role(number: usize, grants: Grants, includes: Vec<RoleId>) -> Role {
    Role {
        id: role_id(number),
        name: format!("role {number}").parse().unwrap(),
        built_in: None,
        grants,
        includes,
        version: Version::FIRST,
    }
}

/// Roles that include each other in any way: diamonds, circles, themselves, and roles that there are not.
fn books() -> impl Strategy<Value = RoleBook> {
    vec((vec(grant(), 0..4), vec(0..=ROLES, 0..4)), 1..=ROLES).prop_map(|roles| {
        let roles = roles
            .into_iter()
            .enumerate()
            .map(|(number, (grants, includes))| {
                let includes = includes.into_iter().map(role_id).collect();
                role(number, grants.into_iter().collect(), includes)
            });
        RoleBook::of(roles.collect())
    })
}

/// What each role holds: what it includes is added until nothing changes any more.
fn fixpoint(book: &RoleBook) -> BTreeMap<RoleId, Model> {
    let by_itself = |role: &Role| (role.id, model(role.grants.iter()));
    let mut held: BTreeMap<_, _> = book.iter().map(by_itself).collect();
    loop {
        let before = held.clone();
        for role in book.iter() {
            let more = role
                .includes
                .iter()
                .filter_map(|included| before.get(included));
            let more = more.flatten().copied().collect::<Vec<_>>();
            held.entry(role.id).or_default().extend(more);
        }
        if held == before {
            return held;
        }
    }
}

/// The roles that can be reached from one in so many steps, and no fewer.
fn in_steps(book: &RoleBook, from: RoleId) -> Vec<BTreeSet<RoleId>> {
    let mut steps = vec![BTreeSet::from([from])];
    for _ in 0..ROLES {
        let last = steps.last().into_iter().flatten();
        let next = last
            .filter_map(|id| book.get(*id))
            .flat_map(|role| &role.includes);
        let near = steps.iter().flatten().collect::<BTreeSet<_>>();
        let next = next.copied().filter(|id| !near.contains(id)).collect();
        steps.push(next);
    }
    steps
}

fn has_a_circle(book: &RoleBook) -> bool {
    book.iter().any(|role| {
        let below = role
            .includes
            .iter()
            .flat_map(|included| in_steps(book, *included));
        below.flatten().any(|id| id == role.id)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_role_holds_what_it_includes_over_however_many_others(book in books()) {
        let held = fixpoint(&book);

        for number in 0..=ROLES {
            let nothing = Model::default();
            let all = held.get(&role_id(number)).unwrap_or(&nothing);
            agrees(&book.effective(role_id(number)), all)?;
        }
    }

    #[test]
    fn a_book_with_a_circle_has_a_flaw_and_no_other_has(book in books()) {
        match book.flaw() {
            None => prop_assert!(!has_a_circle(&book)),
            Some((id, error)) => {
                prop_assert_eq!(error, RoleError::Cycle);
                let included = &book.get(id).unwrap().includes;
                let mut below = included.iter().flat_map(|included| in_steps(&book, *included));
                prop_assert!(below.any(|step| step.contains(&id)));
            }
        }
    }

    #[test]
    fn roles_given_in_single_projects_hold_what_means_something_there(
        book in books(),
        given in vec((0..=ROLES, option::of(select(&PROJECTS[..]))), 0..4),
    ) {
        let given = given.into_iter().map(|(role, project)| Assignment {
            project,
            ..Assignment::of(role_id(role))
        });
        let given = given.collect::<Vec<_>>();
        let held = fixpoint(&book);

        let all = given.iter().flat_map(|one| {
            let held = held.get(&one.role).cloned().unwrap_or_default();
            match one.project {
                None => held,
                Some(_) => model_in(one.place(TENANT), &held),
            }
        });
        agrees(&book.effective_of(&given), &all.collect())?;
    }

    #[test]
    fn the_way_to_a_grant_is_a_shortest_chain_of_roles_that_include_each_other(
        book in books(), grant in grant::<Permission>(),
    ) {
        for from in (0..=ROLES).map(role_id) {
            let holds = |id: &RoleId| {
                let by_itself = book.get(*id).and_then(|role| role.grants.extent(grant.permission));
                by_itself == Some(grant.extent)
            };
            let steps = in_steps(&book, from);
            let near = steps.iter().position(|roles| roles.iter().any(holds));

            let way = book.path(from, grant);

            prop_assert_eq!(way.len().checked_sub(1), near);
            if !way.is_empty() {
                chain(&book, &way)?;
                prop_assert_eq!(way.first(), Some(&from));
                prop_assert!(way.last().is_some_and(holds));
            }
        }
    }
}

/// Each includes the next, and none comes twice.
fn chain(book: &RoleBook, way: &[RoleId]) -> Result<(), TestCaseError> {
    for pair in way.windows(2) {
        prop_assert!(
            book.get(pair[0])
                .is_some_and(|role| role.includes.contains(&pair[1]))
        );
    }
    prop_assert_eq!(way.iter().collect::<BTreeSet<_>>().len(), way.len());
    Ok(())
}

/// What somebody does to the roles of a tenant.
#[derive(Debug, Clone)]
enum Deed {
    Add(usize, RoleDraft),
    Change(usize, RoleDraft),
    Remove(usize, Usage, Option<usize>),
}

/// The three roles that every tenant has come before those of its own.
const BUILT_IN: [RoleId; 3] = [
    RoleId::from_uuid(Uuid::from_u128(1)),
    RoleId::from_uuid(Uuid::from_u128(2)),
    RoleId::from_uuid(Uuid::from_u128(3)),
];

fn any_role() -> impl Strategy<Value = usize> {
    prop_oneof![5 => 0..ROLES, 1 => ROLES..ROLES + 4]
}

/// One of the tenant's own, or one that it has not, or a built-in one.
fn any_role_id(number: usize) -> RoleId {
    match number.checked_sub(ROLES + 1) {
        None => role_id(number),
        Some(built_in) => BUILT_IN[built_in],
    }
}

fn drafts() -> impl Strategy<Value = RoleDraft> {
    let names = prop_oneof![
        8 => (0..ROLES).prop_map(|number| format!("role {number}")),
        1 => select(vec!["owner", "Admin", "MEMBER", "role_00000000000000000000000001", "ROLE_00000000000000000000000001"])
            .prop_map(ToOwned::to_owned),
    ];
    (names, grants(), vec(any_role(), 0..3)).prop_map(|(name, grants, includes)| RoleDraft {
        name: name.parse().unwrap(),
        grants: grants.into_iter().take(4).collect(),
        includes: includes.into_iter().map(any_role_id).collect(),
    })
}

fn deeds() -> impl Strategy<Value = Deed> {
    let usage = (any::<bool>(), 0..4_u8).prop_map(|(used, of)| Usage {
        assigned: used && of != 1,
        invited: used && of == 1,
        default: used && of == 2,
    });
    prop_oneof![
        3 => (0..ROLES, drafts()).prop_map(|(id, draft)| Deed::Add(id, draft)),
        4 => (any_role(), drafts()).prop_map(|(id, draft)| Deed::Change(id, draft)),
        2 => (any_role(), usage, option::of(any_role())).prop_map(|(id, usage, by)| Deed::Remove(id, usage, by)),
    ]
}

/// What whoever changes roles holds: everything, which is usual, or something.
fn powers() -> impl Strategy<Value = Grants> {
    prop_oneof![
        2 => Just(BuiltIn::Owner.grants()),
        1 => Just(BuiltIn::Admin.grants()),
        1 => grants().prop_map(|grants| grants.into_iter().collect()),
    ]
}

/// A permit of somebody who holds exactly these, and leave for `A`.
fn permit<A>(held: Grants<A::Catalogue>) -> Permit<A>
where
    A: Action<Scope: Proof<At = TenantId>>,
{
    let held = held.with(leave::<A>());
    authorize(&Principal::new(USER).granted(TENANT, held), TENANT).unwrap()
}

fn leave<A: Action>() -> Grant<A::Catalogue> {
    Grant {
        permission: A::PERMISSION,
        extent: Extent::All,
    }
}

fn founded() -> Founded {
    let email = "ada@example.com".parse().unwrap();
    let name = "Ada".parse::<Name>().unwrap();
    let user = User::new(USER, email, name.clone(), NOW);
    let founding = AccountScope::registering(&user).founding(TENANT);
    Tenant::found(&founding, name, MEMBER, BUILT_IN, NOW)
}

/// What no change of roles may break.
fn in_order(book: &RoleBook) -> Result<(), TestCaseError> {
    prop_assert!(!has_a_circle(book));
    let founded = founded().roles;
    prop_assert!(
        book.iter()
            .filter(|role| role.built_in.is_some())
            .eq(&founded)
    );
    let names = book.iter().map(|role| &role.name).collect::<BTreeSet<_>>();
    prop_assert_eq!(names.len(), book.iter().count());
    for role in book.iter().filter(|role| role.built_in.is_none()) {
        prop_assert!(!role.includes.contains(&BUILT_IN[0]));
        prop_assert!(
            role.includes
                .iter()
                .all(|included| book.get(*included).is_some())
        );
        let reserved = book.effective(role.id).only(|one| !is_on_offer(one));
        prop_assert_eq!(reserved, Grants::empty());
    }
    Ok(())
}

/// Can a role be so, for somebody who holds this? Asked of the book as it would be.
fn may_be(before: &RoleBook, id: RoleId, draft: &RoleDraft, held: &Model) -> bool {
    let name = draft.name.as_str().to_lowercase();
    let others = before.iter().filter(|other| other.id != id).cloned();
    let grants = draft.grants.only(is_on_offer);
    let drafted = Role {
        id,
        ..role(0, grants, draft.includes.clone())
    };
    let book = RoleBook::of(others.chain([drafted]).collect());
    !["owner", "admin", "member"].contains(&name.as_str())
        && !name.starts_with("role_")
        && before
            .iter()
            .all(|other| other.id == id || other.name != draft.name)
        && draft.includes.iter().all(|included| {
            *included != BUILT_IN[0] && *included != id && before.get(*included).is_some()
        })
        && !has_a_circle(&book)
        && fixpoint(&book)[&id].is_subset(held)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn no_change_of_roles_makes_a_circle_or_hands_on_what_is_not_held(
        deeds in vec((powers(), deeds()), 1..20)
    ) {
        let mut book = RoleBook::of(founded().roles.into());
        for (power, deed) in deeds {
            let (before, old) = (book.clone(), fixpoint(&book));
            let own = |id: RoleId| before.get(id).is_some_and(|role| role.built_in.is_none());
            let (held, done, may) = match &deed {
                Deed::Add(id, _) if before.get(role_id(*id)).is_some() => continue,
                Deed::Add(id, draft) => {
                    let permit = permit::<action::CreateRole>(power);
                    let held = model(permit.held().iter());
                    let may = may_be(&before, role_id(*id), draft, &held);
                    let added = book.add(&permit, role_id(*id), draft.clone());
                    if let Ok(role) = &added {
                        prop_assert_eq!(book.get(role_id(*id)), Some(role));
                        prop_assert_eq!(role.version, Version::FIRST);
                    }
                    (held, added.map(|_| ()), may)
                }
                Deed::Change(id, draft) => {
                    let id = any_role_id(*id);
                    let permit = permit::<action::UpdateRole>(power);
                    let held = model(permit.held().iter());
                    let may = own(id) && old[&id].is_subset(&held) && may_be(&before, id, draft, &held);
                    let changed = book.change(&permit, id, draft.clone());
                    if let Ok(role) = &changed {
                        prop_assert_eq!(book.get(id), Some(role));
                        prop_assert_eq!(Some(role.version), before.get(id).map(|old| old.version.next()));
                    }
                    (held, changed.map(|_| ()), may)
                }
                Deed::Remove(id, usage, by) => {
                    let (id, by) = (any_role_id(*id), by.map(any_role_id));
                    let permit = permit::<action::DeleteRole>(power);
                    let held = model(permit.held().iter());
                    let included = before.iter().any(|role| role.includes.contains(&id));
                    let taken = by.is_none_or(|by| {
                        // Whoever takes the place of what it includes itself would go round in a circle.
                        let round = in_steps(&before, by).iter().flatten().any(|below| {
                            before.get(*below).is_some_and(|role| role.includes.contains(&id))
                        });
                        by != id && by != BUILT_IN[0] && !round
                            && old.get(&by).is_some_and(|gift| gift.is_subset(&held))
                    });
                    let may = own(id)
                        && old[&id].is_subset(&held)
                        && (by.is_some() || !included && *usage == Usage::default())
                        && taken;
                    let removed = book.remove(&permit, id, *usage, by);
                    if let Ok(changed) = &removed {
                        prop_assert!(book.get(id).is_none());
                        let others = before.iter().filter(|role| role.id != id);
                        let differ = others.filter(|role| book.get(role.id) != Some(role));
                        prop_assert!(differ.map(|role| role.id).eq(changed.iter().map(|role| role.id)));
                        prop_assert!(changed.iter().all(|role| book.get(role.id) == Some(role)));
                        for role in changed {
                            // What it included, each once, with the one in the place of the other.
                            let mut includes = role.includes.clone();
                            includes.sort();
                            let old = &before.get(role.id).unwrap().includes;
                            let kept = old.iter().copied().filter(|included| *included != id);
                            prop_assert!(includes.into_iter().eq(kept.chain(by).collect::<BTreeSet<_>>()));
                        }
                    }
                    (held, removed.map(|_| ()), may)
                }
            };
            prop_assert_eq!(done.is_ok(), may, "{:?} {:?}", deed, done);
            match done {
                Err(_) => prop_assert_eq!(&book, &before),
                Ok(()) => in_order(&book)?,
            }
            let new = fixpoint(&book);
            for id in old.keys().chain(new.keys()) {
                let nothing = Model::default();
                let [was, is] = [&old, &new].map(|held| held.get(id).unwrap_or(&nothing));
                let differ = was.symmetric_difference(is).copied().collect::<Model>();
                prop_assert!(differ.is_subset(&held), "{:?} {:?}", deed, differ);
            }
        }
    }
}

#[test]
fn a_book_in_which_a_role_includes_owner_has_a_flaw() {
    let owner = Role::built_in(role_id(0), BuiltIn::Owner);
    let book = |included| {
        let clerk = role(1, Grants::empty(), vec![role_id(included)]);
        RoleBook::of(vec![
            owner.clone(),
            clerk,
            role(2, Grants::empty(), Vec::new()),
        ])
    };

    assert_eq!(book(0).flaw(), Some((role_id(1), RoleError::IncludesOwner)));
    assert_eq!(book(1).flaw(), Some((role_id(1), RoleError::Cycle)));
    assert_eq!(book(2).flaw(), None);
}

#[test]
fn a_tenant_has_so_many_roles_of_its_own_and_no_more() {
    let permit = permit::<action::CreateRole>(BuiltIn::Owner.grants());
    let mut book = RoleBook::of(founded().roles.into());
    let mut add = |number: usize| {
        let draft = RoleDraft {
            name: format!("role {number}").parse().unwrap(),
            grants: Grants::empty(),
            includes: Vec::new(),
        };
        book.add(&permit, role_id(number), draft).map(|_| ())
    };

    let all = (0..RoleBook::<Permission>::MAX).try_for_each(&mut add);

    assert_eq!(all, Ok(()));
    assert_eq!(add(RoleBook::<Permission>::MAX), Err(RoleError::TooMany));
}

/// Roles that mostly hold what somebody holds.
fn offers() -> impl Strategy<Value = (Grants, Vec<Grants>)> {
    (grants(), vec((grants(), 0..4_u8), 0..4)).prop_map(|(held, roles)| {
        let roles = roles.into_iter().map(|(role, beyond)| match beyond {
            0 => role.into_iter().collect(),
            _ => held.iter().copied().take(role.len()).collect(),
        });
        (held.iter().copied().collect(), roles.collect())
    })
}

proptest! {
    #[test]
    fn no_door_lets_a_role_through_that_is_not_covered(
        (held, offered) in offers(), included in any::<bool>(),
    ) {
        // What a role includes counts as what it holds: the even ones hold nothing by themselves.
        let roles = offered.iter().enumerate().flat_map(|(number, grants)| {
            let holder = role(2 * number + 1, *grants, Vec::new());
            let by_itself = if included { Grants::empty() } else { *grants };
            let includes = if included { vec![holder.id] } else { Vec::new() };
            [role(2 * number, by_itself, includes), holder]
        });
        let book = RoleBook::of(roles.collect());
        let ids = (0..offered.len()).map(|number| role_id(2 * number)).collect::<Vec<_>>();
        let given = ids.iter().copied().map(Assignment::of).collect::<Vec<_>>();
        let covered = |held: &Grants| {
            let held = model(held.iter());
            offered.iter().all(|grants| model(grants.iter()).is_subset(&held))
        };
        let escalation = |held: &Grants| if covered(held) { Ok(()) } else { Err(Escalation) };
        let Founded { mut tenant, owner, .. } = founded();
        let newcomer = Member { assignments: Vec::new(), user: OTHER, ..owner };
        let owners = Owners(vec![MemberId::from_uuid(Uuid::nil())]);

        let inviting = permit::<action::InviteMember>(held);
        let verdict = escalation(inviting.held());
        let added = Member::add(&inviting, &book, MEMBER, OTHER, given.clone(), NOW);
        prop_assert_eq!(
            added.map(|member| (member.tenant, member.assignments)),
            verdict.map(|()| (TENANT, given.clone())).map_err(MemberError::from)
        );
        let id = InvitationId::from_uuid(Uuid::nil());
        let email = "ben@example.com".parse().unwrap();
        let issued = Invitation::issue(&inviting, &book, &tenant, id, email, ids.clone(), NOW);
        prop_assert_eq!(
            issued.map(|invitation| (invitation.tenant, invitation.roles)),
            verdict.map(|()| (TENANT, ids.clone())).map_err(Into::into)
        );

        let assigning = permit::<action::AssignRoles>(held);
        let mut member = newcomer.clone();
        let changed = member.change_roles(&assigning, &book, &owners, given.clone(), NOW);
        prop_assert_eq!(changed, escalation(assigning.held()).map_err(MemberError::from));
        prop_assert_eq!(member.assignments == given, changed.is_ok() || given.is_empty());
        let mut richer = Member { assignments: given.clone(), ..newcomer.clone() };
        let taken = richer.change_roles(&assigning, &book, &owners, Vec::new(), NOW);
        prop_assert_eq!(taken, escalation(assigning.held()).map_err(MemberError::from));

        let suspending = permit::<action::SuspendMember>(held);
        let verdict = escalation(suspending.held()).map_err(MemberError::from);
        let richer = Member { assignments: given, ..newcomer };
        prop_assert_eq!(richer.clone().suspend(&suspending, &book, &owners), verdict);
        prop_assert_eq!(richer.clone().resume(&suspending, &book), verdict);
        let removing = permit::<action::RemoveMember>(held);
        let verdict = escalation(removing.held()).map_err(MemberError::from);
        prop_assert_eq!(richer.removable(&removing, &book, &owners), verdict);

        let updating = permit::<action::UpdateOrganization>(held);
        for (id, grants) in ids.iter().zip(&offered) {
            let settings = Settings { default_role: Some(*id), ..Settings::default() };
            let verdict = hand_on(updating.held(), grants).map_err(TenantError::from);
            prop_assert_eq!(tenant.configure(&updating, &book, settings, true, NOW), verdict);
            tenant.settings = Settings::default();
        }
    }

    #[test]
    fn on_a_project_nobody_hands_on_or_takes_away_what_they_do_not_hold_on_it(
        (held, offered) in offers(), in_tenant in any::<bool>(), theirs in any::<bool>(),
    ) {
        let roles = offered.iter().enumerate().map(|(number, grants)| role(number, *grants, Vec::new()));
        let book = RoleBook::of(roles.collect());
        let given = (0..offered.len()).map(|number| Assignment::of(role_id(number)));
        let given = given.collect::<Vec<_>>();
        let project = project(if theirs { USER } else { OTHER });
        let place = if in_tenant { Scope::Tenant(TENANT) } else { Scope::Project(TENANT, project.id) };
        let leave = leave::<action::ShareProject>();
        let principal = Principal::new(USER).granted(place, held.with(leave));
        let permit: Permit<action::ShareProject> = authorize(&principal, project.object()).unwrap();
        let whole = vec![Assignment::of(role_id(ROLES))];
        let elsewhere = Assignment { project: Some(PROJECTS[1]), ..Assignment::of(role_id(0)) };
        let newcomer = Member {
            assignments: [whole, vec![elsewhere]].concat(),
            user: OTHER,
            ..founded().owner
        };

        let mut richer = newcomer.clone();
        let verdict = richer.share(&permit, &book, &project, given.clone(), NOW);

        let there = |grants: &Grants| model_in(Scope::Project(TENANT, project.id), &model(grants.iter()));
        let ceiling = model_in(place, &model(held.with(leave).iter()));
        let covered = offered.iter().all(|grants| there(grants).is_subset(&ceiling));
        let expected = if covered { Ok(()) } else { Err(MemberError::from(Escalation)) };
        prop_assert_eq!(verdict, expected);
        let here = given.iter().map(|one| Assignment { project: Some(project.id), ..*one });
        let all = newcomer.assignments.iter().copied().chain(here).collect::<Vec<_>>();
        prop_assert_eq!(&richer.assignments, if covered { &all } else { &newcomer.assignments });
        let mut poorer = Member { assignments: all, ..newcomer.clone() };
        prop_assert_eq!(poorer.share(&permit, &book, &project, Vec::new(), NOW), expected);
        if covered {
            prop_assert_eq!(poorer.assignments, newcomer.assignments);
        }
    }
}

fn project(owner: UserId) -> Project {
    Project {
        id: PROJECTS[0],
        tenant: TENANT,
        name: "Analytical engine".parse().unwrap(),
        created_by: owner.into(),
        created_at: NOW,
        updated_at: NOW,
        deleted_at: None,
    }
}

#[test]
fn a_permit_for_one_project_does_nothing_to_another() {
    let all = Principal::new(USER).granted(TENANT, BuiltIn::Owner.grants());
    let (mine, mut theirs) = (project(USER), project(OTHER));
    let object = mine.object();
    let name = || "Difference engine".parse::<Name>().unwrap();

    let update = authorize::<action::UpdateProject>(&all, object).unwrap();
    let delete = authorize::<action::DeleteProject>(&all, object).unwrap();
    let share = authorize::<action::ShareProject>(&all, object).unwrap();

    let before = theirs.clone();
    assert!(theirs.rename(&update, name(), NOW).is_err());
    assert!(theirs.delete(&delete, NOW).is_err());
    assert_eq!(theirs, before);
    let mut member = founded().owner;
    let shared = member.share(&share, &RoleBook::default(), &theirs, Vec::new(), NOW);
    assert!(
        matches!(shared, Err(MemberError::OtherObject(_))),
        "{shared:?}"
    );
    assert_eq!(member, founded().owner);
}

#[test]
fn ownership_is_given_in_the_whole_tenant_and_for_good() {
    let book = RoleBook::of(founded().roles.into());
    let owner = Assignment::of(BUILT_IN[0]);
    let later = Timestamp::from_micros(NOW.as_micros() + 1);
    let inviting = permit::<action::InviteMember>(BuiltIn::Owner.grants());
    let add =
        |one: Assignment| Member::add(&inviting, &book, MEMBER, OTHER, vec![one], NOW).map(|_| ());

    let in_part = Assignment {
        project: Some(PROJECTS[0]),
        ..owner
    };
    let for_a_time = Assignment {
        expires_at: Some(later),
        ..owner
    };

    assert_eq!(add(owner), Ok(()));
    assert_eq!(add(in_part), Err(MemberError::OwnershipIsWhole));
    assert_eq!(add(for_a_time), Err(MemberError::OwnershipIsWhole));
    let admin = |expires_at| Assignment {
        expires_at,
        ..Assignment::of(BUILT_IN[1])
    };
    assert_eq!(add(admin(Some(later))), Ok(()));
    assert_eq!(add(admin(Some(NOW))), Err(MemberError::EndsInThePast));
}

#[test]
fn roles_in_the_whole_tenant_are_held_in_the_whole_tenant() {
    let book = RoleBook::of(founded().roles.into());
    let owners = Owners(vec![MemberId::from_uuid(Uuid::nil())]);
    let assigning = permit::<action::AssignRoles>(BuiltIn::Admin.grants());
    let on_project = |role| Assignment {
        project: Some(PROJECTS[0]),
        ..Assignment::of(role)
    };
    let shared = on_project(BUILT_IN[2]);
    let mut member = Member {
        assignments: vec![shared],
        ..founded().owner
    };

    let roles = vec![on_project(BUILT_IN[1])];
    let changed = member.change_roles(&assigning, &book, &owners, roles, NOW);

    assert_eq!(changed, Ok(()));
    assert_eq!(member.assignments, [Assignment::of(BUILT_IN[1]), shared]);
}

#[test]
fn an_invitation_is_kept_by_whoever_made_it_and_by_nobody_else() {
    let Founded { tenant, roles, .. } = founded();
    let book = RoleBook::of(roles.into());
    let inviting = permit::<action::InviteMember>(BuiltIn::Owner.grants());
    let ben = {
        let name = "Ben".parse::<Name>().unwrap();
        User::new(OTHER, "ben@example.com".parse().unwrap(), name, NOW)
    };
    let id = InvitationId::from_uuid(Uuid::nil());
    let (email, wanted) = (ben.email.clone(), vec![BUILT_IN[1]]);
    let mut invitation =
        Invitation::issue(&inviting, &book, &tenant, id, email, wanted, NOW).unwrap();
    let answer = invitation.redeem(&ben, Shown::Address, NOW).unwrap();
    let holding = |user| Principal::new(user).granted(TENANT, BuiltIn::Owner.grants());
    let mut accept = |inviter: Option<&Principal>| {
        let member = invitation.accept(&answer, &book, &tenant, inviter, MEMBER, NOW);
        member.map(|member| member.assignments)
    };

    let void = Err(RedeemInvitationError::Void);
    assert_eq!(accept(None), void);
    assert_eq!(accept(Some(&Principal::new(USER))), void);
    assert_eq!(accept(Some(&holding(OTHER))), void);
    let admin = vec![Assignment::of(BUILT_IN[1])];
    assert_eq!(accept(Some(&holding(USER))), Ok(admin));
    assert_eq!(
        accept(Some(&holding(USER))),
        Err(RedeemInvitationError::Over)
    );
}

// Principals

/// What somebody was granted, in the order of the granting; sometimes nothing, and the same place more than once.
fn holdings<C: Catalogue>() -> impl Strategy<Value = Vec<(Scope, Vec<Grant<C>>)>> {
    vec((select(&PLACES[..]), grants()), 0..5)
}

fn principal<C: Catalogue>(holdings: &[(Scope, Vec<Grant<C>>)]) -> Principal<C> {
    holdings
        .iter()
        .fold(Principal::new(USER), |principal, (place, grants)| {
            principal.granted(*place, grants.iter().copied().collect())
        })
}

/// Things of every kind: of each tenant, in each project and in none, one's own and not.
fn objects() -> Vec<Object> {
    let mut objects = Vec::new();
    for tenant in TENANTS {
        for project in [None].into_iter().chain(PROJECTS.map(Some)) {
            for owner in [None, Some(USER), Some(OTHER)] {
                objects.push(Object {
                    tenant,
                    project,
                    owner,
                });
            }
        }
    }
    objects
}

fn targets() -> Vec<Target> {
    let tenants = TENANTS.into_iter().map(Target::Tenant);
    let objects = objects().into_iter().map(Target::Object);
    [Target::Platform]
        .into_iter()
        .chain(tenants)
        .chain(objects)
        .collect()
}

/// Does what is held in the place count for the target?
fn counts(place: Scope, target: Target) -> bool {
    match target {
        Target::Platform => place == Scope::Platform,
        Target::Tenant(tenant) => place == Scope::Tenant(tenant),
        Target::Object(Object {
            tenant, project, ..
        }) => {
            place == Scope::Tenant(tenant)
                || project.is_some_and(|project| place == Scope::Project(tenant, project))
        }
    }
}

/// All that somebody holds who was granted these, as far as it counts; nothing when they are nobody there.
fn holds<C: Catalogue>(holdings: &[(Scope, Vec<Grant<C>>)], target: Target) -> Option<Model<C>> {
    let mut there = holdings
        .iter()
        .filter(|(place, _)| counts(*place, target))
        .peekable();
    there.peek()?;
    let held = there.flat_map(|(place, grants)| model_in(*place, &model(grants.iter().copied())));
    Some(held.collect())
}

/// What the policy must say, as a map would say it.
fn expected<C: Catalogue>(
    holdings: &[(Scope, Vec<Grant<C>>)],
    permission: C,
    target: Target,
) -> Decision<C> {
    let theirs = matches!(target, Target::Object(object) if object.owner == Some(USER));
    match holds(holdings, target) {
        None => Decision::Deny(Denied::Outsider),
        Some(held) if held.contains(&(permission, Extent::All)) => Decision::Permit,
        Some(held) if theirs && held.contains(&(permission, Extent::Own)) => Decision::Permit,
        Some(_) => Decision::Deny(Denied::Lacks(permission)),
    }
}

/// Asks both ways, and holds the permit to what it says of itself.
fn asked<A: Action>(
    holdings: &[(Scope, Vec<Grant<A::Catalogue>>)],
    at: <A::Scope as Proof>::At,
) -> Result<Option<Permit<A>>, TestCaseError> {
    let principal = principal(holdings);
    let target = at.into();
    let decision = decide(&principal, A::PERMISSION, target);

    prop_assert_eq!(decision, expected(holdings, A::PERMISSION, target));
    match authorize::<A>(&principal, at) {
        Err(denied) => {
            prop_assert_eq!(decision, Decision::Deny(denied));
            Ok(None)
        }
        Ok(permit) => {
            prop_assert_eq!(decision, Decision::Permit);
            prop_assert_eq!(permit.actor(), USER.into());
            agrees(permit.held(), &holds(holdings, target).unwrap_or_default())?;
            let theirs = matches!(target, Target::Object(object) if object.owner == Some(USER));
            for other in A::Catalogue::ALL.iter().copied() {
                let may = decide(&principal, other, target) == Decision::Permit;
                prop_assert_eq!(permit.held().allow(other, theirs), may);
            }
            let again = renew(&permit, &principal).map(|permit| *permit.held());
            prop_assert_eq!(again, Ok(*permit.held()));
            let nobody = renew(&permit, &Principal::new(USER)).map(|permit| *permit.held());
            prop_assert_eq!(nobody, Err(Denied::Outsider));
            let somebody = permit
                .held()
                .iter()
                .fold(Principal::new(OTHER), |other, grant| {
                    let all = [grant].into_iter().collect();
                    PLACES
                        .iter()
                        .fold(other, |other, place| other.granted(*place, all))
                });
            prop_assert!(renew(&permit, &somebody).is_err());
            Ok(Some(permit))
        }
    }
}

/// The same, and holds the record that the permit writes to what it says.
fn recorded<A: Action>(
    holdings: &[(Scope, Vec<Grant<A::Catalogue>>)],
    at: <A::Scope as Proof>::At,
) -> Result<(), TestCaseError> {
    if let Some(permit) = asked::<A>(holdings, at)? {
        let place = match at.into() {
            Target::Platform => Scope::Platform,
            Target::Tenant(tenant) | Target::Object(Object { tenant, .. }) => Scope::Tenant(tenant),
        };
        let entry = permit.entry("thing");
        prop_assert_eq!(
            (entry.actor(), entry.action(), entry.scope(), entry.target()),
            (Some(USER.into()), A::PERMISSION.name(), place, "thing")
        );
        prop_assert_eq!(entry.reason(), None);
        let reason = "Somebody asked".parse::<Name>().unwrap();
        let entry = permit
            .entry_of("thing:turn", "thing")
            .because(reason.clone());
        prop_assert_eq!(
            (entry.actor(), entry.action(), entry.scope(), entry.target()),
            (Some(USER.into()), "thing:turn", place, "thing")
        );
        prop_assert_eq!(entry.reason(), Some(&reason));
    }
    Ok(())
}

/// Asks for each action of the built-in catalogue: those that read and those that write, level by level.
macro_rules! ask_for_all {
    (
        $holdings:expr,
        tenants reads $($read:ident)+, writes $($write:ident)+;
        objects reads $($see:ident)+, writes $($change:ident)+;
        platform reads $($watch:ident)+, writes $($operate:ident)+;
    ) => {
        let names = [
            $(Permission::$read),+, $(Permission::$write),+, $(Permission::$see),+,
            $(Permission::$change),+, $(Permission::$watch),+, $(Permission::$operate),+
        ];
        assert!(Permission::ALL.iter().copied().collect::<BTreeSet<_>>() == BTreeSet::from(names));
        for tenant in TENANTS {
            $(asked::<action::$read>($holdings, tenant)?;)+
            $(recorded::<action::$write>($holdings, tenant)?;)+
        }
        for object in objects() {
            $(asked::<action::$see>($holdings, object)?;)+
            $(recorded::<action::$change>($holdings, object)?;)+
        }
        $(asked::<action::$watch>($holdings, Platform)?;)+
        $(recorded::<action::$operate>($holdings, Platform)?;)+
    };
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn the_two_ways_to_ask_the_policy_agree(holdings in holdings()) {
        ask_for_all!(
            &holdings,
            tenants reads ReadOrganization ListMembers ListInvitations ListRoles ReadAudit ExplainAccess Oversee
                          ListServiceAccounts ListApiKeys,
                    writes UpdateOrganization OwnOrganization InviteMember AssignRoles SuspendMember RemoveMember
                           RevokeInvitation CreateRole UpdateRole DeleteRole CreateProject
                           CreateServiceAccount UpdateServiceAccount DeleteServiceAccount CreateApiKey RotateApiKey
                           RevokeApiKey;
            objects reads ReadProject, writes UpdateProject DeleteProject ShareProject;
            platform reads ListTenants ListUsers, writes SuspendTenant SuspendUser;
        );
    }
}

proptest! {
    #[test]
    fn the_policy_knows_another_catalogue_as_well_as_its_own(holdings in holdings()) {
        for tenant in TENANTS {
            asked::<invoicing::ListInvoices>(&holdings, tenant)?;
            recorded::<invoicing::ApproveInvoice>(&holdings, tenant)?;
            recorded::<invoicing::CloseBooks>(&holdings, tenant)?;
        }
        for object in objects() {
            recorded::<invoicing::ChangeInvoice>(&holdings, object)?;
        }
        asked::<invoicing::WatchDesk>(&holdings, Platform)?;
        recorded::<invoicing::CloseDesk>(&holdings, Platform)?;
    }

    #[test]
    fn nobody_holds_a_permission_in_a_place_of_another_level(holdings in holdings::<Permission>()) {
        let mut on_projects = holdings.clone();
        on_projects.retain(|(place, _)| matches!(place, Scope::Project(..)));
        let [anywhere, on_projects] = [holdings, on_projects].map(|held| principal(&held));

        for permission in Permission::ALL.iter().copied() {
            let level = permission.reach().level;
            for target in targets() {
                let may = decide(&anywhere, permission, target) == Decision::Permit;
                let on_platform = target == Target::Platform;
                prop_assert!(!may || on_platform == (level == Level::Platform), "{permission} {target:?}");

                let may = decide(&on_projects, permission, target) == Decision::Permit;
                let on_thing = matches!(target, Target::Object(_));
                prop_assert!(!may || on_thing && level == Level::Object, "{permission} {target:?}");
            }
        }
    }

    #[test]
    fn a_scope_proves_the_place_that_was_asked_for(
        tenant in uuids(), project in option::of(uuids()), owner in option::of(uuids()),
    ) {
        let tenant = TenantId::from_uuid(tenant);
        let object = Object {
            tenant,
            project: project.map(ProjectId::from_uuid),
            owner: owner.map(UserId::from_uuid),
        };
        let principal = Principal::new(USER)
            .granted(tenant, Permission::ALL.iter().copied().collect());

        let permit = authorize::<action::InviteMember>(&principal, tenant).unwrap();
        prop_assert_eq!(permit.scope().tenant(), tenant);

        let permit = authorize::<action::UpdateProject>(&principal, object).unwrap();
        prop_assert_eq!(permit.scope().object(), object);
        prop_assert_eq!(permit.scope().within().tenant(), tenant);
    }
}

#[test]
fn the_reach_of_a_permission_is_that_of_its_proof() {
    let reach = Invoicing::ALL.iter().map(|permission| permission.reach());

    let expected = [
        (Level::Tenant, false),
        (Level::Tenant, true),
        (Level::Object, true),
        (Level::Tenant, true),
        (Level::Platform, false),
        (Level::Platform, true),
    ];
    assert!(reach.eq(expected.map(|(level, writes)| Reach { level, writes })));
    let only = |keep: fn(Invoicing) -> bool| {
        let all = Invoicing::ALL.iter().copied();
        all.filter(|permission| keep(*permission))
            .collect::<Vec<_>>()
    };
    assert_eq!(only(Catalogue::is_reserved), [Invoicing::CloseBooks]);
    assert_eq!(only(Catalogue::is_ownable), [Invoicing::ChangeInvoice]);
}

/// Whoever reads wants to write: a weak permission, a strong scope, and the promise of a seal.
struct ListMembersAndWrite;

impl Action for ListMembersAndWrite {
    type Catalogue = Permission;
    type Scope = TenantScope<Write>;
    const PERMISSION: Permission = Permission::ListMembers;

    fn seal() -> action::Seal<Self> {
        unreachable!("outside the catalogue nobody can make one")
    }
}

/// The same with a claim.
struct ReadProjectAndWrite;

impl Action for ReadProjectAndWrite {
    type Catalogue = Permission;
    type Scope = ObjectScope<Write>;
    const PERMISSION: Permission = Permission::ReadProject;

    fn seal() -> action::Seal<Self> {
        unreachable!("outside the catalogue nobody can make one")
    }
}

#[test]
fn an_action_that_only_promises_a_seal_gets_no_permit() {
    let all = Permission::ALL.iter().copied().collect();
    let member = Principal::new(USER).granted(TENANT, all);

    let permit = panic::catch_unwind(|| authorize::<ListMembersAndWrite>(&member, TENANT).is_ok());
    let leave = panic::catch_unwind(|| claim::<ReadProjectAndWrite>(&member, TENANT).is_ok());

    assert!(permit.is_err());
    assert!(leave.is_err());
}

// Claims

/// Holds a claim, and the list that it may show, to what the policy says thing by thing.
fn claimed<A>(holdings: &[(Scope, Vec<Grant<A::Catalogue>>)]) -> Result<(), TestCaseError>
where
    A: Action<Scope: OnObject>,
{
    let principal = principal(holdings);
    let may = |object: &Object| decide(&principal, A::PERMISSION, *object) == Decision::Permit;
    for tenant in TENANTS {
        let of_tenant = objects()
            .into_iter()
            .filter(|object| object.tenant == tenant);
        let witness = of_tenant.into_iter().find(may);
        let known = principal_knows(holdings, tenant);

        let claim = match claim::<A>(&principal, tenant) {
            Ok(claim) => claim,
            Err(denied) => {
                prop_assert_eq!(witness, None);
                let lacks = Denied::Lacks(A::PERMISSION);
                prop_assert_eq!(denied, if known { lacks } else { Denied::Outsider });
                continue;
            }
        };
        prop_assert!(witness.is_some());
        prop_assert_eq!(claim.actor(), USER.into());
        prop_assert_eq!(
            (claim.within().tenant(), claim.reading().tenant()),
            (tenant, tenant)
        );
        let selection = claim.selection();
        for object in objects() {
            let here = object.tenant == tenant;
            prop_assert_eq!(
                selection.contains(object),
                here && may(&object),
                "{:?}",
                object
            );
            let permit = claim
                .on(object)
                .map(|permit| (permit.actor(), *permit.held()));
            let asked = authorize::<A>(&principal, object);
            let asked = asked.map(|permit| (permit.actor(), *permit.held()));
            prop_assert_eq!(permit, if here { asked } else { Err(Denied::Outsider) });
            for other in A::Catalogue::ALL.iter().copied() {
                let may = decide(&principal, other, object) == Decision::Permit;
                prop_assert_eq!(claim.may(other, object), may);
            }
        }
        // What the store makes a condition of is the same thing, said in parts.
        let (own_in, own) = selection.own_in().unwrap();
        prop_assert_eq!(own, USER);
        prop_assert!(selection.owner().is_none_or(|owner| owner == USER));
        for object in objects()
            .into_iter()
            .filter(|object| object.tenant == tenant)
        {
            let within = |projects: &[ProjectId]| {
                object
                    .project
                    .is_some_and(|project| projects.contains(&project))
            };
            let said = selection.is_everything()
                || selection
                    .owner()
                    .is_some_and(|owner| object.owner == Some(owner))
                || within(selection.projects())
                || within(own_in) && object.owner == Some(own);
            prop_assert_eq!(said, selection.contains(object));
        }
    }
    Ok(())
}

fn principal_knows<C: Catalogue>(holdings: &[(Scope, Vec<Grant<C>>)], tenant: TenantId) -> bool {
    holdings.iter().any(|(place, _)| match place {
        Scope::Platform => false,
        Scope::Tenant(at) | Scope::Project(at, _) => *at == tenant,
    })
}

proptest! {
    #[test]
    fn a_claim_is_given_where_there_could_be_something_and_a_list_shows_exactly_what_may_be_read(
        holdings in holdings()
    ) {
        claimed::<action::ReadProject>(&holdings)?;
        claimed::<action::UpdateProject>(&holdings)?;
        claimed::<action::DeleteProject>(&holdings)?;
        claimed::<action::ShareProject>(&holdings)?;
    }

    #[test]
    fn a_claim_of_another_catalogue_is_given_in_the_same_way(holdings in holdings()) {
        claimed::<invoicing::ChangeInvoice>(&holdings)?;
    }

    #[test]
    fn a_permit_from_a_claim_is_for_the_thing_that_was_found(
        project in option::of(uuids()), owner in option::of(uuids()),
    ) {
        let object = Object {
            tenant: TENANT,
            project: project.map(ProjectId::from_uuid),
            owner: owner.map(UserId::from_uuid),
        };
        let principal = Principal::new(USER).granted(TENANT, BuiltIn::Admin.grants());

        let claim = claim::<action::UpdateProject>(&principal, TENANT).unwrap();
        let permit = claim.on(object).unwrap();

        prop_assert_eq!(permit.scope().object(), object);
        prop_assert_eq!(permit.scope().within().tenant(), TENANT);
    }
}

// Standings

/// The facts about somebody: roles that include each other in any way, given anywhere, for good or for a time.
fn standings() -> impl Strategy<Value = Standing> {
    let ends = prop_oneof![
        3 => Just(None),
        2 => (-1..=1_i64).prop_map(|by| Some(Timestamp::from_micros(NOW.as_micros() + by))),
        1 => any::<i64>().prop_map(|at| Some(Timestamp::from_micros(at))),
    ];
    let assignments = (0..=ROLES, option::of(select(&PROJECTS[..2])), ends);
    let assignments = assignments.prop_map(|(role, project, expires_at)| Assignment {
        role: role_id(role),
        project,
        expires_at,
    });
    let orders = prop_oneof![
        1 => Just((TenantStatus::Active, MemberStatus::Active, false, false)),
        1 => (
            select(&TenantStatus::ALL[..]),
            select(&MemberStatus::ALL[..]),
            weighted(0.2),
            any::<bool>(),
        ),
    ];
    (orders, vec(assignments, 0..5), books()).prop_map(|(order, assignments, roles)| {
        let (tenant_status, member_status, account_suspended, second_factor_missing) = order;
        Standing {
            tenant: TENANT,
            tenant_status,
            member: MEMBER,
            member_status,
            account_suspended,
            second_factor_missing,
            assignments,
            roles,
        }
    })
}

fn is_in_order(standing: &Standing) -> bool {
    standing.tenant_status == TenantStatus::Active
        && standing.member_status == MemberStatus::Active
        && !standing.account_suspended
        && !standing.second_factor_missing
}

/// What the facts leave of a permission.
fn is_left(standing: &Standing, permission: Permission) -> bool {
    let member = standing.member_status == MemberStatus::Active
        && !standing.account_suspended
        && !standing.second_factor_missing;
    match standing.tenant_status {
        TenantStatus::Active => member,
        TenantStatus::Suspended | TenantStatus::Deleted => member && permission.is_reserved(),
        TenantStatus::Locked => false,
    }
}

/// What follows from the facts, as what is granted place by place.
fn follows(standing: &Standing) -> Vec<(Scope, Vec<Grant>)> {
    let held = fixpoint(&standing.roles);
    let live = |one: &&Assignment| one.expires_at.is_none_or(|end| NOW < end);
    let granted = standing.assignments.iter().filter(live).map(|one| {
        let all = held.get(&one.role).cloned().unwrap_or_default();
        let left = all
            .into_iter()
            .filter(|(permission, _)| is_left(standing, *permission));
        let left = left.map(|(permission, extent)| Grant { permission, extent });
        (one.place(standing.tenant), left.collect())
    });
    let known = (Scope::Tenant(standing.tenant), Vec::new());
    granted.chain([known]).collect()
}

fn may(standing: &Standing, permission: Permission, target: Target) -> bool {
    let principal = Principal::new(USER).standing(standing, NOW);
    decide(&principal, permission, target) == Decision::Permit
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_somebody_may_follows_from_the_facts_about_them(standing in standings()) {
        let principal = Principal::new(USER).standing(&standing, NOW);
        let follows = follows(&standing);

        for permission in Permission::ALL.iter().copied() {
            for target in targets() {
                let decision = decide(&principal, permission, target);
                prop_assert_eq!(decision, expected(&follows, permission, target));
            }
        }
        let entered = is_in_order(&standing)
            || follows.iter().any(|(place, held)| {
                !model_in(*place, &model(held.iter().copied())).is_empty()
            });
        prop_assert_eq!(standing.may_enter(NOW), entered);
        prop_assert_eq!(standing.is_in_order(), is_in_order(&standing));
        let live = standing.live_roles(NOW).into_iter().map(|role| role.id).collect::<Vec<_>>();
        let whole = standing.assignments.iter().filter(|one| {
            one.project.is_none() && one.expires_at.is_none_or(|end| NOW < end)
        });
        let whole = whole.map(|one| one.role).filter(|id| standing.roles.get(*id).is_some());
        prop_assert_eq!(live, whole.collect::<Vec<_>>());
    }

    #[test]
    fn whoever_is_not_in_order_may_nothing_but_undo_what_owners_did(standing in standings()) {
        let in_order = Standing {
            tenant_status: TenantStatus::Active,
            member_status: MemberStatus::Active,
            account_suspended: false,
            second_factor_missing: false,
            ..standing.clone()
        };

        for permission in Permission::ALL.iter().copied() {
            for target in targets() {
                let undoes = permission.is_reserved()
                    && standing.member_status == MemberStatus::Active
                    && !standing.account_suspended
                    && !standing.second_factor_missing
                    && matches!(standing.tenant_status, TenantStatus::Suspended | TenantStatus::Deleted);
                let left = is_in_order(&standing) || undoes;
                let expected = left && may(&in_order, permission, target);
                prop_assert_eq!(may(&standing, permission, target), expected, "{}", permission);
            }
        }
    }

    #[test]
    fn a_member_acts_as_such_when_everything_is_in_order(standing in standings()) {
        let principal = Principal::new(USER).standing(&standing, NOW);

        let scope = membership(&principal, TENANT);

        prop_assert_eq!(scope.is_ok(), is_in_order(&standing));
        if let Ok(scope) = scope {
            prop_assert_eq!((scope.user(), scope.member()), (USER, MEMBER));
            prop_assert_eq!((scope.reading().tenant(), scope.writing().tenant()), (TENANT, TENANT));
        }
        prop_assert!(membership(&principal, TENANTS[1]).is_err());
    }

    #[test]
    fn an_owner_and_nobody_else_enters_a_tenant_that_stands_still(
        status in select(&TenantStatus::ALL[..]), role in select(&BuiltIn::ALL[..]),
    ) {
        let Founded { mut tenant, mut owner, roles } = founded();
        let number = BuiltIn::ALL.iter().position(|one| *one == role).unwrap();
        tenant.status = status;
        owner.assignments = vec![Assignment::of(BUILT_IN[number])];

        let standing = owner.standing(&tenant, RoleBook::of(roles.into()));

        prop_assert_eq!(standing.may_enter(NOW), status.opens_to(role == BuiltIn::Owner));
    }
}

/// Why the policy says no: the first of these that would have to be otherwise.
fn why(standing: &Standing, permission: Permission, target: Target) -> Option<Reason> {
    let in_order = Standing {
        tenant_status: TenantStatus::Active,
        member_status: MemberStatus::Active,
        account_suspended: false,
        second_factor_missing: false,
        ..standing.clone()
    };
    let for_good = in_order.assignments.iter().map(|one| Assignment {
        expires_at: None,
        ..*one
    });
    let for_good = Standing {
        assignments: for_good.collect(),
        ..in_order.clone()
    };
    let of_their_own = match target {
        Target::Platform => target,
        Target::Tenant(tenant) => Target::Object(Object {
            tenant,
            project: None,
            owner: Some(USER),
        }),
        Target::Object(object) => Target::Object(Object {
            owner: Some(USER),
            ..object
        }),
    };
    let here = target.scope() == Scope::Tenant(standing.tenant);
    let somewhere = standing.assignments.iter().any(|one| {
        let place = one.place(standing.tenant);
        let held = fixpoint(&standing.roles)
            .get(&one.role)
            .cloned()
            .unwrap_or_default();
        here && model_in(place, &held).contains(&(permission, Extent::Own))
    });
    let may = |standing, target| may(standing, permission, target);
    match () {
        () if may(standing, target) => None,
        () if may(&in_order, target) => standing.obstacle().map(Reason::Obstacle),
        () if may(&for_good, target) => Some(Reason::Expired),
        () if may(&for_good, of_their_own) => Some(Reason::NotTheirOwn),
        () if somewhere => Some(Reason::OtherProject),
        () => Some(Reason::NotHeld),
    }
}

/// Holds one way to a permission to what it says.
fn leads(standing: &Standing, path: &Path, permission: Permission) -> Result<(), TestCaseError> {
    prop_assert!(standing.assignments.contains(&path.assignment));
    prop_assert_eq!(path.roles.first(), Some(&path.assignment.role));
    chain(&standing.roles, &path.roles)?;
    let last = path.roles.last().and_then(|id| standing.roles.get(*id));
    prop_assert_eq!(path.grant.permission, permission);
    prop_assert!(
        last.is_some_and(|role| role.grants.extent(permission) == Some(path.grant.extent))
    );
    prop_assert_eq!(
        path.live,
        path.assignment.expires_at.is_none_or(|end| NOW < end)
    );
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn an_explanation_is_the_decision_and_everything_that_led_to_it(
        standing in standings(), permission in select(Permission::ALL),
    ) {
        for target in targets() {
            let explanation = explain(USER, &standing, permission, target, NOW);

            let principal = Principal::new(USER).standing(&standing, NOW);
            prop_assert_eq!(explanation.decision, decide(&principal, permission, target));
            prop_assert_eq!(explanation.reason, why(&standing, permission, target));
            for path in &explanation.paths {
                leads(&standing, path, permission)?;
            }
            let permitted = explanation.decision == Decision::Permit;
            let alone = |one: &&Assignment| {
                let standing = Standing { assignments: vec![**one], ..standing.clone() };
                may(&standing, permission, target)
            };
            let led = explanation.paths.iter().map(|path| &path.assignment);
            if permitted {
                prop_assert!(led.eq(standing.assignments.iter().filter(alone)));
                prop_assert!(!explanation.paths.is_empty());
            } else if explanation.reason == Some(Reason::NotHeld) {
                prop_assert!(explanation.paths.is_empty());
            } else {
                prop_assert!(!explanation.paths.is_empty());
            }
        }
    }

    #[test]
    fn an_owner_is_told_what_is_in_the_way(
        status in select(&TenantStatus::ALL[..]),
        member in select(&MemberStatus::ALL[..]),
        second_factor_missing in any::<bool>(),
    ) {
        let Founded { mut tenant, mut owner, roles } = founded();
        (tenant.status, owner.status) = (status, member);
        let standing = Standing {
            second_factor_missing,
            ..owner.standing(&tenant, RoleBook::of(roles.into()))
        };
        let target = Target::Tenant(TENANT);

        let reason = explain(USER, &standing, Permission::ListMembers, target, NOW).reason;

        #[rustfmt::skip]
        let obstacle = match (status, member, second_factor_missing) {
            (TenantStatus::Locked, _, _)                               => Some(Obstacle::TenantLocked),
            (_, MemberStatus::Suspended, _)                            => Some(Obstacle::MemberSuspended),
            (_, MemberStatus::Active, true)                            => Some(Obstacle::SecondFactorMissing),
            (TenantStatus::Deleted, MemberStatus::Active, false)       => Some(Obstacle::TenantDeleted),
            (TenantStatus::Suspended, MemberStatus::Active, false)     => Some(Obstacle::TenantSuspended),
            (TenantStatus::Active, MemberStatus::Active, false)        => None,
        };
        prop_assert_eq!(reason, obstacle.map(Reason::Obstacle));
    }
}

#[test]
fn a_role_is_meant_by_its_id_or_its_name() {
    let book = RoleBook::of(founded().roles.into());

    for role in book.iter() {
        let id = role.id.to_string();
        for text in [id.as_str(), role.name.as_str()] {
            assert_eq!(
                book.meant(text).map(|role| role.id),
                Some(role.id),
                "{text}"
            );
        }
    }
    let unknown = RoleId::from_uuid(Uuid::max()).to_string();
    for text in ["Owner", "", "owne", "member_", unknown.as_str()] {
        assert_eq!(book.meant(text), None, "{text}");
    }
}

#[test]
fn the_highest_of_roles_is_the_built_in_one_that_holds_most() {
    let roles = founded().roles;
    let [owner, admin, member] = &roles;

    assert_eq!(highest(roles.iter()), Some(BuiltIn::Owner));
    assert_eq!(highest([member, admin]), Some(BuiltIn::Admin));
    assert_eq!(highest([member]), Some(BuiltIn::Member));
    assert_eq!(highest([owner, member]), Some(BuiltIn::Owner));
    assert_eq!(highest::<Permission>([]), None);
}

/// Whoever filters the trail, or reads a reason, goes by these.
#[test]
fn acts_and_obstacles_have_the_names_that_they_always_had() {
    let account = [
        (AccountAct::Register, "account:register"),
        (AccountAct::OpenSession, "session:open"),
        (AccountAct::EndSession, "session:end"),
        (AccountAct::EndOtherSessions, "session:end_others"),
        (AccountAct::EndAllSessions, "session:end_all"),
        (AccountAct::ChangePassword, "password:change"),
        (AccountAct::ResetPassword, "password:reset"),
        (AccountAct::VerifyEmail, "email:verify"),
        (AccountAct::SendToken, "email:send_token"),
        (AccountAct::SelectOrganization, "organization:select"),
        (AccountAct::RefreshTokens, "session:refresh"),
        (AccountAct::LoseChain, "session:reuse_detected"),
        (AccountAct::GiveBackTokens, "session:revoke_tokens"),
        (AccountAct::BecomeOperator, "operator:appoint"),
        (AccountAct::CeaseOperator, "operator:dismiss"),
        (AccountAct::Suspend, "user:suspend"),
        (AccountAct::Resume, "user:resume"),
    ];
    let member = [
        (MemberAct::Leave, "member:leave"),
        (MemberAct::AcceptOwnership, "organization:accept_ownership"),
        (
            MemberAct::DeclineOwnership,
            "organization:decline_ownership",
        ),
    ];
    let obstacle = [
        (Obstacle::TenantSuspended, "organization_suspended"),
        (Obstacle::TenantLocked, "organization_locked"),
        (Obstacle::TenantDeleted, "organization_deleted"),
        (Obstacle::MemberSuspended, "member_suspended"),
        (Obstacle::AccountSuspended, "account_suspended"),
        (Obstacle::SecondFactorMissing, "second_factor_missing"),
    ];

    for (act, name) in account {
        assert_eq!(act.name(), name);
    }
    for (act, name) in member {
        assert_eq!(act.name(), name);
    }
    for (obstacle, name) in obstacle {
        assert_eq!(obstacle.name(), name);
    }
}

#[test]
fn whoever_acts_on_an_account_is_on_record_and_nobody_at_the_console() {
    let name = "Ada".parse::<Name>().unwrap();
    let ada = User::new(USER, "ada@example.com".parse().unwrap(), name, NOW);
    let operator = permit_on_platform();

    let own = AccountScope::registering(&ada);
    let by_operator = AccountScope::by_operator(&operator, USER);
    let console = AccountScope::at_the_console(&ada);

    assert_eq!((own.user(), own.actor()), (USER, Some(USER)));
    assert_eq!(
        (by_operator.user(), by_operator.actor()),
        (USER, Some(OTHER))
    );
    assert_eq!((console.user(), console.actor()), (USER, None));
    let entry = console.entry(AccountAct::BecomeOperator, USER);
    assert_eq!(entry.actor(), None);
}

fn permit_on_platform() -> Permit<action::SuspendUser> {
    let operator = Principal::new(OTHER).granted(Platform, operator_grants());
    authorize(&operator, Platform).unwrap()
}

/// A way that has ended, or that leads elsewhere, is no part of a yes.
#[test]
fn of_a_yes_those_ways_are_told_that_led_to_it() {
    let Founded {
        tenant,
        owner,
        roles,
    } = founded();
    let admin = roles[1].id;
    let on = |project| Assignment {
        project: Some(project),
        ..Assignment::of(admin)
    };
    let ended = |one| Assignment {
        expires_at: Some(NOW),
        ..one
    };
    let whole = Assignment::of(admin);
    let (here, elsewhere) = (on(PROJECTS[0]), on(PROJECTS[1]));
    let standing = Standing {
        assignments: vec![ended(whole), here, elsewhere, ended(here)],
        ..owner.standing(&tenant, RoleBook::of(roles.into()))
    };
    let target = Target::Object(Object {
        tenant: TENANT,
        project: Some(PROJECTS[0]),
        owner: None,
    });

    let told = explain(USER, &standing, Permission::UpdateProject, target, NOW);

    assert_eq!(told.decision, Decision::Permit);
    let ways = told.paths.iter().map(|path| path.assignment);
    assert_eq!(ways.collect::<Vec<_>>(), [here]);
}

#[test]
fn operators_hold_what_is_the_platforms_and_nothing_in_any_tenant() {
    let operator = Principal::new(USER).granted(Platform, operator_grants());

    for permission in Permission::ALL.iter().copied() {
        for target in targets() {
            let may = decide(&operator, permission, target) == Decision::Permit;

            let theirs = permission.reach().level == Level::Platform;
            assert_eq!(
                may,
                theirs && target == Target::Platform,
                "{permission} {target:?}"
            );
        }
    }
}
