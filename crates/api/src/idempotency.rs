//! `Idempotency-Key`: whoever did not hear the answer asks again, and nothing is done twice
//! (draft-ietf-httpapi-idempotency-key-header-07).

use crate::{
    access::{Access, Declaration},
    address::client,
    answer::{Json, Or, Tagged, insert},
    body::read,
    openapi::Description,
    precondition::etag,
    problem::{Kind, Problem},
    reads::Reads,
    throttle::network,
};
use actix_web::{
    FromRequest, HttpMessage, HttpRequest, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    error::PayloadError,
    http::{
        StatusCode,
        header::{self, HeaderName},
    },
    middleware::Next,
    web::{Bytes, Data},
};
use bailiwick_application::{
    once::Once,
    ports::{Answers, Earlier, KeyedRequest, Requester, StoreError},
    sessions::Asker,
};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{
    future::{Ready, ready},
    sync::Arc,
    time::Duration,
};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// How many characters a key has at the most.
const MAX_KEY: usize = 255;

/// The key that the request was sent with, if it was.
#[derive(Debug)]
pub(crate) struct IdempotencyKey(Option<Keyed>);

#[derive(Clone)]
struct Keyed {
    request: KeyedRequest,
    answers: Data<dyn Answers>,
    /// How it was answered before, if it was.
    before: Option<Arc<Record>>,
}

/// An answer, as it is kept.
#[derive(Serialize, Deserialize)]
pub(crate) struct Record {
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    body: String,
}

/// An answer that can be kept.
pub(crate) trait Keepable {
    fn record(&self) -> serde_json::Result<Record>;
}

impl<const STATUS: u16, T: Serialize> Keepable for Json<STATUS, T> {
    fn record(&self) -> serde_json::Result<Record> {
        Ok(Record {
            status: STATUS,
            etag: None,
            body: serde_json::to_string(&self.0)?,
        })
    }
}

impl<A: Keepable> Keepable for Tagged<A> {
    fn record(&self) -> serde_json::Result<Record> {
        Ok(Record {
            etag: Some(etag(self.0).1),
            ..self.1.record()?
        })
    }
}

impl<A: Keepable, B: Keepable> Keepable for Or<A, B> {
    fn record(&self) -> serde_json::Result<Record> {
        match self {
            Self::This(answer) => answer.record(),
            Self::That(answer) => answer.record(),
        }
    }
}

impl IdempotencyKey {
    /// What is done once, and answered like this.
    pub(crate) fn once<T: ?Sized, A: Keepable>(
        self,
        answer: impl FnOnce(&T) -> A + Send + 'static,
    ) -> Once<T> {
        match self.0 {
            None => Once::unkeyed(),
            Some(Keyed {
                before: Some(_), ..
            }) => Once::before(),
            Some(Keyed {
                request, answers, ..
            }) => Once::answered(move |outcome| {
                let record = answer(outcome).record();
                let record = record.and_then(|record| serde_json::to_vec(&record));
                let record = record.map_err(|error| StoreError::Broken(error.to_string()))?;
                answers.seal(&request, &record)
            }),
        }
    }
}

impl std::fmt::Debug for Keyed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keyed")
            .field("id", &self.request.id)
            .field("before", &self.before.is_some())
            .finish_non_exhaustive()
    }
}

impl FromRequest for IdempotencyKey {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(request.extensions().get().cloned())))
    }
}

impl Reads for IdempotencyKey {
    const KEYED: bool = true;

    fn describe(description: &mut Description<'_>) {
        let what = "Any word of the caller's own: asked again with it within 24 hours, the same is answered, and nothing is done.";
        let schema = json!({ "type": "string", "minLength": 1, "maxLength": MAX_KEY, "pattern": "^[!-~]+$" });
        description.header("Idempotency-Key", what, false, &schema);
        let what = "`true` where this was answered before.";
        let schema = json!({ "type": "string", "const": "true" });
        description.answers_header("Idempotency-Replayed", what, false, &schema);
        description.refuses(&[
            Kind::InvalidIdempotencyKey,
            Kind::IdempotencyKeyReused,
            Kind::IdempotencyKeyInFlight,
        ]);
        <Data<dyn Answers>>::describe(description);
    }
}

