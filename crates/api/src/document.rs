//! The document over HTTP: for programs as it is, and for people as a page on which everything can be tried.

use crate::{
    access::Public,
    answer::{Answers, File, Kept, Served, insert},
    openapi::{Description, Media},
    routes::routes,
};
use actix_web::{HttpRequest, HttpResponse, Responder, body::BoxBody, http::header};
use serde_json::json;
use std::sync::LazyLock;

/// What the page may do: run our two scripts, which stand beside it, and ask us. Nothing in it, neither what somebody has
/// called something nor what an answer holds, becomes a script, a style, a form or a frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

macro_rules! files {
    ($($(#[$doc:meta])* $file:ident $media:ident $text:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) struct $file;

        impl Served for $file {
            const MEDIA: Media = Media::$media;

            fn text() -> &'static str {
                $text
            }
        }
    )*};
}

files! {
    /// The document, which is the same as long as the process runs.
    Document Json {
        static TEXT: LazyLock<String> = LazyLock::new(|| routes().openapi().to_string());
        &TEXT
    };
    /// The page.
    Page Html include_str!("docs/page.html");
    /// How the page looks.
    PageStyle Style include_str!("docs/page.css");
    /// What the page does: it signs people in, and shows Swagger UI.
    PageScript Script include_str!("docs/page.js");
    /// How Swagger UI looks.
    UiStyle Style include_str!(concat!(env!("OUT_DIR"), "/swagger-ui.css"));
    /// Swagger UI.
    UiScript Script include_str!(concat!(env!("OUT_DIR"), "/swagger-ui-bundle.js"));
}

/// A file that belongs to this build.
type OfBuild<T> = Kept<File<T>>;

fn of_build<T>(file: T) -> OfBuild<T> {
    Kept("public, max-age=300".to_owned(), File(file))
}

pub(crate) async fn document(_: Public) -> File<Document> {
    File(Document)
}

pub(crate) async fn page(_: Public) -> Confined<File<Page>> {
    Confined(File(Page))
}

pub(crate) async fn page_style(_: Public) -> OfBuild<PageStyle> {
    of_build(PageStyle)
}

pub(crate) async fn page_script(_: Public) -> OfBuild<PageScript> {
    of_build(PageScript)
}

pub(crate) async fn ui_style(_: Public) -> OfBuild<UiStyle> {
    of_build(UiStyle)
}

pub(crate) async fn ui_script(_: Public) -> OfBuild<UiScript> {
    of_build(UiScript)
}

/// An answer that browsers show under [`POLICY`].
#[derive(Debug)]
pub(crate) struct Confined<A>(A);

impl<A: Responder<Body = BoxBody>> Responder for Confined<A> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let mut answer = self.0.respond_to(request);
        insert(&mut answer, header::CONTENT_SECURITY_POLICY, POLICY);
        answer
    }
}

impl<A: Answers> Answers for Confined<A> {
    fn answers(description: &mut Description<'_>) {
        A::answers(description);
        let what = "What the page may do.";
        let policy = json!({ "type": "string", "const": POLICY });
        description.answers_header("Content-Security-Policy", what, true, &policy);
    }
}
