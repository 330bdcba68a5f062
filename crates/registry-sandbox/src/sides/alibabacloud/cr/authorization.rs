//! User names and tokens for logins to the registry.

use jiff::SignedDuration;
use serde_json::json;

use super::{Call, Fields, fields};
use crate::sides::alibabacloud::errors::Refusal;
use crate::sides::alibabacloud::gate::Caller;

impl Call<'_> {
    /// Issues a token. It is valid for an hour by default, and not longer than the caller's key.
    pub(super) fn get_authorization_token(&mut self) -> Result<Fields, Refusal> {
        let instance = self.instance()?.id().to_owned();
        let hours = self.parameters.integer("ExpiresInHours").unwrap_or(1);
        let mut lifetime = SignedDuration::from_hours(hours);
        if let Caller::Session { end, .. } = self.caller {
            lifetime = lifetime.min(end.duration_since(self.now));
        }
        let login = self.world.logins.hand_out(&instance, self.now, lifetime);
        Ok(fields(&json!({
            "TempUsername": login.user,
            "AuthorizationToken": login.token,
            "ExpireTime": login.end.as_millisecond(),
        })))
    }
}
