//! What went wrong, in the form of RFC 9457: one row a problem, one `match` an error.

use actix_web::{
    HttpResponse, HttpResponseBuilder, ResponseError,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
};
use bailiwick_application::{
    access::ExplainError,
    accounts::{ChangePasswordError, RedeemError, RegisterError},
    invitations::{AnswerError, ChangeInvitationError},
    machines::MachineError,
    members::{AddError, ChangeMemberError},
    organizations::{ChangeOrganizationError, FoundError, OwnershipError},
    platform::OperateError,
    ports::{HashingError, StoreError, TooMany, Unique},
    projects::ProjectError,
    roles::ChangeRoleError,
    sessions::{RECENT, SessionError},
};
use bailiwick_domain::{
    access::{Denied, Permission},
    api_key::ApiKeyError,
    invitation::{InviteError, RedeemInvitationError},
    member::MemberError,
    ownership::OfferError,
    role::RoleError,
    service_account::ServiceAccountError,
    tenant::TenantError,
    version::Stale,
};
use std::{fmt::Write, time::Duration};

macro_rules! kinds {
    ($($name:ident $status:ident $code:literal $title:literal;)+) => {
        /// What can go wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[expect(missing_docs, reason = "the title says it")]
        pub enum Kind { $($name),+ }

        impl Kind {
            /// All of it, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The status that it is answered with.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status),+ }
            }

            /// Its stable name, for programs.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code),+ }
            }

            /// Its name for people.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title),+ }
            }
        }
    };
}

