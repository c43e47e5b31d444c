//! `grid-server coefficients`: a community's fixed key as the file of Spain's distributors, `<CAU>_<YYYY>.txt`.

use std::{fs, io::BufReader, path::PathBuf};

use clap::Subcommand;
use grid_core::{
    energy::{
        Community,
        rules::{
            spain_file::{self, FileName},
            spain_key,
        },
    },
    store::Store,
};

use super::{Failed, community};
use crate::{cli, clock, config::Config, period::instant, serve, telemetry};

/// What to do with a file of coefficients.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Set a community's key from a file.
    Set {
        /// The community, by its id or its name.
        #[arg(long, value_name = "ID_OR_NAME")]
        community: String,
        /// The year for which the coefficients are; that of the file's name where nothing is said.
        #[arg(long, value_name = "YYYY")]
        year: Option<i16>,
        /// From when on, a local date or an instant of that year; its first day where nothing is said.
        #[arg(long, value_name = "DATE")]
        valid_from: Option<String>,
        /// The file.
        file: PathBuf,
    },
    /// Write the file of a year.
    Write {
        /// The community, by its id or its name.
        #[arg(long, value_name = "ID_OR_NAME")]
        community: String,
        /// The year for which the coefficients are.
        #[arg(long, value_name = "YYYY")]
        year: i16,
        /// The code of the self-consumption (CAU), which the file is named by.
        #[arg(long, value_name = "CAU")]
        cau: String,
        /// The folder for the file; this one where nothing is said.
        #[arg(long, value_name = "FOLDER", default_value = ".")]
        out: PathBuf,
    },
}

/// Does it.
pub(crate) fn run(config: &Config, command: Command) -> Result<(), Failed> {
    telemetry::start(config);
    serve::with_store(config, |store| async move {
        match command {
            Command::Set { community: named, year, valid_from, file } => {
                let community = community(&store, &named).await?;
                set(&store, &community, year, valid_from.as_deref(), &file).await
            }
            Command::Write { community: named, year, cau, out } => {
                let name = FileName::new(&cau, year)?;
                let community = community(&store, &named).await?;
                let coefficients = store.coefficients(community.id, name.year()).await?;
                fs::create_dir_all(&out)
                    .map_err(|error| format!("failed to make `{}`: {error}", out.display()))?;
                let path = out.join(name.to_string());
                let file = fs::File::create(&path)
                    .map_err(|error| format!("failed to make `{}`: {error}", path.display()))?;
                spain_file::write(&coefficients, file)?;
                let consumers = coefficients.consumers().len();
                cli::print(&format!("{}\t{consumers} supply points\n", path.display()))
            }
        }
    })
}

async fn set(
    store: &Store,
    community: &Community,
    year: Option<i16>,
    valid_from: Option<&str>,
    path: &std::path::Path,
) -> Result<(), Failed> {
    let named = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let year = match year {
        Some(year) => year,
        None => named.parse::<FileName>().map_err(|error| format!("{error}: say --year"))?.year(),
    };
    let told = valid_from.map(|text| instant("--valid-from", text, &community.calendar)).transpose()?;
    let valid_from = spain_key::start(&community.calendar, year, told)?;
    let shown = path.display().to_string();
    let file = fs::File::open(path).map_err(|error| format!("failed to open `{shown}`: {error}"))?;
    let points = store.supply_points(community.id).await?;
    let key = points.read(BufReader::new(file), &shown)?;
    store.set_key(community.id, &key, valid_from, clock::now()).await?;
    cli::print(&format!("key\t{} members\tfrom {valid_from}\n", key.members().len()))
}
