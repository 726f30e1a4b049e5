//! The policy as tables that people review, written from the decisions themselves: `docs/policy-matrix.md`, and in
//! `docs/permissions.md` what the permissions are that it decides about.

mod permissions;

use bailiwick_domain::{
    MemberId, Name, ProjectId, RoleId, TenantId, Timestamp, UserId, Version,
    access::{
        Assignment, Catalogue, Decision, Explanation, Grants, Level, Object, Permission, Platform,
        Principal, Standing, Target, action::CreateRole, authorize, decide, explain,
    },
    member::MemberStatus,
    role::{BuiltIn, Role, RoleBook, RoleDraft, grants_named, is_on_offer, operator_grants},
    tenant::TenantStatus,
};
use std::{env, fmt::Write, fs, path::Path};
use uuid::Uuid;

const UPDATE: &str = "BAILIWICK_UPDATE_DOCS=1 cargo test --package bailiwick-domain policy_matrix";

const OURS: TenantId = TenantId::from_uuid(Uuid::from_u128(1));
const THEIRS: TenantId = TenantId::from_uuid(Uuid::from_u128(2));
const SOMEBODY: UserId = UserId::from_uuid(Uuid::from_u128(1));
const SOMEBODY_ELSE: UserId = UserId::from_uuid(Uuid::from_u128(2));
const MEMBER: MemberId = MemberId::from_uuid(Uuid::from_u128(1));
const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

/// The columns: the built-in roles, the highest first, and a member who was given none.
const ROLES: [Option<BuiltIn>; 4] = [
    Some(BuiltIn::Owner),
    Some(BuiltIn::Admin),
    Some(BuiltIn::Member),
    None,
];

// Where somebody stands

/// In what circumstances somebody who was once made a member asks for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Situation {
    InOrder,
    TenantSuspended,
    TenantDeleted,
    Elsewhere,
    TenantLocked,
    MemberSuspended,
    SecondFactorMissing,
    SecondFactorMissingInSuspended,
    SecondFactorMissingInDeleted,
    Removed,
}

impl Situation {
    const ALL: [Self; 10] = [
        Self::InOrder,
        Self::TenantSuspended,
        Self::TenantDeleted,
        Self::Elsewhere,
        Self::TenantLocked,
        Self::MemberSuspended,
        Self::SecondFactorMissing,
        Self::SecondFactorMissingInSuspended,
        Self::SecondFactorMissingInDeleted,
        Self::Removed,
    ];

