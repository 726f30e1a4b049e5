//! What can be permitted, as a page: `docs/permissions.md`.

use super::{UPDATE, keep, of_tenants, of_the_platform};
use bailiwick_domain::{
    access::{Catalogue, Extent, Grant, Permission, Risk},
    role::{grants_named, is_on_offer},
};
use std::{collections::BTreeSet, fmt::Write};

/// Patterns that people write, to show what becomes of them.
const PATTERNS: [&str; 5] = [
    "role:*",
    "project:*",
    "project:*:own",
    "organization:*",
    "*:own",
];

fn document() -> String {
    let mut text = format!(
        "# Permissions\n\n\
         Written by `{UPDATE}`: change the code, not this page.\n\
         Who holds which, and when, is in [`policy-matrix.md`](policy-matrix.md).\n\n\
         - **level**: on what it is held. *organization*: the organization as a whole. *object*: things of it; all of them,\n  \
           those of one project, or one's own. *platform*: the deployment, with all its organizations.\n\
         - **way**: *reads* leaves everything as it was, *writes* changes something.\n\
         - **risk**: what it costs when somebody has the permission who should not.\n  \
           *low*: they see what any member sees. *medium*: they change what can be changed back.\n  \
           *high*: they change who may do what, or destroy.\n\
         - **`:own`**: it can be held for one's own things alone.\n\
         - **on offer**: roles of an organization's own can hold it.\n\n\
         | permission | level | way | risk | `:own` | on offer | allows to |\n\
         |---|---|---|---|:-:|:-:|---|\n"
    );
    for permission in Permission::ALL.iter().copied() {
        let reach = permission.reach();
        let way = if reach.writes { "writes" } else { "reads" };
        let risk = match permission.risk() {
            Risk::Low => "low",
            Risk::Medium => "medium",
            Risk::High => "high",
        };
        let own = if permission.is_ownable() { "✔" } else { "" };
        let offered = match (is_on_offer(permission), permission.is_reserved()) {
            (true, _) => "✔",
            (false, true) => "reserved",
            (false, false) => "",
        };
        let _ = writeln!(
            text,
            "| {:<22} | {:<12} | {way:<6} | {risk:<6} | {own:<1} | {offered:<8} | {} |",
            format!("`{permission}`"),
            reach.level.name(),
            permission.description(),
        );
    }
    text.push_str(
        "\n## One's own\n\n\
         `project:update:own` is `project:update` on those projects that one has created. It is held beside roles that hold\n\
         more, and counts where they do not: what is held on everything is held on one's own as well. It is handed on as what\n\
         it is: whoever holds a permission for their own things gives it to others for theirs, and never for all.\n\n\
         ## Patterns\n\n\
         Where a role is created or changed, a pattern can stand for all that is on offer and fits: `project:*` is every\n\
         permission of that kind, `*` is every permission, and `:own` behind either leaves those that can be held so. A pattern\n\
         that fits nothing is refused. It is expanded at once and stored as the names that it stood for, so that what\n\
         Bailiwick gains later no role holds that nobody gave it. Today:\n\n\
         | pattern | is stored as |\n\
         |---|---|\n",
    );
    for pattern in PATTERNS {
        let granted = grants_named([pattern]).unwrap();
        let names = granted.iter().map(|grant| format!("`{grant}`"));
        let _ = writeln!(
            text,
            "| `{pattern}` | {} |",
            names.collect::<Vec<_>>().join(" ")
        );
    }
    text.push_str(
        "\nA stored name that a build does not know grants nothing there: a newer build may have written it.\n\n\
         ## On one project\n\n\
         A role can be given on one project, in the place of the whole organization. There it holds its permissions of the\n\
         level *object*; those of the level *organization* mean nothing on a project. `project:share` gives such roles, as\n\
         far as whoever shares holds on that project what the roles hold.\n\n\
         ## Reserved\n\n\
         What is reserved is held by the role `owner` and by no other. It outlives what owners do to their organization: in one\n\
         that they suspended or deleted it is all that is left, so that they can undo it. Reserved is",
    );
    let reserved = of_tenants().filter(|permission| permission.is_reserved());
    let reserved = reserved.map(|permission| format!("`{permission}`"));
    let _ = writeln!(text, " {}.", reserved.collect::<Vec<_>>().join(", "));
    text.push_str("\n## On the platform\n\nOperators hold");
    let platform = of_the_platform().map(|permission| format!("`{permission}`"));
    let _ = writeln!(text, " {}.", platform.collect::<Vec<_>>().join(", "));
    text.push_str(
        "Whoever runs `bailiwick` on the machine of the deployment says who they are. In an organization they are nobody,\n\
         unless a role there was given to them as to anybody.\n",
    );
    text
}

#[test]
fn the_committed_page_is_the_catalogue() {
    keep("permissions.md", &document());
}

#[test]
fn a_pattern_is_stored_as_the_names_that_it_stood_for() {
    for pattern in PATTERNS {
        let granted = grants_named([pattern]).unwrap();

        let names = granted
            .iter()
            .map(|grant| grant.to_string())
            .collect::<Vec<_>>();
        let again = grants_named(names.iter().map(String::as_str));
        assert_eq!(again, Ok(granted), "{pattern}");
        assert!(!granted.to_string().contains('*'), "{pattern}");
    }
}

#[test]
fn no_two_permissions_have_the_same_name_even_when_held_for_ones_own() {
    let grants = Permission::ALL.iter().copied().flat_map(|permission| {
        let extents = [Extent::All, Extent::Own];
        let extents = extents
            .into_iter()
            .filter(move |extent| *extent == Extent::All || permission.is_ownable());
        extents.map(move |extent| Grant { permission, extent })
    });
    let names = grants.map(|grant| grant.to_string()).collect::<Vec<_>>();

    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
}
