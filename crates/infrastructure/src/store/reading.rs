//! Reading: rows as a database gives them, one by one, so that one that is not as we write rows is named.

use super::error::{store_error, undecoded};
use crate::database::Tx;
use bailiwick_application::ports::{CorruptRow, StoreError};
use bailiwick_domain::{Timestamp, Version};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityName, EntityTrait, FromQueryResult, IdenStatic,
    Iterable, ModelTrait, PrimaryKeyToColumn, QueryResult, QueryTrait, Select, SelectTwo,
    Statement, TryGetError, TryGetable, Value,
    sea_query::{ColumnType, SelectStatement},
};
use std::{fmt::Display, str::FromStr};
use uuid::Uuid;

/// A row that can be named, to whoever reads the log.
pub(crate) trait Named {
    /// Its table.
    fn table(&self) -> &'static str;

    /// What it is found by there.
    fn ids(&self) -> String;

    /// It is not as we write it. What stands there is not said: it may be personal.
    fn corrupt(&self, column: &str, why: impl Display) -> StoreError {
        StoreError::Corrupt(CorruptRow {
            table: self.table(),
            ids: self.ids(),
            column: column.to_owned(),
            why: why.to_string(),
        })
    }

    /// A text that was checked when it was written, and written as the check left it.
    fn parsed<T>(&self, column: &str, text: &str) -> Result<T, StoreError>
    where
        T: FromStr<Err: Display> + Display,
    {
        let value: T = text.parse().map_err(|error| self.corrupt(column, error))?;
        if value.to_string() == text {
            Ok(value)
        } else {
            Err(self.corrupt(column, "is not in its normal form"))
        }
    }

    /// One of a few words.
    fn one_of<T: Copy>(
        &self,
        column: &str,
        text: &str,
        all: impl IntoIterator<Item = T>,
        name: impl Fn(T) -> &'static str,
    ) -> Result<T, StoreError> {
        let mut all = all.into_iter();
        let known = all.find(|one| name(*one) == text);
        known.ok_or_else(|| self.corrupt(column, "is no word that we write there"))
    }

    /// An instant.
    fn at(&self, column: &str, micros: i64) -> Result<Timestamp, StoreError> {
        Timestamp::stored(micros).map_err(|error| self.corrupt(column, error))
    }

    /// An instant, if there is one.
    fn at_if(&self, column: &str, micros: Option<i64>) -> Result<Option<Timestamp>, StoreError> {
        micros.map(|micros| self.at(column, micros)).transpose()
    }

    /// How often it has changed.
    fn version(&self, number: i64) -> Result<Version, StoreError> {
        Version::stored(number).map_err(|error| self.corrupt("version", error))
    }
}

/// A row that is known by its ids alone.
pub(super) struct Row<const N: usize> {
    pub(super) table: &'static str,
    pub(super) ids: [(&'static str, Uuid); N],
}

/// A table in a query that is written out: its columns are called as they are there, behind a prefix.
pub(super) struct Table {
    prefix: &'static str,
    name: &'static str,
    key: &'static [&'static str],
}

/// What an answer holds of one table.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    answer: &'a QueryResult,
    table: &'a Table,
}

impl Table {
    /// The table of this name, behind this prefix; its rows are found by these columns.
    pub(super) const fn behind(
        prefix: &'static str,
        name: &'static str,
        key: &'static [&'static str],
    ) -> Self {
        Self { prefix, name, key }
    }

    /// What the answer holds of it.
    pub(super) const fn of<'a>(&'a self, answer: &'a QueryResult) -> Part<'a> {
        Part {
            answer,
            table: self,
        }
    }
}

impl<M: ModelTrait> Named for M {
    fn table(&self) -> &'static str {
        M::Entity::default().table_name()
    }

    fn ids(&self) -> String {
        listed(key::<M::Entity>().map(|column| match self.get(column) {
            Value::Uuid(Some(id)) => (column.as_str(), Some(id.to_string())),
            Value::String(id) => (column.as_str(), id),
            _ => (column.as_str(), None),
        }))
    }
}

impl<const N: usize> Named for Row<N> {
    fn table(&self) -> &'static str {
        self.table
    }

    fn ids(&self) -> String {
        let ids = self.ids.iter();
        listed(ids.map(|(column, id)| (*column, Some(id.to_string()))))
    }
}

impl Named for Part<'_> {
    fn table(&self) -> &'static str {
        self.table.name
    }

    fn ids(&self) -> String {
        let key = self.table.key.iter();
        listed(key.map(|column| (*column, id_in(self.answer, self.table.prefix, column))))
    }
}

impl Part<'_> {
    /// What a column holds.
    pub(super) fn get<T: TryGetable>(&self, column: &str) -> Result<T, StoreError> {
        T::try_get(self.answer, self.table.prefix, column).map_err(|error| self.unread(error))
    }

    /// What a column holds, unless that is NULL.
    pub(super) fn get_if<T: TryGetable>(&self, column: &str) -> Result<Option<T>, StoreError> {
        // Not as an `Option`: SeaORM takes a column that the answer does not have for one that is NULL.
        match T::try_get(self.answer, self.table.prefix, column) {
            Ok(value) => Ok(Some(value)),
            Err(TryGetError::Null(_)) => Ok(None),
            Err(error) => Err(self.unread(error)),
        }
    }

    /// A text, as [`Named::parsed`] takes it.
    pub(super) fn parsed<T>(&self, column: &str) -> Result<T, StoreError>
    where
        T: FromStr<Err: Display> + Display,
    {
        Named::parsed(self, column, &self.get::<String>(column)?)
    }

    /// An instant.
    pub(super) fn at(&self, column: &str) -> Result<Timestamp, StoreError> {
        Named::at(self, column, self.get(column)?)
    }

    /// An instant, if there is one.
    pub(super) fn at_if(&self, column: &str) -> Result<Option<Timestamp>, StoreError> {
        Named::at_if(self, column, self.get_if(column)?)
    }

    fn unread(&self, error: TryGetError) -> StoreError {
        unread(self, self.table.prefix, error.into())
    }
}

