//! demo
use std::net::SocketAddr;
use crate::{app::App, problem::Problem};
pub(crate) async fn load(_app: &App, _address: SocketAddr) -> Result<(), Problem> { Ok(()) }