/// Behind [`authenticate`](crate::access::authenticate): recognizes a request by its key.
///
/// What was answered before is answered again only where the handler would still do it: it has its permit by then, and the
/// use case finds that there is nothing left to do.
pub(crate) async fn recognize<D: Declaration>(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let keyed = match keyed(D::ACCESS, &mut request).await {
        Ok(keyed) => keyed,
        Err(problem) => return Ok(request.error_response(problem)),
    };
    let Some(keyed) = keyed else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    request.extensions_mut().insert(keyed.clone());
    let response = next.call(request).await?.map_into_boxed_body();
    let problem = response.response().error();
    let refused = problem.and_then(|error| Some(error.as_error::<Problem>()?.kind()));
    match (refused, &keyed.before) {
        (Some(Kind::IdempotencyKeyInFlight), Some(record)) => {
            Ok(response.into_response(record.replay()))
        }
        // Whatever stood in the way may be what the same request did a moment ago.
        (Some(kind), None) if kind.status() == StatusCode::BAD_REQUEST => {
            let (request, answer) = response.into_parts();
            let answer = match keyed.answers.earlier(&keyed.request).await {
                Ok(None) => answer,
                Ok(Some(Earlier::Same(_))) => HttpResponse::from_error(Problem::in_flight()),
                Ok(Some(Earlier::Other)) => {
                    HttpResponse::from_error(Problem::from(Kind::IdempotencyKeyReused))
                }
                Err(error) => HttpResponse::from_error(Problem::from(error)),
            };
            Ok(ServiceResponse::new(request, answer))
        }
        _ => Ok(response),
    }
}

/// What a request with a key is recognized by, and how it was answered before, if it was.
async fn keyed(access: Access, request: &mut ServiceRequest) -> Result<Option<Keyed>, Problem> {
    let Some(key) = key(request.request())?.map(ToOwned::to_owned) else {
        return Ok(None);
    };
    let Some(requester) = requester(access, request) else {
        // The handler will refuse them.
        return Ok(None);
    };
    let answers = request.app_data::<Data<dyn Answers>>();
    let answers = answers.cloned().ok_or(Kind::Internal)?;
    let (http, payload) = request.parts_mut();
    let body = read(http, payload).await?;
    let recognized = answers.recognize(
        requester,
        &key,
        &[
            http.method().as_str().as_bytes(),
            http.path().as_bytes(),
            http.query_string().as_bytes(),
            &body,
        ],
    );
    request.set_payload(Payload::Stream {
        payload: Box::pin(stream::iter([Ok::<Bytes, PayloadError>(body)])),
    });
    let before = match answers.earlier(&recognized).await? {
        None => None,
        Some(Earlier::Other) => return Err(Kind::IdempotencyKeyReused.into()),
        Some(Earlier::Same(record)) => {
            let record = serde_json::from_slice(&record).map_err(|_| Kind::Internal)?;
            Some(Arc::new(record))
        }
    };
    Ok(Some(Keyed {
        request: recognized,
        answers,
        before,
    }))
}

/// The key of a request: visible ASCII.
fn key(request: &HttpRequest) -> Result<Option<&str>, Problem> {
    let mut keys = request.headers().get_all(KEY);
    let Some(key) = keys.next() else {
        return Ok(None);
    };
    let visible = |key: &&str| key.bytes().all(|byte| byte.is_ascii_graphic());
    let key = key.to_str().ok().filter(visible);
    match key.filter(|key| (1..=MAX_KEY).contains(&key.len())) {
        Some(key) if keys.next().is_none() => Ok(Some(key)),
        _ => Err(Kind::InvalidIdempotencyKey.into()),
    }
}

/// Whose key it is. What is open to whoever is signed in is about themselves, whichever tenant their token names.
fn requester(access: Access, request: &ServiceRequest) -> Option<Requester> {
    let extensions = request.extensions();
    let asker = extensions.get::<Asker>();
    match access {
        Access::Public => Some(Requester::Stranger(network(client(request.request())?))),
        Access::SignedIn => Some(Requester::Person(asker?.person()?.user.id)),
        Access::Member | Access::Requires(_) | Access::RequiresOn(_) => {
            Some(Requester::Within(asker?.tenant()?, asker?.actor()))
        }
    }
}

impl Record {
    fn replay(&self) -> HttpResponse {
        let status = StatusCode::from_u16(self.status).unwrap_or_default();
        let mut answer = HttpResponse::build(status)
            .content_type("application/json")
            .body(self.body.clone());
        if let Some(tag) = &self.etag {
            insert(&mut answer, header::ETAG, tag);
        }
        insert(&mut answer, REPLAYED, "true");
        answer
    }
}

impl Problem {
    /// The same request is being answered at this moment.
    pub(crate) fn in_flight() -> Self {
        Self::from(Kind::IdempotencyKeyInFlight).retry_after(Duration::from_secs(1))
    }
}
