//! `grid-server import`: what a POST of the same file does, from the command line.

use std::fs::File;

use grid_core::{
    energy::ingest::{self, Layout},
    store::DeviceBatch,
};

use crate::{cli, clock, config::Config, serve, telemetry, upload::of_device};

/// Reads the file and stores it in one transaction.
pub(crate) fn run(
    config: &Config,
    wanted: &cli::Import,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    telemetry::start(config);
    let name = wanted.file.display().to_string();
    let file = File::open(&wanted.file).map_err(|error| format!("failed to open `{name}`: {error}"))?;
    match (wanted.target.device, wanted.target.community) {
        (Some(id), _) => {
            let batches = ingest::read_csv(file, &name, of_device(wanted.channel))?;
            let done = serve::with_store(config, |store| async move {
                let device = store.device(id).await?;
                let batches: Vec<_> = batches
                    .into_iter()
                    .map(|batch| DeviceBatch {
                        device: device.id,
                        channel: batch.channel,
                        readings: batch.readings,
                    })
                    .collect();
                Ok(store.ingest(&batches, clock::now()).await?)
            })?;
            cli::print(&format!("{}\n", serde_json::to_string(&done)?))
        }
        (None, Some(id)) => {
            let batches = ingest::read_csv(file, &name, Layout::Community)?;
            let done = serve::with_store(config, |store| async move {
                let community = store.community(id).await?;
                let members = store.members(id).await?;
                // What is made belongs to whom it would belong to by a POST: an operator.
                let operator = members
                    .into_iter()
                    .find_map(|member| {
                        member.user.filter(|_| member.role == grid_core::energy::Role::Operator)
                    })
                    .ok_or("the community has no operator to own the devices that the file names")?;
                Ok(store.import_community(community.id, operator, batches, clock::now()).await?)
            })?;
            cli::print(&format!("{}\n", serde_json::to_string(&done)?))
        }
        (None, None) => Err("expected --device or --community".into()),
    }
}
