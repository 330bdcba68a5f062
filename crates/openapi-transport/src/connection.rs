//! Reasons why a connection failed.

use std::error::Error as StdError;
use std::fmt::Write as _;
use std::io;

use rustls::CertificateError;

use crate::cut::{MESSAGE, cut};

/// Why a connection to a service failed.
///
/// [`Error::connection`](crate::Error::connection) has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConnectionFault {
    /// The name service does not know the host, or did not answer.
    Dns,
    /// The host refused the connection.
    Refused,
    /// There is no route to the host.
    Unreachable,
    /// The connection was not made in time.
    Timeout,
    /// The connection was closed before the whole answer came.
    Closed,
    /// The certificate is of an issuer that is not trusted.
    UntrustedIssuer,
    /// The certificate is for another name.
    NameMismatch,
    /// The certificate has expired, or is not valid yet.
    Expired,
    /// The certificate is invalid in another way.
    InvalidCertificate,
    /// The two sides did not agree on TLS, or the other side does not speak it.
    Tls,
    /// The proxy cannot be reached.
    ProxyUnreachable,
    /// The proxy asks for a user name and a password: status 407.
    ProxyAuthentication,
    /// The proxy refused to connect to the host.
    ProxyRefused,
    /// Another reason.
    Other,
}

impl ConnectionFault {
    /// A short word, for logs and for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Timeout => "connect-timeout",
            Self::Closed => "closed",
            Self::UntrustedIssuer => "untrusted-issuer",
            Self::NameMismatch => "name-mismatch",
            Self::Expired => "certificate-expired",
            Self::InvalidCertificate => "invalid-certificate",
            Self::Tls => "tls",
            Self::ProxyUnreachable => "proxy-unreachable",
            Self::ProxyAuthentication => "proxy-authentication",
            Self::ProxyRefused => "proxy-refused",
            Self::Other => "other",
        }
    }

    /// What to do about it.
    pub fn fix(self) -> &'static str {
        match self {
            Self::Dns => {
                "check the spelling of the host or region, and that this machine can resolve names"
            }
            Self::Refused => {
                "check the host and the port, and that the service or a tunnel to it is running"
            }
            Self::Unreachable | Self::Timeout => {
                "check the route and the firewall; where a proxy is required, set HTTPS_PROXY"
            }
            Self::Closed | Self::Other => {
                "retry; if it stays, check the proxies and firewalls on the way"
            }
            Self::UntrustedIssuer => {
                "set SSL_CERT_FILE to a PEM file that has the issuer's certificate (and all other \
                 issuers that you need), or add it to the system's certificates"
            }
            Self::NameMismatch => {
                "use a host name from the certificate, or check that the name resolves to the \
                 right machine"
            }
            Self::Expired => "check this machine's clock, or renew the service's certificate",
            Self::InvalidCertificate => "replace the service's certificate",
            Self::Tls => "check the port: a service that speaks plain HTTP cannot answer https",
            Self::ProxyUnreachable => {
                "correct or unset HTTPS_PROXY, or add the host to NO_PROXY if it needs no proxy"
            }
            Self::ProxyAuthentication => "set HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT",
            Self::ProxyRefused => {
                "allow the host in the proxy, or add the host to NO_PROXY if it needs no proxy"
            }
        }
    }

    /// Whether the fault may pass without a change on this machine or at the service.
    fn may_pass(self) -> bool {
        match self {
            Self::Dns
            | Self::UntrustedIssuer
            | Self::NameMismatch
            | Self::Expired
            | Self::InvalidCertificate
            | Self::Tls
            | Self::ProxyAuthentication => false,
            Self::Refused
            | Self::Unreachable
            | Self::Timeout
            | Self::Closed
            | Self::ProxyUnreachable
            | Self::ProxyRefused
            | Self::Other => true,
        }
    }
}

/// Reason of a failed connection, and whether a retry may help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Diagnosis {
    pub(crate) fault: ConnectionFault,
    /// The reason, without the host.
    pub(crate) reason: String,
    /// Whether a retry may help.
    pub(crate) may_pass: bool,
}

impl Diagnosis {
    fn new(fault: ConnectionFault, reason: impl Into<String>) -> Self {
        Self {
            fault,
            reason: cut(reason.into(), MESSAGE),
            may_pass: fault.may_pass(),
        }
    }

    /// Makes the diagnosis of a proxy that answers that it requires a password.
    pub(crate) fn proxy_authentication(proxy: Option<&str>) -> Self {
        let proxy = proxy.unwrap_or("the proxy");
        let reason = format!("{proxy} requires a user name and a password (HTTP 407)");
        Self::new(ConnectionFault::ProxyAuthentication, reason)
    }
}

