//! A member's statement.

use grid_core::{
    energy::settlement::{Amount, Kind, Statement, document},
    proof::CanonicalJson,
    quantity::Energy,
};
use jiff::Timestamp;
use pyo3::{
    prelude::*,
    types::{PyBytes, PyDict},
};

use crate::{
    error::raise,
    json, lines,
    quantity::{PyEnergy, PyMoney},
    table::{PyTable, Table},
};

/// What one member used, shared and owes in a period: an immutable document.
///
/// ``document`` is the JSON of a statement as text, or the same as a dictionary. A notebook shows it as a page.
/// ``to_dict()`` and ``to_json()`` are what the HTTP API answers.
#[pyclass(frozen, eq, name = "Statement", module = "grid_py")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PyStatement(pub(crate) Statement);

#[pymethods]
impl PyStatement {
    #[new]
    fn new(document: &Bound<'_, PyAny>) -> PyResult<Self> {
        Statement::parse_json(&json::document(document)?).map(Self).map_err(raise)
    }

    /// Its id, a UUID that follows from its content.
    #[getter]
    fn id(&self) -> String {
        self.0.id.to_string()
    }

    /// ``statement``, or ``correction`` of one that was issued before.
    #[getter]
    fn kind(&self) -> &'static str {
        match self.0.kind {
            Kind::Statement => "statement",
            Kind::Correction => "correction",
        }
    }

    /// The id of the statement that a correction is of.
    #[getter]
    fn corrects(&self) -> Option<String> {
        self.0.corrects.map(|id| id.to_string())
    }

    /// What people call the member.
    #[getter]
    fn member(&self) -> &str {
        &self.0.member.name
    }

    /// The member's id, a UUID.
    #[getter]
    fn member_id(&self) -> String {
        self.0.member.id.to_string()
    }

    /// The first instant of the period, in UTC.
    #[getter]
    fn start(&self) -> Timestamp {
        self.0.period.start
    }

    /// The first instant after the period, in UTC.
    #[getter]
    fn end(&self) -> Timestamp {
        self.0.period.end
    }

    /// The energies by name: ``consumption_kwh``, ``generation_kwh``, ``charge_kwh``, ``discharge_kwh``,
    /// ``self_consumed_kwh``, ``received_kwh``, ``given_kwh``, ``import_kwh`` and ``export_kwh``, each an ``Energy``.
    #[getter]
    fn energy<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let energy = &self.0.energy;
        let all: [(&str, Energy); 9] = [
            ("consumption_kwh", energy.consumption_kwh),
            ("generation_kwh", energy.generation_kwh),
            ("charge_kwh", energy.charge_kwh),
            ("discharge_kwh", energy.discharge_kwh),
            ("self_consumed_kwh", energy.self_consumed_kwh),
            ("received_kwh", energy.received_kwh),
            ("given_kwh", energy.given_kwh),
            ("import_kwh", energy.import_kwh),
            ("export_kwh", energy.export_kwh),
        ];
        let energies = PyDict::new(py);
        for (name, energy) in all {
            energies.set_item(name, PyEnergy(energy))?;
        }
        Ok(energies)
    }

    /// How much of the period is known, from 0 to 1.
    #[getter]
    fn completeness(&self) -> f64 {
        self.0.completeness.to_f64()
    }

    /// The worst quality of the readings.
    #[getter]
    fn quality(&self) -> &'static str {
        self.0.quality.as_str()
    }

    /// The sum of the lines that are no taxes.
    #[getter]
    fn net(&self) -> PyResult<PyMoney> {
        self.money(self.0.net)
    }

    /// The sum of the taxes.
    #[getter]
    fn taxes(&self) -> PyResult<PyMoney> {
        self.money(self.0.taxes)
    }

    /// What is due; below zero, what the member gets.
    #[getter]
    fn total(&self) -> PyResult<PyMoney> {
        self.money(self.0.total)
    }

    /// The lines: a table with ``component, kind, name``, what explains the line, and ``amount, amount_micros, currency``.
    /// ``amount`` is exact decimal text.
    #[getter]
    fn lines(&self) -> PyResult<PyTable> {
        table(Table::new(), std::slice::from_ref(&self.0))?.finish()
    }

    /// The statement as a dictionary.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        json::to_python(py, &self.0)
    }

    /// The statement as JSON text, as the HTTP API answers it within a settlement.
    fn to_json(&self) -> PyResult<String> {
        json::written(&self.0)
    }

    /// The statement as canonical JSON (RFC 8785): the text whose hash is in the log, and what the HTTP API answers of an
    /// issued one.
    fn canonical_json(&self) -> PyResult<String> {
        self.canonical()
    }

    /// The statement as a page to read and print; ``language`` is ``en`` or ``es``.
    #[pyo3(signature = (language="en"))]
    fn html(&self, language: &str) -> PyResult<String> {
        Ok(document::html(&self.0, language.parse().map_err(raise)?))
    }

    /// The statement as a PDF.
    #[pyo3(signature = (language="en"))]
    fn pdf<'py>(&self, py: Python<'py>, language: &str) -> PyResult<Bound<'py, PyBytes>> {
        let language = language.parse().map_err(raise)?;
        Ok(PyBytes::new(py, &py.detach(|| document::pdf(&self.0, language))))
    }

    /// The lines as CSV text, for a spreadsheet.
    fn csv(&self) -> String {
        document::statements_csv(std::slice::from_ref(&self.0))
    }

    fn _repr_html_(&self) -> PyResult<String> {
        self.html("en")
    }

    fn __getnewargs__(&self) -> PyResult<(String,)> {
        Ok((self.to_json()?,))
    }

    fn __repr__(&self) -> PyResult<String> {
        let (kind, member, total) = (self.kind(), self.member(), self.money(self.0.total)?.0);
        Ok(format!("<Statement {} ({kind}) of {member}, {total}>", self.0.id))
    }
}

impl PyStatement {
    fn money(&self, amount: Amount) -> PyResult<PyMoney> {
        Ok(PyMoney(amount.in_currency(lines::currency(&self.0.currency)?)))
    }

    /// The canonical text.
    pub(crate) fn canonical(&self) -> PyResult<String> {
        let canonical = CanonicalJson::from_serialize(&self.0).map_err(raise)?;
        Ok(canonical.as_str().to_owned())
    }
}

/// The lines of statements, of one currency, added to a table.
pub(crate) fn table(table: Table, statements: &[Statement]) -> PyResult<Table> {
    let currency = statements.first().map_or("", |statement| statement.currency.as_str());
    let all: Vec<_> = statements.iter().flat_map(|statement| &statement.lines).collect();
    let amounts: Vec<i64> = all.iter().map(|line| line.amount.as_micros()).collect();
    lines::add(table, &all, &amounts, currency)
}
