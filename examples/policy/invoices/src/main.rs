//! Serves the invoices of two companies that are made up at start.

use bailiwick_domain::TenantId;
use invoices::{
    access::{Directory, Roles},
    http::{Service, router},
};
use std::sync::Arc;
use tokio::net::TcpListener;
use uuid::Uuid;

const ROLES: Roles<'_> = &[
    ("clerk", "invoice:list invoice:write", &[]),
    ("head", "invoice:approve", &["clerk"]),
];

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let (acme, globex) = (tenant(), tenant());
    let mut directory = Directory::default();
    for (token, company, role) in [
        ("ada", acme, "head"),
        ("bob", acme, "clerk"),
        ("eve", globex, "head"),
    ] {
        let added = directory.add(token, company, ROLES, &[role]);
        added.map_err(|error| std::io::Error::other(format!("{error:?}")))?;
    }
    let service = Service {
        directory: Arc::new(directory),
        ..Service::default()
    };
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    println!("http://{}", listener.local_addr()?);
    axum::serve(listener, router(service)).await
}

fn tenant() -> TenantId {
    TenantId::from_uuid(Uuid::now_v7())
}