    const fn title(self) -> &'static str {
        match self {
            Self::InOrder => "In their own organization",
            Self::TenantSuspended => "While their organization is suspended by its owners",
            Self::TenantDeleted => "While their organization is deleted",
            Self::Elsewhere => "In an organization that they do not belong to",
            Self::TenantLocked => {
                "While their organization is suspended by the operators of the platform"
            }
            Self::MemberSuspended => "While their membership is suspended",
            Self::SecondFactorMissing => {
                "While their organization demands a second factor that they have not shown"
            }
            Self::SecondFactorMissingInSuspended => {
                "While it does and is suspended by its owners besides"
            }
            Self::SecondFactorMissingInDeleted => "While it does and is deleted besides",
            Self::Removed => "After they were removed from the organization",
        }
    }

    /// The facts as a store would give them: none about somebody who is a member no more.
    fn standing(self, roles: &[Role]) -> Option<Standing> {
        let standing = Standing {
            tenant: OURS,
            tenant_status: TenantStatus::Active,
            member: MEMBER,
            member_status: MemberStatus::Active,
            account_suspended: false,
            second_factor_missing: false,
            assignments: roles.iter().map(|role| Assignment::of(role.id)).collect(),
            roles: RoleBook::of(roles.to_vec()),
        };
        let in_tenant = |tenant_status| Standing {
            tenant_status,
            ..standing.clone()
        };
        match self {
            Self::InOrder | Self::Elsewhere => Some(standing),
            Self::TenantSuspended => Some(in_tenant(TenantStatus::Suspended)),
            Self::TenantDeleted => Some(in_tenant(TenantStatus::Deleted)),
            Self::TenantLocked => Some(in_tenant(TenantStatus::Locked)),
            Self::MemberSuspended => Some(Standing {
                member_status: MemberStatus::Suspended,
                ..standing
            }),
            Self::SecondFactorMissing => Some(Standing {
                second_factor_missing: true,
                ..standing
            }),
            Self::SecondFactorMissingInSuspended => Some(Standing {
                second_factor_missing: true,
                ..in_tenant(TenantStatus::Suspended)
            }),
            Self::SecondFactorMissingInDeleted => Some(Standing {
                second_factor_missing: true,
                ..in_tenant(TenantStatus::Deleted)
            }),
            Self::Removed => None,
        }
    }

    const fn place(self) -> TenantId {
        match self {
            Self::InOrder
            | Self::TenantSuspended
            | Self::TenantDeleted
            | Self::TenantLocked
            | Self::MemberSuspended
            | Self::SecondFactorMissing
            | Self::SecondFactorMissingInSuspended
            | Self::SecondFactorMissingInDeleted
            | Self::Removed => OURS,
            Self::Elsewhere => THEIRS,
        }
    }

    fn principal(self, roles: &[Role]) -> Principal {
        let nobody = Principal::new(SOMEBODY);
        match self.standing(roles) {
            Some(standing) => nobody.standing(&standing, NOW),
            None => nobody,
        }
    }

    fn allows(self, role: Option<BuiltIn>, permission: Permission) -> bool {
        let roles = role.map(|role| Role::built_in(RoleId::from_uuid(Uuid::nil()), role));
        let principal = self.principal(roles.as_slice());
        decide(&principal, permission, self.place()) == Decision::Permit
    }

    /// The permissions that somebody is allowed something by.
    fn left(self) -> Vec<Permission> {
        let allowed =
            |permission: &Permission| ROLES.into_iter().any(|role| self.allows(role, *permission));
        of_tenants().filter(allowed).collect()
    }
}

/// What can be permitted in an organization, or on a thing of one.
fn of_tenants() -> impl Iterator<Item = Permission> {
    let all = Permission::ALL.iter().copied();
    all.filter(|permission| permission.reach().level != Level::Platform)
}

fn of_the_platform() -> impl Iterator<Item = Permission> {
    let all = Permission::ALL.iter().copied();
    all.filter(|permission| permission.reach().level == Level::Platform)
}

/// Whose permissions on the platform are looked at: an operator's, and those of the built-in roles.
fn on_platform(role: Option<BuiltIn>, permission: Permission) -> bool {
    let principal = match role {
        None => Principal::new(SOMEBODY).granted(Platform, operator_grants()),
        Some(role) => {
            let role = Role::built_in(RoleId::from_uuid(Uuid::nil()), role);
            Situation::InOrder.principal(&[role])
        }
    };
    decide(&principal, permission, Platform) == Decision::Permit
}

// Roles of an organization's own

/// The project that a role is given on, where it is given on one, and another.
const THIS: ProjectId = ProjectId::from_uuid(Uuid::from_u128(1));
const ANOTHER: ProjectId = ProjectId::from_uuid(Uuid::from_u128(2));

