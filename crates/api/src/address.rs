//! Which network address a request comes from.

use actix_web::{HttpRequest, http::header, web::Data};
use ipnet::IpNet;
use std::net::IpAddr;

/// The reverse proxies that are believed when they say for whom they speak.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(pub Vec<IpNet>);

impl TrustedProxies {
    fn contain(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// Whoever is connected; behind trusted proxies, the last address in `X-Forwarded-For` that none of them has.
///
/// Each proxy appends whom it hears. What stands further to the left was said by whoever is not trusted.
pub(crate) fn client(request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip().to_canonical();
    let Some(proxies) = request.app_data::<Data<TrustedProxies>>() else {
        return Some(peer);
    };
    if !proxies.contain(peer) {
        return Some(peer);
    }
    let said = request.headers().get_all(header::X_FORWARDED_FOR);
    let said: Vec<_> = said
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .collect();
    said.iter()
        .rev()
        .map_while(|address| address.trim().parse().ok())
        .map(|address: IpAddr| address.to_canonical())
        .find(|address| !proxies.contain(*address))
        .or(Some(peer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn client_of(peer: &str, said: &[&str]) -> String {
        let proxies = TrustedProxies(vec!["10.0.0.0/8".parse().unwrap()]);
        let mut request = TestRequest::default()
            .app_data(Data::new(proxies))
            .peer_addr(format!("{peer}:9").parse().unwrap());
        for line in said {
            request = request.append_header((header::X_FORWARDED_FOR, *line));
        }
        client(&request.to_http_request()).unwrap().to_string()
    }

    #[test]
    fn a_proxy_is_believed_and_nobody_else_is() {
        let cases: [(&str, &[&str], &str); 7] = [
            ("192.0.2.1", &[], "192.0.2.1"),
            ("192.0.2.1", &["198.51.100.7"], "192.0.2.1"),
            ("10.0.0.1", &["198.51.100.7"], "198.51.100.7"),
            (
                "10.0.0.1",
                &["203.0.113.9, 198.51.100.7, 10.0.0.2"],
                "198.51.100.7",
            ),
            ("10.0.0.1", &["203.0.113.9", "198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["198.51.100.7, nonsense"], "10.0.0.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
        ];

        for (peer, said, expected) in cases {
            assert_eq!(client_of(peer, said), expected, "{peer} says {said:?}");
        }
    }
}