#[rustfmt::skip]
kinds! {
    // kind               status                    code                      title
    MalformedBody         BAD_REQUEST               "malformed_body"          "The body cannot be read";
    InvalidBody           BAD_REQUEST               "invalid_body"            "The body is not what this route takes";
    InvalidQuery          BAD_REQUEST               "invalid_query"           "The query is not what this route takes";
    InvalidCursor         BAD_REQUEST               "invalid_cursor"          "The cursor is not one of this list";
    InvalidId             BAD_REQUEST               "invalid_id"              "The path holds something that is no id";
    InvalidIdempotencyKey BAD_REQUEST               "invalid_idempotency_key" "An idempotency key is 1 to 255 visible ASCII characters";
    IdempotencyKeyReused  BAD_REQUEST               "idempotency_key_reused"  "Something else was asked for with this idempotency key";
    EmailTaken            BAD_REQUEST               "email_taken"             "Email already registered";
    SlugTaken             BAD_REQUEST               "slug_taken"              "An organization with this slug exists";
    AlreadyMember         BAD_REQUEST               "already_member"          "This person is already a member";
    AlreadyInvited        BAD_REQUEST               "already_invited"         "This address is already invited";
    AlreadyElsewhere      BAD_REQUEST               "already_elsewhere"       "This person belongs to another organization";
    UnknownRole           BAD_REQUEST               "unknown_role"            "The organization has no such role";
    UnknownPermission     BAD_REQUEST               "unknown_permission"      "No role can hold this";
    RoleNameTaken         BAD_REQUEST               "role_name_taken"         "A role with this name exists";
    RoleBuiltIn           BAD_REQUEST               "role_built_in"           "A built-in role stays as it is";
    RoleCycle             BAD_REQUEST               "role_cycle"              "A role cannot include itself, nor `owner`";
    RoleInUse             BAD_REQUEST               "role_in_use"             "The role is in use: say with `reassign_to` which one takes its place";
    TooManyMachines       BAD_REQUEST               "too_many_machines"       "There are as many machines or keys as there may be";
    KeyOver               BAD_REQUEST               "key_over"                "The key was revoked, or its time is over";
    KeyLifetime           BAD_REQUEST               "key_lifetime"            "A key is good for a year at the most, and not until a time that has passed";
    TooManyRoles          BAD_REQUEST               "too_many_roles"          "The organization has as many roles as it may";
    InvalidRoles          BAD_REQUEST               "invalid_roles"           "The roles cannot be given like this";
    LastOwner             BAD_REQUEST               "last_owner"              "The last active owner has to stay";
    NotEligible           BAD_REQUEST               "not_eligible"            "Ownership goes to another active member who is no owner";
    OfferVoid             BAD_REQUEST               "offer_void"              "The offer is good no more";
    InvitationOver        BAD_REQUEST               "invitation_over"         "The invitation was answered, taken back, or has lapsed";
    InvitationVoid        BAD_REQUEST               "invitation_void"         "Whoever invited may do so no more";
    DomainRefused         BAD_REQUEST               "domain_refused"          "The organization takes no addresses of this domain";
    WrongState            BAD_REQUEST               "wrong_state"             "The organization is not in a state for that";
    SecondFactorMissing   BAD_REQUEST               "second_factor_missing"   "Show a second factor yourself before you demand it of others";
    NotOnPlatform         BAD_REQUEST               "not_in_organizations"    "This is held on the platform, and not in organizations";
    WrongPassword         BAD_REQUEST               "wrong_password"          "The current password is another one";
    NotRedeemable         BAD_REQUEST               "not_redeemable"          "The token from the mail is not valid any more";
    ProjectNameTaken      BAD_REQUEST               "project_name_taken"      "A project with this name exists";
    Unauthenticated       UNAUTHORIZED              "unauthenticated"         "Sign in first";
    InvalidCredentials    UNAUTHORIZED              "invalid_credentials"     "Invalid credentials";
    InvalidToken          UNAUTHORIZED              "invalid_token"           "The token is not valid";
    SignInAgain           UNAUTHORIZED              "sign_in_again"           "Sign in again: this takes a recent proof of who you are";
    AnotherAddress        FORBIDDEN                 "another_address"         "The invitation is for another address: sign in with the account that has it";
    Forbidden             FORBIDDEN                 "forbidden"               "You may not do this";
    NotFound              NOT_FOUND                 "not_found"               "There is nothing here";
    MethodNotAllowed      METHOD_NOT_ALLOWED        "method_not_allowed"      "This path has no such method";
    IdempotencyKeyInFlight CONFLICT                 "idempotency_key_in_flight" "The same request is being answered at this moment";
    PreconditionFailed    PRECONDITION_FAILED       "precondition_failed"     "This has changed since you read it";
    PreconditionRequired  PRECONDITION_REQUIRED     "precondition_required"   "Say with `If-Match` which version you change";
    RequestTimeout        REQUEST_TIMEOUT           "request_timeout"         "The body took too long to arrive";
    BodyTooLarge          PAYLOAD_TOO_LARGE         "body_too_large"          "The body is too large";
    UnsupportedMediaType  UNSUPPORTED_MEDIA_TYPE    "unsupported_media_type"  "The body is of a type that this route does not take";
    TooManyRequests       TOO_MANY_REQUESTS         "too_many_requests"       "Slow down";
    Internal              INTERNAL_SERVER_ERROR     "internal"                "Something broke on our side";
    Corrupt               INTERNAL_SERVER_ERROR     "corrupt"                 "What is stored about this cannot be understood";
    Busy                  SERVICE_UNAVAILABLE       "busy"                    "Too many people are signing in at this moment";
    Unavailable           SERVICE_UNAVAILABLE       "unavailable"             "A part of the service does not answer";
}

/// Something that went wrong, with what the caller can do about it.
#[derive(Debug, thiserror::Error)]
#[error("{}", kind.title())]
pub struct Problem {
    kind: Kind,
    detail: Option<String>,
    errors: Vec<Fault>,
    retry_after: Option<Duration>,
    lacked: Option<Permission>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What went wrong (RFC 9457).
#[derive(serde::Serialize, schemars::JsonSchema)]
#[schemars(rename = "Problem")]
pub(crate) struct ProblemBody<'a> {
    #[schemars(extend("format" = "uri-reference"))]
    r#type: String,
    /// What it is, for people.
    title: &'static str,
    status: u16,
    /// What the caller can do about it.
    detail: &'a str,
    /// What it is, for programs.
    #[schemars(extend("enum" = Kind::ALL.iter().map(|kind| kind.code()).collect::<Vec<_>>()))]
    code: &'static str,
    /// Under which name the log has it.
    request_id: &'a str,
    /// The fields that are at fault.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [Fault],
}

