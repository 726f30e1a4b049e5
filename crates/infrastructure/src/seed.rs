//! People and organizations that nobody has made, as many as are asked for: to try things out, and to measure.
//!
//! Rows are written as they come, past the use cases, which would take days: it is for an empty database, where there is nobody
//! whom it could concern. On PostgreSQL it is the owner's work, who lifts what watches over the tables for one transaction.

use crate::{ConnectError, Database};
use bailiwick_domain::{password::PasswordHash, role::BuiltIn};
use sea_orm::{DatabaseConnection, DbBackend};
use sqlx::{AssertSqlSafe, PgConnection, SqliteConnection};
use std::fmt::{self, Write as _};
use thiserror::Error;
use uuid::{Builder, Uuid};

/// To how many organizations everybody belongs, where there are so many.
const MEMBERSHIPS: u64 = 3;
/// Of so many members one is an admin.
const ADMINS: u64 = 10;
/// What each organization has of them.
const PROJECTS: u64 = 2;

/// When it all began, in milliseconds since the Unix epoch: the first of January 2026.
const BEGAN: u64 = 1_767_225_600_000;

/// How many rows go into one statement (SQLite), and how many bytes into one message (PostgreSQL).
const ROWS: usize = 500;
const BYTES: usize = 256 * 1024;
/// After how many rows progress is told.
const TOLD: u64 = 250_000;

/// How much of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seed {
    /// Organizations.
    pub tenants: u32,
    /// People; each belongs to three organizations, and each of the first owns one.
    pub users: u32,
    /// What ids are made of: the same seed makes the same rows.
    pub seed: u64,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The table that is being filled.
    pub table: &'static str,
    /// Rows in it so far.
    pub rows: u64,
}

/// Why nothing was written.
#[derive(Debug, Error)]
pub enum SeedError {
    /// An organization without an owner would be no organization.
    #[error(
        "every organization has an owner: at least one of each, and at least as many users as tenants"
    )]
    Owners,
    /// There are people, who may have something to lose.
    #[error("the database has accounts already: it is for an empty one")]
    NotEmpty,
    /// There is no database.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The database refused.
    #[error(
        "the database refused; on PostgreSQL this is for the owner of the tables, `database.owner_url`"
    )]
    Database(#[from] sqlx::Error),
}

/// A table that is filled, and whether row-level security watches over it.
struct Table {
    name: &'static str,
    columns: &'static [&'static str],
    guarded: bool,
}

const USERS: Table = Table {
    name: "users",
    columns: &[
        "id",
        "email",
        "name",
        "password_hash",
        "created_at",
        "updated_at",
        "email_verified_at",
    ],
    guarded: false,
};
const TENANTS: Table = Table {
    name: "tenants",
    columns: &[
        "id",
        "name",
        "slug",
        "status",
        "created_by",
        "created_at",
        "updated_at",
    ],
    guarded: true,
};
const SLUGS: Table = Table {
    name: "slugs",
    columns: &["slug", "tenant_id", "created_at"],
    guarded: true,
};
const ROLES: Table = Table {
    name: "roles",
    columns: &[
        "tenant_id",
        "id",
        "name",
        "builtin",
        "created_at",
        "updated_at",
    ],
    guarded: true,
};
const MEMBERS: Table = Table {
    name: "members",
    columns: &[
        "tenant_id",
        "id",
        "user_id",
        "status",
        "created_at",
        "updated_at",
    ],
    guarded: true,
};
const MEMBER_ROLES: Table = Table {
    name: "member_roles",
    columns: &["tenant_id", "member_id", "role_id", "created_at"],
    guarded: true,
};
const PROJECTS_TABLE: Table = Table {
    name: "projects",
    columns: &[
        "tenant_id",
        "id",
        "name",
        "created_by",
        "created_at",
        "updated_at",
    ],
    guarded: true,
};

const TABLES: [Table; 7] = [
    USERS,
    TENANTS,
    SLUGS,
    ROLES,
    MEMBERS,
    MEMBER_ROLES,
    PROJECTS_TABLE,
];

/// The trigger that remembers whom each new row touches (`m0022_touched`), by database: there is nobody yet.
const TOUCHES: (&str, &str) = ("touch_added", "touch_member_roles_added");

/// What stands in a column.
enum Cell {
    Id(Uuid),
    Text(String),
    Number(i64),
}

/// Of which things there are ids.
#[derive(Clone, Copy)]
enum Kind {
    User,
    Tenant,
    Role(BuiltIn),
    Member,
    Project,
}

/// That somebody belongs to an organization.
struct Membership {
    /// Which one of all.
    number: u64,
    tenant: u64,
    user: u64,
    role: BuiltIn,
}

