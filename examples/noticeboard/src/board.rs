//! The board: what is asked, what is answered, and what is kept.

use actix_web::{
    HttpResponse, Responder,
    web::{Data, Json},
};
use bailiwick_api::{access::Guard, problem::Problem};
use bailiwick_application::ports::{Clock, Ids, StoreError};
use bailiwick_domain::{
    Name, Timestamp,
    access::{
        Permit,
        action::{ReadOrganization, UpdateOrganization},
    },
};
use bailiwick_infrastructure::{OfTenant, SeaStore, store_error_of};
use bailiwick_server::Embedded;
use notice::Entity as Notices;
use sea_orm::{ActiveValue::Set, QueryOrder};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A row.
mod notice {
    use bailiwick_infrastructure::OfTenant;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "notices")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) tenant_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) id: Uuid,
        pub(super) text: String,
        pub(super) posted_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}

    // From here on `Entity::of(tenant)` is the way to the rows, and `find` is not needed.
    impl OfTenant for Entity {
        const TENANT: Column = Column::TenantId;
    }
}

/// The use cases.
pub(crate) struct Board {
    store: Arc<SeaStore>,
    ids: Arc<dyn Ids>,
    clock: Arc<dyn Clock>,
}

impl Board {
    /// The board over the service's own store, names and clock.
    pub(crate) fn over(service: &Embedded) -> Self {
        Self {
            store: Arc::clone(service.store()),
            ids: Arc::clone(service.ids()),
            clock: Arc::clone(service.clock()),
        }
    }

    /// What hangs on the board of the organization, the newest first.
    async fn notices(
        &self,
        permit: &Permit<ReadOrganization>,
    ) -> Result<Vec<notice::Model>, StoreError> {
        let view = self.store.view_own(permit.scope());
        Notices::of(view.tenant())
            .order_by_desc(notice::Column::Id)
            .all(view.connection())
            .await
            .map_err(store_error_of)
    }

    /// Hangs a notice up, and writes down who did.
    async fn post(
        &self,
        permit: &Permit<UpdateOrganization>,
        text: &Name,
    ) -> Result<notice::Model, StoreError> {
        let id = self.ids.next();
        let now: Timestamp = self.clock.now();
        let unit = self.store.begin_own(permit.scope());
        let row = notice::ActiveModel {
            tenant_id: Set(unit.tenant().as_uuid()),
            id: Set(id),
            text: Set(text.to_string()),
            posted_at: Set(now.as_micros()),
        };
        Notices::add_to(unit.tenant(), [row])
            .exec(unit.connection())
            .await
            .map_err(store_error_of)?;
        let tenant = unit.tenant().as_uuid();
        unit.commit(permit.entry_of("notice:post", id)).await?;
        Ok(notice::Model {
            tenant_id: tenant,
            id,
            text: text.to_string(),
            posted_at: now.as_micros(),
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    text: String,
}

#[derive(Serialize)]
struct Shown {
    id: String,
    text: String,
}

impl From<notice::Model> for Shown {
    fn from(notice: notice::Model) -> Self {
        Self {
            id: notice.id.to_string(),
            text: notice.text,
        }
    }
}

pub(crate) async fn list(
    permit: Guard<ReadOrganization>,
    board: Data<Board>,
) -> Result<impl Responder, Problem> {
    let notices = board.notices(&permit).await?;
    let shown: Vec<_> = notices.into_iter().map(Shown::from).collect();
    Ok(Json(shown))
}

pub(crate) async fn post(
    permit: Guard<UpdateOrganization>,
    board: Data<Board>,
    Json(wanted): Json<Wanted>,
) -> Result<HttpResponse, Problem> {
    let Ok(text) = wanted.text.parse() else {
        return Ok(HttpResponse::BadRequest().finish());
    };
    let notice = board.post(&permit, &text).await?;
    Ok(HttpResponse::Created().json(Shown::from(notice)))
}
