//! The page at `/docs`, in a real browser that reaches nothing but this machine.

use crate::{
    browser::Browser,
    world::{PASSWORD, World},
};
use bailiwick_api::routes::routes;
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use std::{fs, path::Path};

both!(
    somebody_new_comes_from_registering_to_a_refusal_on_the_page,
    the_page_runs_no_script_that_does_not_stand_beside_it,
);

/// What the page says.
const SAID: &str = "document.querySelector('#said').textContent";

async fn somebody_new_comes_from_registering_to_a_refusal_on_the_page(world: World) {
    let Some(mut browser) = Browser::open() else {
        return;
    };
    browser.visit(&format!("{}/docs", world.origin()));

    // All operations are there.
    let shown = format!(
        "document.querySelectorAll('.opblock').length === {}",
        routes().iter().count()
    );
    browser.wait(&shown);

    // A password that is refused tells why, on the page.
    browser.type_into("#register [name=name]", "Ada");
    browser.type_into("#register [name=email]", "ada@example.com");
    browser.type_into("#register [name=password]", "short");
    browser.press("#register button");
    browser.wait(&format!(
        "{SAID}.includes('#/password: must have at least 12')"
    ));
    browser.eval("document.querySelector('#register [name=password]').value = ''");
    browser.type_into("#register [name=password]", PASSWORD);
    browser.press("#register button");
    browser.wait(&format!("{SAID}.includes('is registered')"));
    // What was registered stands in the form to sign in with.
    browser.press("#sign-in button");
    browser.wait(&format!(
        "{SAID}.includes('Ada is signed in, in no organization')"
    ));
    browser.type_into("#found [name=name]", "Acme");
    browser.press("#found button");
    browser.wait(&format!("{SAID}.includes('in Acme as owner')"));

    // A call that is permitted, and one that is not.
    assert_eq!(executed(&mut browser, "members-listMembers"), "200");
    let members = browser.eval("document.querySelector('#operations-members-listMembers .live-responses-table').textContent");
    assert!(
        members.as_str().unwrap().contains("ada@example.com"),
        "{members}"
    );
    assert_eq!(executed(&mut browser, "platform-listTenants"), "403");
    keep_picture(&mut browser, &world);

    // Signed out, the same call is refused.
    browser.press("#sign-out");
    browser.wait(&format!("{SAID} === 'Nobody is signed in.'"));
    assert_eq!(executed(&mut browser, "account-getMe"), "401");

    let refusals = ["status of 400", "status of 403", "status of 401"];
    is_at_peace(&browser, &world.origin(), &refusals);
}

/// Sends the operation with what the page proposes, and says which status it was answered with.
fn executed(browser: &mut Browser, operation: &str) -> String {
    let block = format!("#operations-{operation}");
    browser.press(&format!("{block} .opblock-summary-control"));
    browser.press(&format!("{block} .execute"));
    let cell = format!("{block} .live-responses-table tbody .response-col_status");
    let status = browser.wait(&format!(
        "document.querySelector('{cell}')?.firstChild.textContent.trim()"
    ));
    status.as_str().unwrap().to_owned()
}

/// The browser has complained of nothing but these, and asked nobody but us.
#[track_caller]
fn is_at_peace(browser: &Browser, origin: &str, expected: &[&str]) {
    let asked = browser.told("Network.requestWillBeSent");
    let asked = asked
        .iter()
        .map(|asked| asked["request"]["url"].as_str().unwrap());
    let elsewhere: Vec<_> = asked
        .filter(|url| !url.starts_with(origin) && !url.starts_with("data:"))
        .collect();
    assert_eq!(elsewhere, [""; 0]);
    assert_eq!(browser.told("Runtime.exceptionThrown"), [Value::Null; 0]);
    let complaints = browser.told("Log.entryAdded");
    let complaints = complaints
        .iter()
        .map(|entry| entry["entry"]["text"].as_str().unwrap());
    let unexpected: Vec<_> = complaints
        .filter(|text| !expected.iter().any(|known| text.contains(known)))
        .collect();
    assert_eq!(unexpected, [""; 0]);
}

/// Beside the other results of the build, for people to look at.
fn keep_picture(browser: &mut Browser, world: &World) {
    let name = match world.is_on_sqlite() {
        true => "docs-sqlite.png",
        false => "docs-postgres.png",
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
    let picture = BASE64_STANDARD.decode(browser.picture()).unwrap();
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), picture).unwrap();
}

async fn the_page_runs_no_script_that_does_not_stand_beside_it(world: World) {
    let answer = world.nobody().get("/docs").await.is(200);
    let policy = answer.header("content-security-policy").unwrap().to_owned();
    for rule in [
        "default-src 'none'",
        "script-src 'self';",
        "style-src 'self';",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.contains(rule), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    let Some(mut browser) = Browser::open() else {
        return;
    };
    browser.visit(&format!("{}/docs", world.origin()));
    browser.wait("document.querySelectorAll('.opblock').length > 0");

    // What an attacker would add to the page, with a name for instance.
    let inject = |html: &str| {
        format!(
            "document.body.insertAdjacentHTML('beforeend', {})",
            json!(html)
        )
    };
    browser.eval(&inject("<img src=x onerror='window.ran = true'>"));
    browser.eval("const script = document.createElement('script'); script.textContent = 'window.ran = true'; document.body.append(script); 0");
    browser.eval("try { eval('window.ran = true') } catch { }; 0");
    browser.wait("new Promise(done => setTimeout(() => done(true), 200))");

    assert_eq!(browser.eval("window.ran === undefined"), true);
    let refused = browser.told("Log.entryAdded");
    let refused = refused
        .iter()
        .filter(|entry| entry["entry"]["source"] == "security");
    assert!(refused.count() >= 2, "{:?}", browser.told("Log.entryAdded"));
}
