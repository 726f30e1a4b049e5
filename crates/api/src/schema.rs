//! What texts look like in bodies, paths and queries, as JSON Schema (2020-12) says it.
//!
//! A pattern here is the rule of the domain's `FromStr`, in the words of every engine of regular expressions; the tests
//! hold the two together.

use bailiwick_application::{admin::Concern, ports::Outcome};
use bailiwick_domain::{
    ApiKeyId, AuditId, InvitationId, MemberId, Name, ProjectId, RoleId, ServiceAccountId,
    SessionId, TenantId, Timestamp, UserId,
    access::{Actor, Catalogue, Level, Obstacle, Permission, Reason},
    api_key::ShownKey,
    invitation::InvitationStatus,
    member::MemberStatus,
    password::{Password, PasswordPolicy},
    role::BuiltIn,
    service_account::ServiceAccountStatus,
    tenant::{Domain, Slug, TenantStatus},
    user::EmailAddress,
};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Value, json};
use std::{borrow::Cow, marker::PhantomData};

/// What the domain understands or writes as a text.
pub(crate) trait Spelled {
    /// What the document calls it.
    const NAME: &'static str;

    /// What it looks like.
    fn schema() -> Value;
}

/// A text that is spelled like a `T`: for `#[schemars(with = "Text<T>")]`.
pub(crate) struct Text<T>(PhantomData<T>);

impl<T: Spelled> JsonSchema for Text<T> {
    fn schema_name() -> Cow<'static, str> {
        T::NAME.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        T::schema().try_into().unwrap_or_default()
    }
}

/// A digit of Crockford's base 32, as TypeIDs are written.
const DIGIT: &str = "[0-9a-hjkmnp-tv-z]";

macro_rules! ids {
    ($($id:ident $name:literal $what:literal;)*) => {$(
        impl Spelled for $id {
            const NAME: &'static str = $name;

            fn schema() -> Value {
                id($what, Self::PREFIX, &[Self::PREFIX])
            }
        }
    )*};
}

fn id(what: &str, prefix: &str, prefixes: &[&str]) -> Value {
    let all = match prefixes {
        [one] => (*one).to_owned(),
        several => format!("(?:{})", several.join("|")),
    };
    json!({
        "type": "string",
        "description": format!("The id of {what}, as a TypeID."),
        // 26 digits of Crockford's base 32; above `7` the first would not fit into 128 bits.
        "pattern": format!("^{all}_[0-7]{DIGIT}{{25}}$"),
        "examples": [format!("{prefix}_01h455vb4pex5vsknk084sn02q")],
    })
}

#[rustfmt::skip]
ids! {
    ApiKeyId          "ApiKeyId"          "an API key";
    AuditId           "AuditId"           "a record of the audit trail";
    InvitationId      "InvitationId"      "an invitation";
    MemberId          "MemberId"          "a member";
    ProjectId         "ProjectId"         "a project";
    RoleId            "RoleId"            "a role";
    ServiceAccountId  "ServiceAccountId"  "a service account";
    SessionId         "SessionId"         "a session";
    TenantId          "OrganizationId"    "an organization";
    UserId            "UserId"            "an account";
}

/// Whoever did something: a person or a machine.
impl Spelled for Actor {
    const NAME: &'static str = "ActorId";

    fn schema() -> Value {
        let prefixes = [UserId::PREFIX, ServiceAccountId::PREFIX];
        id("an account or a service account", UserId::PREFIX, &prefixes)
    }
}

/// A key as it is shown once.
impl Spelled for ShownKey {
    const NAME: &'static str = "ShownApiKey";

    fn schema() -> Value {
        let prefix = Self::PREFIX;
        json!({
            "type": "string",
            "description": "An API key, which is shown this once; a checksum stands at its end.",
            "pattern": format!("^{prefix}[0-7]{DIGIT}{{25}}_{DIGIT}{{59}}$"),
        })
    }
}

macro_rules! words {
    ($($word:ty, $name:literal, $what:literal, $all:expr;)*) => {$(
        impl Spelled for $word {
            const NAME: &'static str = $name;

            fn schema() -> Value {
                json!({
                    "type": "string",
                    "description": $what,
                    "enum": $all.iter().map(|one| one.name()).collect::<Vec<_>>(),
                })
            }
        }
    )*};
}

