//! A server as a process of its own: how soon it answers, what it takes of the processor and of memory. Linux alone tells.

use std::{
    collections::BTreeMap,
    fs::{read_dir, read_to_string},
    io::{Error, ErrorKind, Read, Result, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// After how long a server that does not answer is given up.
const PATIENCE: Duration = Duration::from_mins(1);

/// A server that runs; it ends with this value.
#[derive(Debug)]
pub struct Served {
    process: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// How long it took until the first answer.
    pub first_answer: Duration,
}

/// A port that nobody listens on.
///
/// # Errors
///
/// Where there is none.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

impl Served {
    /// Starts a server that listens on `port`, and waits until it answers `path` with 200.
    ///
    /// # Errors
    ///
    /// Where it cannot be started, or does not answer within a minute.
    pub fn start(command: &mut Command, port: u16, path: &str) -> Result<Self> {
        let began = Instant::now();
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut served = Self { process, address, first_answer: Duration::ZERO };
        served.wait_for(path)?;
        served.first_answer = began.elapsed();
        Ok(served)
    }

    /// Waits until it answers `path` with 200.
    ///
    /// # Errors
    ///
    /// Where it ends, or does not answer within a minute.
    pub fn wait_for(&mut self, path: &str) -> Result<()> {
        let began = Instant::now();
        while !answers(self.address, path) {
            if let Some(status) = self.process.try_wait()? {
                return Err(Error::other(format!("the server ended: {status}")));
            }
            if began.elapsed() > PATIENCE {
                return Err(ErrorKind::TimedOut.into());
            }
            thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    /// The seconds that the server and its processes have had a processor.
    pub fn cpu_seconds(&self) -> f64 {
        let stats = stats();
        let ours = tree(&stats, self.process.id());
        ours.iter().filter_map(|id| stats.get(id)).map(|stat| stat.cpu_seconds).sum()
    }

    /// The memory that the server and its processes hold, in MB.
    pub fn resident_mb(&self) -> f64 {
        let of = |id: &u32| {
            let status = read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
            line.and_then(|kib| kib.trim().strip_suffix("kB")?.trim().parse().ok()).unwrap_or(0.0)
        };
        tree(&stats(), self.process.id()).iter().map(of).sum::<f64>() * 1.024e-3
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // A server with processes of its own has to end them; whatever it answers, it is waited for.
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        for _ in 0..1000 {
            if !matches!(self.process.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The seconds that all processes of a name have had a processor, with those that they had and that have ended.
pub fn cpu_seconds_of(name: &str) -> f64 {
    stats().values().filter(|stat| stat.name == name).map(|stat| stat.cpu_seconds + stat.ended_seconds).sum()
}

/// Whether a server answers with 200, on a connection of its own.
fn answers(address: SocketAddr, path: &str) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut line = [0; 12];
        stream.read_exact(&mut line)?;
        Ok::<_, Error>(line.ends_with(b" 200"))
    };
    ask().unwrap_or(false)
}

/// What the system says of a process.
struct Stat {
    name: String,
    parent: u32,
    cpu_seconds: f64,
    ended_seconds: f64,
}

/// What `/proc/PID/stat` says of each process (proc(5)); its clock ticks a hundred times a second.
fn stats() -> BTreeMap<u32, Stat> {
    let mut stats = BTreeMap::new();
    for entry in read_dir("/proc").into_iter().flatten().flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let text = read_to_string(entry.path().join("stat")).unwrap_or_default();
        // A name may have spaces and brackets, so that the fields are counted from its end.
        let Some((head, rest)) = text.rsplit_once(')') else { continue };
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let field = |number: usize| fields.get(number - 3).and_then(|field| field.parse::<u32>().ok());
        let seconds = |numbers: [usize; 2]| -> f64 {
            numbers.into_iter().filter_map(field).map(|ticks| f64::from(ticks) / 100.0).sum()
        };
        let name = head.split_once('(').map_or("", |(_, name)| name).to_owned();
        let parent = field(4).unwrap_or(0);
        stats.insert(
            id,
            Stat { name, parent, cpu_seconds: seconds([14, 15]), ended_seconds: seconds([16, 17]) },
        );
    }
    stats
}

/// A process and those under it.
fn tree(stats: &BTreeMap<u32, Stat>, root: u32) -> Vec<u32> {
    let mut found = vec![root];
    let mut at = 0;
    while let Some(&parent) = found.get(at) {
        found.extend(stats.iter().filter(|(_, stat)| stat.parent == parent).map(|(id, _)| *id));
        at += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_has_the_children_of_children_and_nobody_else() {
        let stat = |parent| Stat { name: String::new(), parent, cpu_seconds: 0.0, ended_seconds: 0.0 };
        let stats = BTreeMap::from([(1, stat(0)), (5, stat(1)), (6, stat(5)), (7, stat(6)), (8, stat(1))]);
        assert_eq!(tree(&stats, 5), [5, 6, 7]);
    }
}
