//! Who may hand on what, a second time: what `no-escalation.md` and `organizations.md` say of each deed.

use super::policy::{EVERYWHERE, Name, OBJECT, ORGANIZATION, Oracle, Target, Until, World};

/// What somebody tries to do in an organization to what others have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Deed {
    /// Adds somebody as a member, with these roles until then.
    Add { roles: Vec<(Name, Until)> },
    /// Invites somebody.
    Invite { roles: Vec<Name> },
    /// Gave an invitation, and somebody accepts it now.
    HaveInvited { roles: Vec<Name> },
    /// Gives a member these roles in the whole organization, in the place of those they have there.
    ChangeRoles {
        member: Name,
        roles: Vec<(Name, Until)>,
    },
    /// Gives a member these roles on a project, in the place of those they have there.
    Share {
        project: Name,
        member: Name,
        roles: Vec<(Name, Until)>,
    },
    /// Suspends a member.
    Suspend { member: Name },
    /// Resumes a member.
    Resume { member: Name },
    /// Removes a member.
    Remove { member: Name },
    /// Leaves.
    Leave,
    /// Creates a role of these names and patterns that includes these roles.
    CreateRole {
        names: Vec<Name>,
        includes: Vec<Name>,
    },
    /// Makes of a role one of these names and patterns that includes these roles.
    ChangeRole {
        role: Name,
        names: Vec<Name>,
        includes: Vec<Name>,
    },
    /// Deletes a role, for another one or for none.
    DeleteRole {
        role: Name,
        replacement: Option<Name>,
    },
    /// Changes the default role, where none is `member`.
    DefaultRole {
        before: Option<Name>,
        after: Option<Name>,
    },
    /// Offers ownership to a member.
    OfferOwnership { member: Name },
}

impl Deed {
    /// What it is called.
    pub(super) const fn name(&self) -> Name {
        match self {
            Self::Add { .. } => "add",
            Self::Invite { .. } => "invite",
            Self::HaveInvited { .. } => "have_invited",
            Self::ChangeRoles { .. } => "change_roles",
            Self::Share { .. } => "share",
            Self::Suspend { .. } => "suspend",
            Self::Resume { .. } => "resume",
            Self::Remove { .. } => "remove",
            Self::Leave => "leave",
            Self::CreateRole { .. } => "create_role",
            Self::ChangeRole { .. } => "change_role",
            Self::DeleteRole { .. } => "delete_role",
            Self::DefaultRole { .. } => "default_role",
            Self::OfferOwnership { .. } => "offer_ownership",
        }
    }
}

