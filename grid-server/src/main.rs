//! The GRID server: `grid-server --help` tells what it can do.

/// The C library's allocator took a quarter of the time of a request, and what it had taken stayed with the process;
/// `benches/RESULTS.md` has both, and `.cargo/config.toml` what this one is told.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    grid_server::run(std::env::args_os())
}
