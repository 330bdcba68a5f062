//! A profile of the SDKs' shared files.

use openapi_transport::{BoxFuture, Lease, Secret, Source, SourceError, Timestamp};

use super::sso::SignOn;
use super::sts::Role;
use super::{ChainSettings, Credentials, environment, fields, process};
use crate::profile::{Profiles, Section};
use crate::region::Location;

#[derive(Debug)]
pub(super) struct Profile(pub(super) ChainSettings);

impl Source<Credentials> for Profile {
    fn name(&self) -> &'static str {
        "profile"
    }

    fn load(&self, now: Timestamp) -> BoxFuture<'_, Result<Lease<Credentials>, SourceError>> {
        Box::pin(async move {
            let surroundings = &self.0.surroundings;
            let profiles = Profiles::load(surroundings).await?;
            let name = self.0.profile_name();
            let profile = profiles.find(&name)?;
            let location = Location::of(surroundings, &profiles, Some(profile));
            let location = location.in_region(self.0.region.as_deref());
            let plan = Plan::make(&profiles, &name.name)?;
            self.carry_out(&plan, &location, now).await
        })
    }
}

/// How to get the credentials of a profile.
#[derive(Debug)]
struct Plan<'a> {
    /// Name of the profile that the base comes from.
    name: &'a str,
    base: Base<'a>,
    /// Profiles and their roles. The last one is assumed first.
    roles: Vec<(&'a str, Role<'a>)>,
}

/// Credentials that need no other profile.
#[derive(Debug)]
enum Base<'a> {
    Key(Credentials),
    Environment,
    Container,
    Instance,
    WebIdentity(&'a str, Role<'a>),
    SignOn(SignOn<'a>),
    Process(&'a str),
}

impl Profile {
    async fn carry_out(
        &self,
        plan: &Plan<'_>,
        location: &Location,
        now: Timestamp,
    ) -> Result<Lease<Credentials>, SourceError> {
        let within = |name: &str, why| SourceError::failed(format!("profile {name:?}: {why}"));
        let mut lease = self
            .base(&plan.base, location, now)
            .await
            .map_err(|why| within(plan.name, why))?;
        for (name, role) in plan.roles.iter().rev() {
            let sts = self.0.sts(location).map_err(|why| within(name, why))?;
            lease = sts
                .assume_role(lease.credentials, role, now)
                .await
                .map_err(|why| within(name, why))?;
        }
        Ok(lease)
    }

    async fn base(
        &self,
        base: &Base<'_>,
        location: &Location,
        now: Timestamp,
    ) -> Result<Lease<Credentials>, SourceError> {
        match base {
            Base::Key(key) => Ok(fields::lease(key.clone(), now)),
            Base::Environment => {
                environment::read(|name| self.0.surroundings.variable(name)).map(Lease::lasting)
            }
            Base::Container => self.0.role_of_container().await,
            Base::Instance => self.0.role_of_instance().await,
            Base::WebIdentity(file, role) => {
                let sts = self.0.sts(location)?;
                sts.assume_role_with_token(file, role, now).await
            }
            Base::SignOn(sign_on) => self.0.sign_on(sign_on, location, now).await,
            Base::Process(line) => process::run(line, now).await,
        }
    }
}

impl<'a> Plan<'a> {
    /// Follows the source profiles from `name` to a profile that needs no other.
    fn make(profiles: &'a Profiles, name: &'a str) -> Result<Self, SourceError> {
        let mut roles = Vec::new();
        let mut way = vec![name];
        let mut name = name;
        loop {
            let within = |why| match why {
                // Nothing in the profile is about credentials.
                SourceError::NotSet(why) if way.len() == 1 => {
                    SourceError::not_set(format!("profile {name:?} {why}"))
                }
                why => SourceError::failed(format!("profile {name:?}: {why}")),
            };
            let what = || SourceError::failed("not found");
            let profile = profiles.get(name).ok_or_else(what).map_err(within)?;
            let step = step(profiles, profile, way.len() > 1).map_err(within)?;
            let (role, source) = match step {
                Step::Base(base) => return Ok(Self { name, base, roles }),
                Step::Role(role, source) => (role, source),
            };
            roles.push((name, role));
            match source {
                RoleSource::Base(base) => return Ok(Self { name, base, roles }),
                // A profile may use its own key for its role.
                RoleSource::Profile(source) if source == name => {
                    let key = key(profile).map_err(within)?;
                    let what = || SourceError::failed("has no access key for its own role");
                    let base = Base::Key(key.ok_or_else(what).map_err(within)?);
                    return Ok(Self { name, base, roles });
                }
                RoleSource::Profile(source) => {
                    let again = way.contains(&source);
                    way.push(source);
                    if again {
                        let way = way.join(" → ");
                        let why = format!("the source profiles form a cycle: {way}");
                        return Err(SourceError::failed(why));
                    }
                    name = source;
                }
            }
        }
    }
}

enum Step<'a> {
    Base(Base<'a>),
    Role(Role<'a>, RoleSource<'a>),
}

enum RoleSource<'a> {
    Profile(&'a str),
    Base(Base<'a>),
}

/// Reads one profile. The key of a source profile comes before its role, as in the SDKs.
fn step<'a>(
    profiles: &'a Profiles,
    profile: &'a Section,
    is_source: bool,
) -> Result<Step<'a>, SourceError> {
    if is_source && let Some(key) = key(profile)? {
        return Ok(Step::Base(Base::Key(key)));
    }
    if let Some(arn) = profile.text("role_arn") {
        return of_role(profile, arn);
    }
    if let Some(sign_on) = SignOn::read(profiles, profile)? {
        return Ok(Step::Base(Base::SignOn(sign_on)));
    }
    if let Some(key) = key(profile)? {
        return Ok(Step::Base(Base::Key(key)));
    }
    if let Some(line) = profile.text("credential_process") {
        return Ok(Step::Base(Base::Process(line)));
    }
    match profile.text("login_session") {
        Some(_) => Err(SourceError::failed(
            "login_session is not supported; set credential_process in another profile to `aws \
             configure export-credentials --profile` and the name of this one",
        )),
        None => Err(SourceError::not_set("has no credentials")),
    }
}