impl Seed {
    /// Fills an empty database, as the owner of its tables: all or nothing. Everybody has this password hash. The same seed makes
    /// the same rows, and leaves no audit records, since nobody has done it.
    ///
    /// # Errors
    /// [`SeedError`].
    pub async fn sow(
        self,
        url: &str,
        password: &PasswordHash,
        mut told: impl FnMut(Progress),
    ) -> Result<(), SeedError> {
        if self.tenants == 0 || self.users < self.tenants {
            return Err(SeedError::Owners);
        }
        let database = Database::connect_to_migrate(url).await?;
        match database.get_database_backend() {
            DbBackend::Postgres => self.into_postgres(&database, password, &mut told).await,
            _ => self.into_sqlite(&database, password, &mut told).await,
        }?;
        // SQLite brings what is in its log into the file.
        Ok(database.close().await.map_err(ConnectError::from)?)
    }

    async fn into_postgres(
        self,
        database: &DatabaseConnection,
        password: &PasswordHash,
        told: &mut impl FnMut(Progress),
    ) -> Result<(), SeedError> {
        let pool = database.get_postgres_connection_pool();
        let mut transaction = pool.begin().await?;
        // Nobody registers meanwhile.
        sqlx::raw_sql("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE")
            .execute(&mut *transaction)
            .await?;
        empty(
            sqlx::query_scalar(ANYBODY)
                .fetch_one(&mut *transaction)
                .await?,
        )?;
        watch(&mut transaction, "NO FORCE", "DISABLE").await?;
        for table in &TABLES {
            let rows = self.rows(table, password);
            copy(&mut transaction, table, rows, told).await?;
        }
        watch(&mut transaction, "FORCE", "ENABLE").await?;
        transaction.commit().await?;
        // A table that was just filled is read as a new one until somebody has looked.
        let names = TABLES.map(|table| table.name).join(", ");
        let look = format!("VACUUM (ANALYZE) {names}");
        sqlx::raw_sql(AssertSqlSafe(look)).execute(pool).await?;
        Ok(())
    }

