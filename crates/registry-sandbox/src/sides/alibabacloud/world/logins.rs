//! User names and tokens for logins to a registry.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

/// Logins that GetAuthorizationToken has issued and that have not expired.
#[derive(Debug, Default)]
pub(crate) struct Logins(Vec<Login>);

#[derive(Clone, Debug)]
pub(crate) struct Login {
    instance: String,
    pub(crate) user: String,
    pub(crate) token: String,
    pub(crate) end: Timestamp,
}

impl Logins {
    pub(crate) fn hand_out(
        &mut self,
        instance: &str,
        now: Timestamp,
        lifetime: SignedDuration,
    ) -> Login {
        self.0.retain(|login| now < login.end);
        let random = || Uuid::new_v4().simple().to_string();
        let login = Login {
            instance: instance.to_owned(),
            user: format!("cr_temp_user_{}", &random()[..8]),
            token: format!("sandbox{}{}", random(), random()),
            end: now + lifetime,
        };
        self.0.push(login.clone());
        login
    }

    /// Whether `user` may log in to the instance with `token` at `now`.
    pub(crate) fn admit(&self, instance: &str, user: &str, token: &str, now: Timestamp) -> bool {
        self.0.iter().any(|login| {
            let same = login.instance == instance && login.user == user && login.token == token;
            same && now < login.end
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_good_for_its_instance_until_it_ends() {
        let now = Timestamp::UNIX_EPOCH;
        let hour = SignedDuration::from_hours(1);
        let mut logins = Logins::default();
        let login = logins.hand_out("cri-1", now, hour);
        let other = logins.hand_out("cri-1", now, hour);
        assert_ne!((&login.user, &login.token), (&other.user, &other.token));
        for (instance, user, token, at, admitted) in [
            ("cri-1", &login.user, &login.token, now, true),
            ("cri-2", &login.user, &login.token, now, false),
            ("cri-1", &login.user, &other.token, now, false),
            ("cri-1", &other.user, &login.token, now, false),
            ("cri-1", &login.user, &login.token, now + hour, false),
        ] {
            assert_eq!(logins.admit(instance, user, token, at), admitted);
        }
    }
}
