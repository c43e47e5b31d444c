//! What the system says of the process.

use jiff::Timestamp;

use super::exposition::Page;

/// Writes when the process started, and, on Linux, its memory and its open files.
pub(super) fn write(page: &mut Page, started: Timestamp) {
    page.family("process_start_time_seconds", "gauge", "When the server started, in seconds since 1970.");
    let microseconds = u64::try_from(started.as_microsecond()).unwrap_or(0);
    page.seconds("process_start_time_seconds", &[], microseconds);
    #[cfg(target_os = "linux")]
    {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        if let Some(bytes) = resident(&status) {
            page.gauge("process_resident_memory_bytes", "Memory that the process has, in bytes.", bytes);
        }
        if let Ok(files) = std::fs::read_dir("/proc/self/fd") {
            let count = u64::try_from(files.count()).unwrap_or(u64::MAX);
            page.gauge("process_open_fds", "Files and connections that are open.", count);
        }
    }
}

/// The resident memory in bytes, from `/proc/self/status` (`proc_pid_status(5)`).
#[cfg(target_os = "linux")]
fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_memory_of_a_process_is_read_in_bytes() {
        let status = "Name:\tgrid-server\nVmHWM:\t   99999 kB\nVmRSS:\t   34816 kB\nThreads:\t9\n";
        assert_eq!(resident(status), Some(35_651_584));
        assert_eq!(resident("Name:\tgrid-server\n"), None);
    }
}
