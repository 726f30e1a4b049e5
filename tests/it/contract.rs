//! The OpenAPI document as a contract: it is a valid document, and whatever any test is ever answered keeps what it says.

use crate::{
    samples::{nowhere, sample, sampled},
    world::{Answer, Ask, World},
};
use bailiwick_api::{
    access::Access,
    routes::{Route, routes},
};
use jsonschema::{Draft, Validator};
use serde_json::{Value, json};
use std::{
    collections::{BTreeSet, HashMap},
    fs,
    path::Path,
    sync::{Arc, LazyLock, Mutex},
};

static CONTRACT: LazyLock<Contract> = LazyLock::new(|| Contract {
    document: routes().openapi(),
    validators: Mutex::default(),
});

/// The document, and what has been made of its schemas so far.
struct Contract {
    document: Value,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

/// Does the answer keep what the document says about this operation?
///
/// # Panics
/// When it does not.
#[track_caller]
pub(crate) fn keeps(method: &str, path: &str, answer: &Answer) {
    if let Err(fault) = CONTRACT.check(method, path, answer) {
        panic!(
            "{method} {path} is answered {} {} {:?}: {fault}",
            answer.status, answer.text, answer.headers
        );
    }
}

impl Contract {
    fn check(&self, method: &str, path: &str, answer: &Answer) -> Result<(), String> {
        if method == "OPTIONS" {
            // It is about the path, and says in its head what the document says.
            return self.is_problem(answer, &[200, 204, 403, 404]);
        }
        let bare = method == "HEAD";
        // Methods are told apart letter for letter (RFC 9110 §9.1), and the document writes them small.
        let verb = match method {
            "HEAD" => "get".to_owned(),
            _ if method.bytes().all(|letter| letter.is_ascii_uppercase()) => method.to_lowercase(),
            _ => method.to_uppercase(),
        };
        let Some((pattern, item)) = self.item(path) else {
            // No row has such a path, or what stands in it is not to be understood.
            return self.is_problem(answer, &[400, 404]);
        };
        let Some(operation) = item.get(&verb) else {
            return self.is_problem(answer, &[405]);
        };
        let status = answer.status.to_string();
        let documented = operation["responses"].get(&status);
        let documented = documented.ok_or("the status is not documented")?;
        let documented = self.resolved(documented);
        let headers = documented["headers"].as_object().into_iter().flatten();
        for (name, header) in headers {
            let header = self.resolved(header);
            match answer.headers.get(name) {
                None if header["required"] == true => return Err(format!("`{name}` is missing")),
                None => {}
                Some(value) => {
                    let text = value.to_str().map_err(|error| error.to_string())?;
                    let value = match header["schema"]["type"].as_str() {
                        Some("integer") => serde_json::from_str(text).unwrap_or(json!(text)),
                        _ => json!(text),
                    };
                    self.looks(&format!("header {header}"), &header["schema"], &value)
                        .map_err(|fault| format!("`{name}`: {fault}"))?;
                }
            }
        }
        let Some(content) = documented["content"].as_object() else {
            return match answer.text.as_str() {
                "" => Ok(()),
                _ => Err("there is a body, and none is documented".to_owned()),
            };
        };
        if bare {
            return Ok(());
        }
        let media = answer.header("content-type").unwrap_or_default();
        let schema = content.get(media).ok_or("the type is not documented")?;
        let schema = &schema["schema"];
        let place = format!("{verb} {pattern} {status} {media}");
        match schema.get("contentSchema") {
            None if media.contains("json") => self.looks(&place, schema, &parsed(&answer.text)?),
            None => Ok(()),
            Some(line) => answer
                .text
                .lines()
                .try_for_each(|text| self.looks(&place, line, &parsed(text)?)),
        }
    }

    /// What the document has of this path: a word in it counts before what stands for an id.
    fn item(&self, path: &str) -> Option<(&String, &Value)> {
        let paths = self.document["paths"].as_object().unwrap();
        let wanted: Vec<_> = path.split('/').collect();
        let fits = |pattern: &str| {
            let parts: Vec<_> = pattern.split('/').collect();
            let mut pairs = parts.iter().zip(&wanted);
            let same = |(part, text): (&&str, &&str)| {
                part == text || part.starts_with('{') && !text.is_empty()
            };
            parts.len() == wanted.len() && pairs.all(same)
        };
        paths
            .iter()
            .filter(|(pattern, _)| fits(pattern))
            .min_by_key(|(pattern, _)| pattern.matches('{').count())
    }

    fn is_problem(&self, answer: &Answer, statuses: &[u16]) -> Result<(), String> {
        if !statuses.contains(&answer.status) {
            return Err(format!(
                "no such operation is documented, and no {statuses:?} says so"
            ));
        }
        if answer.text.is_empty() {
            return Ok(());
        }
        let schema = json!({ "$ref": "#/components/schemas/Problem" });
        self.looks("problem", &schema, &parsed(&answer.text)?)
    }

    fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(reference) => self.document.pointer(&reference[1..]).unwrap(),
            None => value,
        }
    }

    /// Does the value look as the schema says? `place` names the schema.
    fn looks(&self, place: &str, schema: &Value, value: &Value) -> Result<(), String> {
        let validator = {
            let mut validators = self.validators.lock().unwrap();
            let made = || Arc::new(self.validator(schema));
            Arc::clone(validators.entry(place.to_owned()).or_insert_with(made))
        };
        let faults: Vec<_> = validator
            .iter_errors(value)
            .map(|error| format!("{error} at `{}`", error.instance_path()))
            .collect();
        match faults.is_empty() {
            true => Ok(()),
            false => Err(faults.join("; ")),
        }
    }

    fn validator(&self, schema: &Value) -> Validator {
        let mut schema = schema.clone();
        // What it refers to stands in the document from its root.
        schema["components"] = self.document["components"].clone();
        jsonschema::options()
            .with_draft(Draft::Draft202012)
            .should_validate_formats(true)
            .build(&schema)
            .unwrap()
    }
}

fn parsed(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// The schema of OpenAPI 3.1 documents is the specification's own, of 2022-10-07 (Apache 2.0).
#[test]
fn the_document_is_valid() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/openapi-3.1.json");
    let schema: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();

    let faults: Vec<_> = validator
        .iter_errors(&CONTRACT.document)
        .map(|error| format!("{error} at `{}`", error.instance_path()))
        .collect();

    assert_eq!(faults, [""; 0]);
    let mut broken = CONTRACT.document.clone();
    broken["paths"]["/health"]["get"]["responses"]["200"] = json!({ "content": [] });
    assert!(!validator.is_valid(&broken));
}

#[test]
fn every_schema_is_one() {
    for (name, schema) in CONTRACT.document["components"]["schemas"]
        .as_object()
        .unwrap()
    {
        jsonschema::draft202012::meta::validate(schema)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        CONTRACT.validator(schema);
    }
}

#[test]
fn an_answer_that_the_document_does_not_know_is_a_fault() {
    let answer = |status, text: &str| {
        let mut headers = reqwest::header::HeaderMap::new();
        headers.insert("x-request-id", "one".parse().unwrap());
        headers.insert("cache-control", "no-store".parse().unwrap());
        headers.insert("content-type", "application/json".parse().unwrap());
        Answer {
            status,
            headers,
            text: text.to_owned(),
        }
    };
    let check = |path, answer: Answer| CONTRACT.check("GET", path, &answer);

    assert_eq!(check("/health", answer(200, "{\"status\":\"ok\"}")), Ok(()));
    assert!(check("/health", answer(200, "{\"status\":\"well\"}")).is_err());
    assert!(check("/health", answer(200, "{}")).is_err());
    assert!(check("/health", answer(200, "")).is_err());
    assert!(check("/health", answer(201, "{\"status\":\"ok\"}")).is_err());
    assert!(check("/no/such/path", answer(200, "{}")).is_err());
    let mut nameless = answer(200, "{\"status\":\"ok\"}");
    nameless.headers.remove("x-request-id");
    assert!(check("/health", nameless).is_err());
    let mut typeless = answer(200, "{\"status\":\"ok\"}");
    typeless
        .headers
        .insert("content-type", "text/plain".parse().unwrap());
    assert!(check("/health", typeless).is_err());
}

/// What is put in the place of each text: some of it is fine for some fields, and none for all.
fn texts() -> Vec<String> {
    let letters = [
        1, 7, 8, 100, 101, 200, 201, 253, 254, 255, 300, 301, 1024, 1025,
    ];
    let letters = letters.map(|count| "xq".repeat(count).chars().take(count).collect());
    let host = format!("a@{}.example", "h".repeat(63));
    let long_host = format!("a@{}.example", "h".repeat(64));
    let words = [
        "",
        " ",
        "\t",
        "-",
        "A",
        "a b",
        " Ada ",
        "Ada\n",
        "A\u{0}a",
        "A\u{200b}a",
        "\u{202e}Ada",
        "\u{ad}",
        "Ärzte",
        "\u{1f600}",
        "acme-inc",
        "acme--inc",
        "-acme",
        "Acme",
        "acme_inc",
        "ada@example.com",
        "ada@example",
        "ada",
        "@",
        "a..b@example.com",
        ".a@example.com",
        "a@-example.com",
        "a@example-.com",
        "a@example.1",
        "a@example.1a",
        "a@1.a1",
        "a@1.1-1",
        "a@b@example.com",
        "a b@example.com",
        "a'b+c@example.com",
        "example.com",
        "example",
        "1.2.3.4",
        "-example.com",
        "*.example.com",
        "org_01h455vb4pex5vsknk084sn02q",
        "org_81h455vb4pex5vsknk084sn02q",
        "org_01h455vb4pex5vsknk084sn02",
        "org_01h455vb4pex5vsknk084sn02u",
        "ORG_01h455vb4pex5vsknk084sn02q",
        "member_01h455vb4pex5vsknk084sn02q",
        "inv_01h455vb4pex5vsknk084sn02q",
        "proj_01h455vb4pex5vsknk084sn02q",
        "role_01h455vb4pex5vsknk084sn02q",
        "project:read",
        "project:fly",
        "member:*",
        "2030-01-31T12:00:00Z",
        "2030-01-31T12:00:00.5+02:00",
        "2030-01-31",
        "2030-13-31T12:00:00Z",
        "noon",
        "correct horse battery staple",
    ];
    let words = words.map(str::to_owned);
    words
        .into_iter()
        .chain(letters)
        .chain([host, long_host])
        .collect()
}

