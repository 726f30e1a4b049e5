//! The table as an OpenAPI document (3.1): what each row reads, what it answers, and how it refuses, as its types say it.

use crate::{
    access::Access,
    oauth::{Code, ErrorBody},
    operations::{Operation, Tag},
    problem::{Kind, ProblemBody},
    routes::{Route, Routes, routes},
};
use bailiwick_domain::{
    access::{Catalogue, Permission},
    role::is_on_offer,
};
use schemars::{
    JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, transform::RecursiveTransform,
};
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, mem, sync::LazyLock};

/// Which edition of the specification it is written in.
const OPENAPI: &str = "3.1.1";
const DIALECT: &str = "https://spec.openapis.org/oas/3.1/dialect/base";
const SCHEMAS: &str = "/components/schemas";
const ABOUT: &str = "A multi-tenant backend: accounts, organizations, members, roles, sessions, projects, audit.\n\n\
    The organization that a request works in is a property of the token: no path, query or body names another one. \
    Register, sign in, found an organization, and enter it with `select`; the token that this answers opens what the \
    organization owns. Programs have an API key of a service account in its place, which belongs to one organization.\n\n\
    Every refusal is a problem (RFC 9457), with a stable `code`; under `/oauth`, clients are told in the words of RFC 6749. \
    Every operation says under `x-permission` what it takes.";

/// The type of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Media {
    Json,
    Form,
    Lines,
    Html,
    Script,
    Style,
}

impl Media {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Form => "application/x-www-form-urlencoded",
            Self::Lines => "application/x-ndjson",
            Self::Html => "text/html; charset=utf-8",
            Self::Script => "text/javascript; charset=utf-8",
            Self::Style => "text/css; charset=utf-8",
        }
    }
}

/// What one row reads and answers.
#[derive(Debug)]
pub struct Description<'a> {
    schemas: &'a mut Schemas,
    parameters: Vec<Value>,
    body: Option<Value>,
    security: Option<Value>,
    answers: BTreeMap<u16, Answer>,
    kinds: Vec<Kind>,
    codes: Vec<Code>,
}

#[derive(Debug, Default)]
struct Answer {
    content: Map<String, Value>,
    headers: Map<String, Value>,
}

/// The schemas of all bodies: of those that are read, and of those that are written.
#[derive(Debug)]
struct Schemas {
    read: SchemaGenerator,
    written: SchemaGenerator,
}

impl Default for Schemas {
    fn default() -> Self {
        let settings = || {
            let settings = SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = SCHEMAS.into();
                settings.meta_schema = None;
            });
            // That null is as good as nothing is no default that anybody could send.
            let without_null = |schema: &mut Schema| {
                if schema.get("default").is_some_and(Value::is_null) {
                    schema.remove("default");
                }
            };
            settings.with_transform(RecursiveTransform(without_null))
        };
        Self {
            read: settings().for_deserialize().into_generator(),
            written: settings().for_serialize().into_generator(),
        }
    }
}

impl<'a> Description<'a> {
    fn new(schemas: &'a mut Schemas) -> Self {
        Self {
            schemas,
            parameters: Vec::new(),
            body: None,
            security: None,
            answers: BTreeMap::new(),
            kinds: Vec::new(),
            codes: Vec::new(),
        }
    }

    /// How something looks that is read.
    pub(crate) fn read<T: JsonSchema>(&mut self) -> Value {
        self.schemas.read.subschema_for::<T>().to_value()
    }

    /// How something looks that is written.
    pub(crate) fn written<T: JsonSchema>(&mut self) -> Value {
        self.schemas.written.subschema_for::<T>().to_value()
    }

    /// It can be refused for these reasons.
    pub(crate) fn refuses(&mut self, kinds: &[Kind]) {
        for kind in kinds {
            if !self.kinds.contains(kind) {
                self.kinds.push(*kind);
            }
        }
    }

    /// It can be refused for these reasons, in the words of RFC 6749 §5.2.
    pub(crate) fn refuses_as_oauth(&mut self, codes: &[Code]) {
        self.codes.extend(codes);
    }

