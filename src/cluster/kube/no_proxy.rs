//! Which proxy leads to the API server, if any. Pure.
//!
//! Done here and not by the client library, which holds `NO_PROXY` against the proxy's own address instead of the server's.

use std::net::IpAddr;

use http::Uri;

/// True when `NO_PROXY` exempts this server: `*`, a name (its subdomains too, as curl and Go read it), `.domain` or `*.domain`, an
/// address, or a CIDR block; each with a port where it should count.
pub(super) fn exempt(list: &str, server: &Uri) -> bool {
    let Some(host) = server.host() else {
        return false;
    };
    let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
    let port = server.port_u16().unwrap_or(match server.scheme_str() {
        Some("http") => 80,
        _ => 443,
    });
    list.split([',', ' '])
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
        .any(|entry| matches(&entry.to_ascii_lowercase(), &host, port))
}

fn matches(entry: &str, host: &str, port: u16) -> bool {
    if entry == "*" {
        return true;
    }
    let address = host.parse::<IpAddr>().ok();
    if let Some((network, length)) = entry.split_once('/') {
        return match (address, network.parse(), length.parse()) {
            (Some(address), Ok(network), Ok(length)) => within(address, network, length),
            _ => false,
        };
    }
    if let Ok(exempt) = entry.trim_matches(['[', ']']).parse::<IpAddr>() {
        return address == Some(exempt);
    }
    let (name, wanted) = match entry.rsplit_once(':') {
        Some((name, digits)) => match digits.parse::<u16>() {
            Ok(number) => (name.trim_matches(['[', ']']), Some(number)),
            Err(_) => (entry, None),
        },
        None => (entry, None),
    };
    if wanted.is_some_and(|wanted| wanted != port) {
        return false;
    }
    if let Ok(exempt) = name.parse::<IpAddr>() {
        return address == Some(exempt);
    }
    match name.strip_prefix('*').unwrap_or(name).strip_prefix('.') {
        Some(domain) => host
            .strip_suffix(domain)
            .is_some_and(|rest| rest.ends_with('.')),
        None => {
            host == name
                || host
                    .strip_suffix(name)
                    .is_some_and(|rest| rest.ends_with('.'))
        }
    }
}

fn within(address: IpAddr, network: IpAddr, length: u32) -> bool {
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) if length <= 32 => {
            let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
            address.to_bits() & mask == network.to_bits() & mask
        }
        (IpAddr::V6(address), IpAddr::V6(network)) if length <= 128 => {
            let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
            address.to_bits() & mask == network.to_bits() & mask
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_held_against_the_servers_address() {
        for (list, server, expected) in [
            ("*", "https://api.example.com", true),
            ("localhost,10.0.0.0/8", "https://10.1.2.3:6443", true),
            ("localhost,10.0.0.0/8", "https://11.1.2.3:6443", false),
            ("0.0.0.0/0", "https://11.1.2.3", true),
            ("example.com", "https://api.example.com", true),
            ("example.com", "https://badexample.com", false),
            (".example.com", "https://example.com", false),
            ("*.example.com", "https://API.example.com", true),
            ("api.example.com:443", "https://api.example.com", true),
            ("api.example.com:6443", "https://api.example.com", false),
            ("127.0.0.1", "https://127.0.0.1:6443", true),
            ("fd00::/8", "https://[fd00::1]:6443", true),
            ("", "https://api.example.com", false),
            ("nonsense/99", "https://10.0.0.1", false),
        ] {
            let server: Uri = server.parse().unwrap();
            assert_eq!(exempt(list, &server), expected, "{list} {server}");
        }
    }
}