fn of_role<'a>(profile: &'a Section, arn: &'a str) -> Result<Step<'a>, SourceError> {
    let role = Role {
        arn,
        session: profile.text("role_session_name"),
        seconds: profile.text("duration_seconds"),
        external_id: profile.text("external_id"),
    };
    if role
        .seconds
        .is_some_and(|seconds| seconds.parse::<u32>().is_err())
    {
        return Err(SourceError::failed(
            "invalid duration_seconds; expected a number",
        ));
    }
    if profile.text("mfa_serial").is_some() {
        return Err(SourceError::failed(
            "mfa_serial needs a code from a person, and this client does not prompt; sign in with the \
             vendor's command-line program and use its temporary key",
        ));
    }
    let set = [
        "source_profile",
        "credential_source",
        "web_identity_token_file",
    ];
    match set.map(|name| profile.text(name)) {
        [Some(source), None, None] => Ok(Step::Role(role, RoleSource::Profile(source))),
        [None, Some(source), None] => Ok(Step::Role(role, RoleSource::Base(named(source)?))),
        [None, None, Some(file)] => Ok(Step::Base(Base::WebIdentity(file, role))),
        [None, None, None] => Err(SourceError::failed(
            "role_arn needs source_profile, credential_source or web_identity_token_file",
        )),
        _ => Err(SourceError::failed(
            "set only one of source_profile, credential_source and web_identity_token_file",
        )),
    }
}

fn named(source: &str) -> Result<Base<'_>, SourceError> {
    match source {
        "Environment" => Ok(Base::Environment),
        "EcsContainer" => Ok(Base::Container),
        "Ec2InstanceMetadata" => Ok(Base::Instance),
        _ => Err(SourceError::failed(format!(
            "unsupported credential_source {source:?}; use Environment, EcsContainer or \
             Ec2InstanceMetadata"
        ))),
    }
}

/// Returns the access key of a profile, if it has one.
fn key(profile: &Section) -> Result<Option<Credentials>, SourceError> {
    const ID: &str = "aws_access_key_id";
    const SECRET: &str = "aws_secret_access_key";
    let half = |set: &str, absent: &str| {
        Err(SourceError::failed(format!(
            "{set} is set, but {absent} is not: set both or neither"
        )))
    };
    match (profile.text(ID), profile.text(SECRET)) {
        (Some(id), Some(secret)) => {
            let mut key = Credentials::new(id, secret);
            let token = profile.text("aws_session_token");
            key.session_token = token.map(Secret::from);
            Ok(Some(key))
        }
        (None, None) => Ok(None),
        (Some(_), None) => half(ID, SECRET),
        (None, Some(_)) => half(SECRET, ID),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    /// Properties of a profile, of which some contradict each other.
    fn property() -> impl Strategy<Value = String> {
        prop_oneof![
            "source_profile = (default|a|b|c|d)",
            "credential_source = (Environment|EcsContainer|Ec2InstanceMetadata|x)",
            "aws_access_key_id = [A-Z]{0,3}",
            "aws_secret_access_key = hush",
            "aws_session_token = hush",
            "web_identity_token_file = ~/t",
            "sso_session = (s|t)",
            "sso_(account_id|role_name|region|start_url) = x",
            "mfa_serial = x",
            "duration_seconds = (900|x)",
            "credential_process = x",
            "role_arn = arn:aws:iam::1:role/r",
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..Default::default() })]

        #[test]
        fn any_profiles_have_a_plan_or_a_reason(
            profiles in prop::collection::vec(prop::collection::vec(property(), 0..5), 4),
        ) {
            let names = ["default", "profile a", "profile b", "profile c"];
            let mut text = "[sso-session s]\nsso_region = x\n".to_owned();
            for (name, properties) in names.iter().zip(profiles) {
                text.push_str(&format!("[{name}]\n{}\n", properties.join("\n")));
            }
            let profiles = Profiles::read(&text).unwrap();
            match Plan::make(&profiles, "default") {
                // Each profile adds at most one role.
                Ok(plan) => prop_assert!(plan.roles.len() <= 4, "{text}"),
                Err(why) => prop_assert!(!why.to_string().contains("hush"), "{why}"),
            }
        }
    }
}
