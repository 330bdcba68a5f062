//! `WWW-Authenticate` challenges.

use std::fmt::Write;

use http_auth::ChallengeRef;
use openapi_transport::encode_path as encode;

/// Challenge of a registry that refused a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// It requires a user name and a password.
    Basic,
    /// It requires a token from its token service.
    Bearer(Bearer),
}

/// Token service, and the scope of the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bearer {
    /// URL of the token service.
    pub(super) realm: String,
    /// Name of the registry at this service.
    pub(super) service: Option<String>,
    /// Scopes of the token, separated by blanks.
    pub(super) scope: Option<String>,
}

impl Challenge {
    /// Chooses a challenge from the values of `WWW-Authenticate`, preferably a token. Returns `None`
    /// if all are unknown.
    pub(super) fn read(values: &[String]) -> Option<Self> {
        let known: Vec<Self> = values
            .iter()
            .filter_map(|value| http_auth::parse_challenges(value).ok())
            .flatten()
            .filter_map(|challenge| Self::of(&challenge))
            .collect();
        let token = known.iter().find(|known| **known != Self::Basic);
        token.or(known.first()).cloned()
    }

    fn of(challenge: &ChallengeRef<'_>) -> Option<Self> {
        if challenge.scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !challenge.scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let parameter = |name: &str| {
            let mut all = challenge.params.iter();
            let (_, value) = all.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
            Some(value.to_unescaped()).filter(|value| !value.is_empty())
        };
        Some(Self::Bearer(Bearer {
            realm: parameter("realm")?,
            service: parameter("service"),
            scope: parameter("scope"),
        }))
    }

    /// Returns the same challenge with another scope.
    pub(super) fn with_scope(&self, scope: Option<String>) -> Self {
        match self {
            Self::Basic => Self::Basic,
            Self::Bearer(bearer) => Self::Bearer(Bearer {
                scope,
                ..bearer.clone()
            }),
        }
    }
}

impl Bearer {
    /// Returns the parameters for the token service, as a query or form. A query has one parameter
    /// for each scope, and a form has one for all scopes.
    pub(super) fn parameters(&self, form: bool) -> String {
        let mut text = String::new();
        let mut add = |name: &str, value: &str| {
            let and = if text.is_empty() { "" } else { "&" };
            // Writing to a text cannot fail.
            let _ = write!(text, "{and}{name}={}", encode(value));
        };
        if let Some(service) = &self.service {
            add("service", service);
        }
        let scope = self.scope.as_deref().unwrap_or_default();
        match form {
            true if !scope.is_empty() => add("scope", scope),
            true => {}
            false => scope
                .split_whitespace()
                .for_each(|scope| add("scope", scope)),
        }
        text
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn bearer(realm: &str, service: Option<&str>, scope: Option<&str>) -> Option<Challenge> {
        Some(Challenge::Bearer(Bearer {
            realm: realm.to_owned(),
            service: service.map(str::to_owned),
            scope: scope.map(str::to_owned),
        }))
    }

    #[test]
    fn challenges_as_registries_write_them() {
        let basic = Some(Challenge::Basic);
        for (values, expected) in [
            (&[][..], None),
            (&[""][..], None),
            (&["Negotiate"], None),
            (&["Basic realm=\"Registry\""], basic.clone()),
            (&["basic realm=\"a, b\", charset=\"UTF-8\""], basic.clone()),
            (
                &[
                    "Bearer realm=\"https://auth.example/token\",service=\"registry.example\",scope=\"repository:a/b:pull\"",
                ],
                bearer(
                    "https://auth.example/token",
                    Some("registry.example"),
                    Some("repository:a/b:pull"),
                ),
            ),
            // Blanks, other cases, an escape, and unknown parameters.
            (
                &[
                    "BEARER Realm=\"https://a.example/t\" , error=\"invalid_token\" , Service=\"say \\\"x\\\"\"",
                ],
                bearer("https://a.example/t", Some("say \"x\""), None),
            ),
            (
                &[
                    "Bearer realm=\"https://a.example/t\", scope=\"repository:a:pull repository:b:pull\"",
                ],
                bearer(
                    "https://a.example/t",
                    None,
                    Some("repository:a:pull repository:b:pull"),
                ),
            ),
            // No token service.
            (&["Bearer service=\"registry.example\""], None),
            (&["Bearer realm=\"\""], None),
            // A token is preferred to a password, in any order.
            (
                &["Basic realm=\"x\", Bearer realm=\"https://a.example/t\""],
                bearer("https://a.example/t", None, None),
            ),
            (
                &["Basic realm=\"x\"", "Bearer realm=\"https://a.example/t\""],
                bearer("https://a.example/t", None, None),
            ),
            // An invalid challenge does not hide a valid one.
            (
                &["Bearer realm=\"https://a", "Basic realm=\"x\""],
                basic.clone(),
            ),
        ] {
            let owned: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
            assert_eq!(Challenge::read(&owned), expected, "{values:?}");
        }
    }

    #[test]
    fn a_token_is_asked_for_one_scope_at_a_time_in_a_query() {
        let Some(Challenge::Bearer(bearer)) = bearer(
            "https://a.example/t",
            Some("s & t"),
            Some("repository:a/b:pull repository:c:pull"),
        ) else {
            unreachable!()
        };
        assert_eq!(
            bearer.parameters(false),
            "service=s%20%26%20t&scope=repository%3Aa%2Fb%3Apull&scope=repository%3Ac%3Apull"
        );
        assert_eq!(
            bearer.parameters(true),
            "service=s%20%26%20t&scope=repository%3Aa%2Fb%3Apull%20repository%3Ac%3Apull"
        );
    }
}
