//! A disk that is full.

use crate::{
    api::Api,
    drill::{Figures, Site, longest, panics, until},
    kills::sound,
};
use serde_json::json;
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};
use tempfile::TempDir;

/// How large it is, and how much of it is left before the service is to fill it, in bytes.
const SIZE: usize = 16 * 1024 * 1024;
const LEFT: usize = 256 * 1024;

/// A small disk, gone with this value.
struct Disk(TempDir);

impl Disk {
    /// None where nobody may mount one.
    fn mounted() -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={SIZE}"), "tmpfs"])
            .arg(folder.path())
            .status();
        mounted
            .is_ok_and(|status| status.success())
            .then_some(Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Takes the room that is left, but for this much.
    fn fill(&self, left: usize) {
        let mut filler = fs::File::options()
            .create(true)
            .append(true)
            .open(self.filler())
            .unwrap();
        while filler.write_all(&[0; 4096]).is_ok() {}
        let length = filler.metadata().unwrap().len();
        filler
            .set_len(length.saturating_sub(left.try_into().unwrap()))
            .unwrap();
    }

    fn free(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount")
            .arg("--lazy")
            .arg(self.path())
            .status();
    }
}

/// Reads go on, writes are told to come back, and when there is room again it needs no restart.
pub(crate) async fn full(site: Site) -> Figures {
    let mut figures = Figures::new(site.scale);
    let Some(disk) = Disk::mounted() else {
        assert!(
            std::env::var_os("BAILIWICK_TEST_DISK").is_none_or(|policy| policy != "required"),
            "`BAILIWICK_TEST_DISK=required`, and no disk can be mounted"
        );
        figures.note("SKIPPED", "only root may mount a small disk");
        return figures;
    };
    fs::create_dir(disk.path().join("data")).unwrap();
    let url = format!("sqlite:{}", disk.path().join("data/bailiwick.db").display());
    let service = site.service(&[("BAILIWICK__DATABASE__URL", &url)]);
    let api = Api::at(&service.address);
    let owner = api.owner("ada", "Acme").await;
    let rounds = site.scale.pick(1, 5);
    let (mut wrong, mut there, mut refused, mut back) =
        (Vec::new(), Vec::new(), 0, Some(Duration::ZERO));
    let mut asked = 0;
    for round in 0..rounds {
        // The service itself meets the end of it, in the middle of whatever it writes.
        disk.fill(LEFT);
        for number in 0..10_000 {
            let body = json!({ "name": format!("p{round} {number}") });
            let made = api
                .post("/api/v1/projects", &owner.access, body)
                .await
                .unwrap();
            match made.status {
                201 => there.push(made.text("id")),
                503 if made.retry_after => break,
                _ => wrong.push(made.told()),
            }
        }
        disk.fill(0);
        for _ in 0..20 {
            for path in [
                "/users/me",
                "/api/v1/members",
                "/api/v1/projects",
                "/api/v1/audit-events",
                "/health/ready",
            ] {
                let read = api.get(path, &owner.access).await.unwrap();
                asked += 1;
                if read.status != 200 {
                    wrong.push(format!("GET {path}: {}", read.told()));
                }
            }
            let body = json!({ "name": format!("Acme {round}") });
            for written in [
                api.ask(
                    "PATCH",
                    "/api/v1/organization",
                    Some(&owner.access),
                    Some(body),
                )
                .await
                .unwrap(),
                api.login("ada").await.unwrap(),
                api.refresh(&owner.refresh).await.unwrap(),
            ] {
                asked += 1;
                match written.status {
                    503 if written.retry_after => refused += 1,
                    _ => wrong.push(written.told()),
                }
            }
        }
        disk.free();
        let healed = until(Duration::from_secs(10), async || {
            let written = api.login("ada").await.unwrap();
            written.status == 200
        });
        back = longest(back, healed.await);
    }
    let mut lost = Vec::new();
    for id in &there {
        let found = api
            .get(&format!("/api/v1/projects/{id}"), &owner.access)
            .await
            .unwrap();
        if found.status != 200 {
            lost.push(found.told());
        }
    }
    let turned = api.refresh(&owner.refresh).await.unwrap();
    figures.at_least("writes refused", refused, 1);
    figures.none(
        "answers but 200 to reads, and 503 with Retry-After to writes",
        asked,
        &wrong,
    );
    figures.within(
        "writes again, without a restart, after",
        back,
        Duration::from_secs(3),
    );
    figures.at_least("writes acknowledged", there.len(), rounds);
    figures.none("acknowledged writes lost", there.len(), &lost);
    figures.holds(
        "the session goes on",
        turned.status,
        "200",
        turned.status == 200,
    );
    let sound = sound(&url).await;
    figures.holds("integrity_check", &sound, "ok", sound == "ok");
    figures.holds("panics", panics(&service), "0", panics(&service) == 0);
    figures
}
