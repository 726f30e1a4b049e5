//! The policy as a table that people review: `docs/policy-matrix.md`, written from the decisions themselves.

use bailiwick_domain::{
    RoleId, TenantId, UserId,
    access::{Catalogue, Decision, Permission, Principal, Risk, Scope, Standing, decide},
    member::MemberStatus,
    role::{BuiltIn, Role},
    tenant::TenantStatus,
};
use std::{env, fmt::Write, fs, path::Path};
use uuid::Uuid;

const UPDATE: &str = "BAILIWICK_UPDATE_DOCS=1 cargo test --package bailiwick-domain policy_matrix";

const OURS: TenantId = TenantId::from_uuid(Uuid::from_u128(1));
const THEIRS: TenantId = TenantId::from_uuid(Uuid::from_u128(2));

/// The columns: the built-in roles, the highest first, and a member who was given none.
const ROLES: [Option<BuiltIn>; 4] = [
    Some(BuiltIn::Owner),
    Some(BuiltIn::Admin),
    Some(BuiltIn::Member),
    None,
];

/// In what circumstances somebody who was once made a member asks for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Situation {
    InOrder,
    Elsewhere,
    TenantSuspended,
    MemberSuspended,
    Removed,
}

impl Situation {
    const ALL: [Self; 5] = [
        Self::InOrder,
        Self::Elsewhere,
        Self::TenantSuspended,
        Self::MemberSuspended,
        Self::Removed,
    ];

    const fn title(self) -> &'static str {
        match self {
            Self::InOrder => "In their own organization",
            Self::Elsewhere => "In an organization that they do not belong to",
            Self::TenantSuspended => "While their organization is suspended",
            Self::MemberSuspended => "While their membership is suspended",
            Self::Removed => "After they were removed from the organization",
        }
    }

    /// The facts as a store would give them: none about somebody who is a member no more.
    fn standing(self, role: Option<BuiltIn>) -> Option<Standing> {
        let standing = Standing {
            tenant: OURS,
            tenant_status: TenantStatus::Active,
            member_status: MemberStatus::Active,
            roles: role
                .map(|role| Role::built_in(RoleId::from_uuid(Uuid::nil()), role))
                .into_iter()
                .collect(),
        };
        match self {
            Self::InOrder | Self::Elsewhere => Some(standing),
            Self::TenantSuspended => Some(Standing {
                tenant_status: TenantStatus::Suspended,
                ..standing
            }),
            Self::MemberSuspended => Some(Standing {
                member_status: MemberStatus::Suspended,
                ..standing
            }),
            Self::Removed => None,
        }
    }

    const fn place(self) -> TenantId {
        match self {
            Self::InOrder | Self::TenantSuspended | Self::MemberSuspended | Self::Removed => OURS,
            Self::Elsewhere => THEIRS,
        }
    }

    fn allows(self, role: Option<BuiltIn>, permission: Permission) -> bool {
        let nobody = Principal::new(UserId::from_uuid(Uuid::nil()));
        let principal = match self.standing(role) {
            Some(standing) => nobody.standing(&standing),
            None => nobody,
        };
        decide(&principal, permission, Scope::Tenant(self.place())) == Decision::Permit
    }
}

fn document() -> String {
    let mut text = format!(
        "# Who may do what\n\n\
         Written by `{UPDATE}`: change the code, not this page.\n\
         A change of this page is a change of the policy, and is reviewed as one.\n\n\
         - **✔** allowed, **✘** refused. What no line allows is refused.\n\
         - **owner**, **admin**, **member**: the roles that every organization has.\n  \
           **no role**: somebody who belongs to the organization and was given none.\n\
         - **way**: *reads* leaves everything as it was, *writes* changes something.\n\
         - **risk**: what it costs when somebody has the permission who should not.\n  \
           *low*: they see what any member sees. *medium*: they change what can be changed back.\n  \
           *high*: they change who may do what, or destroy.\n"
    );
    text.push_str("\n## What can be permitted\n\n");
    row(&mut text, "permission", ["allows to", "way", "risk"]);
    text.push_str("|---|---|---|---|\n");
    for permission in Permission::ALL {
        let way = if permission.reach().writes {
            "writes"
        } else {
            "reads"
        };
        let risk = match permission.risk() {
            Risk::Low => "low",
            Risk::Medium => "medium",
            Risk::High => "high",
        };
        let name = format!("`{permission}`");
        row(&mut text, &name, [permission.description(), way, risk]);
    }
    for situation in Situation::ALL {
        let _ = write!(text, "\n## {}\n\n", situation.title());
        row(&mut text, "permission", ROLES.map(name_of));
        text.push_str("|---|:-:|:-:|:-:|:-:|\n");
        for permission in Permission::ALL {
            let marks = ROLES.map(|role| {
                if situation.allows(role, *permission) {
                    "✔"
                } else {
                    "✘"
                }
            });
            row(&mut text, &format!("`{permission}`"), marks);
        }
    }
    text
}

/// A line of a table. The columns are as wide as they are, so that a new line leaves the others alone.
fn row<const COLUMNS: usize>(text: &mut String, name: &str, columns: [&str; COLUMNS]) {
    let _ = write!(text, "| {name:<24} |");
    for column in columns {
        let _ = write!(text, " {column:<6} |");
    }
    text.push('\n');
}

fn name_of(role: Option<BuiltIn>) -> &'static str {
    role.map_or("no role", BuiltIn::name)
}

#[test]
fn the_committed_table_is_the_policy() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/policy-matrix.md");
    let document = document();

    if env::var_os("BAILIWICK_UPDATE_DOCS").is_some_and(|update| update == "1") {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &document).unwrap();
    }

    let committed = fs::read_to_string(&path).unwrap_or_default();
    let difference = committed
        .lines()
        .zip(document.lines())
        .find(|(committed, decided)| committed != decided);
    assert!(
        committed == document,
        "docs/policy-matrix.md is not what the policy decides, first here (committed, decided):\n{difference:#?}\n\
         If the change is meant, write the page anew and commit it:\n    {UPDATE}"
    );
}

#[test]
fn whoever_is_not_in_order_in_a_place_may_do_nothing_there() {
    for situation in Situation::ALL {
        for role in ROLES {
            for permission in Permission::ALL.iter().copied() {
                let allowed = situation.allows(role, permission);

                let may = situation == Situation::InOrder && role.is_some();
                assert!(may || !allowed, "{situation:?} {role:?} {permission}");
            }
        }
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