    /// It reads this from the path.
    pub(crate) fn path(&mut self, name: &str, schema: &Value) {
        self.parameter("path", name, "", true, schema);
    }

    /// It reads this from the query.
    pub(crate) fn query(&mut self, name: &str, what: &str, schema: &Value) {
        self.parameter("query", name, what, false, schema);
    }

    /// It reads this from the head.
    pub(crate) fn header(&mut self, name: &str, what: &str, required: bool, schema: &Value) {
        self.parameter("header", name, what, required, schema);
    }

    fn parameter(&mut self, place: &str, name: &str, what: &str, required: bool, schema: &Value) {
        let mut parameter = json!({
            "name": name,
            "in": place,
            "required": required,
            "schema": schema,
        });
        if !what.is_empty() {
            put(&mut parameter, "description", json!(what));
        }
        self.parameters.push(parameter);
    }

    /// It reads a body, of one of these types.
    pub(crate) fn body(&mut self, required: bool, content: &[(Media, Value)]) {
        self.reads(required, content);
        self.refuses(&[Kind::InvalidBody, Kind::UnsupportedMediaType]);
    }

    /// It reads a form, and tells in words of its own what is wrong with it.
    pub(crate) fn form(&mut self, looks: Value) {
        self.reads(true, &[(Media::Form, looks)]);
    }

    fn reads(&mut self, required: bool, content: &[(Media, Value)]) {
        let content: Map<_, _> = content
            .iter()
            .map(|(media, schema)| (media.name().to_owned(), json!({ "schema": schema })))
            .collect();
        self.body = Some(json!({ "required": required, "content": content }));
        self.refuses(&[
            Kind::MalformedBody,
            Kind::RequestTimeout,
            Kind::BodyTooLarge,
        ]);
    }

    /// It takes one of these credentials, each of them a scheme of the document, or none of them where it says so.
    pub(crate) fn secured_by(&mut self, schemes: &[&str]) {
        let schemes = schemes.iter().map(|scheme| match *scheme {
            "" => json!({}),
            scheme => json!({ scheme: [] }),
        });
        self.security = Some(schemes.collect());
    }

    /// It answers with this status and this body.
    pub(crate) fn answers_with(&mut self, status: u16, body: Option<(Media, Value)>) {
        let answer = self.answers.entry(status).or_default();
        if let Some((media, schema)) = body {
            let content = json!({ "schema": schema });
            answer.content.insert(media.name().to_owned(), content);
        }
    }

    /// Each of its answers so far has this header.
    pub(crate) fn answers_header(&mut self, name: &str, what: &str, always: bool, schema: &Value) {
        let header = json!({ "description": what, "required": always, "schema": schema });
        for answer in self.answers.values_mut() {
            answer.headers.insert(name.to_owned(), header.clone());
        }
    }
}

impl Routes {
    /// The table as an OpenAPI document.
    #[must_use]
    pub fn openapi(&self) -> Value {
        let mut schemas = Schemas::default();
        let mut paths = Map::new();
        for row in self.iter() {
            let operation = describe(row, &mut schemas);
            let path = paths.entry(row.path).or_insert_with(|| json!({}));
            put(path, &row.method.as_str().to_ascii_lowercase(), operation);
        }
        schemas.written.subschema_for::<ProblemBody>();
        schemas.written.subschema_for::<ErrorBody>();
        let mut all = schemas.read.take_definitions(true);
        all.extend(schemas.written.take_definitions(true));
        link(&mut paths, &all);
        let responses = shared(&mut paths);
        json!({
            "openapi": OPENAPI,
            "jsonSchemaDialect": DIALECT,
            "info": {
                "title": "Bailiwick",
                "version": env!("CARGO_PKG_VERSION"),
                "description": ABOUT,
                "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
            },
            "servers": [{ "url": "/" }],
            "tags": Tag::ALL.iter().map(|tag| json!({ "name": tag.name(), "description": tag.about() })).collect::<Value>(),
            "paths": paths,
            "components": {
                "schemas": all,
                "responses": responses,
                "headers": headers(),
                "securitySchemes": security_schemes(),
            },
        })
    }
}

