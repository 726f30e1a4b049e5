//! An organization in a file, and what the policy says about it.

use bailiwick_domain::{
    MemberId, ProjectId, RoleId, TenantId, Timestamp, UserId, Version,
    access::{
        Assignment, Catalogue, Decision, Explanation, Level, Object, Permission, Standing, Target,
        explain,
    },
    member::MemberStatus,
    role::{BuiltIn, Role, RoleBook, RoleError, grants_named},
    tenant::TenantStatus,
};
use serde::Deserialize;
use std::{collections::BTreeMap, time::Duration};
use uuid::Uuid;

/// An organization as it stands in a file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    roles: BTreeMap<String, RoleEntry>,
    #[serde(default)]
    projects: BTreeMap<String, ProjectEntry>,
    people: BTreeMap<String, PersonEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleEntry {
    #[serde(default)]
    permissions: Vec<String>,
    #[serde(default)]
    includes: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProjectEntry {
    owner: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonEntry {
    #[serde(default)]
    roles: Vec<Given>,
    #[serde(default)]
    on: BTreeMap<String, Vec<Given>>,
    #[serde(default)]
    suspended: bool,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Given {
    ForGood(String),
    Until { role: String, until: u64 },
}

/// Why a file describes no organization.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("{0}")]
    Yaml(String),
    /// A role cannot be as it is described.
    #[error("the role `{0}`: {1}")]
    Role(String, String),
    /// A name stands for nothing.
    #[error("there is no {0} `{1}`")]
    Unknown(&'static str, String),
}

/// An organization.
#[derive(Debug)]
pub struct Organization {
    tenant: TenantId,
    roles: RoleBook,
    projects: BTreeMap<String, Object>,
    people: BTreeMap<String, (UserId, Standing)>,
}

impl Organization {
    /// The organization that a text in YAML describes.
    ///
    /// # Errors
    /// When it describes none.
    pub fn read(text: &str) -> Result<Self, FileError> {
        let file: File =
            serde_saphyr::from_str(text).map_err(|error| FileError::Yaml(error.to_string()))?;
        let tenant = TenantId::from_uuid(Uuid::now_v7());
        let roles = book(&file.roles)?;
        let users: BTreeMap<_, _> = file
            .people
            .keys()
            .map(|name| (name.clone(), UserId::from_uuid(Uuid::now_v7())))
            .collect();
        let mut projects = BTreeMap::new();
        for (name, entry) in &file.projects {
            let owner = match &entry.owner {
                Some(owner) => Some(known(&users, "person", owner)?),
                None => None,
            };
            let project = Some(ProjectId::from_uuid(Uuid::now_v7()));
            let object = Object {
                tenant,
                project,
                owner,
            };
            projects.insert(name.clone(), object);
        }
        let mut people = BTreeMap::new();
        for (name, entry) in &file.people {
            let mut assignments = given(&roles, &entry.roles, None)?;
            for (project, on) in &entry.on {
                let object = known(&projects, "project", project)?;
                assignments.extend(given(&roles, on, object.project)?);
            }
            let standing = Standing {
                tenant,
                tenant_status: TenantStatus::Active,
                member: MemberId::from_uuid(Uuid::now_v7()),
                member_status: match entry.suspended {
                    true => MemberStatus::Suspended,
                    false => MemberStatus::Active,
                },
                account_suspended: false,
                second_factor_missing: false,
                assignments,
                roles: roles.clone(),
            };
            let user = known(&users, "person", name)?;
            people.insert(name.clone(), (user, standing));
        }
        Ok(Self {
            tenant,
            roles,
            projects,
            people,
        })
    }

    /// What the policy says about somebody, and why.
    ///
    /// # Errors
    /// When the file has no such person or project.
    pub fn explain(
        &self,
        who: &str,
        permission: Permission,
        project: Option<&str>,
        now: Timestamp,
    ) -> Result<Explanation, FileError> {
        let Some((user, standing)) = self.people.get(who) else {
            return Err(FileError::Unknown("person", who.to_owned()));
        };
        let target = match project {
            Some(project) => Target::Object(known(&self.projects, "project", project)?),
            None if permission.reach().level == Level::Object => Target::Object(Object {
                tenant: self.tenant,
                project: None,
                owner: None,
            }),
            None => self.tenant.into(),
        };
        Ok(explain(*user, standing, permission, target, now))
    }

    /// A line for each person who may, with the roles by which they may.
    ///
    /// # Errors
    /// When the file has no such project.
    pub fn who(
        &self,
        permission: Permission,
        project: Option<&str>,
        now: Timestamp,
    ) -> Result<Vec<String>, FileError> {
        let mut lines = Vec::new();
        for name in self.people.keys() {
            let said = self.explain(name, permission, project, now)?;
            if said.decision == Decision::Permit {
                lines.push(format!("{name}: {}", self.ways(&said)));
            }
        }
        Ok(lines)
    }

    /// The roles that lead to it, or what is in the way.
    #[must_use]
    pub fn ways(&self, said: &Explanation) -> String {
        if let Some(reason) = said.reason {
            return reason.name().to_owned();
        }
        let name = |id: &RoleId| match self.roles.get(*id) {
            Some(role) => role.name.to_string(),
            None => id.to_string(),
        };
        let paths = said.paths.iter().map(|path| {
            let roles: Vec<_> = path.roles.iter().map(name).collect();
            format!("{} ({})", roles.join(" > "), path.grant)
        });
        paths.collect::<Vec<_>>().join(", ")
    }
}

fn known<T: Copy>(
    all: &BTreeMap<String, T>,
    kind: &'static str,
    name: &str,
) -> Result<T, FileError> {
    let unknown = || FileError::Unknown(kind, name.to_owned());
    all.get(name).copied().ok_or_else(unknown)
}

/// The three roles that every organization has, and its own.
fn book(entries: &BTreeMap<String, RoleEntry>) -> Result<RoleBook, FileError> {
    let id = || RoleId::from_uuid(Uuid::now_v7());
    let mut roles: Vec<_> = BuiltIn::ALL.map(|one| Role::built_in(id(), one)).to_vec();
    for (name, entry) in entries {
        let wrong =
            |error: &dyn std::fmt::Display| FileError::Role(name.clone(), error.to_string());
        let texts = entry.permissions.iter().map(String::as_str);
        roles.push(Role {
            id: id(),
            name: name.parse().map_err(|error| wrong(&error))?,
            built_in: None,
            grants: grants_named(texts).map_err(|error| wrong(&error))?,
            includes: Vec::new(),
            version: Version::FIRST,
        });
    }
    let names = RoleBook::of(roles.clone());
    for role in &mut roles {
        let includes = entries.get(role.name.as_str()).map(|entry| &entry.includes);
        for included in includes.into_iter().flatten() {
            role.includes.push(meant(&names, included)?);
        }
    }
    let book = RoleBook::of(roles);
    // A file is drafted by nobody who is asked for a permit: what nobody could have drafted is found here.
    let flaw: Option<(RoleId, RoleError)> = book.flaw();
    match flaw.and_then(|(id, error)| Some((book.get(id)?, error))) {
        Some((role, error)) => Err(FileError::Role(role.name.to_string(), error.to_string())),
        None => Ok(book),
    }
}

fn meant(book: &RoleBook, name: &str) -> Result<RoleId, FileError> {
    let role = book.meant(name).map(|role| role.id);
    role.ok_or_else(|| FileError::Unknown("role", name.to_owned()))
}

fn given(
    book: &RoleBook,
    entries: &[Given],
    project: Option<ProjectId>,
) -> Result<Vec<Assignment>, FileError> {
    let one = |entry: &Given| {
        let (role, until) = match entry {
            Given::ForGood(role) => (role, None),
            Given::Until { role, until } => (role, Some(*until)),
        };
        let moment = |seconds| Timestamp::from_micros(0).plus(Duration::from_secs(seconds));
        Ok(Assignment {
            role: meant(book, role)?,
            project,
            expires_at: until.map(moment),
        })
    };
    entries.iter().map(one).collect()
}
