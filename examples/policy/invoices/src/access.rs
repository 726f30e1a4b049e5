//! Who is who, and what they hold. Here it stands in memory; with you it comes from your identity provider and your tables.

use crate::Invoicing;
use bailiwick_domain::{
    MemberId, RoleId, TenantId, Timestamp, UserId, Version,
    access::{Assignment, Grants, InvalidGrant, Principal, Standing},
    member::MemberStatus,
    role::{Role, RoleBook},
    tenant::TenantStatus,
    text::InvalidName,
};
use std::collections::HashMap;
use uuid::Uuid;

/// Whoever may ask, by the token that they bring.
#[derive(Debug, Default)]
pub struct Directory {
    people: HashMap<String, Person>,
}

/// Somebody in one company.
#[derive(Debug, Clone)]
pub struct Person {
    /// Who.
    pub user: UserId,
    /// The facts about them there. What they may do follows.
    pub standing: Standing<Invoicing>,
}

/// The roles of a company: a name, what it holds, and what it includes.
pub type Roles<'a> = &'a [(&'a str, &'a str, &'a [&'a str])];

/// Why there are no such roles.
#[derive(Debug)]
pub enum RolesError {
    /// What one holds cannot be read.
    Grant(InvalidGrant),
    /// A name cannot be read.
    Name(InvalidName),
    /// One includes what does not stand before it, or somebody has one that there is not.
    Unknown(String),
}

impl Directory {
    /// Somebody who shows this token has these roles of that company.
    ///
    /// # Errors
    /// When the roles make no sense.
    pub fn add(
        &mut self,
        token: &str,
        tenant: TenantId,
        roles: Roles<'_>,
        given: &[&str],
    ) -> Result<UserId, RolesError> {
        let user = UserId::from_uuid(Uuid::now_v7());
        let (book, ids) = book(roles)?;
        let assignments = given
            .iter()
            .map(|role| ids.get(*role).copied().map(Assignment::of))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| RolesError::Unknown(given.join(", ")))?;
        let standing = Standing {
            tenant,
            tenant_status: TenantStatus::Active,
            member: MemberId::from_uuid(Uuid::now_v7()),
            member_status: MemberStatus::Active,
            account_suspended: false,
            second_factor_missing: false,
            assignments,
            roles: book,
        };
        self.people
            .insert(token.to_owned(), Person { user, standing });
        Ok(user)
    }

    /// Nothing is permitted to them any more.
    pub fn suspend(&mut self, token: &str) {
        if let Some(person) = self.people.get_mut(token) {
            person.standing.member_status = MemberStatus::Suspended;
        }
    }

    /// Whoever brings the token.
    #[must_use]
    pub fn who(&self, token: &str) -> Option<&Person> {
        self.people.get(token)
    }
}

impl Person {
    /// Them as whoever asks, with what they hold at this moment.
    #[must_use]
    pub fn principal(&self, now: Timestamp) -> Principal<Invoicing> {
        Principal::new(self.user).standing(&self.standing, now)
    }
}

fn book(roles: Roles<'_>) -> Result<(RoleBook<Invoicing>, HashMap<String, RoleId>), RolesError> {
    let mut ids = HashMap::new();
    let mut made = Vec::new();
    for (name, grants, includes) in roles {
        let id = RoleId::from_uuid(Uuid::now_v7());
        let includes = includes
            .iter()
            .map(|role| ids.get(*role).copied())
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| RolesError::Unknown((*name).to_owned()))?;
        made.push(Role {
            id,
            name: name.parse().map_err(RolesError::Name)?,
            built_in: None,
            grants: Grants::stored(grants).map_err(RolesError::Grant)?,
            includes,
            version: Version::FIRST,
        });
        ids.insert((*name).to_owned(), id);
    }
    Ok((RoleBook::of(made), ids))
}