/// Tells why a request got no complete answer; `proxy` is the proxy that it used.
pub(crate) fn diagnose(error: &reqwest::Error, proxy: Option<&str>) -> Diagnosis {
    use ConnectionFault as F;
    let chain: Vec<&(dyn StdError + 'static)> = chain(error).collect();
    if let Some(diagnosis) = tunnel(&chain, proxy.unwrap_or("the proxy")) {
        return diagnosis;
    }
    let plain = if error.is_dns() {
        dns(&chain)
    } else if let Some(error) = chain.iter().find_map(|error| tls(*error)) {
        let mut diagnosis = certificate(error);
        if let Some(proxy) = proxy {
            let _ = write!(diagnosis.reason, ", behind {proxy}");
        }
        return diagnosis;
    } else if error.is_timeout() {
        Diagnosis::new(F::Timeout, "no connection in time")
    } else {
        from_io(&chain, error.is_connect())
    };
    match proxy {
        // The connection is made to the proxy.
        Some(proxy) if error.is_connect() => {
            let reason = format!("{proxy} cannot be reached: {}", plain.reason);
            Diagnosis {
                may_pass: plain.may_pass,
                ..Diagnosis::new(F::ProxyUnreachable, reason)
            }
        }
        _ => plain,
    }
}

/// Returns an error and all its causes, also those that an I/O error hides.
fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| behind(*error))
}

fn behind<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    let hidden = error.downcast_ref::<io::Error>();
    match hidden.and_then(io::Error::get_ref) {
        Some(hidden) => Some(hidden),
        None => error.source(),
    }
}

fn tls<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    error.downcast_ref::<rustls::Error>()
}