    async fn into_sqlite(
        self,
        database: &DatabaseConnection,
        password: &PasswordHash,
        told: &mut impl FnMut(Progress),
    ) -> Result<(), SeedError> {
        let pool = database.get_sqlite_connection_pool();
        let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
        empty(
            sqlx::query_scalar(ANYBODY)
                .fetch_one(&mut *transaction)
                .await?,
        )?;
        let (_, touch) = TOUCHES;
        let made: String = sqlx::query_scalar(
            "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = $1",
        )
        .bind(touch)
        .fetch_one(&mut *transaction)
        .await?;
        sqlx::raw_sql(AssertSqlSafe(format!("DROP TRIGGER {touch}")))
            .execute(&mut *transaction)
            .await?;
        for table in &TABLES {
            insert(&mut transaction, table, self.rows(table, password), told).await?;
        }
        sqlx::raw_sql(AssertSqlSafe(made))
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    fn rows<'a>(
        self,
        table: &Table,
        password: &'a PasswordHash,
    ) -> Box<dyn Iterator<Item = Vec<Cell>> + Send + 'a> {
        use Cell::{Id, Number, Text};
        let (users, tenants) = (u64::from(self.users), u64::from(self.tenants));
        let tenant = move |number| Id(self.id(Kind::Tenant, number));
        let user = move |number| Id(self.id(Kind::User, number));
        let name = |what: &str, number: u64| Text(format!("{what} {}", number + 1));
        let slug = |number: u64| Text(format!("organization-{}", number + 1));
        match table.name {
            "users" => Box::new((0..users).map(move |number| {
                let at = moment(number);
                vec![
                    user(number),
                    Text(format!("person-{}@example.com", number + 1)),
                    name("Person", number),
                    Text(password.as_phc().to_owned()),
                    Number(at),
                    Number(at),
                    Number(at),
                ]
            })),
            "tenants" => Box::new((0..tenants).map(move |number| {
                let at = moment(number);
                vec![
                    tenant(number),
                    name("Organization", number),
                    slug(number),
                    Text("active".to_owned()),
                    user(number),
                    Number(at),
                    Number(at),
                ]
            })),
            "slugs" => Box::new(
                (0..tenants)
                    .map(move |number| vec![slug(number), tenant(number), Number(moment(number))]),
            ),
            "roles" => Box::new((0..tenants).flat_map(move |number| {
                let at = moment(number);
                BuiltIn::ALL.map(|role| {
                    vec![
                        tenant(number),
                        Id(self.id(Kind::Role(role), number)),
                        Text(role.name().to_owned()),
                        Text(role.name().to_owned()),
                        Number(at),
                        Number(at),
                    ]
                })
            })),
            "members" => Box::new(self.memberships().map(move |membership| {
                let at = moment(membership.number);
                vec![
                    tenant(membership.tenant),
                    Id(self.id(Kind::Member, membership.number)),
                    user(membership.user),
                    Text("active".to_owned()),
                    Number(at),
                    Number(at),
                ]
            })),
            "member_roles" => Box::new(self.memberships().map(move |membership| {
                vec![
                    tenant(membership.tenant),
                    Id(self.id(Kind::Member, membership.number)),
                    Id(self.id(Kind::Role(membership.role), membership.tenant)),
                    Number(moment(membership.number)),
                ]
            })),
            _ => Box::new((0..tenants * PROJECTS).map(move |number| {
                let at = moment(number);
                vec![
                    tenant(number / PROJECTS),
                    Id(self.id(Kind::Project, number)),
                    name("Project", number % PROJECTS),
                    user(number / PROJECTS),
                    Number(at),
                    Number(at),
                ]
            })),
        }
    }

    /// Who belongs where, tenant by tenant: all have about as many members.
    fn memberships(self) -> impl Iterator<Item = Membership> + Send {
        let (users, tenants) = (u64::from(self.users), u64::from(self.tenants));
        let shifts = self.shifts();
        let pairs = (0..tenants).flat_map(move |tenant| {
            shifts.clone().into_iter().flat_map(move |shift| {
                let first = (tenant + tenants - shift) % tenants;
                let many = usize::try_from(tenants).unwrap_or(usize::MAX);
                (first..users).step_by(many).map(move |user| {
                    let founder = shift == 0 && user == tenant;
                    (tenant, user, founder)
                })
            })
        });
        (0..).zip(pairs).map(|(number, (tenant, user, founder))| {
            let role = match founder {
                true => BuiltIn::Owner,
                false if number % ADMINS == 0 => BuiltIn::Admin,
                false => BuiltIn::Member,
            };
            Membership {
                number,
                tenant,
                user,
                role,
            }
        })
    }

    /// How far the organizations of a person are from the one of their number: different numbers, the first of them none.
    fn shifts(self) -> Vec<u64> {
        let tenants = u64::from(self.tenants);
        let mut shifts = vec![0];
        let mut candidate = mixed(self.seed) % tenants;
        while (shifts.len() as u64) < MEMBERSHIPS.min(tenants) {
            if !shifts.contains(&candidate) {
                shifts.push(candidate);
            }
            candidate = (candidate + 1) % tenants;
        }
        shifts
    }

    /// Of version 7, so that they lie in the database as the ids of real things do.
    fn id(self, kind: Kind, number: u64) -> Uuid {
        let kind = match kind {
            Kind::User => 1,
            Kind::Tenant => 2,
            Kind::Role(BuiltIn::Owner) => 3,
            Kind::Role(BuiltIn::Admin) => 4,
            Kind::Role(BuiltIn::Member) => 5,
            Kind::Member => 6,
            Kind::Project => 7,
        };
        let high = mixed(self.seed ^ mixed(kind) ^ number);
        let low = mixed(high ^ number);
        let mut chance = [0; 10];
        let bytes = high.to_be_bytes().into_iter().chain(low.to_be_bytes());
        for (to, from) in chance.iter_mut().zip(bytes) {
            *to = from;
        }
        Builder::from_unix_timestamp_millis(BEGAN + number, &chance).into_uuid()
    }
}

const ANYBODY: &str = "SELECT count(*) FROM (SELECT 1 FROM users LIMIT 1) AS anybody";

fn empty(users: i64) -> Result<(), SeedError> {
    if users == 0 {
        Ok(())
    } else {
        Err(SeedError::NotEmpty)
    }
}

/// Lifts what watches over the tables, or puts it back: row-level security, which binds the owner too, and whoever notes whom a
/// row touches.
async fn watch(
    connection: &mut PgConnection,
    security: &str,
    trigger: &str,
) -> Result<(), sqlx::Error> {
    let mut sql = String::new();
    for table in TABLES.iter().filter(|table| table.guarded) {
        let _ = write!(
            sql,
            "ALTER TABLE {} {security} ROW LEVEL SECURITY;",
            table.name
        );
    }
    let (touch, _) = TOUCHES;
    let _ = write!(sql, "ALTER TABLE member_roles {trigger} TRIGGER {touch}");
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(connection)
        .await?;
    Ok(())
}

