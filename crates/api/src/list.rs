//! Lists: which part is asked for, and how the answer says where the next part starts.

use crate::{
    access::SignedIn,
    problem::{Fault, Kind, Problem},
};
use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload, http::header, web::Query};
use bailiwick_application::ports::{Order, Page, Slice};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use std::future::{Ready, ready};
use uuid::Uuid;

/// How many rows, unless the caller says.
const DEFAULT_LIMIT: u8 = 50;
/// How many rows at the most.
const MAX_LIMIT: u8 = 100;

/// The part of a list that is asked for: of one of the tenant in the token, or of one of the caller's own.
#[derive(Debug)]
pub(crate) struct Part<Id> {
    pub(crate) page: Page<Id>,
    list: Cursor,
    path: String,
}

/// Where a list goes on: good for one owner, one list and one direction.
#[derive(Debug, Clone)]
struct Cursor {
    owner: String,
    prefix: &'static str,
    order: Order,
}

/// What a row of a list is named by.
pub(crate) trait ListId: Copy + Ord {
    const PREFIX: &'static str;
    /// Does the tenant own the list, and not the caller?
    const OF_TENANT: bool;
    fn from_uuid(uuid: Uuid) -> Self;
    fn as_uuid(self) -> Uuid;
}

macro_rules! list_ids {
    ($($id:ident $of_tenant:literal),* $(,)?) => {$(
        impl ListId for bailiwick_domain::$id {
            const PREFIX: &'static str = Self::PREFIX;
            const OF_TENANT: bool = $of_tenant;
            fn from_uuid(uuid: Uuid) -> Self {
                Self::from_uuid(uuid)
            }
            fn as_uuid(self) -> Uuid {
                self.as_uuid()
            }
        }
    )*};
}
list_ids! { MemberId true, ProjectId true, SessionId false, TenantId false }

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    limit: Option<String>,
    cursor: Option<String>,
    order: Option<String>,
}

impl<Id: ListId> FromRequest for Part<Id> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let caller = SignedIn::from_request(request, payload).into_inner();
        ready(caller.and_then(|caller| {
            let owner = if Id::OF_TENANT {
                caller.tenant.ok_or(Kind::Forbidden)?.to_string()
            } else {
                caller.user.id.to_string()
            };
            Self::asked(request, owner)
        }))
    }
}

impl<Id: ListId> Part<Id> {
    fn asked(request: &HttpRequest, owner: String) -> Result<Self, Problem> {
        let Query(asked) = Query::<Asked>::from_query(request.query_string())
            .map_err(|error| Problem::from(Kind::InvalidQuery).detail(error))?;
        let limit = match asked.limit.as_deref().map(plain_number) {
            None => DEFAULT_LIMIT,
            Some(Some(limit)) if (1..=MAX_LIMIT).contains(&limit) => limit,
            Some(_) => return Err(invalid("limit", format!("must be 1 to {MAX_LIMIT}"))),
        };
        let order = match asked.order.as_deref() {
            None | Some("asc") => Order::Ascending,
            Some("desc") => Order::Descending,
            Some(_) => return Err(invalid("order", "must be `asc` or `desc`".to_owned())),
        };
        let list = Cursor {
            owner,
            prefix: Id::PREFIX,
            order,
        };
        let after = asked
            .cursor
            .as_deref()
            .map(|cursor| list.read(cursor))
            .transpose()?;
        Ok(Self {
            page: Page {
                after: after.map(Id::from_uuid),
                limit,
                order,
            },
            list,
            path: request.path().to_owned(),
        })
    }

    /// This part of a list that is short enough to be had as a whole.
    pub(crate) fn of<Row>(&self, mut rows: Vec<Row>, id: impl Fn(&Row) -> Id) -> Slice<Row> {
        let Page {
            after,
            limit,
            order,
        } = self.page;
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
    pub(crate) fn answer<Row, Body: serde::Serialize>(
        self,
        slice: Slice<Row>,
        id: impl Fn(&Row) -> Id,
        body: impl Fn(Row) -> Body,
    ) -> HttpResponse {
        #[derive(serde::Serialize)]
        struct List<Body> {
            data: Vec<Body>,
            next_cursor: Option<String>,
        }
        let last = slice.rows.last().filter(|_| slice.more).map(id);
        let next_cursor = last.map(|id| self.list.write(id.as_uuid()));
        let mut answer = HttpResponse::Ok();
        if let Some(cursor) = &next_cursor {
            // RFC 8288: the next part, with the same limit and direction.
            let Page { limit, order, .. } = self.page;
            let order = name(order);
            let path = &self.path;
            let link =
                format!(r#"<{path}?limit={limit}&order={order}&cursor={cursor}>; rel="next""#);
            answer.insert_header((header::LINK, link));
        }
        answer.json(List {
            data: slice.rows.into_iter().map(body).collect(),
            next_cursor,
        })
    }
}

impl Cursor {
    fn write(&self, id: Uuid) -> String {
        BASE64_URL_SAFE_NO_PAD.encode([self.binding().as_bytes(), id.as_bytes()].concat())
    }

    fn read(&self, cursor: &str) -> Result<Uuid, Problem> {
        BASE64_URL_SAFE_NO_PAD
            .decode(cursor)
            .ok()
            .and_then(|bytes| Uuid::from_slice(bytes.strip_prefix(self.binding().as_bytes())?).ok())
            .ok_or_else(|| Kind::InvalidCursor.into())
    }

    fn binding(&self) -> String {
        format!("{}/{}/{}/", self.owner, self.prefix, name(self.order))
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

fn invalid(parameter: &str, detail: String) -> Problem {
    let fault = Fault {
        pointer: format!("#/{parameter}"),
        code: "invalid_value",
        detail,
    };
    Problem::from(Kind::InvalidQuery).errors(vec![fault])
}