/// A query whose rows are read one by one.
pub(crate) trait Reads: QueryTrait<QueryStatement = SelectStatement> + Sized {
    /// What a row is read as.
    type Row;

    /// Reads one.
    fn row(answer: &QueryResult) -> Result<Self::Row, StoreError>;

    /// Every row, each for itself: of those that cannot be read the others know nothing.
    async fn read_each(self, tx: &Tx) -> Result<Vec<Result<Self::Row, StoreError>>, DbErr> {
        let answers = tx
            .query_all_raw(self.build(tx.get_database_backend()))
            .await?;
        Ok(answers.iter().map(Self::row).collect())
    }

    /// Every row.
    async fn read_all(self, tx: &Tx) -> Result<Vec<Self::Row>, StoreError> {
        let rows = self.read_each(tx).await.map_err(store_error)?;
        rows.into_iter().collect()
    }

    /// The first row.
    async fn read_one(mut self, tx: &Tx) -> Result<Option<Self::Row>, StoreError> {
        self.query().limit(1);
        let rows = self.read_each(tx).await.map_err(store_error)?;
        rows.into_iter().next().transpose()
    }
}

impl<E: EntityTrait> Reads for Select<E> {
    type Row = E::Model;

    fn row(answer: &QueryResult) -> Result<E::Model, StoreError> {
        model::<E>(answer, "")
    }
}

/// Both rows are there, or neither.
impl<E: EntityTrait, F: EntityTrait> Reads for SelectTwo<E, F> {
    type Row = (E::Model, F::Model);

    // SeaORM itself would take a second row that cannot be read for one that is not there.
    fn row(answer: &QueryResult) -> Result<(E::Model, F::Model), StoreError> {
        Ok((model::<E>(answer, "A_")?, model::<F>(answer, "B_")?))
    }
}

/// Every row of two queries, which are asked in one flight.
pub(super) async fn read_both<A: Reads, B: Reads>(
    tx: &Tx,
    one: A,
    other: B,
) -> Result<(Vec<A::Row>, Vec<B::Row>), StoreError> {
    let backend = tx.get_database_backend();
    let [ones, others] = answers_of(tx, [one.build(backend), other.build(backend)]).await?;
    let ones = ones.iter().map(A::row).collect::<Result<_, _>>()?;
    let others = others.iter().map(B::row).collect::<Result<_, _>>()?;
    Ok((ones, others))
}

/// What several queries are answered with, which are asked in one flight.
pub(super) async fn answers_of<const N: usize>(
    tx: &Tx,
    statements: [Statement; N],
) -> Result<[Vec<QueryResult>; N], StoreError> {
    let answers = tx.query_each(&statements).await.map_err(store_error)?;
    answers
        .try_into()
        .map_err(|_| StoreError::Broken("not every query was answered".to_owned()))
}

/// What a query that is written out is answered with, row by row.
pub(super) async fn answers(tx: &Tx, statement: Statement) -> Result<Vec<QueryResult>, StoreError> {
    tx.query_all_raw(statement).await.map_err(store_error)
}

fn model<E: EntityTrait>(answer: &QueryResult, prefix: &str) -> Result<E::Model, StoreError> {
    /// The row, of which no more is known than that it cannot be read.
    struct Unread<'a, E>(&'a QueryResult, &'a str, E);

    impl<E: EntityTrait> Named for Unread<'_, E> {
        fn table(&self) -> &'static str {
            self.2.table_name()
        }

        fn ids(&self) -> String {
            listed(key::<E>().map(|column| {
                let (answer, prefix, name) = (self.0, self.1, column.as_str());
                let id = match column.def().get_column_type() {
                    ColumnType::Uuid => id_in(answer, prefix, name),
                    _ => answer.try_get(prefix, name).ok(),
                };
                (name, id)
            }))
        }
    }

    E::Model::from_query_result(answer, prefix)
        .map_err(|error| unread(&Unread(answer, prefix, E::default()), prefix, error))
}

/// A column that does not hold what it is for; anything else is no fault of the row.
fn unread(row: &impl Named, prefix: &str, error: DbErr) -> StoreError {
    match undecoded(&error) {
        Some((column, why)) => row.corrupt(column.strip_prefix(prefix).unwrap_or(&column), why),
        None => store_error(error),
    }
}

/// What rows of a table are found by. A key that is no id is somebody's word, and not told.
fn key<E: EntityTrait>() -> impl Iterator<Item = E::Column> {
    let key: Vec<_> = E::PrimaryKey::iter()
        .map(PrimaryKeyToColumn::into_column)
        .map(|column| column.as_str())
        .collect();
    E::Column::iter().filter(move |column| {
        let name = column.as_str();
        name == "tenant_id" || (key.contains(&name) && (name == "id" || name.ends_with("_id")))
    })
}

fn id_in(answer: &QueryResult, prefix: &str, column: &str) -> Option<String> {
    let id = answer.try_get::<Uuid>(prefix, column).ok()?;
    Some(id.to_string())
}

fn listed(ids: impl Iterator<Item = (&'static str, Option<String>)>) -> String {
    let ids = ids.map(|(column, id)| match id {
        Some(id) => format!("{column} = {id}"),
        None => format!("{column} is unreadable"),
    });
    ids.collect::<Vec<_>>().join(", ")
}
