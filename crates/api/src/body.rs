//! Bodies: read within bounds, understood strictly, and checked field by field with the domain's own rules.

use crate::{
    openapi::{Description, Media as MediaType},
    problem::{Fault, Kind, Problem, token},
    reads::Reads,
};
use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    dev::Payload,
    error::PayloadError,
    http::header,
    web::{Bytes, BytesMut, Data},
};
use bailiwick_application::sessions::Asker;
use bailiwick_domain::{tenant::Domain, user::EmailAddress};
use futures_util::{FutureExt, StreamExt, future::LocalBoxFuture};
use garde::Validate;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, MapAccess, Visitor, value::MapAccessDeserializer},
};
use std::{
    borrow::Cow,
    fmt::{self, Display},
    marker::PhantomData,
    str::FromStr,
    time::Duration,
};

/// The greatest body of a caller who is not signed in, in bytes.
const LIMIT_PUBLIC: usize = 16 * 1024;
/// The greatest body of a caller who is, in bytes.
const LIMIT_SIGNED_IN: usize = 256 * 1024;
/// How long a body may take to arrive.
const DEADLINE: Duration = Duration::from_secs(10);

/// A JSON body whose every field keeps its rule.
#[derive(Debug)]
pub(crate) struct Valid<T>(pub(crate) T);

/// A JSON body, or none.
#[derive(Debug)]
pub(crate) struct Optional<T>(pub(crate) Option<T>);

/// A body of JSON or of an HTML form, as its type says.
#[derive(Debug)]
pub(crate) enum Either<J, F> {
    Json(J),
    Form(F),
}

impl<T: Body> FromRequest for Valid<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let media = media_type(request);
        let bytes = read(request, payload);
        let rules = rules::<T>(request);
        async move {
            match media? {
                Media::Json => json(&bytes.await?, &rules).map(Self),
                Media::Form | Media::None => Err(Kind::UnsupportedMediaType.into()),
            }
        }
        .boxed_local()
    }
}

impl<T: Body> FromRequest for Optional<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let media = media_type(request);
        let bytes = read(request, payload);
        let rules = rules::<T>(request);
        async move {
            let bytes = bytes.await?;
            if bytes.is_empty() {
                return Ok(Self(None));
            }
            match media? {
                Media::Json => json(&bytes, &rules).map(Some).map(Self),
                Media::Form | Media::None => Err(Kind::UnsupportedMediaType.into()),
            }
        }
        .boxed_local()
    }
}

impl<J, F> FromRequest for Either<J, F>
where
    J: Body,
    F: Body,
{
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let media = media_type(request);
        let bytes = read(request, payload);
        let (json_rules, form_rules) = (rules::<J>(request), rules::<F>(request));
        async move {
            match media? {
                Media::Json => json(&bytes.await?, &json_rules).map(Self::Json),
                Media::Form => form(&bytes.await?, &form_rules).map(Self::Form),
                Media::None => Err(Kind::UnsupportedMediaType.into()),
            }
        }
        .boxed_local()
    }
}

impl<T: JsonSchema> Reads for Valid<T> {
    fn describe(description: &mut Description<'_>) {
        let schema = description.read::<T>();
        description.body(true, &[(MediaType::Json, schema)]);
    }
}

impl<T: JsonSchema> Reads for Optional<T> {
    fn describe(description: &mut Description<'_>) {
        let schema = description.read::<T>();
        description.body(false, &[(MediaType::Json, schema)]);
    }
}

impl<J: JsonSchema, F: JsonSchema> Reads for Either<J, F> {
    fn describe(description: &mut Description<'_>) {
        let json = description.read::<J>();
        let form = description.read::<F>();
        description.body(true, &[(MediaType::Json, json), (MediaType::Form, form)]);
    }
}