/// The document as it stands in `docs/openapi.json`.
#[must_use]
pub fn pretty() -> String {
    format!("{:#}\n", routes().openapi())
}

/// What may be sent beside a request to show who sends it.
fn security_schemes() -> Value {
    json!({
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "An access token: what `login`, `refresh` and `select` answer.",
        },
        "apiKey": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "bw_…",
            "description": "An API key of a service account, or an access token that was granted for one at `/oauth/token`.",
        },
        "clientSecret": {
            "type": "http",
            "scheme": "basic",
            "description": "The id of a service account or of one of its API keys, and the key as its secret \
                (`client_secret_basic` of RFC 6749 §2.3.1). `client_id` and `client_secret` may stand in the form instead.",
        },
        "refreshCookie": {
            "type": "apiKey",
            "in": "cookie",
            "name": "__Host-refresh_token",
            "description": "The refresh token of a browser. It counts from our own pages alone, and not beside a bearer token.",
        },
    })
}

/// What answers carry beside their bodies.
fn headers() -> Value {
    json!({
        "X-Request-Id": {
            "description": "The name of the request: the caller's own, or a new one. The log has it too.",
            "required": true,
            "schema": { "type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$" },
        },
        "Cache-Control": {
            "description": "Nothing keeps the answer.",
            "required": true,
            "schema": { "type": "string" },
        },
        "WWW-Authenticate": {
            "description": "How to ask (RFC 6750, RFC 9470).",
            "required": true,
            "schema": { "type": "string", "pattern": "^Bearer" },
        },
        "RateLimit-Policy": {
            "description": "The limits that the request counts against: `q` requests in `w` seconds \
                (draft-ietf-httpapi-ratelimit-headers-10). It is in every answer to a request that counts, while there are limits.",
            "schema": { "type": "string" },
        },
        "RateLimit": {
            "description": "What is left of each: `r` requests; all of them again in `t` seconds.",
            "schema": { "type": "string" },
        },
        "Retry-After": {
            "description": "When to try again, in seconds.",
            "required": true,
            "schema": { "type": "integer", "minimum": 1 },
        },
    })
}

fn describe(row: &Route, schemas: &mut Schemas) -> Value {
    let Operation {
        id,
        tag,
        summary,
        kinds,
    } = row.operation.about();
    let mut description = Description::new(schemas);
    declared(row, &mut description);
    (row.describe)(&mut description);
    description.refuses(kinds);
    let Description {
        parameters,
        body,
        security,
        answers,
        kinds,
        codes,
        ..
    } = description;
    let mut responses: Map<_, _> = answers
        .into_iter()
        .map(|(status, answer)| (status.to_string(), answered(status, answer)))
        .collect();
    let mut refusals: Map<_, _> = refused(&kinds).collect();
    add_oauth(&codes, &mut refusals);
    responses.extend(refusals);
    let mut operation = json!({
        "operationId": id,
        "tags": [tag.name()],
        "summary": summary,
        "responses": responses,
        "security": security.unwrap_or_else(|| match row.access {
            Access::Public => json!([]),
            Access::Requires(permission) | Access::RequiresOn(permission)
                if is_for_machines(row, permission) =>
            {
                json!([{ "bearer": [] }, { "apiKey": [] }])
            }
            _ => json!([{ "bearer": [] }]),
        }),
        "x-permission": permission(row.access),
    });
    if row.recent {
        put(&mut operation, "x-recent-sign-in", json!(true));
    }
    if !parameters.is_empty() {
        put(&mut operation, "parameters", parameters.into());
    }
    if let Some(body) = body {
        put(&mut operation, "requestBody", body);
    }
    if let Some(example) = EXAMPLES.get(id) {
        exemplify(&mut operation, example);
    }
    operation
}

