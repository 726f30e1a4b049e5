//! The audit trail over HTTP.

use crate::{
    access::Guard,
    answer::Answers,
    list::{Filter, Listed, Parameters, Part, text},
    openapi::{Description, Media},
    problem::Problem,
    reads::Reads,
    schema::Text,
    time::{Instant, rfc3339},
};
use actix_web::{
    FromRequest, HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    dev::Payload,
    http::header,
    web::{Bytes, Data},
};
use bailiwick_application::{
    audit::Audit,
    ports::{
        After, AuditFilter, AuditRow, Order, Outcome, Page, RecordedActor, StoreError, WhoseRecords,
    },
};
use bailiwick_domain::{
    ApiKeyId, AuditId, Timestamp,
    access::{Actor, action::ReadAudit},
    id::InvalidId,
};
use futures_util::stream;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use std::{
    future::{Ready, ready},
    str::FromStr,
};
use tracing::{Instrument, Span};

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuditEvent")]
pub(crate) struct AuditBody {
    #[schemars(with = "Text<AuditId>")]
    id: String,
    #[schemars(with = "Text<Timestamp>")]
    at: String,
    #[schemars(with = "Option<Text<Actor>>")]
    actor: Option<String>,
    /// With which key, where it was a machine.
    #[schemars(with = "Option<Text<ApiKeyId>>")]
    key_id: Option<String>,
    action: String,
    target: String,
    #[schemars(with = "Text<Outcome>")]
    outcome: &'static str,
    reason: Option<String>,
}

impl From<AuditRow> for AuditBody {
    fn from(row: AuditRow) -> Self {
        Self {
            id: row.id.to_string(),
            at: rfc3339(row.at),
            key_id: match row.actor {
                Some(RecordedActor::Machine(_, key)) => Some(key.to_string()),
                Some(RecordedActor::User(_)) | None => None,
            },
            actor: row.actor.map(|actor| match actor {
                RecordedActor::User(user) => user.to_string(),
                RecordedActor::Machine(account, _) => account.to_string(),
            }),
            action: row.action,
            target: row.target,
            outcome: row.outcome.name(),
            reason: row.reason,
        }
    }
}

/// Whose records are asked for: a person's or a machine's, by its id.
struct Whose(WhoseRecords);

impl FromStr for Whose {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let user = text.parse().map(WhoseRecords::User);
        let whose = user.or_else(|error| {
            let machine = text.parse().map(WhoseRecords::Machine);
            machine.map_err(|_| error)
        });
        whose.map(Self)
    }
}

/// Which records are asked for.
pub(crate) struct Wanted(AuditFilter);

impl Filter for Wanted {
    fn take(query: &mut Parameters) -> Result<Self, Problem> {
        let at = |query: &mut Parameters, name| {
            let instant = query.parse::<Instant>(name)?;
            Ok::<_, Problem>(instant.map(|Instant(at)| at))
        };
        Ok(Self(AuditFilter {
            actor: query.parse::<Whose>("actor")?.map(|Whose(whose)| whose),
            action: query.text("action")?,
            target: query.text("target")?,
            outcome: query.one_of("outcome", &Outcome::ALL, Outcome::name)?,
            since: at(query, "since")?,
            until: at(query, "until")?,
        }))
    }

    fn describe(description: &mut Description<'_>) {
        let actor = description.read::<Text<Actor>>();
        description.query(
            "actor",
            "Only what this account or service account did.",
            &actor,
        );
        description.query("action", "Only what is called so.", &text());
        description.query("target", "Only what is about this.", &text());
        let outcome = description.read::<Text<Outcome>>();
        description.query("outcome", "Only what ended so.", &outcome);
        let at = description.read::<Text<Timestamp>>();
        description.query("since", "Only what was at this instant or later.", &at);
        description.query("until", "Only what was before this instant.", &at);
    }
}

impl FromRequest for Wanted {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Parameters::of(request).and_then(|mut query| {
            let wanted = Self::take(&mut query)?;
            query.done()?;
            Ok(wanted)
        }))
    }
}

impl Reads for Wanted {
    const QUERY: bool = true;

    fn describe(description: &mut Description<'_>) {
        <Self as Filter>::describe(description);
    }
}

pub(crate) async fn list(
    permit: Guard<ReadAudit>,
    audit: Data<Audit>,
    part: Part<AuditId, Wanted>,
) -> Result<Listed<AuditBody>, Problem> {
    let Wanted(filter) = &part.filter;
    let slice = audit.list(&permit, filter, &part.page).await?;
    Ok(part.answer(slice, |row| row.id, AuditBody::from))
}

/// All that is asked for as JSON Lines, page by page: however long the trail is, no more than a page is in memory.
pub(crate) async fn export(
    permit: Guard<ReadAudit>,
    audit: Data<Audit>,
    Wanted(filter): Wanted,
) -> Result<Lines, Problem> {
    let first = Page {
        after: None,
        limit: 100,
        order: Order::Ascending,
    };
    // The first page before the head goes out: until then a failure can still be said.
    let slice = audit.list(&permit, &filter, &first).await?;
    let export = Export {
        permit,
        audit,
        filter,
        next: slice.more.then(|| after(&first, &slice.rows)),
    };
    let request = Span::current();
    let rest = stream::unfold(export, move |mut export| {
        let page = async {
            let page = export.next.take()?;
            // Nobody can be told any more but whoever reads the log.
            let lines = export.page(page).await.inspect_err(
                |error| tracing::error!(error = %error, "the export broke off half-way"),
            );
            Some((lines, export))
        };
        page.instrument(request.clone())
    });
    let first = stream::once(ready(Ok(lines(slice.rows))));
    let all = futures_util::StreamExt::chain(first, rest);
    let all = HttpResponse::Ok()
        .content_type(Media::Lines.name())
        .insert_header((
            header::CONTENT_DISPOSITION,
            r#"attachment; filename="audit-events.jsonl""#,
        ))
        .streaming(all);
    Ok(Lines(all))
}

/// Records, a line each.
#[derive(Debug)]
pub(crate) struct Lines(HttpResponse);

impl Responder for Lines {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.0
    }
}

impl Answers for Lines {
    fn answers(description: &mut Description<'_>) {
        let record = description.written::<AuditBody>();
        let lines = json!({
            "type": "string",
            "description": "JSON Lines.",
            "contentMediaType": "application/json",
            "contentSchema": record,
        });
        description.answers_with(200, Some((Media::Lines, lines)));
        let what = "Under which name browsers save it.";
        let text = json!({ "type": "string" });
        description.answers_header("Content-Disposition", what, true, &text);
    }
}

struct Export {
    permit: Guard<ReadAudit>,
    audit: Data<Audit>,
    filter: AuditFilter,
    next: Option<Page<AuditId>>,
}

impl Export {
    async fn page(&mut self, page: Page<AuditId>) -> Result<Bytes, StoreError> {
        let slice = self.audit.list(&self.permit, &self.filter, &page).await?;
        self.next = slice.more.then(|| after(&page, &slice.rows));
        Ok(lines(slice.rows))
    }
}

fn after(page: &Page<AuditId>, rows: &[AuditRow]) -> Page<AuditId> {
    Page {
        after: rows.last().map(|row| After {
            id: row.id,
            key: None,
        }),
        ..*page
    }
}

fn lines(rows: Vec<AuditRow>) -> Bytes {
    let lines = rows.into_iter().filter_map(|row| {
        let mut line = serde_json::to_string(&AuditBody::from(row)).ok()?;
        line.push('\n');
        Some(line)
    });
    lines.collect::<String>().into()
}