/// Tells what failed before the proxy had connected. hyper-util's error type is private, so this
/// compares its text. A test checks the text.
fn tunnel(chain: &[&(dyn StdError + 'static)], proxy: &str) -> Option<Diagnosis> {
    use ConnectionFault as F;
    const BEGIN: &str = "tunnel error: ";
    let (position, text) = chain.iter().enumerate().find_map(|(position, error)| {
        let text = error.to_string();
        Some((position, text.strip_prefix(BEGIN)?.to_owned()))
    })?;
    let behind = &chain[position + 1..];
    Some(match text.as_str() {
        "proxy authorization required" => Diagnosis::proxy_authentication(Some(proxy)),
        "unsuccessful" => {
            let reason = format!("{proxy} refuses to connect to the host");
            Diagnosis::new(F::ProxyRefused, reason)
        }
        "failed to create underlying connection" => {
            let is_dns = behind.iter().any(|error| error.to_string() == "dns error");
            let why = match is_dns {
                true => dns(behind),
                false => from_io(behind, true),
            };
            let reason = format!("{proxy} cannot be reached: {}", why.reason);
            Diagnosis {
                may_pass: why.may_pass,
                ..Diagnosis::new(F::ProxyUnreachable, reason)
            }
        }
        text => {
            let reason = format!("{proxy} closed the connection or gave no valid answer ({text})");
            Diagnosis::new(F::ProxyRefused, reason)
        }
    })
}

fn dns(chain: &[&(dyn StdError + 'static)]) -> Diagnosis {
    // The standard library gives the resolver's reason as text alone.
    let text = chain.last().map(ToString::to_string).unwrap_or_default();
    let why = text
        .strip_prefix("failed to lookup address information: ")
        .unwrap_or(&text);
    let passing = ["Temporary failure", "Try again", "try again", "no answer"];
    Diagnosis {
        may_pass: passing.iter().any(|passing| why.contains(passing)),
        ..Diagnosis::new(
            ConnectionFault::Dns,
            format!("the name cannot be resolved ({why})"),
        )
    }
}

const CLOSED: &str = "it was closed before the whole answer came";

fn from_io(chain: &[&(dyn StdError + 'static)], connecting: bool) -> Diagnosis {
    use ConnectionFault as F;
    let kind = chain.iter().rev().find_map(|error| {
        let error = error.downcast_ref::<io::Error>()?;
        Some(error.kind())
    });
    let root = || chain.last().map(ToString::to_string).unwrap_or_default();
    match kind {
        Some(io::ErrorKind::ConnectionRefused) => Diagnosis::new(F::Refused, "connection refused"),
        Some(io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable) => {
            Diagnosis::new(F::Unreachable, "no route to the host")
        }
        Some(io::ErrorKind::TimedOut) if connecting => {
            Diagnosis::new(F::Timeout, "no connection in time")
        }
        Some(
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof,
        ) => Diagnosis::new(F::Closed, CLOSED),
        // hyper-rustls checks the name before anything looks it up.
        _ if root() == "invalid dns name" => dns(chain),
        _ if connecting => Diagnosis::new(F::Other, root()),
        // hyper's text for a connection that ends in the middle, also by a reset.
        _ if root().contains("before message") => Diagnosis::new(F::Closed, CLOSED),
        _ => Diagnosis::new(F::Closed, root()),
    }
}

fn certificate(error: &rustls::Error) -> Diagnosis {
    use CertificateError as C;
    use ConnectionFault as F;
    use rustls::Error as E;
    match error {
        E::InvalidCertificate(C::UnknownIssuer) => Diagnosis::new(
            F::UntrustedIssuer,
            "the issuer of the certificate is not trusted",
        ),
        E::InvalidCertificate(C::BadSignature) => Diagnosis::new(
            F::UntrustedIssuer,
            "a trusted issuer of the same name did not sign the certificate",
        ),
        E::InvalidCertificate(C::NotValidForNameContext { presented, .. }) => {
            let names: Vec<String> = presented.iter().take(5).map(|name| plain(name)).collect();
            let more = if presented.len() > 5 { ", …" } else { "" };
            let reason = match names.is_empty() {
                true => "the certificate is for no host name".to_owned(),
                false => format!(
                    "the certificate is for another name: {}{more}",
                    names.join(", ")
                ),
            };
            Diagnosis::new(F::NameMismatch, reason)
        }
        E::InvalidCertificate(C::NotValidForName) => {
            Diagnosis::new(F::NameMismatch, "the certificate is for another name")
        }
        E::InvalidCertificate(C::ExpiredContext { not_after, .. }) => {
            let end = i64::try_from(not_after.as_secs()).unwrap_or(i64::MAX);
            let end = jiff::Timestamp::from_second(end).unwrap_or(jiff::Timestamp::MAX);
            Diagnosis::new(F::Expired, format!("the certificate expired at {end}"))
        }
        E::InvalidCertificate(C::Expired) => {
            Diagnosis::new(F::Expired, "the certificate has expired")
        }
        E::InvalidCertificate(C::NotValidYet | C::NotValidYetContext { .. }) => {
            Diagnosis::new(F::Expired, "the certificate is not valid yet")
        }
        // The type of this reason is not public.
        E::InvalidCertificate(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            Diagnosis::new(
                F::InvalidCertificate,
                "the service shows the certificate of an authority (CA:TRUE), not one of its own",
            )
        }
        E::InvalidCertificate(other) => Diagnosis::new(
            F::InvalidCertificate,
            format!("the certificate is invalid: {other}"),
        ),
        E::InvalidMessage(_) => Diagnosis::new(F::Tls, "the service does not speak TLS"),
        other => Diagnosis::new(F::Tls, format!("TLS failed: {other}")),
    }
}

/// A name out of a certificate as rustls writes it, `DnsName("a.example")`.
fn plain(name: &str) -> String {
    match name.split_once('"') {
        Some((_, rest)) => rest.split('"').next().unwrap_or(rest).to_owned(),
        None => name.to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_does_not_exist_is_not_looked_up_again() {
        for (text, may_pass) in [
            ("Name or service not known", false),
            ("No address associated with hostname", false),
            ("nodename nor servname provided, or not known", false),
            ("Temporary failure in name resolution", true),
            ("Try again", true),
            ("no answer from the name service", true),
        ] {
            let whole = format!("failed to lookup address information: {text}");
            let error = io::Error::other(whole);
            let found = dns(&chain(&error).collect::<Vec<_>>());
            assert_eq!(found.may_pass, may_pass, "{text}");
            assert_eq!(
                found.reason,
                format!("the name cannot be resolved ({text})")
            );
        }
    }

    #[test]
    fn errors_of_certificates_are_told_apart() {
        use CertificateError as C;
        let time = |seconds| {
            rustls::pki_types::UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds))
        };
        let presented = ["DnsName(\"a.example\")", "IpAddress(10.0.0.1)"];
        for (error, fault, reason) in [
            (
                C::UnknownIssuer,
                ConnectionFault::UntrustedIssuer,
                "the issuer of the certificate is not trusted",
            ),
            (
                C::NotValidForNameContext {
                    expected: "b.example".try_into().unwrap(),
                    presented: presented.map(str::to_owned).to_vec(),
                },
                ConnectionFault::NameMismatch,
                "the certificate is for another name: a.example, IpAddress(10.0.0.1)",
            ),
            (
                C::ExpiredContext {
                    time: time(2),
                    not_after: time(1),
                },
                ConnectionFault::Expired,
                "the certificate expired at 1970-01-01T00:00:01Z",
            ),
        ] {
            let found = certificate(&rustls::Error::InvalidCertificate(error));
            assert_eq!((found.fault, found.reason.as_str()), (fault, reason));
            assert!(!found.may_pass);
        }
    }
}
