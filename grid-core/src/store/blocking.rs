//! The store without async, for Python and the command line.
//!
//! Each call is the one of the same name of [`store::Store`](super::Store), which says what it does; it runs on a
//! small runtime that the blocking store owns, and waits for the end.

use std::{
    io::{Read, Write},
    sync::Arc,
};

use jiff::Timestamp;
use tokio::runtime::{Builder, Handle, Runtime};
use uuid::Uuid;

use super::{
    ArchiveProgress, Archived, AuditEntry, Claim, DeviceBatch, Erased, Error, Event, EventFilter, Imported,
    Ingested, Issued, Keep, KeptAnswer, Listed, LogSigner, MeterReport, NewRecording, Of, Options, Page,
    PlacedDevice, Quotas, ReadSeek, Registered, SettlementRequest, StoredApiKey, StoredContract,
    StoredForecast, StoredKey, StoredRecording, StoredSecondFactor, StoredSettlement, StoredStatement,
    StoredTariff, Substitutes, SubstitutionRequest, User,
};
use crate::{
    auth::{Decision, Ended, Revocation, SealingKey, Session, Throttle},
    battery::Level,
    energy::{
        Channel, Community, Completeness, Device, Household, Member, Placement, RegisterReport,
        balance::{Account, Balance},
        ingest::{Batch, Sorted},
        ledger::{Recorded, Superseded},
        meter::Advances,
        rules::{spain_coefficients::Coefficients, spain_key::SupplyPoints},
        settlement::{Contract, Settlement},
        sharing::Key,
        tariff::{PriceBook, Tariff},
        validate::Finding,
    },
    proof::{Bundle, Digest, LogKey, SignedHead},
    quantity::{Energy, Price},
    series::Slot,
    time::{Calendar, Interval, Resolution},
};

/// A [`store::Store`](super::Store) whose calls wait.
///
/// ```
/// # #[cfg(feature = "sqlite")] {
/// use grid_core::store::{Options, User, blocking::Store, new_id};
/// let store = Store::connect("sqlite::memory:", Options::default())?;
/// store.migrate()?;
/// let now = "2026-01-01T00:00:00Z".parse().unwrap();
/// let ana = User::new(new_id(now), "ana", "ana@example.org", "$argon2id$…".to_owned())?;
/// store.create_user(&ana, now)?;
/// assert_eq!(store.user_by_name("ANA")?, Some(ana));
/// # }
/// # Ok::<(), grid_core::store::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Store {
    // Before the runtime, which its connections need while they are dropped.
    store: super::Store,
    runtime: Arc<OwnRuntime>,
}

/// A runtime that may be dropped anywhere.
#[derive(Debug)]
struct OwnRuntime(Option<Runtime>);

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        // Waiting for its threads would panic within another runtime.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl OwnRuntime {
    fn run<T>(&self, call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let inside = Error::WrongRuntime { problem: "the blocking store must be used outside of async code" };
        match &self.0 {
            Some(runtime) if Handle::try_current().is_err() => runtime.block_on(call),
            _ => Err(inside),
        }
    }
}

macro_rules! calls {
    ($($name:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)*) => {
        impl Store {$(
            #[doc = concat!("Calls [`Store::", stringify!($name), "`](crate::store::Store::", stringify!($name), ") and waits.")]
            ///
            /// # Errors
            ///
            /// Those of the call, and [`Error::WrongRuntime`] within async code.
            pub fn $name(&self, $($argument: $kind),*) -> Result<$answer, Error> {
                self.runtime.run(self.store.$name($($argument),*))
            }
        )*}
    };
}

