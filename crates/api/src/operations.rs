//! What each row of the table does: its name for programs, a sentence for people, and how it can be refused beyond what
//! its declaration and its arguments refuse.

use crate::problem::Kind::{self, *};

/// What the document groups operations by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "`about` says it")]
pub enum Tag {
    Sessions,
    Account,
    Organizations,
    Organization,
    Members,
    Invitations,
    Roles,
    Machines,
    Projects,
    Access,
    Audit,
    Overview,
    Platform,
    Short,
    OAuth,
    Service,
}

impl Tag {
    /// All of them, in the order of the document.
    pub const ALL: &[Self] = &[
        Self::Sessions,
        Self::Account,
        Self::Organizations,
        Self::Organization,
        Self::Members,
        Self::Invitations,
        Self::Roles,
        Self::Machines,
        Self::Projects,
        Self::Access,
        Self::Audit,
        Self::Overview,
        Self::Platform,
        Self::Short,
        Self::OAuth,
        Self::Service,
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::Account => "account",
            Self::Organizations => "organizations",
            Self::Organization => "organization",
            Self::Members => "members",
            Self::Invitations => "invitations",
            Self::Roles => "roles",
            Self::Machines => "machines",
            Self::Projects => "projects",
            Self::Access => "access",
            Self::Audit => "audit",
            Self::Overview => "overview",
            Self::Platform => "platform",
            Self::Short => "short paths",
            Self::OAuth => "OAuth 2.0",
            Self::Service => "service",
        }
    }

    /// What belongs to it.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::Sessions => "Signing in and out, tokens and sessions.",
            Self::Account => "One's own account: registration, address, password.",
            Self::Organizations => "Those that one belongs to: founding and entering them.",
            Self::Organization => "The organization of the token.",
            Self::Members => "Who belongs to the organization.",
            Self::Invitations => "Who is asked to join.",
            Self::Roles => "What can be permitted, and the roles that hold it.",
            Self::Machines => "Programs that work in the organization, and their keys.",
            Self::Projects => "What members work on.",
            Self::Access => "Why the policy says what it says.",
            Self::Audit => "What was done and refused.",
            Self::Overview => "How the organization stands, for whoever runs it.",
            Self::Platform => "The deployment, for its operators.",
            Self::Short => {
                "Short paths to what stands under `/api/v1` as well; new clients take the latter."
            }
            Self::OAuth => "Tokens as RFC 6749 has them, for what is written for OAuth 2.0.",
            Self::Service => "The process itself.",
        }
    }
}

/// What the document says about a row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operation {
    pub(crate) id: &'static str,
    pub(crate) tag: Tag,
    pub(crate) summary: &'static str,
    pub(crate) kinds: &'static [Kind],
}

macro_rules! operations {
    ($($name:ident $tag:ident $id:literal $summary:literal [$($kind:ident)*];)+) => {
        /// What a row does. Each has one row.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "the summary says it")]
        pub enum Does { $($name),+ }

        impl Does {
            /// All of it.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Its name for programs.
            #[must_use]
            pub const fn id(self) -> &'static str {
                self.about().id
            }

            pub(crate) const fn about(self) -> Operation {
                match self {
                    $(Self::$name => Operation {
                        id: $id,
                        tag: Tag::$tag,
                        summary: $summary,
                        kinds: &[$($kind),*],
                    }),+
                }
            }
        }
    };
}

