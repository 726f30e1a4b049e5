//! Lists: which part is asked for, and how the answer says where the next part starts.

use crate::{
    access::Asking,
    answer::{Answers, Json, insert},
    openapi::Description,
    problem::{Fault, Kind, Problem, token},
    reads::Reads,
};
use actix_web::{
    FromRequest, HttpRequest, HttpResponse, Responder,
    body::{BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::header,
    middleware::Next,
    web::Data,
};
use bailiwick_application::ports::{After, Cursors, Order, Page, Slice};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fmt::Display,
    future::{Ready, ready},
    str::FromStr,
};
use uuid::Uuid;

/// How many rows, unless the caller says.
const DEFAULT_LIMIT: u8 = 50;
/// How many rows at the most.
const MAX_LIMIT: u8 = 100;
/// How many characters a text has at the most that rows are compared with: more than anything has that is stored.
const MAX_TEXT: usize = 300;

/// The part of a list that is asked for, of those rows that keep the filter: of one of the tenant in the token, or of
/// one of the caller's own.
#[derive(Debug)]
pub(crate) struct Part<Id, F = Everything> {
    pub(crate) page: Page<Id>,
    pub(crate) filter: F,
    list: Cursor,
    path: String,
}

/// Where a list goes on: good for one owner, one list, one filter and one direction, and signed.
#[derive(Clone)]
struct Cursor {
    signatures: Data<dyn Cursors>,
    owner: String,
    prefix: &'static str,
    filter: String,
    order: Order,
}

/// Which rows of a list: read from the parameters of the query that are not the list's own.
pub(crate) trait Filter: Sized {
    /// Are the rows the caller's own, whichever tenant they are of?
    const OWN: bool = false;

    /// Takes what it knows; what is left is refused.
    fn take(query: &mut Parameters) -> Result<Self, Problem>;

    /// Writes into the description what it takes.
    fn describe(description: &mut Description<'_>);

    /// Are the rows sorted by something that stands before their ids?
    fn has_key(&self) -> bool {
        false
    }
}

/// All rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Everything;

impl Filter for Everything {
    fn take(_: &mut Parameters) -> Result<Self, Problem> {
        Ok(Self)
    }

    fn describe(_: &mut Description<'_>) {}
}

/// All of the caller's own rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Own;

impl Filter for Own {
    const OWN: bool = true;

    fn take(_: &mut Parameters) -> Result<Self, Problem> {
        Ok(Self)
    }

    fn describe(_: &mut Description<'_>) {}
}

/// The parameters of a query, each at most once.
#[derive(Debug)]
pub(crate) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// Reads them.
    pub(crate) fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let mut found = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(request.query_string().as_bytes()) {
            if found.contains_key(&*name) {
                return Err(invalid(&name, "stands there twice"));
            }
            found.insert(name.into_owned(), value.into_owned());
        }
        Ok(Self(found))
    }

    /// Takes one out.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    /// Takes one out that stored texts are compared with.
    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, Problem> {
        match self.take(name) {
            // PostgreSQL knows no NUL, and SQLite compares with no pattern of any length.
            Some(text) if text.chars().any(char::is_control) => {
                Err(invalid(name, "must have no control characters"))
            }
            Some(text) if text.chars().count() > MAX_TEXT => Err(invalid(
                name,
                format!("must have at most {MAX_TEXT} characters"),
            )),
            text => Ok(text),
        }
    }

    /// Takes one out, and understands it.
    pub(crate) fn parse<T: FromStr<Err: Display>>(
        &mut self,
        name: &str,
    ) -> Result<Option<T>, Problem> {
        let value = self.take(name).map(|value| value.parse());
        value
            .transpose()
            .map_err(|error: T::Err| invalid(name, error))
    }

    /// Takes one out that has one of these names.
    pub(crate) fn one_of<T: Copy>(
        &mut self,
        name: &str,
        all: &[T],
        named: impl Fn(T) -> &'static str,
    ) -> Result<Option<T>, Problem> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        let found = all.iter().copied().find(|one| named(*one) == value);
        let names = || {
            let names = all.iter().map(|one| format!("`{}`", named(*one)));
            names.collect::<Vec<_>>().join(", ")
        };
        found
            .map(Some)
            .ok_or_else(|| invalid(name, format!("must be one of {}", names())))
    }

    /// Nothing may be left.
    pub(crate) fn done(self) -> Result<(), Problem> {
        match self.0.into_keys().next() {
            None => Ok(()),
            Some(unknown) => Err(invalid(&unknown, "is no parameter of this route")),
        }
    }

    /// All of them, in one form.
    fn canonical(&self) -> String {
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.0)
            .finish()
    }
}

/// What a row of a list is named by.
pub(crate) trait ListId: Copy + Ord {
    const PREFIX: &'static str;
    /// Whose the list is.
    const OWNER: Owner;
    fn from_uuid(uuid: Uuid) -> Self;
    fn as_uuid(self) -> Uuid;
}

