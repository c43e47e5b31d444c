//! Reading battery recordings: a million rows, recognised, parsed, cut into cycles; and summaries straight from a file,
//! each in a process of its own, whose CPU time and peak memory are what is said of it.
#![allow(clippy::unwrap_used, reason = "a bench may stop at what it did not expect")]
#![allow(clippy::print_stdout, reason = "a bench says what it measured")]

use std::{
    env, fs,
    io::{self, BufWriter, Write},
    path::Path,
    process::Command,
    time::Instant,
};

use divan::{
    Bencher,
    counter::{BytesCount, ItemsCount},
};
use grid_benches::{machine, recordings};
use grid_core::battery;

const ROWS: u32 = 1_000_000;

/// Says that this is the process that sums one file up.
const SUMMED: &str = "GRID_BENCH_SUMMED";

fn main() {
    if let Some(path) = env::var_os(SUMMED) {
        return summed(Path::new(&path));
    }
    // The peers read the same bytes.
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    fs::write(folder.join("recording_plain.csv"), recordings::plain(ROWS)).unwrap();
    fs::write(folder.join("recording_neware.csv"), recordings::neware(ROWS)).unwrap();
    streamed(folder).unwrap();
    divan::main();
}

/// Writes the files that are summed up, and sums each up in a process of its own, five times.
///
/// `GRID_SHARED_DATA` is where the real export is that is repeated; with `GRID_BENCH_LONG` there are files of twenty
/// million rows too, 4.4 GB and 1 GB.
fn streamed(folder: &Path) -> io::Result<()> {
    const RUNS: usize = 5;
    let long = env::var_os("GRID_BENCH_LONG").is_some();
    let counts: &[(u32, &str)] = if long { &[(1, "1m"), (20, "20m")] } else { &[(1, "1m")] };
    let shared = env::var_os("GRID_SHARED_DATA");
    for (millions, name) in counts {
        let six = folder.join(format!("recording_six_{name}.csv"));
        recordings::six(millions * ROWS, &mut BufWriter::new(fs::File::create(&six)?))?;
        let mut files = vec![six];
        if let Some(shared) = &shared {
            let template = fs::read_to_string(Path::new(shared).join("battery/cellpy/neware_uio.csv"))?;
            let path = folder.join(format!("recording_neware26_{name}.csv"));
            let mut out = BufWriter::new(fs::File::create(&path)?);
            let rows = usize::try_from(millions * ROWS).unwrap();
            recordings::repeat_neware(&template, rows, &mut out)?;
            out.flush()?;
            files.push(path);
        }
        for path in files {
            let mut runs = Vec::new();
            for _ in 0..RUNS {
                let output = Command::new(env::current_exe()?).env(SUMMED, &path).output()?;
                runs.push(String::from_utf8_lossy(&output.stdout).trim().to_owned());
            }
            // The lines start with the CPU seconds, all to one width.
            runs.sort();
            println!("summarise_path {}: {}", path.display(), runs.first().map_or("", String::as_str));
        }
    }
    Ok(())
}

/// Sums a file up and says what that took of the machine.
fn summed(path: &Path) {
    let start = Instant::now();
    let summary = battery::summarise_path(path).unwrap();
    let wall = start.elapsed().as_secs_f64();
    let bytes = fs::metadata(path).unwrap().len();
    // All that the process has spent: the summary is made by one thread.
    let (seconds, peak) = (machine::cpu_seconds(), machine::peak_mb());
    let megabytes = f64::from(u32::try_from(bytes / 1000).unwrap()) / 1e3;
    println!(
        "{seconds:8.4} CPU s, {wall:.4} s, {:.0} MB/s, {:.2} million rows/s, peak {peak:.1} MB, {} rows, {} cycles",
        megabytes / seconds,
        f64::from(u32::try_from(summary.rows).unwrap()) / 1e6 / seconds,
        summary.rows,
        summary.cycles.len(),
    );
}

fn file(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("recording_{name}.csv"))).unwrap()
}

/// From bytes to columns.
#[divan::bench(args = ["plain", "neware"], sample_count = 10, sample_size = 1)]
fn read(bencher: Bencher, name: &str) {
    let bytes = file(name);
    bencher
        .counter(ItemsCount::new(ROWS))
        .counter(BytesCount::of_slice(&bytes))
        .bench(|| battery::read_bytes(&bytes).unwrap());
}

/// From columns to cycles with capacity and efficiency.
#[divan::bench(args = ["plain", "neware"], sample_count = 10, sample_size = 1)]
fn summarise(bencher: Bencher, name: &str) {
    let recording = battery::read_bytes(&file(name)).unwrap();
    bencher.counter(ItemsCount::new(ROWS)).bench(|| battery::summarise(&recording));
}

/// From bytes to cycles, without columns.
#[divan::bench(args = ["plain", "neware"], sample_count = 10, sample_size = 1)]
fn summarise_bytes(bencher: Bencher, name: &str) {
    let bytes = file(name);
    bencher
        .counter(ItemsCount::new(ROWS))
        .counter(BytesCount::of_slice(&bytes))
        .bench(|| battery::summarise_bytes(&bytes).unwrap());
}
