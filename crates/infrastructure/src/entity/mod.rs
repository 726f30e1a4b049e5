//! Rows, as the migrations made them: one file a table, and no rule.

pub(crate) mod api_key;
pub(crate) mod audit_event;
pub(crate) mod invitation;
pub(crate) mod invitation_role;
pub(crate) mod kept_answer;
pub(crate) mod mailed_token;
pub(crate) mod member;
pub(crate) mod member_role;
pub(crate) mod operator;
pub(crate) mod ownership_offer;
pub(crate) mod project;
pub(crate) mod project_role;
pub(crate) mod refresh_chain;
pub(crate) mod role;
pub(crate) mod role_include;
pub(crate) mod service_account;
pub(crate) mod service_account_role;
pub(crate) mod session;
pub(crate) mod signing_key;
pub(crate) mod slug;
pub(crate) mod tenant;
#[cfg(test)]
mod tests;
pub(crate) mod user;
