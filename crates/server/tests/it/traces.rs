//! What is exported to an OpenTelemetry collector: a span a request, and nothing of whose it was.

use crate::process::{Service, run};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, KeyValue, any_value::Value},
    trace::v1::{Span, span::SpanKind, status::StatusCode},
};
use prost::Message;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::mpsc::{Receiver, Sender, channel},
    thread,
    time::Duration,
};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(20);

/// A collector that takes what is exported by OTLP over HTTP, in binary, and hands it on as it came.
fn collector() -> (String, Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}/v1/traces", listener.local_addr().unwrap());
    let (exports, received) = channel();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let exports = exports.clone();
            thread::spawn(move || collect(stream, &exports));
        }
    });
    (endpoint, received)
}

fn collect(mut stream: TcpStream, exports: &Sender<Vec<u8>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let before = head.len();
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
            let line = head[before..].trim().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let head = head.to_ascii_lowercase();
        assert!(head.starts_with("post /v1/traces "), "{head}");
        assert!(
            head.contains("content-type: application/x-protobuf"),
            "{head}"
        );
        let _ = exports.send(body);
        let answer =
            "HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn text(value: Option<&AnyValue>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        other => panic!("{other:?}"),
    }
}

fn attribute(attributes: &[KeyValue], key: &str) -> Option<String> {
    let found = attributes.iter().find(|attribute| attribute.key == key);
    found.map(|found| text(found.value.as_ref()))
}

#[test]
fn a_request_is_a_span_in_the_trace_of_its_caller() {
    let (endpoint, exports) = collector();
    let settings = [
        ("BAILIWICK__TRACES__ENDPOINT", endpoint.as_str()),
        ("BAILIWICK__HTTP__NOTICE", "0"),
    ];
    let mut service = Service::start(&settings);
    let (access, _) = service.person("canary");
    let answer = service.get(
        "/users/me?canary=1 HTTP/1.1\r\ntraceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\nx:",
    );
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    assert_eq!(
        service.ask("GET", "/canary/canary", Some(&access), "").0,
        404
    );

    service.terminate();
    assert!(service.ended(PATIENCE).expect("it stops").success());

    // All was sent before it ended.
    let exported: Vec<_> = exports.try_iter().collect();
    let bytes = exported.concat();
    let canary = b"canary";
    assert!(!bytes.windows(canary.len()).any(|part| part == canary));
    let requests = exported
        .iter()
        .map(|body| ExportTraceServiceRequest::decode(body.as_slice()).unwrap());
    let resources: Vec<_> = requests
        .flat_map(|request| request.resource_spans)
        .collect();
    assert!(!resources.is_empty(), "nothing was exported");
    for resource in &resources {
        let of = &resource.resource.as_ref().unwrap().attributes;
        assert_eq!(attribute(of, "service.name").as_deref(), Some("bailiwick"));
        let version = attribute(of, "service.version");
        assert_eq!(version.as_deref(), Some(env!("CARGO_PKG_VERSION")));
    }
    let spans: Vec<Span> = resources
        .into_iter()
        .flat_map(|resource| resource.scope_spans)
        .flat_map(|scope| scope.spans)
        .collect();
    let named = |name: &str| {
        let mut found = spans.iter().filter(|span| span.name == name);
        let span = found
            .next()
            .unwrap_or_else(|| panic!("no {name} in {spans:?}"));
        assert!(found.next().is_none(), "{name} twice");
        span
    };
    let of = |span: &Span, key: &str| attribute(&span.attributes, key).unwrap_or_default();

    let registered = named("POST /users/register");
    assert_eq!(registered.kind(), SpanKind::Server);
    assert_eq!(of(registered, "http.request.method"), "POST");
    assert_eq!(of(registered, "http.route"), "/users/register");
    assert_eq!(of(registered, "http.response.status_code"), "201");
    assert!(registered.parent_span_id.is_empty());
    assert!(registered.end_time_unix_nano > registered.start_time_unix_nano);
    // What it has waited for.
    let within = |name: &str| {
        let inner = spans.iter().filter(|span| span.name == name);
        let inner = inner.filter(|span| span.parent_span_id == registered.span_id);
        inner.collect::<Vec<_>>()
    };
    let operations: Vec<_> = within("database")
        .iter()
        .map(|span| (of(span, "db.system.name"), of(span, "db.operation.name")))
        .collect();
    let sqlite = |operation: &str| ("sqlite".to_owned(), operation.to_owned());
    assert!(operations.contains(&sqlite("ask")), "{operations:?}");
    assert!(operations.contains(&sqlite("commit")), "{operations:?}");
    assert_eq!(within("password").len(), 1);
    let called = named("GET /users/me");
    let hex = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    assert_eq!(hex(&called.trace_id), "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(hex(&called.parent_span_id), "00f067aa0ba902b7");
    let lost = named("HTTP");
    assert_eq!(of(lost, "http.request.method"), "_OTHER");
    assert_eq!(attribute(&lost.attributes, "http.route"), None);
    for span in &spans {
        assert!(span.events.is_empty(), "{span:?}");
        let status = span.status.as_ref().map(|status| status.code());
        assert_ne!(status, Some(StatusCode::Error), "{span:?}");
    }
}

#[test]
fn a_collector_that_is_not_there_disturbs_nobody() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}/v1/traces", nobody.local_addr().unwrap());
    drop(nobody);
    let settings = [
        ("BAILIWICK__TRACES__ENDPOINT", endpoint.as_str()),
        ("BAILIWICK__HTTP__NOTICE", "0"),
    ];
    let mut service = Service::start(&settings);

    let (access, _) = service.person("ada");
    assert_eq!(service.ask("GET", "/users/me", Some(&access), "").0, 200);
    service.terminate();

    assert!(service.ended(PATIENCE).expect("it stops").success());
}

#[test]
fn an_endpoint_that_is_none_is_refused() {
    let folder = TempDir::new().unwrap();
    let endpoint = ("BAILIWICK__TRACES__ENDPOINT", "no url at all");

    let (well, output) = run(folder.path(), &[endpoint], &["serve"]);

    assert!(!well && output.contains("traces.endpoint"), "{output}");
}
