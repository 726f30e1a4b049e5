//! A key that signs tokens.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "signing_keys")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) purpose: String,
    pub(crate) algorithm: String,
    pub(crate) public_jwk: String,
    pub(crate) sealed_private: Vec<u8>,
    pub(crate) sealed_by: String,
    pub(crate) created_at: i64,
    pub(crate) activates_at: i64,
    pub(crate) retired_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
