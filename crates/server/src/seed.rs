//! An empty database filled with people and organizations, to try things out and to measure.

use crate::{
    Config, Machine,
    start::{StartError, peppered, up_to_date},
};
use bailiwick_application::ports::{HashingError, Passwords};
use bailiwick_domain::password::Password;
use bailiwick_infrastructure::{Argon2Passwords, Progress, Seed};

/// What everybody signs in with.
pub const PASSWORD: &str = "correct horse battery staple";

/// Of what how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::Args)]
pub struct Amount {
    /// Organizations.
    #[arg(long, value_name = "N")]
    pub tenants: u32,
    /// People, at least as many: each belongs to three organizations.
    #[arg(long, value_name = "N")]
    pub users: u32,
    /// The same seed makes the same people and organizations.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// A part that is needed is missing.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The password cannot be hashed.
    #[error(transparent)]
    Hashing(#[from] HashingError),
    /// The database is not as it has to be.
    #[error(transparent)]
    Seed(#[from] bailiwick_infrastructure::SeedError),
}

/// Does it, all or nothing. The schema has to be there, which on SQLite is made.
///
/// # Errors
/// When the database cannot be used, when it has accounts, when there would be organizations without an owner.
pub async fn seed(
    config: &Config,
    amount: Amount,
    told: impl FnMut(Progress),
) -> Result<(), SeedError> {
    up_to_date(config).await?;
    let hashing = peppered(Machine::default().hashing, config)?;
    let passwords = Argon2Passwords::start(hashing).map_err(StartError::from)?;
    let password = passwords.hash(Password::typed(PASSWORD.to_owned())).await?;
    let Amount {
        tenants,
        users,
        seed,
    } = amount;
    let seed = Seed {
        tenants,
        users,
        seed,
    };
    Ok(seed.sow(config.owner_url(), &password, told).await?)
}
