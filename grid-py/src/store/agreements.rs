//! What a community has agreed: how it shares, its contract, its tariffs and prices.

use std::path::PathBuf;

use grid_core::energy::rules::{spain_file, spain_key};
use pyo3::{
    prelude::*,
    types::{PyBytes, PyDict},
};

use super::{PyStore, asking::id_text, documents};
use crate::{
    auth::instant_or_now, error::raise, prices, settlement::contract_of, sharing_key::Asked,
    tariff::tariff_of, time::Instant,
};

#[pymethods]
impl PyStore {
    /// Sets how a community shares from ``valid_from`` on.
    ///
    /// ``key`` is a word, a list of words or a dictionary, as ``grid.share`` takes it: ``proportional``, ``equal``,
    /// ``static`` with ``shares`` (a mapping of members to shares that add up to one), or ``priority`` with ``groups``
    /// (lists of members). Members are named by id or by name.
    #[pyo3(signature = (community, key, *, valid_from, shares=None, groups=None, now=None))]
    #[expect(clippy::too_many_arguments, reason = "Python's keyword arguments")]
    fn set_key(
        &self,
        py: Python<'_>,
        community: &Bound<'_, PyAny>,
        key: &Bound<'_, PyAny>,
        valid_from: Instant,
        shares: Option<&Bound<'_, PyAny>>,
        groups: Option<&Bound<'_, PyAny>>,
        now: Option<Instant>,
    ) -> PyResult<()> {
        let now = instant_or_now(py, now)?;
        let community = self.community_id(py, community)?;
        let members = self.names(py, community)?;
        let key = Asked { key, shares, groups }.key(&|text| id_text(&members, text))?;
        self.ask(py, |store| store.set_key(community, &key, valid_from.0, now))
    }

    /// Sets how a community shares from the file of coefficients of a ``year`` (Spain, RD 244/2019): its path or ``bytes``.
    ///
    /// The coefficients become fixed shares from ``valid_from`` on, the year's first day if it is left out; they must be the
    /// same in each hour. Each supply point (CUPS) is the member's that is called by its code, or that has a device which is.
    #[pyo3(signature = (community, source, year, *, valid_from=None, now=None))]
    fn set_coefficients(
        &self,
        py: Python<'_>,
        community: &Bound<'_, PyAny>,
        source: &Bound<'_, PyAny>,
        year: i16,
        valid_from: Option<Instant>,
        now: Option<Instant>,
    ) -> PyResult<()> {
        let now = instant_or_now(py, now)?;
        let community = self.community_id(py, community)?;
        let calendar = self.ask(py, |store| store.community(community))?.calendar;
        let told = valid_from.map(|instant| instant.0);
        let valid_from = spain_key::start(&calendar, year, told).map_err(raise)?;
        let points = self.ask(py, |store| store.supply_points(community))?;
        let key = if let Ok(bytes) = source.cast::<PyBytes>() {
            let bytes = bytes.as_bytes();
            py.detach(|| points.read(bytes, "data"))
        } else {
            let path: PathBuf = source.extract()?;
            let file = std::fs::File::open(&path)?;
            py.detach(|| points.read(file, &path.display().to_string()))
        };
        let key = key.map_err(raise)?;
        self.ask(py, |store| store.set_key(community, &key, valid_from, now))
    }

    /// A community's fixed shares of a ``year`` as the file for Spain's distributor, which takes it under the name
    /// ``<CAU>_<YYYY>.txt``: those of the last key that begins in the year or before it.
    fn coefficients<'py>(
        &self,
        py: Python<'py>,
        community: &Bound<'py, PyAny>,
        year: i16,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let community = self.community_id(py, community)?;
        let coefficients = self.ask(py, |store| store.coefficients(community, year))?;
        let mut file = Vec::new();
        spain_file::write(&coefficients, &mut file).map_err(raise)?;
        Ok(PyBytes::new(py, &file))
    }

    /// Sets by what a community settles from ``valid_from`` on: a dictionary with ``resolution`` (``5min``, ``15min``,
    /// ``30min``, ``1h``), ``law``, ``surplus``, ``cells`` and ``contracted`` (powers by member and name), all of which may
    /// be left out.
    #[pyo3(signature = (community, contract, *, valid_from, now=None))]
    fn set_contract(
        &self,
        py: Python<'_>,
        community: &Bound<'_, PyAny>,
        contract: &Bound<'_, PyAny>,
        valid_from: Instant,
        now: Option<Instant>,
    ) -> PyResult<()> {
        let now = instant_or_now(py, now)?;
        let community = self.community_id(py, community)?;
        let members = self.names(py, community)?;
        let contract = contract_of(contract, &|text| id_text(&members, text))?;
        self.ask(py, |store| store.set_contract(community, &contract, valid_from.0, now))
    }

    /// All contracts of a community, by when they begin: dictionaries with ``valid_from, created_at, contract``.
    fn contracts<'py>(
        &self,
        py: Python<'py>,
        community: &Bound<'py, PyAny>,
    ) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let community = self.community_id(py, community)?;
        let contracts = self.ask(py, |store| store.contracts(community))?;
        contracts.into_iter().map(|stored| documents::contract(py, &stored)).collect()
    }

    /// Adds a tariff, for one ``member`` or for all who have none of their own, and returns its id.
    ///
    /// It counts from the local day on that it says itself; of two that begin on one day the one that was added later.
    #[pyo3(signature = (community, tariff, member=None, *, now=None))]
    fn add_tariff(
        &self,
        py: Python<'_>,
        community: &Bound<'_, PyAny>,
        tariff: &Bound<'_, PyAny>,
        member: Option<&Bound<'_, PyAny>>,
        now: Option<Instant>,
    ) -> PyResult<String> {
        let now = instant_or_now(py, now)?;
        let community = self.community_id(py, community)?;
        let member = self.member_id(py, community, member)?;
        let tariff = tariff_of(tariff)?;
        Ok(self.ask(py, |store| store.add_tariff(community, member, &tariff, now))?.to_string())
    }

    /// All tariffs of a community, in the order in which they were added: dictionaries with ``id, member_id, created_at``
    /// and the ``tariff``.
    fn tariffs<'py>(
        &self,
        py: Python<'py>,
        community: &Bound<'py, PyAny>,
    ) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let community = self.community_id(py, community)?;
        let tariffs = self.ask(py, |store| store.tariffs(community))?;
        tariffs.into_iter().map(|stored| documents::tariff(py, stored)).collect()
    }

    /// Adds prices to a series of a community, by the name that tariffs call it, and returns how many.
    ///
    /// ``data`` is a table with ``start, end, price_per_kwh``, or a CSV file ``start,end,price`` (its path or ``bytes``). A
    /// price that begins when another does replaces it from now on.
    #[pyo3(signature = (community, name, data, *, currency="EUR", now=None))]
    fn add_prices(
        &self,
        py: Python<'_>,
        community: &Bound<'_, PyAny>,
        name: &str,
        data: &Bound<'_, PyAny>,
        currency: &str,
        now: Option<Instant>,
    ) -> PyResult<usize> {
        let now = instant_or_now(py, now)?;
        let community = self.community_id(py, community)?;
        let prices = prices::series(name, data, currency.parse().map_err(raise)?, None)?;
        self.ask(py, |store| store.add_prices(community, name, &prices, now))?;
        Ok(prices.len())
    }
}
