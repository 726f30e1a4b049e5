//! Why somebody may do something in the active organization, or may not.

use crate::{
    Ground,
    ports::{MemberRow, StoreError},
    sessions::Caller,
};
use bailiwick_domain::{
    MemberId, ProjectId, RoleId, TenantId, UserId,
    access::{
        Assignment, Catalogue, Claim, Decision, Denied, Explanation, Grants, Level, Object,
        Permission, Permit, Principal, Reason, Standing, Target,
        action::{
            AssignRoles, DeleteProject, ExplainAccess, ListMembers, ListRoles, ReadProject,
            ShareProject, UpdateProject,
        },
        authorize, claim, decide, explain,
    },
    member::MemberStatus,
    role::{BuiltIn, Role, RoleBook, hand_on, is_on_offer},
};

/// The use cases of explanations.
#[derive(Clone)]
pub struct Access {
    ground: Ground,
}

/// What is to be explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// May they do what?
    pub permission: Permission,
    /// Who? The caller, if nobody is named.
    pub member: Option<MemberId>,
    /// On which project? In the whole organization, if none is named.
    pub project: Option<ProjectId>,
}

/// What the policy says, why, and what would change it. As far as the caller may see such things.
#[derive(Debug, Clone)]
pub struct Answer {
    /// About whom.
    pub member: MemberId,
    /// What the policy says, and why.
    pub explanation: Explanation,
    /// What was asked about.
    pub standing: Standing,
    /// The roles that would allow it, the smallest first; nothing for whoever may not see roles.
    pub nearest: Vec<RoleId>,
    /// Members who could give such a role; nothing for whoever may not see members.
    pub grantors: Vec<MemberRow>,
    /// The roles of the organization, as far as the caller may see them.
    pub book: RoleBook,
}

/// Why there is no explanation.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// The caller has nothing to do with the organization, or may not ask about others.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// There is no such member, or no such project that the caller may see.
    #[error("there is nothing to explain")]
    NotFound,
    /// It is about the platform, not about an organization.
    #[error("permissions on the platform are not held in organizations")]
    NotHere,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How many roles, and how many people, are named.
const NAMED: usize = 5;
/// How many people are considered.
const CONSIDERED: u8 = 50;

impl Access {
    /// The use cases over these ports.
    #[must_use]
    pub const fn new(ground: Ground) -> Self {
        Self { ground }
    }

    /// Explains. Everybody may ask about themselves, also when nothing else is permitted to them.
    ///
    /// # Errors
    /// When the caller may not ask, when there is nothing to ask about, when the store fails.
    pub async fn explain(
        &self,
        caller: &Caller,
        question: Question,
    ) -> Result<Answer, ExplainError> {
        if question.permission.reach().level == Level::Platform {
            return Err(ExplainError::NotHere);
        }
        let now = self.ground.clock.now();
        let own = caller.standing.as_ref().ok_or(Denied::Outsider)?;
        let tenant = own.tenant;
        let another = question.member.filter(|member| *member != own.member);
        let (user, standing) = match another {
            None => (caller.user.id, Standing::clone(own)),
            Some(member) => {
                let permit = authorize::<ExplainAccess>(&caller.principal, tenant)?;
                self.of_another(&permit, own, member).await?
            }
        };
        let target = match question.project {
            None => Target::Tenant(tenant),
            Some(project) => self.project(caller, tenant, project).await?,
        };
        let explanation = explain(user, &standing, question.permission, target, now);
        let mut answer = Answer {
            member: standing.member,
            explanation,
            book: standing.roles.clone(),
            nearest: Vec::new(),
            grantors: Vec::new(),
            standing,
        };
        let Ok(seeing) = authorize::<ListRoles>(&caller.principal, tenant) else {
            return Ok(answer);
        };
        answer.book = self.ground.store.roles(seeing.scope()).await?;
        if answer.explanation.decision == Decision::Permit {
            return Ok(answer);
        }
        // Where something else is in the way, no role would help.
        if let Some(Reason::Obstacle(_)) = answer.explanation.reason {
            return Ok(answer);
        }
        answer.nearest = nearest(&answer.book, question.permission, user, target);
        if let Ok(permit) = authorize::<ListMembers>(&caller.principal, tenant) {
            let permission = question.permission;
            answer.grantors = self.grantors(&permit, &answer, permission, target).await?;
        }
        Ok(answer)
    }

    async fn of_another(
        &self,
        permit: &Permit<ExplainAccess>,
        own: &Standing,
        member: MemberId,
    ) -> Result<(UserId, Standing), ExplainError> {
        let store = &self.ground.store;
        let row = store.member(permit.scope(), member).await?;
        let row = row.ok_or(ExplainError::NotFound)?;
        let standing = Standing {
            member: row.member.id,
            member_status: row.member.status,
            account_suspended: row.account_suspended,
            second_factor_missing: false,
            assignments: row.member.assignments,
            roles: store.roles(permit.scope()).await?,
            ..own.clone()
        };
        Ok((row.member.user, standing))
    }

