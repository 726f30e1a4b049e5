//! A browser that a test drives: Chromium without a window, over its DevTools protocol.

use serde_json::{Value, json};
use std::{
    env,
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// How long to wait for what the page does.
const PATIENCE: Duration = Duration::from_secs(60);

/// One page of one browser. Both are gone when this is dropped.
pub(crate) struct Browser {
    process: Child,
    orders: ChildStdin,
    news: BufReader<ChildStdout>,
    last: u64,
    session: Option<String>,
    /// What the browser has told by itself.
    told: Vec<Value>,
    _profile: TempDir,
}

impl Browser {
    /// Where there is one; where one is required, there has to be.
    #[expect(clippy::print_stderr, reason = "whoever skips says so")]
    pub(crate) fn open() -> Option<Self> {
        let Some(program) = program() else {
            assert_ne!(
                env::var("BAILIWICK_TEST_BROWSER").as_deref(),
                Ok("required"),
                "Chromium is missing"
            );
            eprintln!("skipped: Chromium is not installed (apt install chromium)");
            return None;
        };
        let profile = tempfile::tempdir().unwrap();
        // Orders are read from descriptor 3, and news written to descriptor 4.
        let mut process = Command::new("sh")
            .args(["-c", r#"exec "$@" 3<&0 4>&1 1>&2"#, "sh", &program])
            .args([
                "--headless=new",
                "--remote-debugging-pipe",
                "--no-first-run",
                "--no-sandbox",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-dev-shm-usage",
                "--disable-gpu",
                // Nothing but this machine: the page has to do without the rest of the world.
                "--no-proxy-server",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
                "--window-size=1400,2400",
                &format!("--user-data-dir={}", profile.path().display()),
                "about:blank",
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut browser = Self {
            orders: process.stdin.take().unwrap(),
            news: BufReader::new(process.stdout.take().unwrap()),
            process,
            last: 0,
            session: None,
            told: Vec::new(),
            _profile: profile,
        };
        let page = browser.order("Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": page["targetId"], "flatten": true });
        let attached = browser.order("Target.attachToTarget", attach);
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.order(&format!("{domain}.enable"), json!({}));
        }
        Some(browser)
    }

    /// Goes to this address.
    pub(crate) fn visit(&mut self, address: &str) {
        self.order("Page.navigate", json!({ "url": address }));
    }

    /// What the expression comes to in the page; a promise is waited for.
    pub(crate) fn eval(&mut self, expression: &str) -> Value {
        let run = json!({
            "expression": expression,
            "returnByValue": true,
            "awaitPromise": true,
            "allowUnsafeEvalBlockedByCSP": false,
        });
        let mut outcome = self.order("Runtime.evaluate", run);
        assert!(
            outcome.get("exceptionDetails").is_none(),
            "{expression}: {outcome}"
        );
        outcome["result"]["value"].take()
    }

    /// What the expression comes to, as soon as it is something.
    pub(crate) fn wait(&mut self, expression: &str) -> Value {
        let start = Instant::now();
        loop {
            let found = self.eval(expression);
            if !matches!(found, Value::Null | Value::Bool(false)) && found != "" && found != 0 {
                return found;
            }
            if start.elapsed() > PATIENCE {
                let page = self.eval("document.body?.innerText.slice(0, 2000)");
                panic!(
                    "never came: {expression}; the page says {page}, the browser {:?}",
                    self.told
                );
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Types into the field, as from the keyboard.
    pub(crate) fn type_into(&mut self, field: &str, text: &str) {
        self.eval(&format!("document.querySelector({}).focus()", json!(field)));
        self.order("Input.insertText", json!({ "text": text }));
    }

    /// Presses the button, when it can be pressed.
    pub(crate) fn press(&mut self, button: &str) {
        let button = json!(button);
        self.wait(&format!(
            "document.querySelector({button})?.disabled === false"
        ));
        self.eval(&format!("document.querySelector({button}).click()"));
    }

    /// A picture of the page, as base64 of a PNG.
    pub(crate) fn picture(&mut self) -> String {
        let picture = self.order("Page.captureScreenshot", json!({ "format": "png" }));
        picture["data"].as_str().unwrap().to_owned()
    }

    /// What the browser has told under this name.
    pub(crate) fn told(&self, method: &str) -> Vec<Value> {
        let told = self.told.iter().filter(|news| news["method"] == method);
        told.map(|news| news["params"].clone()).collect()
    }

    fn order(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let mut order = json!({ "id": self.last, "method": method, "params": params });
        if let Some(session) = &self.session {
            order["sessionId"] = json!(session);
        }
        self.orders
            .write_all(format!("{order}\0").as_bytes())
            .unwrap();
        loop {
            let mut news = Vec::new();
            self.news.read_until(0, &mut news).unwrap();
            assert_eq!(news.pop(), Some(0), "the browser is gone");
            let mut news: Value = serde_json::from_slice(&news).unwrap();
            if news["id"] == self.last {
                assert!(news.get("error").is_none(), "{method}: {news}");
                return news["result"].take();
            }
            self.told.push(news);
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Gone before its profile is.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The browser's program, if there is one.
fn program() -> Option<String> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found = names.into_iter().find(|name| {
        let version = Command::new(name).arg("--version").output();
        version.is_ok_and(|version| version.status.success())
    });
    found.map(str::to_owned)
}
