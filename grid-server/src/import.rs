//! `grid-server import`: what a POST of the same file does, from the command line.

use std::{fs::File, path::Path};

use grid_core::{
    energy::{
        self, Role,
        ingest::{self, Ingested, Layout, Options, Sorted},
    },
    store::Store,
};
use uuid::Uuid;

use crate::{
    cli, clock,
    config::Config,
    serve, telemetry,
    upload::{FileQuery, told},
};

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// Reads the file and stores it in one transaction; how the file was understood is told first.
pub(crate) fn run(config: &Config, wanted: &cli::Import) -> Result<(), Failed> {
    telemetry::start(config);
    let stated = FileQuery {
        channel: wanted.channel.map(|channel| channel.to_string()),
        time_zone: wanted.time_zone.clone(),
        format: wanted.format.clone(),
        stamp: wanted.stamp.clone(),
        decimal: wanted.decimal.clone(),
        dates: wanted.dates.clone(),
        hours: wanted.hours.clone(),
        meter: wanted.meter.clone(),
    };
    let (device, community) = (wanted.target.device, wanted.target.community);
    let file = wanted.file.clone();
    let most = config.max_upload_rows.get();
    serve::with_store(config, |store| async move {
        match (device, community) {
            (Some(id), _) => into_device(&store, id, &file, &stated, most).await,
            (None, Some(id)) => into_community(&store, id, &file, &stated, most).await,
            (None, None) => Err("expected --device or --community".into()),
        }
    })
}

async fn into_device(
    store: &Store,
    id: Uuid,
    file: &Path,
    stated: &FileQuery,
    most: usize,
) -> Result<(), Failed> {
    let device = store.device(id).await?;
    let read = read(file, stated.options(Layout::Device { channel: None }, device.calendar)?, most)?;
    let done = store.ingest_sorted(id, None, &read.batches, clock::now()).await?;
    cli::print(&format!("{}\n", serde_json::to_string(&done)?))
}

async fn into_community(
    store: &Store,
    id: Uuid,
    file: &Path,
    stated: &FileQuery,
    most: usize,
) -> Result<(), Failed> {
    let community = store.community(id).await?;
    let members = store.members(id).await?;
    let read = read(file, stated.options(Layout::Community, community.calendar)?, most)?;
    // What is made belongs to whom it would belong to by a POST: an operator.
    let operator = members
        .into_iter()
        .find_map(|member| member.user.filter(|_| member.role == Role::Operator))
        .ok_or("the community has no operator to own the devices that the file names")?;
    let done = store.import_community_sorted(id, operator, &read.batches, clock::now()).await?;
    cli::print(&format!("{}\n", serde_json::to_string(&done)?))
}

/// Reads a file, and tells how it was understood where it is none of our own.
fn read(file: &Path, mut options: Options, most: usize) -> Result<Ingested<Sorted>, Failed> {
    options.most_readings = most;
    let name = file.display().to_string();
    let source = File::open(file).map_err(|error| format!("failed to open `{name}`: {error}"))?;
    let scratch = || -> std::io::Result<Box<dyn ingest::Scratch>> { Ok(Box::new(tempfile::tempfile()?)) };
    let read = ingest::read_sorted(source, &name, &options, ingest::HELD, scratch);
    let read = read.map_err(|error| match error {
        energy::Error::FileTooLong { .. } => {
            format!("{error}; import it in parts, or raise GRID_MAX_UPLOAD_ROWS").into()
        }
        other => Failed::from(other),
    })?;
    for line in told(read.format, read.evidence.clone()).1 {
        cli::say(&format!("{line}\n"));
    }
    Ok(read)
}