async fn copy(
    connection: &mut PgConnection,
    table: &Table,
    rows: impl Iterator<Item = Vec<Cell>>,
    told: &mut impl FnMut(Progress),
) -> Result<(), sqlx::Error> {
    let sql = format!(
        "COPY {} ({}) FROM STDIN",
        table.name,
        table.columns.join(", ")
    );
    let mut copy = connection.copy_in_raw(&sql).await?;
    let mut text = String::with_capacity(BYTES + 1024);
    let mut count = 0;
    for row in rows {
        for (place, cell) in row.iter().enumerate() {
            let before = if place == 0 { "" } else { "\t" };
            let _ = write!(text, "{before}{cell}");
        }
        text.push('\n');
        count += 1;
        if text.len() > BYTES {
            copy.send(text.as_bytes()).await?;
            text.clear();
        }
        tell(table, count, told);
    }
    copy.send(text.as_bytes()).await?;
    copy.finish().await?;
    told(Progress {
        table: table.name,
        rows: count,
    });
    Ok(())
}

async fn insert(
    connection: &mut SqliteConnection,
    table: &Table,
    mut rows: impl Iterator<Item = Vec<Cell>>,
    told: &mut impl FnMut(Progress),
) -> Result<(), sqlx::Error> {
    let row = format!("({})", vec!["?"; table.columns.len()].join(","));
    let mut count = 0;
    loop {
        let some: Vec<_> = rows.by_ref().take(ROWS).collect();
        if some.is_empty() {
            break;
        }
        let sql = format!(
            "INSERT INTO {} ({}) VALUES {}",
            table.name,
            table.columns.join(", "),
            vec![row.as_str(); some.len()].join(",")
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for _ in &some {
            count += 1;
            tell(table, count, told);
        }
        for cell in some.into_iter().flatten() {
            query = match cell {
                Cell::Id(id) => query.bind(id),
                Cell::Text(text) => query.bind(text),
                Cell::Number(number) => query.bind(number),
            };
        }
        query.execute(&mut *connection).await?;
    }
    told(Progress {
        table: table.name,
        rows: count,
    });
    Ok(())
}

fn tell(table: &Table, rows: u64, told: &mut impl FnMut(Progress)) {
    if rows.is_multiple_of(TOLD) {
        told(Progress {
            table: table.name,
            rows,
        });
    }
}

impl fmt::Display for Cell {
    /// As `COPY` reads it: nothing here has a tab, an end of line or a backslash.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => number.fmt(f),
        }
    }
}

/// When the thing of this number was made, in microseconds.
fn moment(number: u64) -> i64 {
    i64::try_from((BEGAN + number) * 1_000).unwrap_or(i64::MAX)
}

/// The finalizer of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014, figure 15): different numbers in, different numbers out.
const fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        collections::{HashMap, HashSet},
        iter,
    };

    fn seed(tenants: u32, users: u32) -> Seed {
        Seed {
            tenants,
            users,
            seed: 7,
        }
    }

    #[test]
    fn everybody_belongs_to_three_organizations_and_each_has_one_owner() {
        for (tenants, users) in [(1, 1), (1, 5), (2, 9), (3, 3), (7, 100), (100, 1000)] {
            let seed = seed(tenants, users);
            let all: Vec<_> = seed.memberships().collect();
            let places: HashSet<_> = all.iter().map(|one| (one.tenant, one.user)).collect();
            let numbers: HashSet<_> = all.iter().map(|one| one.number).collect();
            let owners = all.iter().filter(|one| one.role == BuiltIn::Owner);
            let owned: HashSet<_> = owners.map(|one| one.tenant).collect();

            let each = MEMBERSHIPS.min(u64::from(tenants));
            assert_eq!(places.len() as u64, u64::from(users) * each);
            assert_eq!((all.len(), numbers.len()), (places.len(), places.len()));
            assert_eq!(owned.len() as u64, u64::from(tenants));
        }
    }

    #[test]
    fn organizations_are_of_one_size() {
        let mut members: HashMap<_, u64> = HashMap::new();
        for membership in seed(100, 1000).memberships() {
            *members.entry(membership.tenant).or_default() += 1;
        }

        assert!(members.values().all(|count| *count == 30), "{members:?}");
    }

    #[test]
    fn no_two_things_have_the_same_id_and_another_seed_makes_others() {
        let ids = |seed: Seed| {
            let kinds = [
                Kind::User,
                Kind::Tenant,
                Kind::Role(BuiltIn::Owner),
                Kind::Role(BuiltIn::Admin),
                Kind::Role(BuiltIn::Member),
                Kind::Member,
                Kind::Project,
            ];
            let all = kinds.into_iter().flat_map(move |kind| {
                iter::repeat(kind)
                    .zip(0..1000)
                    .map(move |(kind, number)| seed.id(kind, number))
            });
            all.collect::<HashSet<_>>()
        };
        let (one, other) = (
            ids(seed(1, 1)),
            ids(Seed {
                seed: 8,
                ..seed(1, 1)
            }),
        );

        assert_eq!((one.len(), other.len()), (7_000, 7_000));
        assert!(one.is_disjoint(&other));
    }
}
