//! What the parsers of this crate promise about whatever anybody sends: what breaks a promise panics. Tests and the
//! fuzzer in `fuzz/` call the same functions.

use crate::{
    access::bearer,
    accounts,
    address::{TrustedProxies, client},
    audit,
    body::{self, Body},
    edge, explain, invitations,
    list::{Everything, Filter, ListId, Own, Part},
    members, organizations,
    path::named,
    platform,
    precondition::{IfMatch, IfMatchAny, etag},
    problem::{Kind, Problem},
    projects, roles,
    sessions::{self, device},
    time::{Instant, rfc3339},
};
use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::{
        Uri,
        header::{self, HeaderName, HeaderValue},
    },
    test::TestRequest,
    web::Data,
};
use bailiwick_application::ports::{Cursors, Secret, Slice};
use bailiwick_domain::{
    MemberId, Name, ProjectId, RoleId, SessionId, TenantId, UserId,
    id::{AuditId, InvitationId},
    user::EmailAddress,
    version::{Expected, Version},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, de};
use std::{borrow::Cow, fmt, fmt::Display, str::FromStr, sync::Arc};
use uuid::Uuid;

/// Addresses and hosts, in any spelling of their hosts.
pub fn hosts(text: &str) {
    let ascii = body::ascii_host(text);
    assert_eq!(body::ascii_host(&ascii), ascii);
    assert_eq!(
        body::is_address(text, &()).is_ok(),
        body::address(text).is_ok()
    );
    match body::address(text) {
        Ok(email) => {
            assert_eq!(body::address(email.as_str()).ok().as_ref(), Some(&email));
            let host = body::domain(email.host()).ok();
            assert_eq!(host.as_ref().map(|host| host.as_str()), Some(email.host()));
            let shouted = body::address(&text.to_ascii_uppercase()).ok();
            assert_eq!(shouted, Some(email));
        }
        Err(problem) => refused(&problem, Kind::InvalidBody),
    }
    assert_eq!(
        body::is_domain(text, &()).is_ok(),
        body::domain(text).is_ok()
    );
    match body::domain(text) {
        Ok(domain) => {
            assert_eq!(body::domain(domain.as_str()).ok().as_ref(), Some(&domain));
            if !text.trim().is_ascii() {
                // Whoever reads the host, and writes down what they read, means the same one.
                let (read, _) = idna::domain_to_unicode(domain.as_str());
                assert_eq!(body::domain(&read).ok(), Some(domain), "{read:?}");
            }
        }
        Err(problem) => refused(&problem, Kind::InvalidBody),
    }
}

/// Queries of lists, their filters and their cursors.
pub fn lists(query: &str) {
    list::<MemberId, members::MembersWanted>(query);
    list::<InvitationId, invitations::InvitationsWanted>(query);
    list::<AuditId, audit::Wanted>(query);
    list::<UserId, platform::UsersWanted>(query);
    list::<RoleId, Everything>(query);
    list::<SessionId, Own>(query);
}

fn list<Id: ListId + PartialEq + fmt::Debug, F: Filter>(query: &str) {
    const OWNER: &str = "org_01h455vb4pex5vsknk084sn02q";
    const ROW: Uuid = Uuid::from_u128(0x0189_0a5d_ac96_774b_bcce_b302_099a_8057);
    let Some(request) = get(&format!("/list?{query}")) else {
        return;
    };
    let asked =
        |request: &HttpRequest, owner: &str| Part::<Id, F>::asked(request, owner.to_owned());
    let part = match asked(&request, OWNER) {
        Ok(part) => part,
        Err(problem) if problem.kind() == Kind::InvalidCursor => {
            return refused(&problem, Kind::InvalidCursor);
        }
        Err(problem) => return refused(&problem, Kind::InvalidQuery),
    };
    let (limit, order) = (part.page.limit, part.page.order);
    let key = part.filter.has_key().then(|| "Ada, Countess".to_owned());
    let slice = Slice {
        rows: vec![()],
        more: true,
    };
    let place = |(): &()| (Id::from_uuid(ROW), key.clone());

    // The link to the next part asks for the next part, and for nothing else.
    let answer = part.answer_by(slice, place, |()| ());
    let link = answer.link.unwrap_or_default();
    let link = link
        .strip_prefix('<')
        .and_then(|link| link.strip_suffix(">; rel=\"next\""));
    let request = link.and_then(get);
    assert!(request.is_some(), "{query:?} leads to {link:?}");
    for request in request.iter() {
        let next = asked(request, OWNER).map(|next| next.page).ok();
        let next = next.map(|page| (page.limit, page.order == order, page.after));
        let next = next.and_then(|(limit, order, after)| Some((limit, order, after?)));
        let next = next.map(|(limit, order, after)| (limit, order, after.id, after.key));
        assert_eq!(next, Some((limit, true, Id::from_uuid(ROW), key.clone())));
        // Nobody else gets anywhere with it.
        let theirs = asked(request, "org_00000000000000000000000000").err();
        let theirs = theirs.map(|problem| problem.kind());
        assert_eq!(theirs, Some(Kind::InvalidCursor));
    }
}