/// What is written as an object and as nothing else: serde would take the values of its fields from an array too, by
/// their places.
#[derive(Debug)]
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(text: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(fields)).map(Object)
            }
        }

        text.deserialize_map(Fields(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Object<T> {
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

impl<T: Validate> Validate for Object<T> {
    type Context = T::Context;

    fn validate_into(
        &self,
        rules: &T::Context,
        path: &mut dyn FnMut() -> garde::Path,
        report: &mut garde::Report,
    ) {
        self.0.validate_into(rules, path, report);
    }
}

/// What a body can be read into. Rules that a deployment sets come from the application, as the type's context.
pub(crate) trait Body:
    DeserializeOwned + Validate<Context: Clone + Default + 'static> + 'static
{
}

impl<T> Body for T where T: DeserializeOwned + Validate<Context: Clone + Default + 'static> + 'static
{}

fn rules<T: Body>(request: &HttpRequest) -> T::Context {
    let rules = request.app_data::<Data<T::Context>>();
    rules
        .map(|rules| T::Context::clone(rules))
        .unwrap_or_default()
}

pub(crate) enum Media {
    Json,
    Form,
    None,
}

pub(crate) fn media_type(request: &HttpRequest) -> Result<Media, Problem> {
    match request.content_type().trim().to_ascii_lowercase().as_str() {
        "application/json" => Ok(Media::Json),
        "application/x-www-form-urlencoded" => Ok(Media::Form),
        "" if !request.headers().contains_key(header::CONTENT_TYPE) => Ok(Media::None),
        _ => Err(Kind::UnsupportedMediaType.into()),
    }
}

/// The bytes of the body: not too many, and not too slowly.
pub(crate) fn read(
    request: &HttpRequest,
    payload: &mut Payload,
) -> impl Future<Output = Result<Bytes, Problem>> + use<> {
    let limit = if request.extensions().contains::<Asker>() {
        LIMIT_SIGNED_IN
    } else {
        LIMIT_PUBLIC
    };
    let too_large = move || {
        Problem::from(Kind::BodyTooLarge).detail(format!("the body has more than {limit} bytes"))
    };
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced: Option<usize> = announced.and_then(|length| length.to_str().ok()?.parse().ok());
    let mut payload = payload.take();
    let all = async move {
        // Whoever says that it will be too much need not send it.
        if announced.is_some_and(|length| length > limit) {
            return Err(too_large());
        }
        let mut bytes = BytesMut::new();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|error| match error {
                PayloadError::Overflow => Problem::from(Kind::BodyTooLarge),
                error => Problem::from(Kind::MalformedBody).detail(error),
            })?;
            if bytes.len() + chunk.len() > limit {
                return Err(too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes.freeze())
    };
    async {
        tokio::time::timeout(DEADLINE, all)
            .await
            .unwrap_or_else(|_| Err(Kind::RequestTimeout.into()))
    }
}

pub(crate) fn json<T: Body>(bytes: &[u8], rules: &T::Context) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let Object(body) = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = pointer(error.path());
        let error = error.into_inner();
        match error.classify() {
            serde_json::error::Category::Data => mismatch(path, &without_position(&error)),
            serde_json::error::Category::Syntax
            | serde_json::error::Category::Eof
            | serde_json::error::Category::Io => Problem::from(Kind::MalformedBody).detail(error),
        }
    })?;
    json.end()
        .map_err(|error| Problem::from(Kind::MalformedBody).detail(error))?;
    checked(body, rules)
}

pub(crate) fn form<T: Body>(bytes: &[u8], rules: &T::Context) -> Result<T, Problem> {
    let form = serde_urlencoded::Deserializer::new(form_urlencoded::parse(bytes));
    let body = serde_path_to_error::deserialize(form)
        .map_err(|error| mismatch(pointer(error.path()), &error.inner().to_string()))?;
    checked(body, rules)
}

fn checked<T: Body>(body: T, rules: &T::Context) -> Result<T, Problem> {
    match body.validate_with(rules) {
        Ok(()) => Ok(body),
        Err(report) => Err(Problem::from(Kind::InvalidBody).errors(
            report
                .iter()
                .map(|(path, error)| Fault {
                    pointer: format!("#/{}", tokens(&path.to_string())),
                    code: "invalid_value",
                    detail: error.to_string(),
                })
                .collect(),
        )),
    }
}