/// What was asked and answered once, by the name of the operation. The tests ask the same, and write it.
static EXAMPLES: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("examples.json")).unwrap_or_default());

fn exemplify(operation: &mut Value, example: &Value) {
    let status = example.get("status").map(Value::to_string);
    let answer = format!(
        "/responses/{}/content/application~1json",
        status.unwrap_or_default()
    );
    let form = "/requestBody/content/application~1x-www-form-urlencoded";
    for (place, key) in [
        ("/requestBody/content/application~1json", "request"),
        (form, "form"),
        (&*answer, "answer"),
    ] {
        if let (Some(content), Some(value)) = (operation.pointer_mut(place), example.get(key)) {
            put(content, "example", value.clone());
        }
    }
}

/// What the declaration of a row alone tells.
fn declared(row: &Route, description: &mut Description<'_>) {
    let writes = !row.method.is_safe();
    // Whoever sends a parameter that no row has is told.
    description.refuses(&[Kind::InvalidQuery]);
    match row.access {
        Access::Public if writes => description.refuses(&[Kind::TooManyRequests]),
        Access::Public => {}
        Access::SignedIn | Access::Member | Access::Requires(_) | Access::RequiresOn(_) => {
            description.refuses(&[
                Kind::Unauthenticated,
                Kind::InvalidToken,
                Kind::TooManyRequests,
            ]);
        }
    }
    if matches!(
        row.access,
        Access::Member | Access::Requires(_) | Access::RequiresOn(_)
    ) {
        description.refuses(&[Kind::Forbidden]);
        if writes {
            // The organization may be erased at this moment.
            description.refuses(&[Kind::NotFound]);
        }
    }
    if row.recent {
        description.refuses(&[Kind::SignInAgain]);
    }
}

/// Can the key of a machine hold this, and does the row take keys?
fn is_for_machines(row: &Route, permission: Permission) -> bool {
    !row.recent && is_on_offer(permission)
}

fn permission(access: Access) -> Value {
    match access {
        Access::Public => json!("anybody"),
        Access::SignedIn => json!("signed-in"),
        Access::Member => json!("member"),
        Access::Requires(permission) | Access::RequiresOn(permission) => json!(permission.name()),
    }
}

fn answered(status: u16, Answer { content, headers }: Answer) -> Value {
    let description = match status {
        201 => "It is made.",
        202 => "It goes on.",
        204 => "It is done.",
        _ => "As asked.",
    };
    let mut all = always();
    all.extend(headers);
    let mut answer = json!({ "description": description, "headers": all });
    if !content.is_empty() {
        put(&mut answer, "content", content.into());
    }
    answer
}

/// The headers of every answer.
fn always() -> Map<String, Value> {
    ["X-Request-Id", "Cache-Control"]
        .map(|name| (name.to_owned(), reference("/components/headers", name)))
        .into_iter()
        .collect()
}

/// The refusals, by status.
fn refused(kinds: &[Kind]) -> impl Iterator<Item = (String, Value)> {
    let mut by_status: BTreeMap<u16, Vec<Kind>> = BTreeMap::new();
    for kind in Kind::ALL.iter().filter(|kind| kinds.contains(kind)) {
        let status = kind.status().as_u16();
        by_status.entry(status).or_default().push(*kind);
    }
    by_status.into_iter().map(|(status, kinds)| {
        let codes: Vec<_> = kinds.iter().map(|kind| kind.code()).collect();
        let lines: Vec<_> = kinds
            .iter()
            .map(|kind| format!("- `{}`: {}", kind.code(), kind.title()))
            .collect();
        let mut headers = always();
        let beside = match status {
            401 => &["WWW-Authenticate"][..],
            409 | 503 => &["Retry-After"],
            // Where a password is tried too often, it is no limit of these that says so.
            429 => &["Retry-After", "RateLimit-Policy", "RateLimit"],
            _ => &[],
        };
        for name in beside {
            headers.insert((*name).to_owned(), reference("/components/headers", name));
        }
        let schema = json!({
            "$ref": format!("#{SCHEMAS}/Problem"),
            "properties": { "status": { "const": status }, "code": { "enum": codes } },
        });
        let answer = json!({
            "description": lines.join("\n"),
            "headers": headers,
            "content": { "application/problem+json": { "schema": schema } },
        });
        (status.to_string(), answer)
    })
}