/// How a role of an organization's own comes to hold something.
#[derive(Debug, Clone, Copy)]
enum Holding {
    ByItself(&'static str),
    /// By a role that it includes, over so many others.
    Included(&'static str, usize),
    IncludesAdmin,
}

/// Until when it is given.
#[derive(Debug, Clone, Copy)]
enum Until {
    ForGood,
    ToCome,
    Over,
}

/// How a member comes by a permission.
#[derive(Debug, Clone, Copy)]
struct Way {
    holding: Holding,
    on: Option<ProjectId>,
    until: Until,
}

const fn given(holding: Holding) -> Way {
    Way {
        holding,
        on: None,
        until: Until::ForGood,
    }
}

const UPDATE_ANY: Holding = Holding::ByItself("project:update");
const UPDATE_OWN: Holding = Holding::ByItself("project:update:own");
const INVITE: Holding = Holding::ByItself("member:invite");

#[rustfmt::skip]
const WAYS_TO_A_PROJECT: [Way; 15] = [
    given(UPDATE_ANY),
    given(Holding::ByItself("project:*")),
    given(Holding::Included("project:update", 0)),
    given(Holding::Included("project:update", 1)),
    given(Holding::IncludesAdmin),
    Way { until: Until::ToCome, ..given(UPDATE_ANY) },
    Way { until: Until::Over, ..given(UPDATE_ANY) },
    Way { on: Some(THIS), ..given(UPDATE_ANY) },
    Way { on: Some(ANOTHER), ..given(UPDATE_ANY) },
    Way { on: Some(THIS), until: Until::Over, ..given(UPDATE_ANY) },
    given(UPDATE_OWN),
    given(Holding::Included("project:update:own", 0)),
    Way { until: Until::Over, ..given(UPDATE_OWN) },
    Way { on: Some(THIS), ..given(UPDATE_OWN) },
    given(Holding::ByItself("project:read")),
];

#[rustfmt::skip]
const WAYS_TO_AN_ORGANIZATION: [Way; 7] = [
    given(INVITE),
    given(Holding::ByItself("member:*")),
    given(Holding::Included("member:invite", 0)),
    given(Holding::IncludesAdmin),
    Way { until: Until::Over, ..given(INVITE) },
    Way { on: Some(THIS), ..given(INVITE) },
    given(Holding::ByItself("member:list")),
];

impl Way {
    fn title(self) -> String {
        let mut title = match self.holding {
            Holding::ByItself(name) => format!("`{name}`"),
            Holding::Included(name, 0) => format!("`{name}` of a role that it includes"),
            Holding::Included(name, _) => {
                format!("`{name}` of a role that an included one includes")
            }
            Holding::IncludesAdmin => "includes `admin`".to_owned(),
        };
        match self.on {
            Some(THIS) => title.push_str(", given on this project"),
            Some(_) => title.push_str(", given on another project"),
            None => {}
        }
        match self.until {
            Until::ForGood => {}
            Until::ToCome => title.push_str(", with an end to come"),
            Until::Over => title.push_str(", with an end that has come"),
        }
        title
    }

    /// The roles, of which the first is given.
    fn book(self) -> RoleBook {
        let (grants, between) = match self.holding {
            Holding::ByItself(name) => (grants_named([name]).unwrap(), None),
            Holding::Included(name, between) => (grants_named([name]).unwrap(), Some(between)),
            Holding::IncludesAdmin => (BuiltIn::Admin.grants(), Some(0)),
        };
        let last = between.map_or(0, |between| between + 1);
        let role = |number: usize| Role {
            id: role_id(number),
            name: format!("role {number}").parse::<Name>().unwrap(),
            built_in: None,
            grants: if number == last {
                grants
            } else {
                Grants::empty()
            },
            includes: (number < last)
                .then(|| role_id(number + 1))
                .into_iter()
                .collect(),
            version: Version::FIRST,
        };
        RoleBook::of((0..=last).map(role).collect())
    }

    fn explain(self, permission: Permission, target: Target) -> Explanation {
        let hour = 3_600_000_000;
        let end = |by: i64| Some(Timestamp::from_micros(NOW.as_micros() + by));
        let roles = self.book();
        let standing = Standing {
            assignments: vec![Assignment {
                role: role_id(0),
                project: self.on,
                expires_at: match self.until {
                    Until::ForGood => None,
                    Until::ToCome => end(hour),
                    Until::Over => end(-hour),
                },
            }],
            roles,
            ..Situation::InOrder.standing(&[]).unwrap()
        };
        explain(SOMEBODY, &standing, permission, target, NOW)
    }

    /// The outcome, and if it is a refusal, why.
    fn outcome(self, permission: Permission, target: Target) -> String {
        let explanation = self.explain(permission, target);
        match explanation.reason {
            None => mark(explanation.decision == Decision::Permit).to_owned(),
            Some(reason) => format!("✘ {}", reason.name()),
        }
    }
}

fn role_id(number: usize) -> RoleId {
    RoleId::from_uuid(Uuid::from_u128(100 + number as u128))
}

/// The columns: projects that somebody asks to change.
const PROJECTS: [(&str, Object); 5] = [
    ("this project, their own", project(OURS, THIS, SOMEBODY)),
    ("this one, another's", project(OURS, THIS, SOMEBODY_ELSE)),
    (
        "another project, their own",
        project(OURS, ANOTHER, SOMEBODY),
    ),
    (
        "another one, another's",
        project(OURS, ANOTHER, SOMEBODY_ELSE),
    ),
    ("their own elsewhere", project(THEIRS, THIS, SOMEBODY)),
];

const fn project(tenant: TenantId, project: ProjectId, owner: UserId) -> Object {
    Object {
        tenant,
        project: Some(project),
        owner: Some(owner),
    }
}

/// What a role of an organization's own holds that its owner drafted with these.
fn drafted_by_an_owner(grants: Grants) -> Grants {
    let owner = Principal::new(SOMEBODY).granted(OURS, BuiltIn::Owner.grants());
    let permit = authorize::<CreateRole>(&owner, OURS).unwrap();
    let draft = RoleDraft {
        name: "drafted".parse().unwrap(),
        grants,
        includes: Vec::new(),
    };
    let mut book = RoleBook::default();
    book.add(&permit, role_id(0), draft).unwrap();
    book.effective(role_id(0))
}

// The document

fn document() -> String {
    let mut text = format!(
        "# Who may do what\n\n\
         Written by `{UPDATE}`: change the code, not this page.\n\
         A change of this page is a change of the policy, and is reviewed as one.\n\n\
         - **✔** allowed, **✘** refused. What no line allows is refused.\n\
         - **owner**, **admin**, **member**: the roles that every organization has.\n  \
           **no role**: somebody who belongs to the organization and was given none.\n\
         - What each permission is, [`permissions.md`](permissions.md) tells; why nobody comes by more than somebody gives\n  \
           who has it, [`no-escalation.md`](no-escalation.md).\n"
    );
    let situations = Situation::ALL
        .into_iter()
        .map(|situation| (situation, situation.left()));
    let (some, none): (Vec<_>, Vec<_>) = situations.partition(|(_, left)| !left.is_empty());
    for (situation, left) in some {
        let _ = write!(text, "\n## {}\n\n", situation.title());
        row(&mut text, "permission", ROLES.map(name_of));
        text.push_str("|---|:-:|:-:|:-:|:-:|\n");
        let whole = situation == Situation::InOrder;
        for permission in of_tenants().filter(|one| whole || left.contains(one)) {
            let marks = ROLES.map(|role| mark(situation.allows(role, permission)));
            row(&mut text, &format!("`{permission}`"), marks);
        }
        if !whole {
            text.push_str(
                "\nAll else is refused to everybody: what is left is there to undo it.\n",
            );
        }
    }
    text.push_str("\n## Where everything is refused\n\nWhichever role somebody has or had:\n\n");
    for (situation, _) in none {
        let _ = writeln!(text, "- {}.", decapitalized(situation.title()));
    }
    text.push_str("\n## On the platform\n\n");
    let columns = [None, ROLES[0], ROLES[1], ROLES[2]];
    row(
        &mut text,
        "permission",
        columns.map(|role| role.map_or("operator", BuiltIn::name)),
    );
    text.push_str("|---|:-:|:-:|:-:|:-:|\n");
    for permission in of_the_platform() {
        let marks = columns.map(|role| mark(on_platform(role, permission)));
        row(&mut text, &format!("`{permission}`"), marks);
    }
    text.push_str(
        "\nAn operator holds nothing in any organization, but what a role there gives to them as to anybody.\n",
    );
    custom(&mut text);
    text
}

fn custom(text: &mut String) {
    text.push_str(
        "\n## By a role of the organization's own\n\n\
         A member has one role, and asks to change a project: one that they created or one that somebody else did. Behind\n\
         a refusal stands the reason that `access:explain` tells.\n\n",
    );
    let _ = write!(text, "| the role |");
    for (title, _) in PROJECTS {
        let _ = write!(text, " {title} |");
    }
    text.push_str("\n|---|---|---|---|---|---|\n");
    for way in WAYS_TO_A_PROJECT {
        let _ = write!(text, "| {} |", way.title());
        for (_, object) in PROJECTS {
            let outcome = way.outcome(Permission::UpdateProject, Target::Object(object));
            let _ = write!(text, " {outcome} |");
        }
        text.push('\n');
    }
    text.push_str(
        "\nThe same where the permission is one of the organization as a whole: the member asks to invite somebody.\n\n\
         | the role | their organization | another one |\n|---|---|---|\n",
    );
    for way in WAYS_TO_AN_ORGANIZATION {
        let [ours, theirs] = [OURS, THEIRS]
            .map(|tenant| way.outcome(Permission::InviteMember, Target::Tenant(tenant)));
        let _ = writeln!(text, "| {} | {ours} | {theirs} |", way.title());
    }
    text.push_str(
        "\nA role of the organization's own never holds what is reserved, whoever drafts it, and never includes `owner`.\n",
    );
}

/// A line of a table. The columns are as wide as they are, so that a new line leaves the others alone.
fn row<const COLUMNS: usize>(text: &mut String, name: &str, columns: [&str; COLUMNS]) {
    let _ = write!(text, "| {name:<24} |");
    for column in columns {
        let _ = write!(text, " {column:<6} |");
    }
    text.push('\n');
}

const fn mark(allowed: bool) -> &'static str {
    if allowed { "✔" } else { "✘" }
}

fn name_of(role: Option<BuiltIn>) -> &'static str {
    role.map_or("no role", BuiltIn::name)
}