/// garde's `settings.domains[0]` as the tokens of a JSON pointer (RFC 6901).
fn tokens(path: &str) -> String {
    path.replace(['.', '['], "/").replace(']', "")
}

/// A body that is well-formed but of another shape. serde says of which kind in words alone.
fn mismatch(path: String, message: &str) -> Problem {
    let field = message.split('`').nth(1).unwrap_or_default();
    let (pointer, code) = if message.starts_with("missing field") {
        (format!("{path}/{field}"), "missing_field")
    } else if message.starts_with("unknown field") {
        (path, "unknown_field")
    } else if message.starts_with("duplicate field") {
        (format!("{path}/{field}"), "duplicate_field")
    } else {
        (path, "wrong_type")
    };
    let fault = Fault {
        pointer,
        code,
        detail: message.to_owned(),
    };
    Problem::from(Kind::InvalidBody).errors(vec![fault])
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .fold("#".to_owned(), |pointer, segment| match segment {
            Segment::Seq { index } => format!("{pointer}/{index}"),
            Segment::Map { key } | Segment::Enum { variant: key } => {
                format!("{pointer}/{}", token(key))
            }
            Segment::Unknown => pointer,
        })
}

fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let end = text.rfind(" at line ").unwrap_or(text.len());
    text.get(..end).unwrap_or_default().to_owned()
}

/// The domain's rule for addresses, for a host in any spelling.
pub(crate) fn is_address<Rules>(text: &str, rules: &Rules) -> garde::Result {
    parses::<EmailAddress, _>(&ascii_host(text), rules)
}

/// What [`is_address`] has checked, parsed.
pub(crate) fn address(text: &str) -> Result<EmailAddress, Problem> {
    parsed(&ascii_host(text))
}

/// The address with its host in the `xn--` form (UTS #46), in which one host has one spelling.
pub(crate) fn ascii_host(text: &str) -> Cow<'_, str> {
    match text
        .rsplit_once('@')
        .map(|(local, host)| (local, ascii(host)))
    {
        Some((local, Cow::Owned(host))) => Cow::Owned(format!("{local}@{host}")),
        _ => Cow::Borrowed(text),
    }
}

/// The longest host that is converted, in bytes: in the `xn--` form a letter of up to four bytes is one at the least, and
/// what is far longer takes seconds.
const MAX_HOST: usize = 4 * EmailAddress::MAX;

/// The host in that form. What has none stays as it is, for the domain's rule to refuse.
fn ascii(host: &str) -> Cow<'_, str> {
    let bare = host.trim();
    if bare.is_ascii() || host.len() > MAX_HOST {
        return Cow::Borrowed(host);
    }
    idna::domain_to_ascii(bare).map_or(Cow::Borrowed(host), Cow::Owned)
}

/// The domain's rule for hosts, in any spelling.
pub(crate) fn is_domain<Rules>(host: &str, rules: &Rules) -> garde::Result {
    parses::<Domain, _>(&ascii(host), rules)
}

/// What [`is_domain`] has checked, parsed.
pub(crate) fn domain(host: &str) -> Result<Domain, Problem> {
    parsed(&ascii(host))
}

/// `#[garde(custom(parses::<Name, _>))]`: the domain's own rule as a garde rule.
pub(crate) fn parses<T: FromStr<Err: Display>, Rules>(text: &str, _: &Rules) -> garde::Result {
    text.parse::<T>().map(drop).map_err(garde::Error::new)
}

/// The same for a field that may be absent.
pub(crate) fn parses_if_any<T: FromStr<Err: Display>>(
    text: &Option<String>,
    context: &(),
) -> garde::Result {
    text.as_deref()
        .map_or(Ok(()), |text| parses::<T, _>(text, context))
}

/// What [`parses`] has checked, parsed.
pub(crate) fn parsed<T: FromStr<Err: Display>>(text: &str) -> Result<T, Problem> {
    text.parse()
        .map_err(|error: T::Err| Problem::from(Kind::InvalidBody).detail(error))
}