calls! {
    migrate() -> ();
    ready() -> ();
    ping() -> ();
    create_user(user: &User, now: Timestamp) -> ();
    user_by_name(name: &str) -> Option<User>;
    user(id: Uuid) -> Option<User>;
    users(page: Page) -> Listed<User>;
    has_administrator() -> bool;
    set_administrator(id: Uuid, administrator: bool) -> ();
    demote(id: Uuid) -> ();
    keep_out(id: Uuid, now: Timestamp, until: Timestamp) -> Vec<Revocation>;
    disable_user(id: Uuid, now: Timestamp, until: Timestamp) -> Vec<Revocation>;
    enable_user(id: Uuid) -> ();
    renew_password(id: Uuid, old: &str, renewed: &str) -> ();
    change_password(id: Uuid, password: &str, keep: Option<Uuid>, now: Timestamp, until: Timestamp) -> Vec<Revocation>;
    signing_keys() -> Vec<StoredKey>;
    add_signing_key(kid: &str, pkcs8: &[u8], sealed: bool, now: Timestamp) -> ();
    seal_signing_key(kid: &str, sealed: &[u8]) -> ();
    remove_signing_key(kid: &str) -> ();
    create_session(new: &Session, password: &str) -> ();
    session(id: Uuid) -> Option<Session>;
    sessions_of(user: Uuid, now: Timestamp) -> Vec<Session>;
    end_session(id: Uuid, why: Ended, now: Timestamp, until: Timestamp) -> Option<Revocation>;
    end_sessions_of(user: Uuid, except: Option<Uuid>, now: Timestamp, until: Timestamp) -> Vec<Revocation>;
    revoke(revocation: &Revocation) -> ();
    revocations(now: Timestamp) -> Vec<Revocation>;
    begin_second_factor(user: Uuid, secret: &[u8], now: Timestamp) -> ();
    second_factor(user: Uuid) -> Option<StoredSecondFactor>;
    confirm_second_factor(user: Uuid, secret: &[u8], step: i64, recovery: &[[u8; 32]], now: Timestamp) -> ();
    accept_step(user: Uuid, step: i64) -> bool;
    use_recovery_code(user: Uuid, hash: &[u8; 32], now: Timestamp) -> bool;
    recovery_codes_left(user: Uuid) -> usize;
    remove_second_factor(user: Uuid) -> ();
    create_api_key(new: &StoredApiKey, hash: &[u8; 32]) -> ();
    api_key_by_hash(hash: &[u8; 32]) -> Option<StoredApiKey>;
    api_keys_of(owner: Uuid, page: Page) -> Listed<StoredApiKey>;
    revoke_api_key(owner: Uuid, id: Uuid, now: Timestamp) -> ();
    note_api_key_use(id: Uuid, now: Timestamp) -> ();
    throttle_state(key: &[u8; 32]) -> Option<Timestamp>;
    pass_throttle(key: &[u8; 32], throttle: &Throttle, now: Timestamp) -> Decision;
    give_back(key: &[u8; 32], throttle: &Throttle) -> ();
    claim_request(hash: &[u8; 32], owner: Uuid, expires_at: Timestamp, now: Timestamp, most: u64) -> Claim;
    settle_request(hash: &[u8; 32], claim: Uuid, answer: &KeptAnswer) -> ();
    lose_request(hash: &[u8; 32], claim: Uuid) -> ();
    give_request_back(hash: &[u8; 32], claim: Uuid) -> ();
    prune_requests(now: Timestamp) -> ();
    number_events() -> i64;
    events(reader: Uuid, filter: EventFilter, after: i64, limit: u32) -> Vec<Event>;
    prune_events(now: Timestamp) -> ();
    keep_setup_link(hash: &[u8; 32], expires_at: Timestamp, now: Timestamp) -> ();
    use_setup_link(hash: &[u8; 32], user: &User, now: Timestamp) -> ();
    record(entry: &AuditEntry) -> ();
    audit(page: Page, actor: Option<Uuid>, action: Option<&str>) -> Listed<AuditEntry>;
    prune_auth(now: Timestamp) -> ();
    export(writer: &mut (dyn Write + Send), now: Timestamp, progress: &mut (dyn FnMut(ArchiveProgress) + Send)) -> Archived;
    export_user(user: Uuid, writer: &mut (dyn Write + Send), now: Timestamp, progress: &mut (dyn FnMut(ArchiveProgress) + Send)) -> Archived;
    erase_user(user: Uuid, entry: &AuditEntry, now: Timestamp, until: Timestamp) -> Erased;
    restore(reader: &mut (dyn Read + Send), progress: &mut (dyn FnMut(ArchiveProgress) + Send)) -> Archived;
    create_device(device: &Device, now: Timestamp) -> ();
    device(id: Uuid) -> Device;
    devices_of(owner: Uuid, page: Page) -> Listed<Device>;
    devices(page: Page) -> Listed<Device>;
    update_device(seen: &Device, device: &Device) -> ();
    delete_device(id: Uuid) -> ();
    create_community(community: &Community, creator: &Member, now: Timestamp) -> ();
    community(id: Uuid) -> Community;
    communities_of(user: Uuid, page: Page) -> Listed<Community>;
    communities(page: Page) -> Listed<Community>;
    add_member(community: Uuid, member: &Member, now: Timestamp) -> ();
    members(community: Uuid) -> Vec<Member>;
    member_of(community: Uuid, user: Uuid) -> Option<Member>;
    add_device(community: Uuid, device: Uuid, member: Uuid, from: Option<Timestamp>, now: Timestamp) -> ();
    move_device(community: Uuid, device: Uuid, member: Uuid, from: Timestamp, now: Timestamp) -> ();
    remove_device(community: Uuid, device: Uuid, until: Timestamp, now: Timestamp) -> ();
    community_devices(community: Uuid, as_of: Option<Timestamp>) -> Vec<PlacedDevice>;
    placements(community: Uuid, device: Uuid) -> Vec<Placement>;
    communities_of_device(device: Uuid) -> Vec<Uuid>;
    set_key(community: Uuid, key: &Key, valid_from: Timestamp, now: Timestamp) -> ();
    key(community: Uuid, at: Timestamp) -> Option<Key>;
    keys(community: Uuid) -> Vec<(Timestamp, Key)>;
    first_keys(community: Uuid, from: Option<Timestamp>, most: u32) -> Vec<(Timestamp, Key)>;
    supply_points(community: Uuid) -> SupplyPoints;
    coefficients(community: Uuid, year: i16) -> Coefficients;
    set_contract(community: Uuid, contract: &Contract, valid_from: Timestamp, now: Timestamp) -> ();
    contracts(community: Uuid) -> Vec<StoredContract>;
    first_contracts(community: Uuid, from: Option<Timestamp>, most: u32) -> Vec<StoredContract>;
    add_tariff(community: Uuid, member: Option<Uuid>, tariff: &Tariff, now: Timestamp) -> Uuid;
    tariffs(community: Uuid) -> Vec<StoredTariff>;
    tariff_page(community: Uuid, member: Option<Uuid>, page: Page) -> Listed<StoredTariff>;
    add_prices(community: Uuid, name: &str, prices: &[(Interval, Price)], now: Timestamp) -> ();
    prices(community: Uuid, interval: Interval, as_of: Timestamp) -> PriceBook;
    first_prices(community: Uuid, name: &str, interval: Interval, as_of: Timestamp, most: usize) -> Vec<(Interval, Price)>;
    settle(request: &SettlementRequest, issued_at: Timestamp) -> Settlement;
    issue(settlement: &Settlement, signer: LogSigner<'_>, entry: AuditEntry, now: Timestamp) -> Issued;
    settlements(community: Uuid, page: Page) -> Listed<StoredSettlement>;
    statement(id: Uuid) -> StoredStatement;
    statements(community: Uuid, member: Option<Uuid>, period: Option<Interval>, page: (Option<u64>, u32)) -> Vec<StoredStatement>;
    statement_bundle(id: Uuid) -> Bundle;
    log_head() -> Option<SignedHead>;
    log_head_at(size: u64) -> SignedHead;
    log_consistency(old: u64, new: u64) -> Vec<Digest>;
    log_key(sealing_key: Option<&SealingKey>) -> Option<LogKey>;
    ensure_log_key(sealing_key: Option<&SealingKey>, now: Timestamp) -> LogKey;
    seal_log_keys(sealing_key: &SealingKey) -> ();
    log_keys() -> Vec<StoredKey>;
    add_log_key(kid: &str, pkcs8: &[u8], sealed: bool, now: Timestamp) -> ();
    seal_log_key(kid: &str, sealed: &[u8]) -> ();
    ingest(batches: &[DeviceBatch], now: Timestamp) -> Ingested;
    ingest_of_owner(owner: Uuid, batches: Vec<DeviceBatch>, now: Timestamp) -> Ingested;
    ingest_sorted(device: Uuid, owner: Option<Uuid>, readings: &Sorted, now: Timestamp) -> Ingested;
    import_community(community: Uuid, owner: Uuid, batches: Vec<Batch>, now: Timestamp) -> Imported;
    import_community_sorted(community: Uuid, owner: Uuid, readings: &Sorted, now: Timestamp) -> Imported;
    readings(device: Uuid, channel: Channel, interval: Interval, as_of: Option<Timestamp>) -> Vec<Recorded>;
    first_readings(device: Uuid, channel: Channel, interval: Interval, as_of: Option<Timestamp>, most: usize) -> Vec<Recorded>;
    readings_of_owner(owner: Uuid, device: Uuid, channel: Channel, interval: Interval, most: usize) -> Option<Vec<Recorded>>;
    history(device: Uuid, channel: Channel, interval: Interval) -> Vec<Superseded>;
    channels(device: Uuid) -> Vec<(Channel, Interval)>;
    sums(of: Of, channel: Option<Channel>, interval: Interval, resolution: Resolution, calendar: Option<&Calendar>) -> Vec<(Channel, Vec<Slot>)>;
    record_register(report: &MeterReport, keep: Keep, now: Timestamp) -> Registered;
    register_advances(device: Uuid, channel: Channel, interval: Interval) -> Advances;
    findings(device: Uuid, channel: Option<Channel>, interval: Interval, resolution: Option<Resolution>, now: Timestamp) -> Vec<(Channel, Finding)>;
    completeness(device: Uuid, channel: Option<Channel>, interval: Interval) -> Vec<(Channel, Completeness)>;
    substitutes(request: &SubstitutionRequest) -> Substitutes;
    fill_missing(batch: &DeviceBatch, now: Timestamp) -> Ingested;
    accounts(community: Uuid, interval: Interval, as_of: Option<Timestamp>) -> Vec<Account>;
    balance(community: Uuid, interval: Interval, resolution: Option<Resolution>, key: Option<&Key>) -> Balance;
    register_reports(community: Uuid, interval: Interval) -> Vec<RegisterReport>;
    save_recording(new: &NewRecording, file: &mut (dyn ReadSeek + Send), now: Timestamp) -> ();
    recording(id: Uuid) -> StoredRecording;
    recording_bytes(id: Uuid) -> Vec<u8>;
    write_recording(id: Uuid, writer: &mut (dyn Write + Send)) -> u64;
    recordings_of(owner: Uuid, page: Page) -> Listed<StoredRecording>;
    recording_heads_of(owner: Uuid, page: Page) -> Listed<StoredRecording>;
    delete_recording(id: Uuid) -> ();
    save_levels(owner: Uuid, levels: &[Level]) -> usize;
    delete_levels(owner: Uuid, interval: Interval) -> u64;
    newest_level(owner: Uuid) -> Option<Level>;
    levels(owner: Uuid, interval: Interval) -> Vec<Level>;
    first_levels(owner: Uuid, interval: Interval, most: usize) -> Vec<Level>;
    calendar_of(owner: Uuid) -> Calendar;
    owner_totals(owner: Uuid, channel: Channel, resolution: Resolution) -> (Calendar, Vec<Slot>);
    month_total(owner: Uuid, channel: Channel, month: i8, year: Option<i16>) -> Option<Energy>;
    device_totals(owner: Uuid, channel: Channel) -> Vec<(Device, Energy)>;
    household(owner: Uuid) -> Household;
    set_household(owner: Uuid, household: &Household, now: Timestamp) -> ();
    save_forecast(new: &StoredForecast) -> ();
    forecast(id: Uuid) -> StoredForecast;
    forecasts_of(owner: Uuid, page: Page) -> Listed<StoredForecast>;
    forecast_heads_of(owner: Uuid, page: Page) -> Listed<StoredForecast>;
    delete_forecast(id: Uuid) -> ();
}

impl Store {
    /// Opens a store; see [`store::Store::connect`](super::Store::connect).
    ///
    /// # Errors
    ///
    /// Those of the call, and [`Error::WrongRuntime`] within async code or where no thread can be started.
    pub fn connect(address: &str, options: Options) -> Result<Self, Error> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("grid-store")
            .enable_all()
            .build()
            .map_err(|_| Error::WrongRuntime { problem: "no thread could be started for the store" })?;
        let runtime = Arc::new(OwnRuntime(Some(runtime)));
        let store = runtime.run(super::Store::connect(address, options))?;
        Ok(Self { store, runtime })
    }

    /// Closes all connections; see [`store::Store::close`](super::Store::close).
    ///
    /// # Errors
    ///
    /// [`Error::WrongRuntime`] within async code.
    pub fn close(&self) -> Result<(), Error> {
        self.runtime.run(async {
            self.store.close().await;
            Ok(())
        })
    }

    /// Calls [`Store::update_session`](crate::store::Store::update_session) and waits.
    ///
    /// # Errors
    ///
    /// Those of the call, and [`Error::WrongRuntime`] within async code.
    pub fn update_session<T: Send>(
        &self,
        id: Uuid,
        change: impl Fn(&Session) -> (Session, T) + Send + Sync,
    ) -> Result<Option<T>, Error> {
        self.runtime.run(self.store.update_session(id, change))
    }

    /// Calls [`Store::update_session_revoking`](crate::store::Store::update_session_revoking) and waits.
    ///
    /// # Errors
    ///
    /// Those of the call, and [`Error::WrongRuntime`] within async code.
    pub fn update_session_revoking<T: Send>(
        &self,
        id: Uuid,
        change: impl Fn(&Session) -> (Session, Option<Revocation>, T) + Send + Sync,
    ) -> Result<Option<T>, Error> {
        self.runtime.run(self.store.update_session_revoking(id, change))
    }

    /// The same store for callers who may keep only so much.
    #[must_use]
    pub fn with_quotas(self, quotas: Quotas) -> Self {
        Self { store: self.store.with_quotas(quotas), ..self }
    }

    /// The address without the password and the options, for people.
    pub fn describe(&self) -> &str {
        self.store.describe()
    }
}