#[rustfmt::skip]
words! {
    BuiltIn,           "BuiltInRole",         "A role that every organization has.",       BuiltIn::ALL;
    Concern,           "Concern",             "What is to be looked at about a member.",   CONCERNS;
    InvitationStatus,  "InvitationStatus",    "How an invitation stands.",                 InvitationStatus::ALL;
    Level,             "Level",               "What a permission is about.",               LEVELS;
    MemberStatus,      "MemberStatus",        "How a membership stands.",                  MemberStatus::ALL;
    Outcome,           "Outcome",             "What came of it.",                          Outcome::ALL;
    Permission,        "Permission",          "What can be permitted.",                    Permission::ALL;
    Reason,            "Reason",              "Why the policy says no, or would.",         REASONS;
    ServiceAccountStatus, "ServiceAccountStatus", "Are the keys of a service account good?", ServiceAccountStatus::ALL;
    TenantStatus,      "OrganizationStatus",  "How an organization stands.",               TenantStatus::ALL;
}

const CONCERNS: [Concern; 4] = [
    Concern::Suspended,
    Concern::NoRole,
    Concern::RoleExpired,
    Concern::RoleExpiring,
];
const LEVELS: [Level; 3] = [Level::Platform, Level::Tenant, Level::Object];
const REASONS: [Reason; 10] = [
    Reason::Obstacle(Obstacle::TenantSuspended),
    Reason::Obstacle(Obstacle::TenantLocked),
    Reason::Obstacle(Obstacle::TenantDeleted),
    Reason::Obstacle(Obstacle::MemberSuspended),
    Reason::Obstacle(Obstacle::AccountSuspended),
    Reason::Obstacle(Obstacle::SecondFactorMissing),
    Reason::Expired,
    Reason::NotTheirOwn,
    Reason::OtherProject,
    Reason::NotHeld,
];

/// White space, as Unicode has it: what is trimmed.
const WHITE: &str =
    "\t-\r \u{85}\u{a0}\u{1680}\u{2000}-\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}";
/// Control characters, and those that are not seen but change how others are read: what no name holds.
const HIDDEN: &str = "\0-\u{1f}\u{7f}-\u{9f}\u{ad}\u{34f}\u{61c}\u{115f}\u{1160}\u{17b4}\u{17b5}\u{180e}\u{200b}\u{200e}\
    \u{200f}\u{2028}-\u{202e}\u{2060}-\u{206f}\u{3164}\u{feff}\u{ffa0}\u{fff9}-\u{fffb}\u{1bca0}-\u{1bca3}\
    \u{1d173}-\u{1d17a}\u{e0000}-\u{e00ff}";
/// Two or more labels of up to 63 characters; the last is not a number.
const HOST: &str = "(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)+\
    (?:[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?|\
    [0-9]{1,20}(?:[A-Za-z]|-[A-Za-z0-9])(?:[A-Za-z0-9-]{0,39}[A-Za-z0-9])?)";

impl Spelled for Name {
    const NAME: &'static str = "Name";

    fn schema() -> Value {
        let inner = Self::MAX - 2;
        json!({
            "type": "string",
            "description": format!(
                "1 to {} characters, of which none is a control character or invisible. White space around it is cut off.",
                Self::MAX
            ),
            "pattern": format!("^[{WHITE}]*[^{WHITE}{HIDDEN}](?:[^{HIDDEN}]{{0,{inner}}}[^{WHITE}{HIDDEN}])?[{WHITE}]*$"),
            "examples": ["Ada"],
        })
    }
}

impl Spelled for EmailAddress {
    const NAME: &'static str = "EmailAddress";

    fn schema() -> Value {
        let atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
        json!({
            "type": "string",
            "format": "email",
            "description": format!(
                "An address that mail can be sent to: at most {} octets, at most {} of them before the `@`. It is \
                 lowered, and a host in another script is brought to its `xn--` form.",
                Self::MAX, Self::MAX_LOCAL
            ),
            "maxLength": Self::MAX,
            "pattern": format!("^{atom}(?:\\.{atom})*@{HOST}$"),
            "examples": ["ada@example.com"],
        })
    }
}