#[rustfmt::skip]
operations! {
    // name                tag            id                            summary, and what it is refused for
    Live                   Service        "getHealth"                   "Tells that the process answers." [];
    Ready                  Service        "getReadiness"                "Tells whether the process can do its work." [];
    Jwks                   Service        "getJwks"                     "Shows the keys that access tokens are verified with (RFC 7517)." [];
    OpenApi                Service        "getOpenApi"                  "Shows this document." [];
    Docs                   Service        "getDocs"                     "Shows the page on which everything can be tried." [];
    DocsStyle              Service        "getDocsStyle"                "Shows how the page looks." [];
    DocsScript             Service        "getDocsScript"               "Shows what the page does." [];
    UiStyle                Service        "getSwaggerUiStyle"           "Shows how Swagger UI looks." [];
    UiScript               Service        "getSwaggerUi"                "Shows Swagger UI." [];

    OAuthMetadata          OAuth          "getOAuthMetadata"            "Shows where everything is, for clients that look for it themselves (RFC 8414)." [];
    Token                  OAuth          "getOAuthToken"               "Grants an access token, for a password, a refresh token or an API key (RFC 6749)." [Busy];
    RevokeToken            OAuth          "revokeOAuthToken"            "Gives a token back, and ends its session (RFC 7009)." [];
    IntrospectToken        OAuth          "introspectOAuthToken"        "Looks into a token of the organization, for its machines (RFC 7662)." [];

    ShortRegister          Short          "shortRegister"               "Makes an account." [EmailTaken Busy];
    ShortLogin             Short          "shortLogin"                  "Opens a session with a password." [InvalidCredentials Forbidden Busy TooManyRequests];
    ShortRefresh           Short          "shortRefresh"                "Spends a refresh token for a new pair." [Unauthenticated InvalidToken Forbidden];
    ShortLogout            Short          "shortLogout"                 "Ends the session." [Unauthenticated InvalidToken Forbidden];
    ShortMe                Short          "shortMe"                     "Shows who is signed in." [];
    ShortOrganizations     Short          "shortListOrganizations"      "Lists the organizations that one belongs to." [];
    ShortFound             Short          "shortFoundOrganization"      "Founds an organization." [SlugTaken AlreadyElsewhere];
    ShortSelect            Short          "shortSelectOrganization"     "Mints tokens for an organization." [Forbidden];
    ShortAddMember         Short          "shortAddMember"              "Adds a member, or invites one." [AlreadyMember AlreadyInvited AlreadyElsewhere UnknownRole InvalidRoles DomainRefused];
    ShortMembers           Short          "shortListMembers"            "Lists the members." [UnknownRole];
    ShortCreateProject     Short          "shortCreateProject"          "Creates a project." [ProjectNameTaken];

    Register               Account        "register"                    "Makes an account." [EmailTaken Busy];
    Login                  Sessions       "login"                       "Opens a session with a password." [InvalidCredentials Forbidden Busy TooManyRequests];
    Refresh                Sessions       "refresh"                     "Spends a refresh token for a new pair." [Unauthenticated InvalidToken Forbidden];
    Logout                 Sessions       "logout"                      "Ends the session." [Unauthenticated InvalidToken Forbidden];
    ForgotPassword         Account        "forgotPassword"              "Mails a token to choose another password with." [];
    ResetPassword          Account        "resetPassword"               "Chooses another password with a token from a mail." [NotRedeemable Busy];
    VerifyEmail            Account        "verifyEmail"                 "Shows with a token from a mail that the address is one's own." [NotRedeemable];
    ResendVerification     Account        "resendVerification"          "Mails another token to verify the address with." [];
    PasswordPolicy         Account        "getPasswordPolicy"           "Tells what a new password must be." [];
    Me                     Account        "getMe"                       "Shows who is signed in." [];
    ChangePassword         Account        "changePassword"              "Chooses another password, and ends the other sessions." [WrongPassword Busy TooManyRequests];
    MyOrganizations        Organizations  "listMyOrganizations"         "Lists the organizations that one belongs to." [];
    MyInvitations          Invitations    "listMyInvitations"           "Lists the invitations that wait for one's own address." [];
    Sessions               Sessions       "listSessions"                "Lists one's own sessions." [];
    EndSessions            Sessions       "endSessions"                 "Signs out everywhere." [];
    EndOtherSessions       Sessions       "endOtherSessions"            "Signs out everywhere but here." [];
    EndSession             Sessions       "endSession"                  "Ends one of one's own sessions." [NotFound];
    Organizations          Organizations  "listOrganizations"           "Lists the organizations that one belongs to." [];
    Found                  Organizations  "foundOrganization"           "Founds an organization." [SlugTaken AlreadyElsewhere];
    Select                 Organizations  "selectOrganization"          "Mints tokens for an organization." [Forbidden];
    Organization           Organization   "getOrganization"             "Shows the organization." [NotFound];
    ChangeOrganization     Organization   "changeOrganization"          "Changes what is named of the organization." [SlugTaken UnknownRole InvalidRoles SecondFactorMissing WrongState];
    DeleteOrganization     Organization   "deleteOrganization"          "Deletes the organization; it can be restored for a while." [WrongState];
    SuspendOrganization    Organization   "suspendOrganization"         "Suspends the organization." [WrongState];
    ResumeOrganization     Organization   "resumeOrganization"          "Resumes the organization." [WrongState];
    RestoreOrganization    Organization   "restoreOrganization"         "Restores the organization that was deleted." [WrongState];
    Transfer               Organization   "getTransfer"                 "Shows the offer of ownership that stands." [NotFound];
    OfferTransfer          Organization   "offerTransfer"               "Offers ownership to a member." [NotEligible];
    WithdrawTransfer       Organization   "withdrawTransfer"            "Takes the offer of ownership back." [];
    AcceptTransfer         Organization   "acceptTransfer"              "Takes the ownership that was offered." [NotEligible OfferVoid];
    DeclineTransfer        Organization   "declineTransfer"             "Declines the ownership that was offered." [];
    Leave                  Organization   "leaveOrganization"           "Leaves the organization." [LastOwner];
    Members                Members        "listMembers"                 "Lists the members." [UnknownRole];
    AddMember              Members        "addMember"                   "Adds a member, or invites one." [AlreadyMember AlreadyInvited AlreadyElsewhere UnknownRole InvalidRoles DomainRefused];
    Member                 Members        "getMember"                   "Shows a member." [NotFound];
    RemoveMember           Members        "removeMember"                "Removes a member." [LastOwner];
    MemberRoles            Members        "getMemberRoles"              "Shows the roles of a member." [NotFound];
    AssignRoles            Members        "changeMemberRoles"           "Gives a member these roles in place of those that they have." [UnknownRole InvalidRoles LastOwner];
    SuspendMember          Members        "suspendMember"               "Suspends a member." [LastOwner];
    ResumeMember           Members        "resumeMember"                "Resumes a member." [];
    Invitations            Invitations    "listInvitations"             "Lists the invitations." [];
    Invite                 Invitations    "invite"                      "Mails an invitation." [AlreadyMember AlreadyInvited AlreadyElsewhere UnknownRole InvalidRoles DomainRefused];
    Invitation             Invitations    "getInvitation"               "Shows an invitation." [NotFound];
    RevokeInvitation       Invitations    "revokeInvitation"            "Takes an invitation back." [InvitationOver];
    ResendInvitation       Invitations    "resendInvitation"            "Sends an invitation again, with another secret." [InvitationOver UnknownRole DomainRefused];
    PreviewInvitation      Invitations    "previewInvitation"           "Shows what the secret of an invitation offers." [NotRedeemable InvitationOver];
    AcceptInvitation       Invitations    "acceptInvitation"            "Accepts an invitation." [NotRedeemable NotFound InvitationOver InvitationVoid DomainRefused AlreadyMember AlreadyElsewhere AnotherAddress Forbidden];
    DeclineInvitation      Invitations    "declineInvitation"           "Declines an invitation." [NotRedeemable NotFound InvitationOver AnotherAddress Forbidden Unauthenticated InvalidToken];
    Permissions            Roles          "listPermissions"             "Lists everything that can be permitted." [];
    Roles                  Roles          "listRoles"                   "Lists the roles." [];
    CreateRole             Roles          "createRole"                  "Creates a role." [RoleNameTaken UnknownRole UnknownPermission RoleCycle TooManyRoles];
    Role                   Roles          "getRole"                     "Shows a role." [NotFound];
    ChangeRole             Roles          "changeRole"                  "Changes what is named of a role." [RoleNameTaken UnknownRole UnknownPermission RoleCycle RoleBuiltIn];
    ReplaceRole            Roles          "replaceRole"                 "Changes all of a role." [RoleNameTaken UnknownRole UnknownPermission RoleCycle RoleBuiltIn];
    DeleteRole             Roles          "deleteRole"                  "Deletes a role." [RoleInUse RoleBuiltIn RoleCycle UnknownRole InvalidRoles];
    ServiceAccounts        Machines       "listServiceAccounts"         "Lists the service accounts." [];
    CreateServiceAccount   Machines       "createServiceAccount"        "Creates a service account." [UnknownRole InvalidRoles TooManyMachines];
    ServiceAccount         Machines       "getServiceAccount"           "Shows a service account." [NotFound];
    ChangeServiceAccount   Machines       "changeServiceAccount"        "Changes what is named of a service account." [UnknownRole InvalidRoles];
    DeleteServiceAccount   Machines       "deleteServiceAccount"        "Deletes a service account, with all of its keys." [];
    ApiKeys                Machines       "listApiKeys"                 "Lists the API keys." [];
    CreateApiKey           Machines       "createApiKey"                "Makes an API key, and shows it this once." [UnknownPermission TooManyMachines KeyLifetime];
    ApiKey                 Machines       "getApiKey"                   "Shows an API key, without its secret." [NotFound];
    RotateApiKey           Machines       "rotateApiKey"                "Gives an API key another secret, and shows it this once." [KeyOver KeyLifetime];
    RevokeApiKey           Machines       "revokeApiKey"                "Revokes an API key, and every token that was made with it." [];
    RevokePreviousKey      Machines       "revokePreviousApiKey"        "Ends the time of the secret that an API key had before its last rotation." [];
    Projects               Projects       "listProjects"                "Lists the projects that one may see." [];
    CreateProject          Projects       "createProject"               "Creates a project." [ProjectNameTaken];
    Project                Projects       "getProject"                  "Shows a project." [NotFound];
    RenameProject          Projects       "renameProject"               "Renames a project." [ProjectNameTaken];
    DeleteProject          Projects       "deleteProject"               "Deletes a project." [];
    ProjectMembers         Projects       "listProjectMembers"          "Lists who has roles on a project." [NotFound];
    ShareProject           Projects       "shareProject"                "Gives a member roles on a project." [UnknownRole InvalidRoles];
    UnshareProject         Projects       "unshareProject"              "Takes the roles on a project from a member." [];
    Explain                Access         "explainAccess"               "Tells what the policy says about a permission, and why." [Forbidden NotFound NotOnPlatform];
    AuditEvents            Audit          "listAuditEvents"             "Lists the records of the audit trail." [];
    ExportAudit            Audit          "exportAuditEvents"           "Writes the records of the audit trail, a line each." [];
    Overview               Overview       "getOverview"                 "Counts what there is in the organization." [];
    Attention              Overview       "listAttention"               "Lists the members that want to be looked at." [];
    Refusals               Overview       "listRefusals"                "Lists what was refused of late." [];
    Tenants                Platform       "listTenants"                 "Lists all organizations." [];
    Tenant                 Platform       "getTenant"                   "Shows an organization." [NotFound];
    SuspendTenant          Platform       "suspendTenant"               "Suspends an organization." [WrongState];
    ResumeTenant           Platform       "resumeTenant"                "Resumes an organization." [WrongState];
    Users                  Platform       "listUsers"                   "Lists all accounts." [];
    User                   Platform       "getUser"                     "Shows an account." [NotFound];
    SuspendUser            Platform       "suspendUser"                 "Suspends an account." [];
    ResumeUser             Platform       "resumeUser"                  "Resumes an account." [];
}
