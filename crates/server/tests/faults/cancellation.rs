//! Clients that reset their connections in the middle of a request.

use crate::{
    api::{Api, Person},
    drill::{Figures, Site, panics},
};
use serde_json::json;
use std::{io, time::Duration};
use tokio::{io::AsyncWriteExt, net::TcpStream, task::JoinSet, time::sleep};

/// How many are at it at once.
const AT_ONCE: usize = 64;

/// Whatever resets leave behind, whoever comes next works in a transaction of their own, for their own tenant; and a write
/// that was begun is whole.
pub(crate) async fn resets(mut site: Site) -> Figures {
    let (resets, probes) = site.scale.pick((1_000_usize, 120), (20_000, 1_200));
    let service = site.service(&[]);
    let api = Api::at(&service.address);
    let rude = api.owner("rude", "Rude").await;
    let polite = api.owner("polite", "Polite").await;
    let home = api
        .get("/api/v1/organization", &polite.access)
        .await
        .unwrap()
        .is(200)
        .text("id");

    let rounds = 12;
    let mut wrong = Vec::new();
    let (mut numbers, mut sent) = (0, 0);
    for _ in 0..rounds {
        let mut clients: JoinSet<usize> = JoinSet::new();
        for _ in 0..AT_ONCE {
            let (rude, address) = (rude.clone(), service.address.clone());
            let mut chance = site.chance.fork();
            let first = numbers;
            let share = (resets / rounds).div_ceil(AT_ONCE);
            numbers += share;
            clients.spawn(async move {
                let mut sent = 0;
                for number in first..first + share {
                    let reset = reset(&address, &rude, number, &mut chance).await;
                    sent += usize::from(reset.is_ok());
                }
                sent
            });
        }
        // Half of the probes come while others are reset, half after.
        for number in 0..probes / rounds {
            if number == probes / rounds / 2 {
                sent += std::mem::take(&mut clients)
                    .join_all()
                    .await
                    .iter()
                    .sum::<usize>();
            }
            if let Some(problem) = probe(&service.address, &polite, &home).await {
                wrong.push(problem);
            }
        }
    }

    let mut figures = Figures::new(site.scale);
    figures.at_least("connections reset", sent, resets);
    figures.none("probes wrong", probes, &wrong);
    let (projects, records) = settled(&site, &service).await;
    figures.holds(
        "projects without a record, or records without a project",
        projects.abs_diff(records),
        "0",
        projects == records,
    );
    figures.at_least(
        "projects created by clients that read no answer",
        usize::try_from(projects).unwrap(),
        1,
    );
    figures.holds("panics", panics(&service), "0", panics(&service) == 0);
    figures
}

/// One request of several kinds, cut off after as long as it might take.
async fn reset(
    address: &str,
    rude: &Person,
    number: usize,
    chance: &mut fastrand::Rng,
) -> io::Result<()> {
    let (verb, path, body) = match number % 5 {
        0 => ("GET", "/api/v1/members", String::new()),
        1 => (
            "POST",
            "/api/v1/projects",
            json!({ "name": format!("p{number}") }).to_string(),
        ),
        2 => (
            "PATCH",
            "/api/v1/organization",
            json!({ "name": format!("Rude {number}") }).to_string(),
        ),
        3 => ("GET", "/users/me", String::new()),
        _ => ("GET", "/api/v1/audit-events", String::new()),
    };
    let request = format!(
        "{verb} {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\nif-match: *\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        rude.access,
        body.len()
    );
    let mut connection = TcpStream::connect(address).await?;
    connection.write_all(request.as_bytes()).await?;
    sleep(Duration::from_micros(chance.u64(..5_000))).await;
    connection.set_zero_linger()
}

/// What is wrong for somebody of another organization, on a connection of their own.
async fn probe(address: &str, polite: &Person, home: &str) -> Option<String> {
    let api = Api::at(address);
    let organization = api.get("/api/v1/organization", &polite.access).await;
    let members = api.get("/api/v1/members", &polite.access).await;
    match (organization, members) {
        (Ok(organization), Ok(members)) => {
            let well = organization.status == 200
                && organization.body["id"] == home
                && members.status == 200
                && members.body["data"]
                    .as_array()
                    .is_some_and(|rows| rows.len() == 1);
            (!well).then(|| format!("{} and {}", organization.told(), members.told()))
        }
        (Err(error), _) | (_, Err(error)) => Some(format!("{error:?}")),
    }
}

/// Projects and records of their creation, when nobody is at it any more.
async fn settled(site: &Site, service: &crate::process::Service) -> (i64, i64) {
    let projects = "SELECT count(*) FROM projects";
    let records = "SELECT count(*) FROM audit_events WHERE action = 'project:create'";
    let mut before = -1;
    loop {
        let projects = site.count(service, projects).await;
        if projects == before {
            return (projects, site.count(service, records).await);
        }
        before = projects;
        sleep(Duration::from_millis(200)).await;
    }
}