impl Oracle<'_> {
    /// Whether somebody who entered the organization can do it.
    pub(super) fn can(&self, giver: Name, organization: Name, deed: &Deed) -> bool {
        let may = |permission| {
            let target = Target::Organization(organization);
            self.answer(giver, &[organization], permission, target) == "yes"
        };
        let covers = |role| self.covers_role(giver, organization, role, EVERYWHERE);
        match deed {
            Deed::Add { roles } => {
                may("member:invite")
                    && roles
                        .iter()
                        .all(|(role, until)| covers(role) && self.is_due(role, *until))
            }
            Deed::Invite { roles } | Deed::HaveInvited { roles } => {
                may("member:invite") && roles.iter().all(|role| covers(role))
            }
            Deed::ChangeRoles { member, roles } => {
                let own = roles.iter().any(|(role, _)| *role == "owner");
                may("member:assign")
                    && self.covers_member(giver, organization, member)
                    && roles
                        .iter()
                        .all(|(role, until)| covers(role) && self.is_due(role, *until))
                    && (own || !self.is_last_owner(organization, member))
            }
            Deed::Share {
                project,
                member,
                roles,
            } => {
                let target = Target::Project(organization, project);
                let had = self
                    .world()
                    .given
                    .iter()
                    .filter(|(its, person, _, place, _)| {
                        *its == organization && person == member && place == project
                    });
                let on_it = |role| self.covers_role(giver, organization, role, project);
                self.answer(giver, &[organization], "project:share", target) == "yes"
                    && had.into_iter().all(|(_, _, role, _, _)| on_it(role))
                    && roles.iter().all(|(role, until)| {
                        on_it(role) && *role != "owner" && self.is_due(role, *until)
                    })
            }
            Deed::Suspend { member } => {
                may("member:suspend")
                    && self.covers_member(giver, organization, member)
                    && !self.is_last_owner(organization, member)
            }
            Deed::Resume { member } => {
                may("member:suspend") && self.covers_member(giver, organization, member)
            }
            Deed::Remove { member } => {
                may("member:remove")
                    && self.covers_member(giver, organization, member)
                    && !self.is_last_owner(organization, member)
            }
            Deed::Leave => {
                self.in_order(giver, &[organization], organization)
                    && !self.is_last_owner(organization, giver)
            }
            Deed::CreateRole { names, includes } => {
                may("role:create") && self.covers_draft(giver, organization, names, includes)
            }
            Deed::ChangeRole {
                role,
                names,
                includes,
            } => {
                may("role:update")
                    && !is_built_in(role)
                    && covers(role)
                    && self.covers_draft(giver, organization, names, includes)
                    && !self.would_circle(organization, role, includes)
            }
            Deed::DeleteRole { role, replacement } => {
                may("role:delete")
                    && !is_built_in(role)
                    && covers(role)
                    && self.is_replaced(giver, organization, role, *replacement)
            }
            Deed::DefaultRole { before, after } => {
                let settled = [before, after].into_iter().flatten();
                may("organization:update")
                    && (before == after
                        || settled
                            .into_iter()
                            .all(|role| covers(role) && *role != "owner"))
            }
            Deed::OfferOwnership { member } => {
                let owns = |its: Name, person: Name, role: Name| {
                    its == organization && person == *member && role == "owner"
                };
                may("organization:own")
                    && covers("owner")
                    && giver != *member
                    && self
                        .world()
                        .members
                        .contains(&(organization, member, "active"))
                    && !self
                        .world()
                        .given
                        .iter()
                        .any(|(its, person, role, _, _)| owns(its, person, role))
            }
        }
    }

    /// Whether a role can be given until then: the end is still to come, and ownership has none.
    fn is_due(&self, role: Name, until: Until) -> bool {
        match until {
            Some(end) => end > self.world().now && role != "owner",
            None => true,
        }
    }

    /// Whether a role of these names and patterns can be made, and somebody has all that it would hold.
    fn covers_draft(
        &self,
        giver: Name,
        organization: Name,
        names: &[Name],
        includes: &[Name],
    ) -> bool {
        for text in names {
            let Some(expanded) = expanded(text) else {
                return false;
            };
            for held in expanded {
                if !self.has(giver, organization, held, EVERYWHERE) {
                    return false;
                }
            }
        }
        for role in includes {
            if *role == "owner" || !self.covers_role(giver, organization, role, EVERYWHERE) {
                return false;
            }
        }
        true
    }

    /// Whether a role would lead to itself if it included these.
    fn would_circle(&self, organization: Name, role: Name, includes: &[Name]) -> bool {
        let mut world = self.world().clone();
        world
            .includes
            .retain(|(its, from, _)| (*its, *from) != (organization, role));
        for included in includes {
            world.includes.push((organization, role, included));
        }
        leads_to_itself(&world, organization, role)
    }

    /// Whether nothing is left without the role, or what takes its place can.
    fn is_replaced(
        &self,
        giver: Name,
        organization: Name,
        role: Name,
        replacement: Option<Name>,
    ) -> bool {
        let mut including = Vec::new();
        for (its, from, included) in &self.world().includes {
            if *its == organization && *included == role && *from != role {
                including.push(*from);
            }
        }
        let Some(other) = replacement else {
            return including.is_empty() && !self.is_given(organization, role);
        };
        if other == role
            || other == "owner"
            || !self.covers_role(giver, organization, other, EVERYWHERE)
        {
            return false;
        }
        let mut world = self.world().clone();
        world
            .includes
            .retain(|(its, from, _)| (*its, *from) != (organization, role));
        for (its, _, included) in &mut world.includes {
            if *its == organization && *included == role {
                *included = other;
            }
        }
        !including
            .into_iter()
            .any(|from| leads_to_itself(&world, organization, from))
    }

    /// Whether a member has the role, somewhere.
    pub(super) fn is_given(&self, organization: Name, role: Name) -> bool {
        self.world()
            .given
            .iter()
            .any(|(its, _, given, _, _)| (*its, *given) == (organization, role))
    }

    /// Members who own the organization, are active, and whose account is in order.
    pub(super) fn active_owners(&self, organization: Name) -> Vec<Name> {
        let mut owners = Vec::new();
        for (its, person, role, place, _) in &self.world().given {
            if (*its, *role, *place) == (organization, "owner", EVERYWHERE)
                && self
                    .world()
                    .members
                    .contains(&(organization, person, "active"))
                && !self.world().barred.contains(person)
                && !owners.contains(person)
            {
                owners.push(*person);
            }
        }
        owners
    }

    /// Whether an organization would be without an active owner without this one.
    fn is_last_owner(&self, organization: Name, member: Name) -> bool {
        self.active_owners(organization) == [member]
    }
}

/// What a name or a pattern in a request stands for (`permissions.md`); nothing where it is refused.
fn expanded(text: Name) -> Option<Vec<(Name, Name)>> {
    let mut found = Vec::new();
    for permission in ORGANIZATION.into_iter().chain(OBJECT) {
        let kind = permission.split(':').next().unwrap_or_default();
        let ownable = OBJECT.contains(&permission);
        if permission == "organization:own" {
            continue;
        }
        if text == permission || text == "*" || text == format!("{kind}:*") {
            found.push((permission, "all"));
        }
        if ownable
            && (text == format!("{permission}:own")
                || text == "*:own"
                || text == format!("{kind}:*:own"))
        {
            found.push((permission, "own"));
        }
    }
    if found.is_empty() { None } else { Some(found) }
}

/// Whether every organization has it, and none can change it.
fn is_built_in(role: Name) -> bool {
    role == "owner" || role == "admin" || role == "member"
}

/// Whether a role includes itself, over however many others.
fn leads_to_itself(world: &World, organization: Name, role: Name) -> bool {
    let mut reached = vec![role];
    loop {
        let before = reached.len();
        for (its, from, to) in &world.includes {
            if *its == organization && reached.contains(from) {
                if *to == role {
                    return true;
                }
                if !reached.contains(to) {
                    reached.push(*to);
                }
            }
        }
        if reached.len() == before {
            return false;
        }
    }
}
