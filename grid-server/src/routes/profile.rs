//! What the caller tells of their household.

use axum::extract::State;
use grid_core::energy::{EnergyBehavior, Household, HousingType, Occupants};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{app::App, caller::Caller, clock, extract::Json, period::field, problem::Problem};

/// What somebody tells of their household; what is absent or `null` is not told any more.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewProfile {
    /// `Conservador`, `Eficiente`, `Moderado` or `Intensivo`.
    #[schema(example = "Moderado")]
    energy_behavior: Option<String>,
    /// How many people live there: 1 to 4, which stands for more, too.
    #[schema(minimum = 1, maximum = 4, example = 3)]
    number_occupant_living: Option<i64>,
    /// `Apartamento`, `Casa Unifamiliar (1 piso)`, `Casa Unifamiliar (2 pisos)`, `Casa Unifamiliar (3+ pisos)`, `Duplex`,
    /// `Casa Rural` or `Finca`.
    #[schema(example = "Apartamento")]
    housing_type: Option<String>,
}

/// What a user told of their household, in the words of the old system.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HouseholdProfile)]
pub(crate) struct ProfileView {
    user_id: Uuid,
    #[schema(value_type = Option<String>, example = "Moderado")]
    energy_behavior: Option<&'static str>,
    #[schema(example = 3)]
    number_occupant_living: Option<u8>,
    #[schema(value_type = Option<String>, example = "Apartamento")]
    housing_type: Option<&'static str>,
}

impl ProfileView {
    fn of(user_id: Uuid, household: Household) -> Self {
        Self {
            user_id,
            energy_behavior: household.behavior.map(EnergyBehavior::spanish),
            number_occupant_living: household.occupants.map(Occupants::get),
            housing_type: household.housing.map(HousingType::spanish),
        }
    }
}

impl NewProfile {
    fn household(&self) -> Result<Household, Problem> {
        let behavior = self.energy_behavior.as_deref().map(|text| field("/energy_behavior", text.parse()));
        let occupants = self.number_occupant_living;
        let occupants = occupants.map(|count| field("/number_occupant_living", Occupants::new(count)));
        let housing = self.housing_type.as_deref().map(|text| field("/housing_type", text.parse()));
        Ok(Household {
            behavior: behavior.transpose()?,
            occupants: occupants.transpose()?,
            housing: housing.transpose()?,
        })
    }
}

/// Gives what the caller told of their household.
#[utoipa::path(get, path = "/users/me/profile", tag = "compatibility", security(("bearerAuth" = [])),
    operation_id = "profile_show",
    responses((status = 200, description = "`null` is what was not told", body = ProfileView)))]
pub(crate) async fn show(State(app): State<App>, caller: Caller) -> Result<Json<ProfileView>, Problem> {
    let household = app.services()?.store().household(caller.id).await?;
    Ok(Json(ProfileView::of(caller.id, household)))
}

/// Keeps what the caller tells of their household, in the place of all that they told before.
#[utoipa::path(put, path = "/users/me/profile", tag = "compatibility", security(("bearerAuth" = [])),
    operation_id = "profile_set",
    responses((status = 200, description = "Kept", body = ProfileView)))]
pub(crate) async fn set(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<NewProfile>,
) -> Result<Json<ProfileView>, Problem> {
    let household = body.household()?;
    app.services()?.store().set_household(caller.id, &household, clock::now()).await?;
    Ok(Json(ProfileView::of(caller.id, household)))
}
