//! The tables of README.md that are made from the program: its endpoints and its settings.

use std::fmt::Write;

use crate::{cli, openapi};

/// A README.md without a place for a table.
#[derive(Debug, thiserror::Error)]
#[error("expected the lines `<!-- {name}:start -->` and `<!-- {name}:end -->`, in this order")]
pub struct NoPlace {
    /// The table.
    pub name: &'static str,
}

/// A README.md with its tables made anew.
///
/// # Errors
///
/// [`NoPlace`] where the markers are missing.
pub fn renew(text: &str) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let text = put(text, "endpoints", &endpoints()?)?;
    Ok(put(&text, "environment", &environment())?)
}

fn put(text: &str, name: &'static str, table: &str) -> Result<String, NoPlace> {
    let (start, end) = (format!("<!-- {name}:start -->"), format!("<!-- {name}:end -->"));
    let no_place = NoPlace { name };
    let Some((before, rest)) = text.split_once(&start) else { return Err(no_place) };
    let Some((_, after)) = rest.split_once(&end) else { return Err(no_place) };
    Ok(format!("{before}{start}\n{table}{end}{after}"))
}

fn endpoints() -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let mut table = String::from("| path | method | what | login |\n|---|---|---|---|\n");
    let mut document = openapi::document()?;
    for (path, item) in &mut document.paths.paths {
        let methods = [
            ("GET", &item.get),
            ("POST", &item.post),
            ("PUT", &item.put),
            ("PATCH", &item.patch),
            ("DELETE", &item.delete),
        ];
        for (method, operation) in methods {
            let Some(operation) = operation else { continue };
            let summary =
                operation.summary.as_deref().unwrap_or_default().trim_end_matches('.').replace('\n', " ");
            let login = operation.security.as_ref().is_some_and(|needs| !needs.is_empty());
            writeln!(table, "| `{path}` | {method} | {summary} | {} |", if login { "yes" } else { "" })?;
        }
    }
    table.push_str("| `/docs` | GET | The description above, to browse and to try out | |\n");
    Ok(table)
}

fn environment() -> String {
    let mut table = String::from("| variable | flag | default | what |\n|---|---|---|---|\n");
    let command = cli::command();
    for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
        let (Some(variable), Some(flag)) = (argument.get_env(), argument.get_long()) else { continue };
        let default: Vec<_> =
            argument.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
        let default = if default.is_empty() { String::new() } else { format!("`{}`", default.join(" ")) };
        let mut text = argument.get_help().map(ToString::to_string).unwrap_or_default();
        let values = argument.get_possible_values();
        if !values.is_empty() && argument.get_action().takes_values() {
            let named: Vec<_> = values.iter().map(|value| format!("`{}`", value.get_name())).collect();
            text = format!("{text}: {}", named.join(", "));
        }
        let row = format!("| `{}` | `--{flag}` | {default} | {text} |\n", variable.to_string_lossy());
        table.push_str(&row);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_markers_changes() {
        let text = "a\n<!-- environment:start -->\nold\n<!-- environment:end -->\nb\n";
        assert_eq!(
            put(text, "environment", "new\n").unwrap(),
            "a\n<!-- environment:start -->\nnew\n<!-- environment:end -->\nb\n"
        );
        assert!(put("nothing", "endpoints", "").is_err());
    }

    #[test]
    fn no_secret_setting_shows_its_value() {
        let command = cli::command();
        for argument in command.get_arguments().filter(|a| a.get_id().as_str().contains("database_url")) {
            if !argument.get_id().as_str().ends_with("_file") {
                assert!(argument.is_hide_env_values_set(), "{}", argument.get_id());
            }
        }
    }
}