    /// A project that the caller may see is a thing to ask about; any other is not there.
    async fn project(
        &self,
        caller: &Caller,
        tenant: TenantId,
        id: ProjectId,
    ) -> Result<Target, ExplainError> {
        let principal = &caller.principal;
        let Some(reading) = claim::<ReadProject>(principal, tenant)
            .map(Claim::into_reading)
            .or_else(|_| claim::<UpdateProject>(principal, tenant).map(Claim::into_reading))
            .or_else(|_| claim::<DeleteProject>(principal, tenant).map(Claim::into_reading))
            .or_else(|_| claim::<ShareProject>(principal, tenant).map(Claim::into_reading))
            .ok()
        else {
            return Err(ExplainError::NotFound);
        };
        let project = self.ground.store.project(&reading, id).await?;
        let target = project.map(|project| Target::Object(project.object()));
        let known = target.filter(|target| {
            let on_projects = Permission::ALL
                .iter()
                .filter(|one| one.reach().level == Level::Object);
            on_projects
                .copied()
                .any(|one| decide(principal, one, *target) == Decision::Permit)
        });
        known.ok_or(ExplainError::NotFound)
    }

    /// Those who could give one of the nearest roles to the member, as the domain would decide it.
    async fn grantors(
        &self,
        permit: &Permit<ListMembers>,
        answer: &Answer,
        wanted: Permission,
        target: Target,
    ) -> Result<Vec<MemberRow>, ExplainError> {
        let now = self.ground.clock.now();
        let book = &answer.book;
        let giving = book.iter().filter(|role| {
            let grants = book.effective(role.id);
            [Permission::AssignRoles, Permission::ShareProject]
                .into_iter()
                .any(|permission| grants.extent(permission).is_some())
        });
        let giving: Vec<_> = giving.map(|role| role.id).collect();
        let store = &self.ground.store;
        let candidates = store.holders(permit.scope(), &giving, CONSIDERED).await?;
        let others = candidates
            .into_iter()
            .filter(|row| row.member.id != answer.member);
        let able = others.filter(|row| {
            let standing = Standing {
                member: row.member.id,
                member_status: MemberStatus::Active,
                account_suspended: false,
                second_factor_missing: false,
                assignments: row.member.assignments.clone(),
                roles: book.clone(),
                ..answer.standing.clone()
            };
            let giver = Principal::new(row.member.user).standing(&standing, now);
            let mut nearest = answer.nearest.iter().filter_map(|role| book.get(*role));
            nearest.any(|role| could_give(&giver, answer, role, wanted, target))
        });
        Ok(able.take(NAMED).collect())
    }
}

/// The roles that would allow it, those that hold the least first.
fn nearest(book: &RoleBook, permission: Permission, user: UserId, target: Target) -> Vec<RoleId> {
    let theirs = matches!(target, Target::Object(Object { owner, .. }) if owner == Some(user));
    let mut found: Vec<_> = book
        .iter()
        .map(|role| (book.effective(role.id), role))
        .filter(|(grants, _)| grants.allow(permission, theirs))
        .map(|(grants, role)| (grants.len(), role.id))
        .collect();
    found.sort_unstable();
    found.truncate(NAMED);
    found.into_iter().map(|(_, role)| role).collect()
}

/// Would the policy and the rule of handing on let this person give the member the role, so that it helps? In the whole
/// organization, or on the project that it is about: either way beside what the member has there.
fn could_give(
    giver: &Principal,
    answer: &Answer,
    role: &Role,
    wanted: Permission,
    target: Target,
) -> bool {
    let Answer { book, standing, .. } = answer;
    let hands_on = |ceiling: &Grants, project: Option<ProjectId>| {
        let gift = Assignment {
            project,
            ..Assignment::of(role.id)
        };
        let had = standing.assignments.iter().copied();
        // Whoever changes roles in the whole organization is measured by all that the member has.
        let had = had.filter(|one| project.is_none() || one.project == project);
        let all: Vec<_> = had.chain([gift]).collect();
        hand_on(ceiling, &book.effective_of(&all)).is_ok()
    };
    let in_tenant = authorize::<AssignRoles>(giver, standing.tenant)
        .is_ok_and(|permit| hands_on(permit.held(), None));
    let on_project = match target {
        // Held on a project, what is about the organization means nothing, and nobody owns it.
        Target::Object(object)
            if wanted.reach().level == Level::Object && role.built_in != Some(BuiltIn::Owner) =>
        {
            authorize::<ShareProject>(giver, object)
                .is_ok_and(|permit| hands_on(permit.held(), object.project))
        }
        Target::Platform | Target::Tenant(_) | Target::Object(_) => false,
    };
    in_tenant || on_project
}

/// Every permission that an organization can hand on or reserve, for whoever asks what there is.
pub fn catalogue() -> impl Iterator<Item = (Permission, bool)> {
    let all = Permission::ALL.iter().copied();
    all.map(|permission| (permission, is_on_offer(permission)))
}
