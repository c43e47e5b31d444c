//! The Python face of GRID: converts, calls the core, and converts back.

#![allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "Python's methods take `&self`, however small what it points to"
)]
#![allow(clippy::needless_pass_by_value, reason = "PyO3 extracts owned arguments")]
#![allow(
    clippy::doc_markdown,
    clippy::doc_link_with_quotes,
    rustdoc::broken_intra_doc_links,
    rustdoc::invalid_html_tags,
    reason = "the documentation of what Python sees is read by Python's readers"
)]

mod auth;
mod balance;
mod battery;
mod battery_source;
mod battery_tables;
mod chart;
mod chart_community;
mod chart_options;
mod chart_rows;
mod columns;
mod energy;
mod error;
mod forecast;
mod json;
mod lent;
mod lines;
mod meter;
mod prices;
mod proof;
mod quantity;
mod readings;
mod reconcile;
mod register;
mod rules;
mod series;
mod settlement;
mod sharing_key;
mod statement;
mod store;
mod substitution;
mod table;
mod tariff;
mod time;

use pyo3::prelude::*;

/// The compiled part of `grid_py`; import `grid_py` instead.
#[pymodule]
mod _native {
    #[pymodule_export]
    use crate::{
        auth::{
            PyApiKey, PyPrincipal, PySharedSecret, PySigningKey, generate_key, hash_password, inspect_token,
            issue_token, verify_password, verify_token,
        },
        balance::PyBalance,
        battery::{PyRecording, read_battery, summarise_battery},
        chart::{
            PyChart, chart_battery_health, chart_capacity_over_cycles, chart_depth_of_discharge,
            chart_energy_day, chart_forecast, chart_incremental_capacity, chart_state_of_charge,
            chart_voltage_current,
        },
        chart_community::{chart_bill_parts, chart_community_month, chart_load_by_band, chart_member_day},
        energy::{apportion, balance, share},
        forecast::{PyForecastTable, PyForecaster, reconcile_forecasts},
        meter::{read_readings, validate},
        proof::{PyLogKey, verify_consistency, verify_statement},
        quantity::{PyEnergy, PyMoney, PyPower, PyPrice, PyShare},
        reconcile::reconcile,
        register::advances,
        rules::{
            rules_colombia_month, rules_italy_premium, rules_on_day, rules_spain_coefficients,
            rules_spain_compensate,
        },
        series::{PySeries, PyTotal},
        settlement::{PySettlement, settle},
        statement::PyStatement,
        store::PyStore,
        substitution::substitute,
        table::PyTable,
        tariff::{PyBill, PyTariff},
    };
}