/// Signatures that whoever fuzzes can make.
struct Signed;

impl Cursors for Signed {
    fn sign(&self, place: &[u8]) -> [u8; 16] {
        let hash = place.iter().fold(0xcbf2_9ce4_8422_2325_u128, |hash, byte| {
            (hash ^ u128::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
        hash.to_be_bytes()
    }

    fn verify(&self, place: &[u8], mark: &[u8; 16]) -> bool {
        self.sign(place) == *mark
    }
}

/// Preconditions.
pub fn preconditions(bytes: &[u8]) {
    let Some(request) = with(&[header::IF_MATCH], bytes) else {
        return;
    };
    let expected = IfMatchAny::from_request(&request, &mut Payload::None).into_inner();
    let expected = expected.map(|IfMatchAny(expected)| expected).ok();
    let said = String::from_utf8_lossy(bytes);
    let tags: Vec<_> = said.split(',').map(str::trim).collect();
    match &expected {
        Some(Expected::Any) => assert_eq!(tags, ["*"]),
        // A version is met by its own tag alone, letter for letter.
        Some(Expected::OneOf(versions)) => {
            let meant = |version: &Version| tags.contains(&etag(*version).1.as_str());
            assert!(versions.iter().all(meant), "{said:?} as {versions:?}");
            let spelled: Vec<_> = versions.iter().map(|version| etag(*version).1).collect();
            let again = with(&[header::IF_MATCH], spelled.join(", ").as_bytes());
            let again = again.and_then(|request| {
                let expected = IfMatch::from_request(&request, &mut Payload::None);
                expected.into_inner().ok()
            });
            assert_eq!(again.map(|IfMatch(expected)| expected), expected);
        }
        None => assert!(expected.is_some(), "{said:?}"),
    }
}

/// What stands alone in a path, a body or a query: instants, secrets from mails, ids.
pub fn values(text: &str) {
    if let Ok(Instant(at)) = text.parse() {
        let printed = rfc3339(at);
        let again = printed.parse().map(|Instant(at)| at).ok();
        assert_eq!(again, Some(at), "{text:?} as {printed:?}");
        assert_eq!(again.map(rfc3339), Some(printed));
    }
    match accounts::secret(text) {
        Ok(Secret(bytes)) => assert_eq!(BASE64_URL_SAFE_NO_PAD.encode(bytes), text),
        Err(problem) => refused(&problem, Kind::NotRedeemable),
    }
    id::<MemberId>(text);
    id::<ProjectId>(text);
    id::<TenantId>(text);
}

fn id<T: FromStr<Err: Display> + Display>(text: &str) {
    let request = TestRequest::default()
        .param("id", text.to_owned())
        .to_http_request();
    match named::<T>(&request, "id") {
        Ok(id) => assert_eq!(id.to_string(), text),
        Err(problem) => refused(&problem, Kind::InvalidId),
    }
}

/// Bodies, and where the problems with them say that they are.
pub fn bodies(bytes: &[u8]) {
    macro_rules! each {
        ($read:ident: $($module:ident::$body:ident)+) => {
            $($read::<$module::$body>(bytes);)+
        };
    }
    each! { json:
        accounts::RegisterBody accounts::EmailBody accounts::TokenBody accounts::ResetBody accounts::PasswordBody
        explain::ExplainBody invitations::PreviewBody invitations::AnswerBody members::RolesBody
        organizations::ChangeBody organizations::TransferBody platform::ReasonBody projects::ShareBody
        roles::CreateBody roles::ChangeBody
        sessions::LoginBody sessions::RefreshBody sessions::LogoutBody sessions::SelectBody
    }
    each! { form: sessions::LoginForm }
    if let Some(body) = json::<members::AddBody>(bytes) {
        let email = body::address(&body.email).ok();
        assert!(email.is_some_and(|email: EmailAddress| email.as_str().is_ascii()));
        if let Err(problem) = body.roles() {
            refused(&problem, Kind::InvalidBody);
        }
    }
    if let Some(body) = json::<organizations::NameBody>(bytes) {
        assert!(body::parsed::<Name>(&body.name).is_ok());
    }
}

fn json<T: Body>(bytes: &[u8]) -> Option<T> {
    let problem = match body::json::<T>(bytes, &T::Context::default()) {
        Ok(body) => return Some(body),
        Err(problem) => problem,
    };
    if problem.kind() == Kind::MalformedBody {
        refused(&problem, Kind::MalformedBody);
        return None;
    }
    refused(&problem, Kind::InvalidBody);
    let tree: Option<Tree> = serde_json::from_slice(bytes).ok();
    for (tree, fault) in tree
        .iter()
        .flat_map(|tree| problem.faults().iter().map(move |fault| (tree, fault)))
    {
        let place = tokens(&fault.pointer);
        let (last, parent) = place
            .split_last()
            .map_or((None, &*place), |(last, parent)| (Some(last), parent));
        let found = tree.holds(&place);
        if fault.code == "missing_field" {
            assert!(last.is_some() && tree.holds(parent), "{fault:?}");
        } else {
            assert!(found, "{fault:?} in {:?}", String::from_utf8_lossy(bytes));
        }
    }
    None
}

fn form<T: Body>(bytes: &[u8]) {
    if let Err(problem) = body::form::<T>(bytes, &T::Context::default()) {
        refused(&problem, Kind::InvalidBody);
    }
}

/// Header fields that are read before anybody is known.
pub fn headers(bytes: &[u8]) {
    let names = [
        header::AUTHORIZATION,
        header::CONTENT_LENGTH,
        header::CONTENT_TYPE,
        header::COOKIE,
        header::ORIGIN,
        header::USER_AGENT,
        header::X_FORWARDED_FOR,
        HeaderName::from_static("x-request-id"),
    ];
    let Some(request) = with(&names, bytes) else {
        return;
    };
    let said = String::from_utf8_lossy(bytes);

    if let Some(token) = bearer(request.headers()) {
        assert!(said.ends_with(token) && !token.starts_with(' '), "{said:?}");
    }
    if let Err(problem) = body::media_type(&request) {
        refused(&problem, Kind::UnsupportedMediaType);
    }
    assert!(client(&request).is_some());
    let known = device(&request).user_agent;
    assert!(known.is_some_and(|agent| agent.chars().count() <= 256));
    let cookies = sessions::Cookies::default();
    if let Err(problem) = cookies.refresh_token(&request) {
        refused(&problem, Kind::Forbidden);
    }
    if let Some(name) = edge::named(request.headers()) {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        assert!(name == said && (1..=64).contains(&name.len()) && name.bytes().all(plain));
    }
}

/// A request for this target, if it can be one.
fn get(target: &str) -> Option<HttpRequest> {
    let _: Uri = target.parse().ok()?;
    let cursors = Data::<dyn Cursors>::from(Arc::new(Signed) as Arc<dyn Cursors>);
    let request = TestRequest::default().uri(target).app_data(cursors);
    Some(request.to_http_request())
}

/// A request whose fields all say this, if they can.
fn with(names: &[HeaderName], bytes: &[u8]) -> Option<HttpRequest> {
    let value = HeaderValue::from_bytes(bytes).ok()?;
    let networks = "192.0.2.0/24".parse().into_iter().collect();
    let request = TestRequest::default()
        .peer_addr(([192, 0, 2, 1], 9).into())
        .app_data(Data::new(TrustedProxies(networks)));
    let request = names.iter().fold(request, |request, name| {
        request.insert_header((name.clone(), value.clone()))
    });
    Some(request.to_http_request())
}

/// The fault is the caller's, and the problem can be sent.
fn refused(problem: &Problem, kind: Kind) {
    assert_eq!(problem.kind(), kind);
    assert!(kind.status().is_client_error() && problem.cause().is_none());
    assert_eq!(problem.answer("unnamed").status(), kind.status());
    for fault in problem.faults() {
        tokens(&fault.pointer);
    }
}

/// The tokens of a JSON pointer in the form of a URI fragment (RFC 6901 §6, RFC 3986 §3.5), which it has to be.
fn tokens(fragment: &str) -> Vec<String> {
    assert!(fragment.starts_with('#'), "{fragment:?} is no fragment");
    let pointer = fragment.trim_start_matches('#');
    let mut bytes = Vec::new();
    let mut rest = pointer.bytes();
    while let Some(byte) = rest.next() {
        let plain = byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?".contains(&byte);
        let digits = [rest.clone().next(), rest.clone().nth(1)];
        let escaped = match digits.map(|digit| char::from(digit?).to_digit(16)) {
            [Some(high), Some(low)] if byte == b'%' => u8::try_from(high * 16 + low).ok(),
            _ => None,
        };
        assert!(plain || escaped.is_some(), "{fragment:?} is no fragment");
        if escaped.is_some() {
            rest.nth(1);
        }
        bytes.push(escaped.unwrap_or(byte));
    }
    let pointer = String::from_utf8_lossy(&bytes);
    assert!(!matches!(pointer, Cow::Owned(_)), "{fragment:?} is no text");
    assert!(
        pointer.is_empty() || pointer.starts_with('/'),
        "{fragment:?}"
    );
    let tokens = pointer.split('/').skip(1);
    tokens
        .map(|token| {
            let tildes = token.matches('~').count();
            let escapes = token.matches("~0").count() + token.matches("~1").count();
            assert_eq!(tildes, escapes, "{fragment:?}");
            token.replace("~1", "/").replace("~0", "~")
        })
        .collect()
}

/// A JSON document with every field that is written in it, also where several have one name.
enum Tree {
    Leaf,
    Array(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

impl Tree {
    fn holds(&self, place: &[String]) -> bool {
        let Some((first, rest)) = place.split_first() else {
            return true;
        };
        match self {
            Self::Leaf => false,
            Self::Array(items) => {
                let item = first.parse().ok().and_then(|index: usize| items.get(index));
                item.is_some_and(|item| item.holds(rest))
            }
            Self::Object(fields) => fields
                .iter()
                .any(|(name, value)| name == first && value.holds(rest)),
        }
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(text: D) -> Result<Self, D::Error> {
        struct Any;

        macro_rules! leaves {
            ($($visit:ident $scalar:ty),+) => {
                $(fn $visit<E>(self, _: $scalar) -> Result<Tree, E> {
                    Ok(Tree::Leaf)
                })+
            };
        }

        impl<'de> de::Visitor<'de> for Any {
            type Value = Tree;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }

            leaves! { visit_bool bool, visit_i64 i64, visit_u64 u64, visit_f64 f64, visit_str &str }

            fn visit_unit<E>(self) -> Result<Tree, E> {
                Ok(Tree::Leaf)
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
                let mut found = Vec::new();
                while let Some(item) = items.next_element()? {
                    found.push(item);
                }
                Ok(Tree::Array(found))
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut fields: A) -> Result<Tree, A::Error> {
                let mut found = Vec::new();
                while let Some(field) = fields.next_entry()? {
                    found.push(field);
                }
                Ok(Tree::Object(found))
            }
        }

        text.deserialize_any(Any)
    }
}

#[cfg(test)]
#[path = "../../../fuzz/corpus.rs"]
mod corpus;

#[cfg(test)]
mod tests {
    use super::*;
    use bailiwick_domain::Timestamp;
    use proptest::prelude::*;

    #[test]
    fn the_promises_hold_for_all_that_the_fuzzer_starts_from() {
        let texts = [hosts, lists, values];
        let bytes = [bodies, headers, preconditions];

        for (target, promise) in ["hosts", "lists", "values"].into_iter().zip(texts) {
            for file in corpus::of(target) {
                promise(&String::from_utf8_lossy(&file));
            }
        }
        for (target, promise) in ["bodies", "headers", "preconditions"]
            .into_iter()
            .zip(bytes)
        {
            for file in corpus::of(target) {
                promise(&file);
            }
        }
    }

    #[test]
    fn a_tag_has_one_spelling() {
        for tag in [
            "\"v1\"", "\"v+1\"", "\"v01\"", "W/\"v1\"", "\"V1\"", "\"v1", "v1",
        ] {
            let request = with(&[header::IF_MATCH], tag.as_bytes()).unwrap();
            let IfMatch(expected) = IfMatch::from_request(&request, &mut Payload::None)
                .into_inner()
                .unwrap();

            assert_eq!(
                expected.met_by(Version::FIRST).is_ok(),
                tag == "\"v1\"",
                "{tag}"
            );
        }
    }

    #[test]
    fn a_host_that_is_far_too_long_is_refused_before_it_is_converted() {
        let letters =
            (0..80_000).filter_map(|place| char::from_u32(0x4e00 + place * 7_919 % 20_000));
        let host: String = letters.collect();
        let address = format!("ada@{host}.com");

        assert!(matches!(body::ascii_host(&address), Cow::Borrowed(_)));
        assert!(body::address(&address).is_err() && body::domain(&host).is_err());
        let longest = format!("{}.com", vec!["é".repeat(56); 3].join("."));
        assert!(body::domain(&longest).is_ok());
    }

    #[test]
    fn white_space_that_is_no_ascii_makes_a_host_no_other() {
        hosts("a.xn--0\u{a0}");
        hosts("ada@a.xn--0\u{a0}");
    }

    #[test]
    fn a_pointer_says_any_name_in_a_fragment() {
        let body = r#"{"name":"Ada","a/b~c d%é\"":1}"#;
        let problem = body::json::<organizations::NameBody>(body.as_bytes(), &()).err();
        let pointers = |problem: &Problem| {
            problem
                .faults()
                .iter()
                .map(|fault| fault.pointer.clone())
                .collect::<Vec<_>>()
        };
        let query =
            Part::<RoleId, Everything>::asked(&get("/list?a%2Fb~c+d=1").unwrap(), String::new());

        assert_eq!(pointers(&problem.unwrap()), ["#/a~1b~0c%20d%25%C3%A9%22"]);
        assert_eq!(pointers(&query.unwrap_err()), ["#/a~1b~0c%20d"]);
    }

    /// JSON that is nearly a body of ours.
    fn documents() -> impl Strategy<Value = String> {
        let name = prop_oneof![
            4 => proptest::sample::select(vec![
                "name", "email", "password", "roles", "role", "permissions", "includes", "settings", "allowed_domains",
                "default_role", "expires_at", "token", "member_id", "slug", "reason",
            ])
            .prop_map(str::to_owned),
            1 => any::<String>(),
        ];
        let leaf = prop_oneof![
            Just("null".to_owned()),
            Just("true".to_owned()),
            any::<i64>().prop_map(|number| number.to_string()),
            any::<String>().prop_map(|text| serde_json::Value::from(text).to_string()),
            Just("\"ada@example.com\"".to_owned()),
        ];
        leaf.prop_recursive(4, 24, 5, move |inner| {
            let field = (name.clone(), inner.clone()).prop_map(|(name, value)| {
                format!("{}:{value}", serde_json::Value::from(name))
            });
            prop_oneof![
                1 => proptest::collection::vec(inner, 0..5).prop_map(|items| format!("[{}]", items.join(","))),
                3 => proptest::collection::vec(field, 0..5).prop_map(|fields| format!("{{{}}}", fields.join(","))),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_host_has_one_form(
            text in prop_oneof![
                any::<String>(),
                "[ a-zA-Z.]{0,6}@?[a-zA-Zäßéİ猫।。．＠\u{ad}\u{200d}0-9-]{1,9}\\.(xn--)?[a-z0-9é-]{1,9}[ \u{a0}]?",
            ]
        ) {
            hosts(&text);
        }

        #[test]
        fn a_list_goes_on_where_it_was_left(
            query in prop_oneof![
                any::<String>(),
                "((limit=[0-9]{1,3}|order=(asc|desc|up)|cursor=[a-zA-Z0-9_-]{0,30}|sort=(name|email)|search=[a-z%+&=é]{0,9}|status=(active|pending)|since=2030-01-31T12:00:00Z)&?){0,4}",
            ]
        ) {
            lists(&query);
        }

        #[test]
        fn a_precondition_expects_what_it_says(
            text in prop_oneof![
                any::<String>(),
                "((W/)?\"v[+-]?[0-9]{1,20}\"|\\*|,| |\"[a-z,]{0,3}\"){0,6}",
            ]
        ) {
            preconditions(text.as_bytes());
        }

        #[test]
        fn an_instant_comes_back_from_its_text(micros in -62_167_219_200_000_000..253_402_300_800_000_000_i64) {
            let at = Timestamp::from_micros(micros);

            prop_assert_eq!(rfc3339(at).parse().map(|Instant(at)| at).ok(), Some(at));
        }

        #[test]
        fn a_value_has_one_normal_form(
            text in prop_oneof![
                any::<String>(),
                "[0-9]{4}-[01][0-9]-[0-3][0-9][Tt ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{1,12})?([Zz]|[+-][0-2][0-9]:[0-6][0-9])",
                "[a-zA-Z0-9_-]{42,44}",
                "(member|proj|org)_[0-7][0-9a-z]{25}",
            ]
        ) {
            values(&text);
        }

        #[test]
        fn a_body_that_is_refused_says_where(text in prop_oneof![any::<String>(), documents()]) {
            bodies(text.as_bytes());
        }

        #[test]
        fn a_header_field_is_read_or_let_alone(
            text in prop_oneof![
                any::<String>(),
                "(Bearer|bearer|Basic) {0,3}[a-z. ]{0,9}",
                "[0-9a-f:., ]{0,40}",
                "__Host-refresh_token=[a-z%;= ]{0,9}",
                "application/json *(; *charset=.{0,5})?",
            ]
        ) {
            headers(text.as_bytes());
        }
    }
}
