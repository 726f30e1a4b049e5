//! Takes out of the archive of Swagger UI the two files that `/docs` is made of.

use std::{
    env,
    error::Error,
    fs::File,
    io::{self, Cursor},
    path::PathBuf,
};
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;

const FILES: [&str; 2] = ["swagger-ui-bundle.js", "swagger-ui.css"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let folder = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets it")?);
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED))?;
    for name in FILES {
        let place = format!("/dist/{name}");
        let found = {
            let mut paths = archive.file_names().filter_map(Result::ok);
            let found = paths.find(|path| path.ends_with(&place));
            found.map(|path| path.into_owned())
        };
        let path = found.ok_or("the archive has another layout")?;
        io::copy(
            &mut archive.by_name(&path)?,
            &mut File::create(folder.join(name))?,
        )?;
    }
    Ok(())
}
