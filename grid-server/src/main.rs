//! The GRID server: `grid-server --help` tells what it can do.

fn main() -> std::process::ExitCode {
    grid_server::run(std::env::args_os())
}