/// What is put in the place of everything.
fn others() -> [Value; 8] {
    [
        json!(null),
        json!(true),
        json!(0),
        json!(-1.5),
        json!([]),
        json!({}),
        json!([null]),
        json!({ "a": "b" }),
    ]
}

/// Neither refuses more than the other, but for what a schema cannot say. No database is asked about the form of a body.
#[tokio::test]
async fn a_body_is_refused_for_its_form_exactly_where_its_schema_says_so() {
    let world = World::sqlite().await;
    let owner = world.operating_owner("ada", "Acme").await;
    let table = routes();
    let mut met = (0, 0);
    let mut seen = BTreeSet::new();
    let mut differ = Vec::new();
    for route in table.iter() {
        let Some(body) = sample(route) else { continue };
        let schema = schema_of(route);
        if !seen.insert(schema.to_string()) {
            continue;
        }
        let place = format!("{route:?}");
        let looks = |body: &Value| CONTRACT.looks(&place, &schema, body).is_ok();
        assert!(
            looks(&body),
            "the sample of {route:?} is not as its schema says"
        );
        for changed in changes(&body) {
            let request = match route.access {
                Access::Public => sampled(&world.nobody(), route, &nowhere(route)),
                _ => sampled(&owner, route, &nowhere(route)),
            };
            let answer = request.json(&changed).answer().await;
            let refused = answer.status == 400 && answer.code() == "invalid_body";
            if looks(&changed) == refused && !is_beyond_schemas(&answer) {
                let verdict = if refused { "allows" } else { "forbids" };
                let body = changed.to_string();
                let body: String = body.chars().take(300).collect();
                differ.push(format!("{route:?} schema {verdict} {body} {}", answer.text));
            }
            match refused {
                true => met.0 += 1,
                false => met.1 += 1,
            }
        }
    }
    assert_eq!(differ, [""; 0]);
    assert!(met.0 > 1000 && met.1 > 200, "{met:?}");
}

/// How the document says that the body of this row looks.
fn schema_of(route: &Route) -> Value {
    let verb = route.method.as_str().to_lowercase();
    let body = &CONTRACT.document["paths"][route.path][&verb]["requestBody"];
    body["content"]["application/json"]["schema"].clone()
}

/// Bodies that differ from this one in one place.
fn changes(body: &Value) -> Vec<Value> {
    let mut changes = vec![json!([body]), json!(null), json!("body")];
    for place in places(body) {
        let found = body.pointer(&place).unwrap();
        let mut put = |value: Value| {
            let mut changed = body.clone();
            *changed.pointer_mut(&place).unwrap() = value;
            changes.push(changed);
        };
        others().into_iter().for_each(&mut put);
        if found.is_string() {
            texts().into_iter().map(Value::from).for_each(&mut put);
        }
        if let Some(items) = found.as_array() {
            for count in [1, 20, 21, 50, 51, 200, 201] {
                put(items.iter().cycle().take(count).cloned().collect());
            }
        }
        if let Some(fields) = found.as_object() {
            let mut more = fields.clone();
            more.insert("unknown".to_owned(), json!(1));
            put(more.into());
            for name in fields.keys() {
                let mut fewer = fields.clone();
                fewer.remove(name);
                put(fewer.into());
            }
        }
    }
    changes
}

/// The pointers to all that is in this.
fn places(body: &Value) -> Vec<String> {
    let below: Vec<_> = match body {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, one)| (name.clone(), one))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(at, one)| (at.to_string(), one))
            .collect(),
        _ => Vec::new(),
    };
    let below = below.into_iter().flat_map(|(name, one)| {
        places(one)
            .into_iter()
            .map(move |place| format!("/{name}{place}"))
    });
    std::iter::once(String::new()).chain(below).collect()
}

/// What a schema cannot say: which passwords are guessed first, how many *bytes* there are, what is trimmed away.
fn is_beyond_schemas(answer: &Answer) -> bool {
    let text = &answer.text;
    [
        "must not be a repetition",
        "must not be your name",
        "is among the most common",
        "must have at least 12",
    ]
    .iter()
    .any(|rule| text.contains(rule))
}
