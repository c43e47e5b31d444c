//! demo
use crate::{app::App, problem::Problem};
use std::net::SocketAddr;
pub(crate) async fn load(_app: &App, _address: SocketAddr) -> Result<(), Problem> {
    Ok(())
}
