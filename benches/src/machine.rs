//! What a figure was measured on, and the clock of its processor.

use std::fs::read_to_string;

/// Seconds for which this thread has had a processor; where the system is not Linux there is no number (NaN) rather than
/// another one.
pub fn cpu_seconds() -> f64 {
    #[cfg(target_os = "linux")]
    {
        let spent = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        std::time::Duration::try_from(spent).map_or(f64::NAN, |spent| spent.as_secs_f64())
    }
    #[cfg(not(target_os = "linux"))]
    f64::NAN
}

/// The day (UTC), the processor, its cores, and the load average: how many wanted a core in the last minute.
#[expect(clippy::disallowed_methods, reason = "it is asked what the day is")]
pub fn line() -> String {
    let processors = read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = processors.lines().find_map(|line| line.strip_prefix("model name"));
    let name = name.map_or("unknown processor", |name| name.trim_start_matches([' ', '\t', ':']));
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let load = load();
    format!("{}, {name}, {cores} cores, load average {load}", jiff::Timestamp::now().strftime("%Y-%m-%d"))
}

/// The load average: how many wanted a core in the last minute.
pub fn load() -> String {
    let load = read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().filter(|load| !load.is_empty()).unwrap_or("unknown").to_owned()
}

/// The most memory that this process has had, in MB; NaN where the system does not say.
pub fn peak_mb() -> f64 {
    let status = read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = peak.and_then(|peak| peak.trim().strip_suffix("kB")).and_then(|kib| kib.trim().parse().ok());
    kib.map_or(f64::NAN, |kib: f64| kib * 1.024e-3)
}
