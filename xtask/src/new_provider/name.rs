//! Validation of provider names.

use heck::ToUpperCamelCase;

use super::Error;

/// Provider's name in all of its forms.
#[derive(Debug)]
pub(super) struct Name {
    /// `somecloud-cr`: crate and folder of specs.
    pub(super) name: String,
    /// `somecloud_cr`
    krate: String,
    /// `cr`: spec, module and endpoint.
    service: String,
    /// `somecloud`: the provider in reports, on the command line and as a Cargo feature.
    pub(super) vendor: String,
    /// `somecloud`: the folder in facade and sandbox, as a Rust module.
    module: String,
    /// `Somecloud`: the type that signs, and the beginning of other types.
    provider: String,
    /// `SOMECLOUD`: prefix of variables.
    variable: String,
    /// Title for people.
    title: String,
}

/// Modules of the client in addition to the service's.
const MODULES: [&str; 6] = [
    "credentials",
    "dialect",
    "endpoints",
    "generated",
    "refusal",
    "signer",
];

/// Names that the skeleton's files import, and those of the prelude.
const TYPES: [&str; 41] = [
    "Access",
    "Account",
    "Answer",
    "Arc",
    "Box",
    "BoxFuture",
    "Builder",
    "Caller",
    "Chain",
    "Clock",
    "Configure",
    "Context",
    "Credentials",
    "Definition",
    "Destination",
    "Dialect",
    "Error",
    "ErrorKind",
    "Found",
    "Hook",
    "Image",
    "Listed",
    "Name",
    "None",
    "Obstacle",
    "Ok",
    "Operation",
    "Place",
    "Plans",
    "Reading",
    "Record",
    "Refusal",
    "Registry",
    "Request",
    "Result",
    "Self",
    "Side",
    "Signer",
    "Site",
    "Stamp",
    "World",
];

impl Name {
    pub(super) fn new(name: &str, title: Option<&str>) -> Result<Self, Error> {
        let bad = |why: &str| Error::BadName {
            name: name.to_owned(),
            why: why.to_owned(),
        };
        let is_word = |word: &str| {
            word.starts_with(|c: char| c.is_ascii_lowercase())
                && word
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        };
        let Some((vendor, service)) = name.rsplit_once('-') else {
            return Err(bad("it must be a vendor and a service with - between them"));
        };
        if !name.split('-').all(is_word) {
            return Err(bad(
                "its words must be of a-z and 0-9, begin with a letter, and have one - between them",
            ));
        }
        let module = vendor.replace('-', "_");
        for word in [service, &module] {
            if syn::parse_str::<syn::Ident>(word).is_err() {
                return Err(bad(&format!("{word} is a keyword of Rust")));
            }
        }
        if MODULES.contains(&service) {
            return Err(bad(&format!(
                "each provider already has a module {service}"
            )));
        }
        let provider = vendor.to_upper_camel_case();
        if TYPES.contains(&provider.as_str()) {
            return Err(bad(&format!("each provider already has a type {provider}")));
        }
        let title = match title {
            Some(title) => title.trim().to_owned(),
            None => format!("{provider} {}", service.to_uppercase()),
        };
        let fits = |c: char| c.is_alphanumeric() || " -.()".contains(c);
        if !title.starts_with(char::is_alphabetic) || !title.chars().all(fits) {
            return Err(Error::BadTitle(title));
        }
        Ok(Self {
            name: name.to_owned(),
            krate: name.replace('-', "_"),
            service: service.to_owned(),
            vendor: vendor.to_owned(),
            module,
            variable: vendor.to_uppercase().replace('-', "_"),
            provider,
            title,
        })
    }

    /// Returns the text with the name in its placeholders.
    pub(super) fn fill(&self, text: &str) -> String {
        [
            ("{{name}}", &self.name),
            ("{{krate}}", &self.krate),
            ("{{service}}", &self.service),
            ("{{vendor}}", &self.vendor),
            ("{{module}}", &self.module),
            ("{{provider}}", &self.provider),
            ("{{variable}}", &self.variable),
            ("{{title}}", &self.title),
        ]
        .into_iter()
        .fold(text.to_owned(), |text, (place, value)| {
            text.replace(place, value)
        })
    }
}