fn decapitalized(title: &str) -> String {
    let mut letters = title.chars();
    let first = letters.next().into_iter().flat_map(char::to_lowercase);
    first.chain(letters).collect()
}

/// Writes the document if that is wanted, else compares it.
#[track_caller]
fn keep(file: &str, document: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs")
        .join(file);

    if env::var_os("BAILIWICK_UPDATE_DOCS").is_some_and(|update| update == "1") {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, document).unwrap();
    }

    let committed = fs::read_to_string(&path).unwrap_or_default();
    let difference = committed
        .lines()
        .zip(document.lines())
        .find(|(committed, decided)| committed != decided);
    assert!(
        committed == document,
        "docs/{file} is not what the policy decides, first here (committed, decided):\n{difference:#?}\n\
         If the change is meant, write the page anew and commit it:\n    {UPDATE}"
    );
}

#[test]
fn the_committed_table_is_the_policy() {
    keep("policy-matrix.md", &document());
}

#[test]
fn whoever_is_not_in_order_in_a_place_may_do_nothing_there_but_undo_what_owners_did() {
    for situation in Situation::ALL {
        for role in ROLES {
            for permission in Permission::ALL.iter().copied() {
                let allowed = situation.allows(role, permission);

                let may = match situation {
                    Situation::InOrder => role.is_some(),
                    Situation::TenantSuspended | Situation::TenantDeleted => {
                        role == Some(BuiltIn::Owner) && permission.is_reserved()
                    }
                    Situation::Elsewhere
                    | Situation::TenantLocked
                    | Situation::MemberSuspended
                    | Situation::SecondFactorMissing
                    | Situation::SecondFactorMissingInSuspended
                    | Situation::SecondFactorMissingInDeleted
                    | Situation::Removed => false,
                };
                assert!(may || !allowed, "{situation:?} {role:?} {permission}");
            }
        }
    }
}