/// One thing that is wrong with a body or a query.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Fault {
    /// Where it is: a JSON pointer (RFC 6901), in the form of a URI fragment.
    pub pointer: String,
    /// What it is, for programs.
    pub code: &'static str,
    /// What it is, for people.
    pub detail: String,
}

/// A name as a token of a [`Fault`]'s pointer: escaped for RFC 6901 §3, and then for a URI fragment (RFC 3986 §3.5).
pub(crate) fn token(name: &str) -> String {
    let escaped = name.replace('~', "~0").replace('/', "~1");
    escaped.bytes().fold(String::new(), |mut token, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@?".contains(&byte) {
            token.push(byte.into());
        } else {
            let _ = write!(token, "%{byte:02X}");
        }
        token
    })
}

impl From<Kind> for Problem {
    fn from(kind: Kind) -> Self {
        Self {
            kind,
            detail: None,
            errors: Vec::new(),
            retry_after: None,
            lacked: None,
            source: None,
        }
    }
}

impl Problem {
    /// Which it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// What broke, for the log: never for the caller.
    #[must_use]
    pub fn cause(&self) -> Option<&(dyn std::error::Error + Send + Sync + 'static)> {
        self.source.as_deref()
    }

    /// What the policy missed, if that is what went wrong: for the audit trail, never for the caller.
    pub(crate) const fn lacked(&self) -> Option<Permission> {
        self.lacked
    }

    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn faults(&self) -> &[Fault] {
        &self.errors
    }

    pub(crate) fn detail(self, detail: impl ToString) -> Self {
        Self {
            detail: Some(detail.to_string()),
            ..self
        }
    }

    /// One field of the body is at fault.
    pub(crate) fn field(name: &str, detail: impl ToString) -> Self {
        Self::from(Kind::InvalidBody).errors(vec![Fault {
            pointer: format!("#/{name}"),
            code: "invalid_value",
            detail: detail.to_string(),
        }])
    }

    pub(crate) fn errors(self, errors: Vec<Fault>) -> Self {
        Self { errors, ..self }
    }

    pub(crate) fn retry_after(self, after: Duration) -> Self {
        Self {
            retry_after: Some(after),
            ..self
        }
    }

    fn because(self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self {
            source: Some(source.into()),
            ..self
        }
    }

    fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::from(Kind::Unavailable)
            .retry_after(Duration::from_secs(1))
            .because(source)
    }

    /// The answer, which names the request that it answers.
    pub(crate) fn answer(&self, request_id: &str) -> HttpResponse {
        let kind = self.kind;
        self.head()
            .insert_header((header::CONTENT_TYPE, "application/problem+json"))
            .json(ProblemBody {
                r#type: format!("/problems/{}", kind.code()),
                title: kind.title(),
                status: kind.status().as_u16(),
                detail: self.detail.as_deref().unwrap_or(kind.title()),
                code: kind.code(),
                request_id,
                errors: &self.errors,
            })
    }

    fn head(&self) -> HttpResponseBuilder {
        let mut head = HttpResponse::build(self.kind.status());
        // RFC 6750 §3: who brought a token learns that it is the token.
        match self.kind {
            Kind::Unauthenticated | Kind::InvalidCredentials => {
                head.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
            }
            Kind::InvalidToken => {
                head.insert_header((header::WWW_AUTHENTICATE, r#"Bearer error="invalid_token""#));
            }
            Kind::SignInAgain => {
                // RFC 9470 §3.
                let challenge = format!(
                    r#"Bearer error="insufficient_user_authentication", max_age="{}""#,
                    RECENT.as_secs()
                );
                head.insert_header((header::WWW_AUTHENTICATE, challenge));
            }
            _ => {}
        }
        if let Some(after) = self.retry_after {
            let seconds = after.as_secs().max(1);
            head.insert_header((header::RETRY_AFTER, HeaderValue::from(seconds)));
        }
        head
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.kind.status()
    }

    /// Only the head: [`edge`](crate::edge::edge) writes the body, since it knows the request.
    fn error_response(&self) -> HttpResponse {
        self.head().finish()
    }
}

impl From<Denied> for Problem {
    /// Nobody learns what they lack, or where.
    fn from(denied: Denied) -> Self {
        let lacked = match denied {
            Denied::Lacks(permission) => Some(permission),
            Denied::Outsider | Denied::NoMember => None,
        };
        Self {
            lacked,
            ..Kind::Forbidden.into()
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(source) => Self::unavailable(source),
            StoreError::Gone => Kind::NotFound.into(),
            StoreError::Taken(Unique::Request) => Self::in_flight(),
            StoreError::Corrupt(row) => Self::from(Kind::Corrupt).because(row),
            StoreError::Taken(_) | StoreError::Broken(_) => {
                Self::from(Kind::Internal).because(error)
            }
        }
    }
}

impl From<TooMany> for Problem {
    fn from(TooMany { retry_after }: TooMany) -> Self {
        Self::from(Kind::TooManyRequests).retry_after(retry_after)
    }
}

impl From<HashingError> for Problem {
    fn from(error: HashingError) -> Self {
        match error {
            HashingError::Busy { retry_after } => Self::from(Kind::Busy).retry_after(retry_after),
            HashingError::Broken(_) => Self::from(Kind::Internal).because(error),
        }
    }
}

impl From<RegisterError> for Problem {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::EmailTaken => Kind::EmailTaken.into(),
            RegisterError::Store(error) => error.into(),
        }
    }
}

impl From<ChangePasswordError> for Problem {
    fn from(error: ChangePasswordError) -> Self {
        match error {
            ChangePasswordError::WrongPassword => Kind::WrongPassword.into(),
            ChangePasswordError::TooMany(error) => error.into(),
            ChangePasswordError::Hashing(error) => error.into(),
            ChangePasswordError::Store(error) => error.into(),
        }
    }
}

impl From<RedeemError> for Problem {
    fn from(error: RedeemError) -> Self {
        match error {
            RedeemError::NotRedeemable(_) => Kind::NotRedeemable.into(),
            RedeemError::Hashing(error) => error.into(),
            RedeemError::Store(error) => error.into(),
        }
    }
}

impl From<SessionError> for Problem {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Refused => Kind::InvalidToken.into(),
            SessionError::NotYours => Kind::Forbidden.into(),
            SessionError::TooMany(error) => error.into(),
            SessionError::Hashing(error) => error.into(),
            SessionError::Keys(source) => Self::unavailable(source),
            SessionError::Store(error) => error.into(),
        }
    }
}

impl From<FoundError> for Problem {
    fn from(error: FoundError) -> Self {
        match error {
            FoundError::SlugTaken => Kind::SlugTaken.into(),
            FoundError::AlreadyElsewhere(_) => Kind::AlreadyElsewhere.into(),
            FoundError::Store(error) => error.into(),
        }
    }
}

impl From<TenantError> for Problem {
    fn from(error: TenantError) -> Self {
        match error {
            TenantError::WrongState | TenantError::GraceOver => {
                Self::from(Kind::WrongState).detail(error)
            }
            TenantError::UnknownRole => Kind::UnknownRole.into(),
            TenantError::SecondFactorMissing => Kind::SecondFactorMissing.into(),
            TenantError::TooManyDomains => Self::field("settings/allowed_domains", error),
            TenantError::OwnerByDefault => Self::from(Kind::InvalidRoles).detail(error),
            TenantError::Escalation(_) => Kind::Forbidden.into(),
        }
    }
}

impl From<ChangeOrganizationError> for Problem {
    fn from(error: ChangeOrganizationError) -> Self {
        match error {
            ChangeOrganizationError::SlugTaken => Kind::SlugTaken.into(),
            ChangeOrganizationError::Tenant(error) => error.into(),
            ChangeOrganizationError::Stale(Stale) => Kind::PreconditionFailed.into(),
            ChangeOrganizationError::Denied(denied) => denied.into(),
            ChangeOrganizationError::Store(error) => error.into(),
        }
    }
}

