//! What users tell of their households.

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Error, Store,
    backend::on,
    fault::{Fault, unknown},
    rows::key,
    sql::sql,
};
use crate::energy::{EnergyBehavior, Household, HousingType, Occupants};

type Row = (Option<String>, Option<i64>, Option<String>);

fn household((behavior, occupants, housing): Row) -> Result<Household, Error> {
    let corrupt = |reason| move |_| Error::Corrupt { thing: "household", reason };
    let behavior = behavior.map(|text| text.parse().map_err(corrupt("its behavior is not known")));
    let occupants =
        occupants.map(|count| Occupants::new(count).map_err(corrupt("its occupants are out of range")));
    let housing = housing.map(|text| text.parse().map_err(corrupt("its housing is not known")));
    Ok(Household {
        behavior: behavior.transpose()?,
        occupants: occupants.transpose()?,
        housing: housing.transpose()?,
    })
}

impl Store {
    /// What a user tells of their household; nothing is known of it where they told nothing.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn household(&self, owner: Uuid) -> Result<Household, Error> {
        on!(self, read "load a household", |connection| {
            let row: Option<Row> = sqlx::query_as::<Db, Row>(sql!(
                "SELECT energy_behavior, occupants, housing FROM households WHERE owner = ?"
            ))
            .bind(key(&owner))
            .fetch_optional(connection)
            .await?;
            Ok(row.map_or(Ok(Household::default()), household)?)
        })
    }

    /// Keeps what a user tells of their household, in the place of what they told before.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] where the user is not there, or a fault of the database.
    pub async fn set_household(
        &self,
        owner: Uuid,
        household: &Household,
        now: Timestamp,
    ) -> Result<(), Error> {
        on!(self, write "keep a household", |connection| {
            sqlx::query::<Db>(sql!("DELETE FROM households WHERE owner = ?"))
                .bind(key(&owner))
                .execute(&mut *connection)
                .await?;
            sqlx::query::<Db>(sql!(
                "INSERT INTO households (owner, energy_behavior, occupants, housing, updated_at) VALUES (?, ?, ?, ?, ?)"
            ))
            .bind(key(&owner))
            .bind(household.behavior.map(EnergyBehavior::as_str))
            .bind(household.occupants.map(|occupants| i64::from(occupants.get())))
            .bind(household.housing.map(HousingType::as_str))
            .bind(now.as_microsecond())
            .execute(connection)
            .await
            .map_err(|error| unknown(Fault::Statement(error), "user", &owner))?;
            Ok(())
        })
    }
}