/// The refusals of RFC 6749 §5.2, beside those that are problems.
fn add_oauth(codes: &[Code], refusals: &mut Map<String, Value>) {
    for code in codes {
        let status = code.status().as_u16();
        let refusal = refusals
            .entry(status.to_string())
            .or_insert_with(|| json!({ "description": "", "headers": always(), "content": {} }));
        let before = refusal.get("description").and_then(Value::as_str);
        let line = format!("- `{}`: {}", code.name(), code.title());
        let lines = before.into_iter().filter(|lines| !lines.is_empty());
        let lines: Vec<_> = lines.chain([&*line]).collect();
        let lines = json!(lines.join("\n"));
        put(refusal, "description", lines);
        if let Some(headers) = refusal.get_mut("headers").filter(|_| status == 401) {
            let basic = json!({
                "description": "How to ask (RFC 6749 §5.2).",
                "required": true,
                "schema": { "type": "string", "pattern": "^Basic" },
            });
            put(headers, "WWW-Authenticate", basic);
        }
        let same = codes.iter().filter(|other| other.status() == code.status());
        let names: Vec<_> = same.map(|code| code.name()).collect();
        let schema = json!({
            "$ref": format!("#{SCHEMAS}/OAuthError"),
            "properties": { "error": { "enum": names } },
        });
        if let Some(content) = refusal.get_mut("content") {
            put(content, Media::Json.name(), json!({ "schema": schema }));
        }
    }
}

/// Takes the refusals that several operations share out of them, each by the names of its codes.
fn shared(paths: &mut Map<String, Value>) -> Map<String, Value> {
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    each_refusal(paths, |name, _| *count.entry(name).or_default() += 1);
    let mut shared = Map::new();
    each_refusal(paths, |name, answer| {
        if count.get(&name).is_some_and(|count| *count > 1) {
            let whole = mem::replace(answer, reference("/components/responses", &name));
            shared.insert(name, whole);
        }
    });
    shared
}

fn each_refusal(paths: &mut Map<String, Value>, mut meet: impl FnMut(String, &mut Value)) {
    let operations = paths.values_mut().filter_map(Value::as_object_mut);
    for operation in operations.flat_map(Map::values_mut) {
        let answers = operation
            .get_mut("responses")
            .and_then(Value::as_object_mut);
        for (status, answer) in answers.into_iter().flatten() {
            let content = answer.get("content").and_then(Value::as_object);
            let alone = content.filter(|content| content.len() == 1);
            let codes = alone.and_then(|content| {
                let problem = content.get("application/problem+json")?;
                problem.pointer("/schema/properties/code/enum")?.as_array()
            });
            if let Some(codes) = codes {
                let codes: Vec<_> = codes.iter().filter_map(Value::as_str).collect();
                meet(format!("{status}.{}", codes.join(".")), answer);
            }
        }
    }
}

/// An operation that takes ids, and how they look.
#[derive(Debug)]
struct Target {
    operation: String,
    /// Those in its path, by name.
    path: Vec<(String, String)>,
    /// A field of its body, where it takes no other.
    body: Option<(String, String)>,
    /// Its own path, where it is about the one thing that is there, or about all.
    only: Option<String>,
}

