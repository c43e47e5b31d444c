//! The link for the first administrator: made anew at each start of a server that has none.

use std::net::SocketAddr;

use grid_core::auth::SetupToken;
use jiff::SignedDuration;

use crate::{app::App, clock, problem::Problem, serve::near};

/// How long a link is good.
const LASTS: SignedDuration = SignedDuration::from_hours(24);

/// What the start prints: a link, where there is no administrator yet, else nothing. Those of
/// other starts stay good beside it: a server that starts as a copy of another must not spoil the link that somebody holds.
pub(crate) async fn invite(app: &App, address: SocketAddr) -> Result<String, Problem> {
    let store = app.services()?.store();
    if store.has_administrator().await? {
        return Ok(String::new());
    }
    let token = SetupToken::generate()?;
    let now = clock::now();
    store.keep_setup_link(&token.hash(), now.checked_add(LASTS).unwrap_or(now), now).await?;
    Ok(text(address, &token))
}

fn text(address: SocketAddr, token: &SetupToken) -> String {
    let address = near(address);
    format!(
        "\nThere is no administrator yet. This link makes the first one, once, within 24 hours:\n\n\
         http://{address}/setup#{}\n\n\
         From elsewhere, put the server's own name in place of {address}. Each start prints another link, and the first\n\
         use of one ends them all. On this machine\n\
         `grid-server user create NAME --email ADDRESS --admin` does the same.\n\n",
        token.expose()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_leads_to_this_machine_where_the_server_listens_everywhere() {
        let token = SetupToken::generate().unwrap();
        for (address, shown) in [
            ("0.0.0.0:8080", "127.0.0.1:8080"),
            ("[::]:9000", "[::1]:9000"),
            ("192.0.2.7:80", "192.0.2.7:80"),
        ] {
            let text = text(address.parse().unwrap(), &token);
            assert!(text.contains(&format!("http://{shown}/setup#{}\n", token.expose())), "{text}");
        }
    }
}
