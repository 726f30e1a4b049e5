//! What the API counts of itself: how long each row of the table takes to answer, and what the policy has said.
//!
//! Labels come from the table and the catalogue, never from a request: there are as many as there are rows, whatever
//! anybody sends, and nobody is in them.

use crate::problem::Problem;
use actix_web::{
    HttpMessage, HttpRequest,
    http::{Method, StatusCode},
};
use bailiwick_domain::access::{Catalogue, Denied, Permission};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::{Registry, Unit},
};
use std::time::Duration;

/// How long an answer took, in seconds, until its head was there.
const DURATIONS: [f64; 14] = [
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// What is counted. Cheap to clone; clones count together.
#[derive(Debug, Clone)]
pub struct Metrics {
    answers: Family<Answered, Histogram>,
    decisions: Family<Decided, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    route: &'static str,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Decided {
    permission: &'static str,
    outcome: &'static str,
}

/// The row that a request has come to, as it is counted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    method: &'static str,
    path: &'static str,
}

/// What the policy has said to a request.
#[derive(Debug, Clone, Copy)]
struct Decision {
    permission: Permission,
    permitted: bool,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            answers: Family::new_with_constructor(|| Histogram::new(DURATIONS)),
            decisions: Family::default(),
        }
    }
}

impl Row {
    /// No row: an unknown path, or a verb that the path does not know.
    const NONE: Self = Self {
        method: "other",
        path: "none",
    };

    pub(crate) fn of(method: &Method, path: &'static str) -> Self {
        let method = match *method {
            Method::GET => "GET",
            Method::POST => "POST",
            Method::PUT => "PUT",
            Method::PATCH => "PATCH",
            Method::DELETE => "DELETE",
            _ => Self::NONE.method,
        };
        Self { method, path }
    }
}

impl Metrics {
    /// Adds them to what is exported.
    pub fn register(&self, registry: &mut Registry) {
        registry.register_with_unit(
            "bailiwick_http_request_duration",
            "From the head of a request to the head of its answer, by the row of the table that it came to",
            Unit::Seconds,
            self.answers.clone(),
        );
        registry.register(
            "bailiwick_access_decisions",
            "What the policy has said to requests, by the permission that was asked for",
            self.decisions.clone(),
        );
    }

    /// A request was answered.
    pub(crate) fn answered(
        &self,
        request: Option<&HttpRequest>,
        status: StatusCode,
        problem: Option<&Problem>,
        took: Duration,
    ) {
        let extensions = request.map(HttpMessage::extensions);
        let row = extensions.as_ref().and_then(|all| all.get::<Row>());
        let Row { method, path } = *row.unwrap_or(&Row::NONE);
        let answered = Answered {
            method,
            route: path,
            status: class(status),
        };
        let seconds = took.as_secs_f64();
        self.answers.get_or_create(&answered).observe(seconds);

        let decision = extensions.as_ref().and_then(|all| all.get::<Decision>());
        if let Some(decision) = decision {
            // Whoever might do it to something may still be refused on the thing itself.
            let lacked = problem.and_then(Problem::lacked) == Some(decision.permission);
            let decided = Decided {
                permission: decision.permission.name(),
                outcome: match decision.permitted && !lacked {
                    true => "permitted",
                    false => "denied",
                },
            };
            self.decisions.get_or_create(&decided).inc();
        }
    }
}

/// The verb and the path of the row that a request has come to, as they stand in the table.
#[must_use]
pub fn row_of(request: &HttpRequest) -> Option<(&'static str, &'static str)> {
    let extensions = request.extensions();
    let row = extensions.get::<Row>();
    row.map(|row| (row.method, row.path))
}

/// Takes note of what the policy has said, and hands it on.
pub(crate) fn decided<T>(
    request: &HttpRequest,
    permission: Permission,
    decision: Result<T, Denied>,
) -> Result<T, Denied> {
    request.extensions_mut().insert(Decision {
        permission,
        permitted: decision.is_ok(),
    });
    decision
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        100..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    }
}