impl From<OwnershipError> for Problem {
    fn from(error: OwnershipError) -> Self {
        match error {
            OwnershipError::Offer(OfferError::NotEligible) => Kind::NotEligible.into(),
            OwnershipError::Offer(OfferError::Void) => Kind::OfferVoid.into(),
            OwnershipError::Offer(OfferError::Escalation(_)) => Kind::Forbidden.into(),
            OwnershipError::Denied(denied) => denied.into(),
            OwnershipError::Store(error) => error.into(),
        }
    }
}

impl From<OperateError> for Problem {
    fn from(error: OperateError) -> Self {
        match error {
            OperateError::Tenant(error) => error.into(),
            OperateError::Store(error) => error.into(),
        }
    }
}

impl From<MemberError> for Problem {
    fn from(error: MemberError) -> Self {
        match error {
            MemberError::LastOwner(_) => Kind::LastOwner.into(),
            MemberError::Escalation(_) => Kind::Forbidden.into(),
            MemberError::UnknownRole => Kind::UnknownRole.into(),
            MemberError::OwnershipIsWhole | MemberError::EndsInThePast => {
                Self::from(Kind::InvalidRoles).detail(error)
            }
            MemberError::OtherObject(error) => Self::from(Kind::Internal).because(error),
        }
    }
}

impl From<InviteError> for Problem {
    fn from(error: InviteError) -> Self {
        match error {
            InviteError::Escalation(_) => Kind::Forbidden.into(),
            InviteError::UnknownRole => Kind::UnknownRole.into(),
            InviteError::DomainRefused(_) => Kind::DomainRefused.into(),
            InviteError::Over => Kind::InvitationOver.into(),
        }
    }
}

impl From<AddError> for Problem {
    fn from(error: AddError) -> Self {
        match error {
            AddError::AlreadyMember => Kind::AlreadyMember.into(),
            AddError::AlreadyInvited => Kind::AlreadyInvited.into(),
            AddError::AlreadyElsewhere(_) => Kind::AlreadyElsewhere.into(),
            AddError::Member(error) => error.into(),
            AddError::Invite(error) => error.into(),
            AddError::DomainRefused(_) => Kind::DomainRefused.into(),
            AddError::Denied(denied) => denied.into(),
            AddError::Store(error) => error.into(),
        }
    }
}

impl From<ChangeMemberError> for Problem {
    fn from(error: ChangeMemberError) -> Self {
        match error {
            ChangeMemberError::Member(error) => error.into(),
            ChangeMemberError::Stale(Stale) => Kind::PreconditionFailed.into(),
            ChangeMemberError::Denied(denied) => denied.into(),
            ChangeMemberError::Store(error) => error.into(),
        }
    }
}

impl From<ChangeInvitationError> for Problem {
    fn from(error: ChangeInvitationError) -> Self {
        match error {
            ChangeInvitationError::Invite(error) => error.into(),
            ChangeInvitationError::Denied(denied) => denied.into(),
            ChangeInvitationError::Store(error) => error.into(),
        }
    }
}

impl From<AnswerError> for Problem {
    fn from(error: AnswerError) -> Self {
        match error {
            AnswerError::UnknownSecret => Kind::NotRedeemable.into(),
            AnswerError::UnknownId => Kind::NotFound.into(),
            AnswerError::Redeem(RedeemInvitationError::Over) => Kind::InvitationOver.into(),
            AnswerError::Redeem(RedeemInvitationError::AnotherAddress) => {
                Kind::AnotherAddress.into()
            }
            AnswerError::Redeem(RedeemInvitationError::Void) => Kind::InvitationVoid.into(),
            AnswerError::Redeem(RedeemInvitationError::DomainRefused(_)) => {
                Kind::DomainRefused.into()
            }
            AnswerError::AlreadyMember => Kind::AlreadyMember.into(),
            AnswerError::AlreadyElsewhere(_) => Kind::AlreadyElsewhere.into(),
            AnswerError::Store(error) => error.into(),
        }
    }
}