/// From each operation that makes or lists things to those that take the id of such a thing: whatever is made can be
/// read, changed and deleted by following the document.
fn link(paths: &mut Map<String, Value>, schemas: &Map<String, Value>) {
    let targets: Vec<_> = operations(paths)
        .filter_map(|(path, verb, operation)| target(path, verb, operation, schemas))
        .collect();
    let all = paths.iter_mut().filter_map(|(path, item)| {
        let operations = item.as_object_mut()?.iter_mut();
        Some(operations.map(move |(verb, operation)| (path, verb, operation)))
    });
    for (path, verb, operation) in all.flatten() {
        let answers = operation
            .get_mut("responses")
            .and_then(Value::as_object_mut);
        for (status, answer) in answers.into_iter().flatten() {
            let schema = answer.pointer("/content/application~1json/schema");
            let body = schema.and_then(|schema| resolved(schema, schemas));
            let (place, thing) = match body.and_then(|body| body.pointer("/properties/data/items"))
            {
                Some(row) => ("/data/0", resolved(row, schemas)),
                None => ("", body.filter(|_| verb == "post")),
            };
            let Some(thing) = thing.filter(|_| status.starts_with('2')) else {
                continue;
            };
            let links: Map<_, _> = targets
                .iter()
                .filter_map(|target| match target.only.as_ref() {
                    Some(only) => (status == "201" && only == path).then(|| target.link(json!({}))),
                    None => linked(target, place, thing),
                })
                .collect();
            if !links.is_empty() {
                put(answer, "links", links.into());
            }
        }
    }
}

fn operations(paths: &Map<String, Value>) -> impl Iterator<Item = (&str, &str, &Value)> {
    paths.iter().flat_map(|(path, item)| {
        let operations = item.as_object().into_iter().flatten();
        operations.map(move |(verb, operation)| (path.as_str(), verb.as_str(), operation))
    })
}

impl Target {
    fn link(&self, mut link: Value) -> (String, Value) {
        put(&mut link, "operationId", json!(self.operation));
        (self.operation.clone(), link)
    }
}

fn target(
    place: &str,
    verb: &str,
    operation: &Value,
    schemas: &Map<String, Value>,
) -> Option<Target> {
    let parameters = operation.get("parameters").and_then(Value::as_array);
    let path = parameters.into_iter().flatten().filter_map(|parameter| {
        let name = parameter.get("name")?.as_str()?;
        let looks = parameter.pointer("/schema/$ref")?.as_str()?;
        (parameter.get("in")? == "path").then(|| (name.to_owned(), looks.to_owned()))
    });
    let path: Vec<_> = path.collect();
    let body = operation
        .pointer("/requestBody/content/application~1json/schema")
        .and_then(|schema| only_id(resolved(schema, schemas)?));
    let alone = path.is_empty() && body.is_none();
    let only = (alone && matches!(verb, "get" | "delete")).then(|| place.to_owned());
    if alone && only.is_none() {
        return None;
    }
    Some(Target {
        operation: operation.get("operationId")?.as_str()?.to_owned(),
        path,
        body,
        only,
    })
}

/// The field of a body that is an id, where the body has to have it and no other: how it is called and how it looks.
fn only_id(body: &Value) -> Option<(String, String)> {
    let [name] = body.get("required")?.as_array()?.as_slice() else {
        return None;
    };
    let field = body.get("properties")?.get(name.as_str()?)?;
    let looks = field.get("$ref")?.as_str()?;
    let name = name.as_str()?.to_owned();
    looks.ends_with("Id").then(|| (name, looks.to_owned()))
}

/// The link from a thing in an answer to an operation that takes all its ids from there, if there is one.
fn linked(target: &Target, place: &str, thing: &Value) -> Option<(String, Value)> {
    let fields = thing.get("properties")?.as_object()?;
    let found = |name: &str, looks: &str| {
        // `ApiKeyId` stands as `id` in a key, and as `api_key_id` elsewhere.
        let kind = looks.rsplit('/').next()?.strip_suffix("Id")?;
        let elsewhere = format!("{}_id", words(kind));
        let mut names = ["id", name, &elsewhere].into_iter();
        let field = names.find(|name| {
            let field = fields.get(*name).and_then(|field| field.get("$ref"));
            field.and_then(Value::as_str) == Some(looks)
        })?;
        Some(json!(format!("$response.body#{place}/{field}")))
    };
    let parameters: Option<Map<_, _>> = target
        .path
        .iter()
        .map(|(name, looks)| Some((name.clone(), found(name, looks)?)))
        .collect();
    let mut link = json!({});
    let parameters = parameters?;
    if !parameters.is_empty() {
        put(&mut link, "parameters", parameters.into());
    }
    if let Some((name, looks)) = &target.body {
        put(
            &mut link,
            "requestBody",
            json!({ name: found(name, looks)? }),
        );
    }
    Some(target.link(link))
}