/// Whose a list is.
pub(crate) enum Owner {
    /// The tenant's in the token.
    Tenant,
    /// The caller's: their own, or one that they see as an operator.
    Caller,
}

macro_rules! list_ids {
    ($($id:ident $owner:ident),* $(,)?) => {$(
        impl ListId for bailiwick_domain::$id {
            const PREFIX: &'static str = Self::PREFIX;
            const OWNER: Owner = Owner::$owner;
            fn from_uuid(uuid: Uuid) -> Self {
                Self::from_uuid(uuid)
            }
            fn as_uuid(self) -> Uuid {
                self.as_uuid()
            }
        }
    )*};
}
list_ids! {
    ApiKeyId Tenant,
    AuditId Tenant,
    InvitationId Tenant,
    MemberId Tenant,
    ProjectId Tenant,
    RoleId Tenant,
    ServiceAccountId Tenant,
    SessionId Caller,
    TenantId Caller,
    UserId Caller,
}

impl<Id: ListId, F: Filter> FromRequest for Part<Id, F> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let asking = Asking::from_request(request, payload).into_inner();
        ready(asking.and_then(|asking| {
            let owner = match Id::OWNER {
                Owner::Tenant if !F::OWN => asking.tenant().ok_or(Kind::Forbidden)?.to_string(),
                Owner::Tenant | Owner::Caller => {
                    let person = asking.person().ok_or(Kind::Forbidden)?;
                    person.user.id.to_string()
                }
            };
            Self::asked(request, owner)
        }))
    }
}

impl<Id, F: Filter> Reads for Part<Id, F> {
    const QUERY: bool = true;

    fn describe(description: &mut Description<'_>) {
        F::describe(description);
        let limit = json!({ "type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT });
        description.query("limit", "How many rows at the most.", &limit);
        let orders = [Order::Ascending, Order::Descending].map(name);
        let order = json!({ "type": "string", "enum": orders, "default": orders[0] });
        description.query("order", "Which way the rows are sorted.", &order);
        let what = "Where the list goes on: the `next_cursor` of the part before, with the same filter and order.";
        let cursor = json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]+$" });
        description.query("cursor", what, &cursor);
        description.refuses(&[Kind::InvalidCursor]);
    }
}

/// A text that stored texts are compared with, as [`Parameters::text`] takes it.
pub(crate) fn text() -> Value {
    json!({ "type": "string", "maxLength": MAX_TEXT, "pattern": "^[^\0-\u{1f}\u{7f}-\u{9f}]*$" })
}

/// A part of a list.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "{T}List")]
pub(crate) struct List<T> {
    data: Vec<T>,
    /// Where the next part starts; null at the end of the list.
    next_cursor: Option<String>,
}

impl<T> List<T> {
    /// A list that is so short that it has one part.
    pub(crate) const fn whole(data: Vec<T>) -> Self {
        Self {
            data,
            next_cursor: None,
        }
    }
}

/// A part of a list, and the way to the next one.
#[derive(Debug)]
pub(crate) struct Listed<T> {
    list: List<T>,
    /// The value of the header `Link`.
    pub(crate) link: Option<String>,
}

impl<T: Serialize> Responder for Listed<T> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let mut answer = Json::<200, _>(self.list).respond_to(request);
        if let Some(link) = &self.link {
            insert(&mut answer, header::LINK, link);
        }
        answer
    }
}

impl<T: JsonSchema> Answers for Listed<T> {
    fn answers(description: &mut Description<'_>) {
        Json::<200, List<T>>::answers(description);
        let what = "The next part (RFC 8288), where there is one.";
        description.answers_header("Link", what, false, &json!({ "type": "string" }));
    }
}

impl<Id: ListId, F: Filter> Part<Id, F> {
    pub(crate) fn asked(request: &HttpRequest, owner: String) -> Result<Self, Problem> {
        let mut query = Parameters::of(request)?;
        let limit = match query.take("limit").as_deref().map(plain_number) {
            None => DEFAULT_LIMIT,
            Some(Some(limit)) if (1..=MAX_LIMIT).contains(&limit) => limit,
            Some(_) => return Err(invalid("limit", format!("must be 1 to {MAX_LIMIT}"))),
        };
        let orders = [Order::Ascending, Order::Descending];
        let order = query.one_of("order", &orders, name)?;
        let order = order.unwrap_or(Order::Ascending);
        let cursor = query.take("cursor");
        let signatures = request.app_data::<Data<dyn Cursors>>();
        let list = Cursor {
            signatures: signatures.cloned().ok_or(Kind::Internal)?,
            owner,
            prefix: Id::PREFIX,
            filter: query.canonical(),
            order,
        };
        let filter = F::take(&mut query)?;
        query.done()?;
        let read = |cursor: String| list.read(&cursor, filter.has_key());
        let after = cursor.map(read).transpose()?;
        Ok(Self {
            page: Page {
                after: after.map(|(id, key)| After {
                    id: Id::from_uuid(id),
                    key,
                }),
                limit,
                order,
            },
            filter,
            list,
            path: request.path().to_owned(),
        })
    }

