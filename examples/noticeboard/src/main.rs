//! A noticeboard for each organization, in one process with the whole service.

use bailiwick_noticeboard::{serve, settings};
use std::error::Error;

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (_, server) = serve(&settings()?).await?;
    Ok(server.await?)
}