#[test]
fn an_owner_can_undo_what_owners_did() {
    for situation in [Situation::TenantSuspended, Situation::TenantDeleted] {
        let left = situation.left();

        assert_eq!(left, [Permission::OwnOrganization], "{situation:?}");
        assert!(situation.allows(Some(BuiltIn::Owner), Permission::OwnOrganization));
    }
}

#[test]
fn a_higher_role_may_whatever_a_lower_one_may() {
    for pair in ROLES.windows(2) {
        let [higher, lower] = [pair[0], pair[1]];
        let may = |role| {
            Permission::ALL
                .iter()
                .filter(move |permission| Situation::InOrder.allows(role, **permission))
                .collect::<Vec<_>>()
        };

        let [more, fewer] = [may(higher), may(lower)];

        assert!(fewer.iter().all(|permission| more.contains(permission)));
        assert!(fewer.len() < more.len(), "{higher:?} {lower:?}");
    }
}

#[test]
fn only_an_owner_may_own() {
    for role in ROLES {
        let owns = Situation::InOrder.allows(role, Permission::OwnOrganization);

        assert_eq!(owns, role == Some(BuiltIn::Owner), "{role:?}");
    }
}

#[test]
fn the_platform_is_its_operators_and_no_organization_is() {
    for permission in Permission::ALL.iter().copied() {
        let level = permission.reach().level;
        let operator = Principal::new(SOMEBODY).granted(Platform, operator_grants());

        let in_tenant = decide(&operator, permission, OURS) == Decision::Permit;
        let operates = on_platform(None, permission);
        let anybody = BuiltIn::ALL
            .into_iter()
            .any(|role| on_platform(Some(role), permission));

        assert!(!in_tenant && !anybody, "{permission}");
        assert_eq!(operates, level == Level::Platform, "{permission}");
    }
}