/// `ApiKey` as `api_key`.
fn words(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !words.is_empty() {
            words.push('_');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

/// The schema itself, where there is a reference to it.
fn resolved<'a>(schema: &'a Value, schemas: &'a Map<String, Value>) -> Option<&'a Value> {
    match schema.get("$ref") {
        Some(reference) => schemas.get(reference.as_str()?.rsplit('/').next()?),
        None => Some(schema),
    }
}

fn reference(place: &str, name: &str) -> Value {
    json!({ "$ref": format!("#{place}/{name}") })
}

fn put(object: &mut Value, key: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(key.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::Does;
    use std::collections::BTreeSet;

    #[test]
    fn whatever_can_be_done_has_one_row_and_one_name() {
        let mut done: Vec<_> = routes().iter().map(|row| row.operation).collect();
        done.sort();
        let ids: BTreeSet<_> = Does::ALL.iter().map(|does| does.about().id).collect();

        assert_eq!(
            done,
            Does::ALL
                .iter()
                .copied()
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect::<Vec<_>>()
        );
        assert_eq!(ids.len(), Does::ALL.len());
    }

    #[test]
    fn no_two_bodies_have_one_name() {
        let document = routes().openapi();
        let schemas = document["components"]["schemas"].as_object().unwrap();

        // Where two types have one name, the second one gets a number.
        let numbered: Vec<_> = schemas
            .keys()
            .filter(|name| name.ends_with(|last: char| last.is_ascii_digit()))
            .collect();
        assert_eq!(numbered, [""; 0]);
    }

    #[test]
    fn what_is_read_and_what_is_written_under_one_name_look_the_same() {
        let mut schemas = Schemas::default();
        for row in routes().iter() {
            describe(row, &mut schemas);
        }
        let read = schemas.read.take_definitions(true);
        let written = schemas.written.take_definitions(true);

        for (name, schema) in &read {
            assert!(
                written.get(name).is_none_or(|other| other == schema),
                "{name}"
            );
        }
    }

    #[test]
    fn whatever_is_made_can_be_followed_to_what_reads_and_deletes_it() {
        let document = routes().openapi();
        let links = |path: &str, status: &str| {
            let links = document["paths"][path]["post"]["responses"][status]["links"].as_object();
            links.unwrap().keys().cloned().collect::<Vec<_>>()
        };

        for (path, expected) in [
            (
                "/api/v1/projects",
                ["getProject", "renameProject", "deleteProject"],
            ),
            (
                "/projects/create_project",
                ["getProject", "renameProject", "deleteProject"],
            ),
            (
                "/api/v1/api-keys",
                ["getApiKey", "revokeApiKey", "getServiceAccount"],
            ),
            ("/api/v1/roles", ["getRole", "changeRole", "deleteRole"]),
            (
                "/api/v1/invitations",
                ["getInvitation", "resendInvitation", "revokeInvitation"],
            ),
            (
                "/api/v1/organization/transfer",
                ["getTransfer", "withdrawTransfer", "getTransfer"],
            ),
            (
                "/api/v1/organizations",
                ["selectOrganization", "shortSelectOrganization", "getTenant"],
            ),
            (
                "/api/v1/projects/{id}/members",
                ["unshareProject", "getProject", "getMember"],
            ),
        ] {
            let found = links(path, "201");
            for link in expected {
                assert!(
                    found.iter().any(|name| name == link),
                    "{path} leads to {found:?}"
                );
            }
        }
    }
}
