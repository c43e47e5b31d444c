//! One call of each feature, so that a build with it shows that its module can be reached from outside.

type Done = Result<(), Box<dyn std::error::Error>>;

/// Calls what was built in.
pub fn call() -> Done {
    #[cfg(feature = "auth")]
    auth()?;
    #[cfg(feature = "chart")]
    chart()?;
    #[cfg(feature = "forecast")]
    forecast()?;
    #[cfg(feature = "sqlite")]
    store("sqlite::memory:")?;
    #[cfg(feature = "mysql")]
    store("mysql://grid@127.0.0.1/grid")?;
    #[cfg(feature = "postgres")]
    store("postgres://grid@127.0.0.1/grid")?;
    Ok(())
}

#[cfg(feature = "auth")]
fn auth() -> Done {
    println!("auth: a key named {}", grid_core::auth::SigningKey::generate()?.key_id().as_str());
    Ok(())
}

#[cfg(feature = "chart")]
fn chart() -> Done {
    let options = grid_core::chart::Options::default();
    println!("chart: {options:?}");
    Ok(())
}

#[cfg(feature = "forecast")]
fn forecast() -> Done {
    println!("forecast: {}", "ridge".parse::<grid_core::forecast::Model>()?);
    Ok(())
}

/// Nothing is connected before the first call.
#[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
fn store(address: &str) -> Done {
    let store = grid_core::store::blocking::Store::connect(address, grid_core::store::Options::default())?;
    println!("store: {}", store.describe());
    Ok(())
}