#[test]
fn a_role_with_everything_on_offer_may_what_an_admin_may_and_in_every_situation() {
    let own = Role {
        name: "everything".parse().unwrap(),
        built_in: None,
        grants: drafted_by_an_owner(
            Permission::ALL
                .iter()
                .copied()
                .filter(|one| is_on_offer(*one))
                .collect(),
        ),
        ..Role::built_in(role_id(0), BuiltIn::Member)
    };
    for situation in Situation::ALL {
        let principal = situation.principal(std::slice::from_ref(&own));
        for permission in Permission::ALL.iter().copied() {
            let may = decide(&principal, permission, situation.place()) == Decision::Permit;

            let admin = situation.allows(Some(BuiltIn::Admin), permission);
            assert_eq!(may, admin, "{situation:?} {permission}");
        }
    }
}

#[test]
fn no_role_of_an_organizations_own_holds_what_is_reserved_or_the_platforms() {
    let drafted = |permission: Permission| {
        drafted_by_an_owner(
            [permission, Permission::ReadOrganization]
                .into_iter()
                .collect(),
        )
    };
    for permission in Permission::ALL.iter().copied() {
        let held = drafted(permission);

        let offered = !permission.is_reserved() && permission.reach().level != Level::Platform;
        assert_eq!(held.extent(permission).is_some(), offered, "{permission}");
        assert!(held.allow(Permission::ReadOrganization, false));
    }
}

#[test]
fn each_way_by_which_a_role_can_hold_something_has_an_outcome_of_its_own() {
    let row = |way: &Way| {
        PROJECTS.map(|(_, object)| way.outcome(Permission::UpdateProject, object.into()))
    };
    let rows = WAYS_TO_A_PROJECT.iter().map(row).collect::<Vec<_>>();

    let [yes, expired, own, other, nothing] = [
        "✔",
        "✘ role_expired",
        "✘ held_for_own_only",
        "✘ held_on_another_project",
        "✘ not_held",
    ];
    let everywhere = [yes, yes, yes, yes, nothing];
    #[rustfmt::skip]
    let expected = [
        everywhere, everywhere, everywhere, everywhere, everywhere, everywhere,
        [expired, expired, expired, expired, nothing],
        [yes, yes, other, other, nothing],
        [other, other, yes, yes, nothing],
        [expired, expired, other, other, nothing],
        [yes, own, yes, own, nothing],
        [yes, own, yes, own, nothing],
        [expired, own, expired, own, nothing],
        [yes, own, other, other, nothing],
        [nothing, nothing, nothing, nothing, nothing],
    ];
    assert_eq!(rows, expected);
}
