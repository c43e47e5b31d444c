//! `grid-server settle`: what a POST to a community's settlements does, from the command line.

use std::{
    fs,
    path::{Path, PathBuf},
};

use grid_core::{
    energy::{
        settlement::{CommunityAccount, Language, Missing, Statement, document},
        sharing::Key,
    },
    proof::CanonicalJson,
    store::{LogSigner, SettlementRequest},
    time::Interval,
};
use jiff::Timestamp;

use super::{Failed, community, entry};
use crate::{cli, clock, config::Config, serve, telemetry};

/// What to settle, and what to write.
#[derive(clap::Args, Clone, Debug)]
pub struct Settle {
    /// The community, by its id or its name.
    #[arg(long, value_name = "ID_OR_NAME")]
    pub community: String,
    /// The local month, such as `2026-03`.
    #[arg(long, value_name = "YYYY-MM")]
    pub month: String,
    /// Issue the statements: they become entries of the log, and never change. Without it, all is a draft.
    #[arg(long)]
    pub issue: bool,
    /// Everything counts as it was recorded by then (RFC 3339); now where nothing is said.
    #[arg(long, value_name = "INSTANT", conflicts_with = "issue")]
    pub as_of: Option<Timestamp>,
    /// When a draft is made, which its statements say (RFC 3339); now where nothing is said.
    #[arg(long, value_name = "INSTANT", conflicts_with = "issue")]
    pub issued_at: Option<Timestamp>,
    /// Another key to compare each bill with: a kind such as `equal`, or a key as JSON. May be given eight times at most.
    #[arg(long, value_name = "KEY")]
    pub compare: Vec<Key>,
    /// Leave slots without readings out, instead of settling nothing.
    #[arg(long)]
    pub leave_out_missing: bool,
    /// A folder for the statements: JSON, a page to read (HTML), one to print (PDF), and all lines as CSV.
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// The language of the pages: `en` or `es`.
    #[arg(long, default_value = "en")]
    pub lang: Language,
}

/// Settles, and tells what came of it: one line a document, and the community's account.
pub(crate) fn run(config: &Config, wanted: Settle) -> Result<(), Failed> {
    telemetry::start(config);
    let sealing_key = config.sealing_key()?;
    let origin = config.issuer.clone();
    serve::with_store(config, |store| async move {
        let community = community(&store, &wanted.community).await?;
        let period: Interval = community.calendar.month_named(&wanted.month)?;
        let now = clock::now();
        let request = SettlementRequest {
            community: community.id,
            period,
            compare: wanted.compare.clone(),
            missing: if wanted.leave_out_missing { Missing::LeaveOut } else { Missing::Refuse },
            as_of: wanted.as_of.unwrap_or(now),
        };
        let settlement = store.settle(&request, wanted.issued_at.unwrap_or(now)).await?;
        let (documents, unchanged) = if wanted.issue {
            let key = store.ensure_log_key(sealing_key.as_ref(), now).await?;
            let signer = LogSigner { key: &key, origin: &origin };
            let issued = store.issue(&settlement, signer, entry("settlement.issue", ""), now).await?;
            (issued.documents, issued.unchanged)
        } else {
            (settlement.statements.clone(), 0)
        };
        if let Some(folder) = &wanted.out {
            write(folder, &settlement.account, &documents, wanted.lang)?;
            if wanted.issue {
                for document in &documents {
                    let bundle = store.statement_bundle(document.id).await?;
                    fs::write(folder.join(format!("{}.proof.json", document.id)), bundle.to_string())?;
                }
            }
        }
        tell(&settlement.account, &documents, unchanged, wanted.issue)
    })
}

fn write(
    folder: &Path,
    account: &CommunityAccount,
    documents: &[Statement],
    language: Language,
) -> Result<(), Failed> {
    fs::create_dir_all(folder).map_err(|error| format!("failed to make `{}`: {error}", folder.display()))?;
    fs::write(folder.join("account.json"), serde_json::to_string_pretty(account)?)?;
    fs::write(folder.join("lines.csv"), document::statements_csv(documents))?;
    for statement in documents {
        let file = |kind: &str| folder.join(format!("{}.{kind}", statement.id));
        // The text whose hash is in the log, as the server answers it.
        fs::write(file("json"), CanonicalJson::from_serialize(statement)?.as_str())?;
        fs::write(file("html"), document::html(statement, language))?;
        fs::write(file("pdf"), document::pdf(statement, language))?;
    }
    Ok(())
}

fn tell(
    account: &CommunityAccount,
    documents: &[Statement],
    unchanged: usize,
    issued: bool,
) -> Result<(), Failed> {
    let currency = &account.currency;
    let what = if issued { "issued" } else { "draft" };
    for document in documents {
        let (id, member, total) = (document.id, &document.member.name, document.total);
        cli::print(&format!("{what}\t{id}\t{member}\t{total} {currency}\n"))?;
    }
    if unchanged > 0 {
        cli::print(&format!("unchanged\t{unchanged} members\n"))?;
    }
    let (members, total) = (account.statements, account.total);
    cli::print(&format!("account\t{members} members\t{total} {currency}\n"))
}