    /// This part of a list that is short enough to be had as a whole.
    pub(crate) fn of<Row>(&self, mut rows: Vec<Row>, id: impl Fn(&Row) -> Id) -> Slice<Row> {
        let Page { limit, order, .. } = self.page;
        let after = self.page.after.as_ref().map(|after| after.id);
        rows.sort_by_key(&id);
        match order {
            Order::Ascending => rows.retain(|row| after.is_none_or(|after| id(row) > after)),
            Order::Descending => {
                rows.retain(|row| after.is_none_or(|after| id(row) < after));
                rows.reverse();
            }
        }
        let more = rows.len() > usize::from(limit);
        rows.truncate(limit.into());
        Slice { rows, more }
    }

    /// The answer with these rows; `id` names a row.
    pub(crate) fn answer<Row, Body>(
        self,
        slice: Slice<Row>,
        id: impl Fn(&Row) -> Id,
        body: impl Fn(Row) -> Body,
    ) -> Listed<Body> {
        self.answer_by(slice, |row| (id(row), None), body)
    }

    /// The same for a list that is sorted by something else than the id.
    pub(crate) fn answer_by<Row, Body>(
        self,
        slice: Slice<Row>,
        place: impl Fn(&Row) -> (Id, Option<String>),
        body: impl Fn(Row) -> Body,
    ) -> Listed<Body> {
        let last = slice.rows.last().filter(|_| slice.more).map(place);
        let next_cursor = last.map(|(id, key)| self.list.write(id.as_uuid(), key));
        let link = next_cursor.as_ref().map(|cursor| {
            // RFC 8288: the next part, with the same limit, filter and direction.
            let Page { limit, order, .. } = self.page;
            let order = name(order);
            let filter = match self.list.filter.as_str() {
                "" => String::new(),
                filter => format!("&{filter}"),
            };
            format!(
                "<{}?limit={limit}&order={order}&cursor={cursor}{filter}>; rel=\"next\"",
                self.path
            )
        });
        Listed {
            list: List {
                data: slice.rows.into_iter().map(body).collect(),
                next_cursor,
            },
            link,
        }
    }
}

impl std::fmt::Debug for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cursor")
            .field("prefix", &self.prefix)
            .field("filter", &self.filter)
            .finish_non_exhaustive()
    }
}

impl Cursor {
    fn write(&self, id: Uuid, key: Option<String>) -> String {
        let place = [id.as_bytes(), key.unwrap_or_default().as_bytes()].concat();
        let mark = self.signatures.sign(&self.bound(&place));
        BASE64_URL_SAFE_NO_PAD.encode([&mark, place.as_slice()].concat())
    }

    fn read(&self, cursor: &str, has_key: bool) -> Result<(Uuid, Option<String>), Problem> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok();
        let read = || {
            let (mark, place) = bytes.as_deref()?.split_first_chunk::<16>()?;
            let (id, key) = place.split_first_chunk::<16>()?;
            if !self.signatures.verify(&self.bound(place), mark) {
                return None;
            }
            let key = std::str::from_utf8(key).ok()?;
            let is_one = key.is_empty() != has_key && !key.chars().any(char::is_control);
            let key = has_key.then(|| key.to_owned());
            is_one.then_some((Uuid::from_bytes(*id), key))
        };
        read().ok_or_else(|| Kind::InvalidCursor.into())
    }

    /// A place, in this list and no other.
    fn bound(&self, place: &[u8]) -> Vec<u8> {
        let order = name(self.order);
        let list = format!("{}/{}/{order}/{}/", self.owner, self.prefix, self.filter);
        [list.as_bytes(), place].concat()
    }
}

/// A number in its one plain form: `1`, and neither `01` nor `+1`.
fn plain_number(text: &str) -> Option<u8> {
    text.parse()
        .ok()
        .filter(|number: &u8| number.to_string() == text)
}

const fn name(order: Order) -> &'static str {
    match order {
        Order::Ascending => "asc",
        Order::Descending => "desc",
    }
}

pub(crate) fn invalid(parameter: &str, detail: impl ToString) -> Problem {
    let fault = Fault {
        pointer: format!("#/{}", token(parameter)),
        code: "invalid_value",
        detail: detail.to_string(),
    };
    Problem::from(Kind::InvalidQuery).errors(vec![fault])
}

/// Refuses parameters where a route has none: whoever sends `?dry_run=true` must not believe that it was heard.
pub(crate) async fn no_parameters(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    if let Err(problem) = Parameters::of(request.request()).and_then(Parameters::done) {
        return Ok(request.error_response(problem));
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}
