//! What the parsers of the domain promise about any text: what breaks a promise panics. The fuzzer in `fuzz/` calls the
//! same functions.

use bailiwick_domain::{
    AuditId, ChainId, InvitationId, MailedTokenId, MemberId, Name, ProjectId, RoleId, SessionId,
    TenantId, UserId,
    access::{Catalogue, Extent, Grant, Grants, Permission},
    role::BuiltIn,
    tenant::{Domain, Slug},
    user::EmailAddress,
};
use std::{
    fmt::{Debug, Display},
    str::FromStr,
};

/// What is read is written as the same, and read again as the same: there is one normal form. Says which it is.
fn has_a_normal_form<T>(text: &str) -> Option<String>
where
    T: FromStr<Err: Display> + Display + PartialEq + Debug,
{
    match text.parse::<T>() {
        Ok(value) => {
            let normal = value.to_string();
            assert_eq!(normal.parse::<T>().ok().as_ref(), Some(&value), "{text:?}");
            Some(normal)
        }
        Err(refusal) => {
            assert!(!refusal.to_string().is_empty(), "{text:?}");
            None
        }
    }
}

/// Identifiers: each has one spelling, and a text is one kind of id at the most.
pub(crate) fn ids(text: &str) {
    let kinds = [
        has_a_normal_form::<TenantId>(text),
        has_a_normal_form::<UserId>(text),
        has_a_normal_form::<MemberId>(text),
        has_a_normal_form::<RoleId>(text),
        has_a_normal_form::<InvitationId>(text),
        has_a_normal_form::<ProjectId>(text),
        has_a_normal_form::<SessionId>(text),
        has_a_normal_form::<ChainId>(text),
        has_a_normal_form::<MailedTokenId>(text),
        has_a_normal_form::<AuditId>(text),
    ];

    assert!(kinds.iter().flatten().count() <= 1, "{text:?}");
    assert!(kinds.iter().flatten().all(|id| id == text), "{text:?}");
}

/// Names, slugs and names of built-in roles.
pub(crate) fn texts(text: &str) {
    if let Some(name) = has_a_normal_form::<Name>(text) {
        assert_eq!(name, text.trim());
        assert!((1..=Name::MAX).contains(&name.chars().count()), "{text:?}");
        assert!(!name.chars().any(char::is_control), "{text:?}");
    }
    if let Some(slug) = has_a_normal_form::<Slug>(text) {
        assert_eq!(slug, text);
        assert!((1..=Slug::MAX).contains(&slug.len()), "{text:?}");
        // A slug is a name, and the slug of that name.
        let name = slug.parse::<Name>().ok();
        let again = name.map(|name| Slug::of(&name, TenantId::from_uuid(uuid::Uuid::nil())));
        assert_eq!(again.map(|slug| slug.to_string()), Some(slug));
    }
    if let Ok(name) = text.parse::<Name>() {
        let slug = Slug::of(&name, TenantId::from_uuid(uuid::Uuid::nil()));
        assert_eq!(slug.as_str().parse::<Slug>().as_ref(), Ok(&slug));
    }
    if let Ok(role) = text.parse::<BuiltIn>() {
        assert_eq!(role.name(), text);
    }
}

/// Addresses and their hosts.
pub(crate) fn emails(text: &str) {
    if let Some(email) = has_a_normal_form::<EmailAddress>(text) {
        assert_eq!(email, text.trim().to_ascii_lowercase());
        assert!(email.is_ascii() && email.len() <= EmailAddress::MAX);
        assert!(email.bytes().all(|byte| byte.is_ascii_graphic()));
        let (local, host) = email.split_once('@').unwrap_or_default();
        assert!((1..=EmailAddress::MAX_LOCAL).contains(&local.len()));
        assert_eq!(has_a_normal_form::<Domain>(host).as_deref(), Some(host));
    }
    if let Some(domain) = has_a_normal_form::<Domain>(text) {
        assert_eq!(domain, text.trim().to_ascii_lowercase());
        let address = format!("a@{domain}").parse::<EmailAddress>();
        assert_eq!(address.as_ref().map(EmailAddress::host), Ok(&*domain));
    }
}

/// Permissions, grants, patterns, and what a store keeps of them.
pub(crate) fn grants(text: &str) {
    if let Ok(permission) = text.parse::<Permission>() {
        assert_eq!(permission.name(), text);
    }
    if let Some(grant) = has_a_normal_form::<Grant>(text) {
        assert_eq!(grant, text);
    }
    for offered in [|_| true, |permission: Permission| !permission.is_reserved()] {
        match Grants::named(text, offered) {
            Ok(grants) => {
                assert!(!grants.is_empty(), "{text:?}");
                for grant in grants.iter() {
                    assert!(offered(grant.permission), "{text:?}");
                    let ownable = grant.permission.is_ownable();
                    assert!(grant.extent == Extent::All || ownable, "{text:?}");
                    // What a pattern stands for can be said without it.
                    let alone = Grants::named(&grant.to_string(), offered).ok();
                    assert_eq!(alone, Some(Grants::empty().with(grant)));
                }
                assert_eq!(Grants::stored(&grants.to_string()), Ok(grants));
            }
            Err(refusal) => assert!(!refusal.to_string().is_empty(), "{text:?}"),
        }
    }
    if let Ok(grants) = Grants::<Permission>::stored(text) {
        assert_eq!(Grants::stored(&grants.to_string()), Ok(grants), "{text:?}");
    }
}