impl Spelled for Domain {
    const NAME: &'static str = "Domain";

    fn schema() -> Value {
        json!({
            "type": "string",
            "description": "The host of addresses. One in another script is brought to its `xn--` form.",
            "maxLength": EmailAddress::MAX - 2,
            "pattern": format!("^{HOST}$"),
            "examples": ["example.com"],
        })
    }
}

impl Spelled for Slug {
    const NAME: &'static str = "Slug";

    fn schema() -> Value {
        json!({
            "type": "string",
            "description": "Lower-case letters and digits, in groups joined by `-`.",
            "maxLength": Self::MAX,
            "pattern": "^[a-z0-9]+(?:-[a-z0-9]+)*$",
            "examples": ["acme-inc"],
        })
    }
}

impl Spelled for Timestamp {
    const NAME: &'static str = "Instant";

    fn schema() -> Value {
        json!({
            "type": "string",
            "format": "date-time",
            "description": "An instant (RFC 3339). Answers have it in UTC.",
            "examples": ["2030-01-31T12:00:00Z"],
        })
    }
}

/// A new password: what the policy makes of it, a deployment decides.
impl Spelled for PasswordPolicy {
    const NAME: &'static str = "NewPassword";

    fn schema() -> Value {
        json!({
            "type": "string",
            "format": "password",
            "description": format!(
                "At least as many characters as `GET /api/v1/auth/password/policy` says, never fewer than {}, and at most \
                 {} bytes; none of those that are guessed first.",
                Self::FLOOR, Password::MAX
            ),
            "minLength": Self::FLOOR,
            "maxLength": Password::MAX,
            "examples": ["correct horse battery"],
        })
    }
}

/// A role by its name or its id.
pub(crate) struct RoleName;

impl RoleName {
    /// The longest, in characters.
    pub(crate) const MAX: usize = 200;
}

impl Spelled for RoleName {
    const NAME: &'static str = "RoleName";

    fn schema() -> Value {
        json!({
            "type": "string",
            "description": "A role of the organization, by its name or its id.",
            "minLength": 1,
            "maxLength": Self::MAX,
            "examples": ["member"],
        })
    }
}

/// A role that another one includes, by its name or its id.
pub(crate) struct IncludedName;

impl IncludedName {
    /// The longest, in characters.
    pub(crate) const MAX: usize = RoleName::MAX;
}

impl Spelled for IncludedName {
    const NAME: &'static str = "IncludedRoleName";

    fn schema() -> Value {
        json!({
            "type": "string",
            "description": "A role of the organization that the role is to include, by its name or its id.",
            "maxLength": Self::MAX,
            "examples": ["member"],
        })
    }
}

/// The name of a permission, or a pattern of names.
pub(crate) struct GrantName;

impl GrantName {
    /// The longest, in bytes.
    pub(crate) const MAX: usize = 100;
}

impl Spelled for GrantName {
    const NAME: &'static str = "GrantName";

    fn schema() -> Value {
        json!({
            "type": "string",
            "description": "The name of a permission, or a pattern of names like `project:*`; with `:own` behind it, for \
                one's own things alone.",
            "maxLength": Self::MAX,
            "examples": ["project:read", "project:*:own"],
        })
    }
}

/// One of these two fields and not the other: null is as good as absent.
pub(crate) fn either(one: &'static str, other: &'static str) -> impl Fn(&mut Schema) {
    let only = |one: &str, other: &str| {
        json!({
            "required": [one],
            "properties": { one: { "not": { "type": "null" } }, other: { "type": "null" } },
        })
    };
    let ways = json!([only(one, other), only(other, one)]);
    move |schema| {
        schema.insert("oneOf".to_owned(), ways.clone());
    }
}

/// Not both of these fields: null is as good as absent.
pub(crate) fn not_both(one: &'static str, other: &'static str) -> impl Fn(&mut Schema) {
    let without = |field: &str| json!({ "properties": { field: { "type": "null" } } });
    let ways = json!([without(one), without(other)]);
    move |schema| {
        schema.insert("anyOf".to_owned(), ways.clone());
    }
}
