//! The refresh tokens of a session, for one tenant or for none.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "refresh_chains")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) session_id: Uuid,
    pub(crate) parent_id: Option<Uuid>,
    pub(crate) tenant_id: Option<Uuid>,
    pub(crate) member_id: Option<Uuid>,
    pub(crate) generation: i64,
    pub(crate) secret: Vec<u8>,
    pub(crate) rotated_at: i64,
    pub(crate) created_at: i64,
    pub(crate) revoked_at: Option<i64>,
    pub(crate) revoke_cause: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