impl From<RoleError> for Problem {
    fn from(error: RoleError) -> Self {
        match error {
            RoleError::Unknown => Kind::UnknownRole.into(),
            RoleError::BuiltIn => Kind::RoleBuiltIn.into(),
            RoleError::NameTaken => Kind::RoleNameTaken.into(),
            RoleError::Cycle | RoleError::IncludesOwner => {
                Self::from(Kind::RoleCycle).detail(error)
            }
            RoleError::TooMany => Kind::TooManyRoles.into(),
            RoleError::InUse => Kind::RoleInUse.into(),
            RoleError::Stale(Stale) => Kind::PreconditionFailed.into(),
            RoleError::Escalation(_) => Kind::Forbidden.into(),
        }
    }
}

impl From<ChangeRoleError> for Problem {
    fn from(error: ChangeRoleError) -> Self {
        match error {
            ChangeRoleError::Role(error) => error.into(),
            ChangeRoleError::Grant(error) => Self::from(Kind::UnknownPermission).detail(error),
            ChangeRoleError::Denied(denied) => denied.into(),
            ChangeRoleError::Store(error) => error.into(),
        }
    }
}

impl From<MachineError> for Problem {
    fn from(error: MachineError) -> Self {
        match error {
            MachineError::Account(ServiceAccountError::UnknownRole) => Kind::UnknownRole.into(),
            MachineError::Account(error @ ServiceAccountError::Owner) => {
                Self::from(Kind::InvalidRoles).detail(error)
            }
            MachineError::Account(error @ ServiceAccountError::TooMany) => {
                Self::from(Kind::TooManyMachines).detail(error)
            }
            MachineError::Account(ServiceAccountError::Stale(Stale)) => {
                Kind::PreconditionFailed.into()
            }
            MachineError::Account(ServiceAccountError::Escalation(_))
            | MachineError::Key(ApiKeyError::Escalation(_)) => Kind::Forbidden.into(),
            MachineError::Key(error @ ApiKeyError::OwnThings) => {
                Self::from(Kind::UnknownPermission).detail(error)
            }
            MachineError::Key(ApiKeyError::Lifetime) => Kind::KeyLifetime.into(),
            MachineError::Key(error @ ApiKeyError::TooMany) => {
                Self::from(Kind::TooManyMachines).detail(error)
            }
            MachineError::Key(ApiKeyError::Over) => Kind::KeyOver.into(),
            MachineError::NoAccount => Kind::NotFound.into(),
            MachineError::Grant(error) => Self::from(Kind::UnknownPermission).detail(error),
            MachineError::Denied(denied) => denied.into(),
            MachineError::Store(error) => error.into(),
        }
    }
}

impl From<ExplainError> for Problem {
    fn from(error: ExplainError) -> Self {
        match error {
            ExplainError::Denied(denied) => denied.into(),
            ExplainError::NotFound => Kind::NotFound.into(),
            ExplainError::NotHere => Kind::NotOnPlatform.into(),
            ExplainError::Store(error) => error.into(),
        }
    }
}

impl From<ProjectError> for Problem {
    fn from(error: ProjectError) -> Self {
        match error {
            ProjectError::NameTaken => Kind::ProjectNameTaken.into(),
            ProjectError::Denied(denied) => denied.into(),
            ProjectError::OtherObject(error) => Self::from(Kind::Internal).because(error),
            ProjectError::Member(error) => error.into(),
            ProjectError::Store(error) => error.into(),
        }
    }
}

/// The table as it stands in `docs/error-handling.md`.
#[must_use]
pub fn markdown() -> String {
    let mut table = String::from("| status | code | title |\n|---|---|---|\n");
    for kind in Kind::ALL {
        let status = kind.status().as_u16();
        let _ = writeln!(table, "| {status} | `{}` | {} |", kind.code(), kind.title());
    }
    table
}
