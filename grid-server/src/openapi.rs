//! The API's description, made from the routes themselves.

mod examples;

use clap::Parser;
use grid_core::auth::IdempotencyKey;
use utoipa::{
    OpenApi,
    openapi::{
        ContentBuilder, InfoBuilder, KnownFormat, ObjectBuilder, OpenApiBuilder, PathItem, Ref, RefOr,
        Required, Response, ResponseBuilder, SchemaFormat, Type,
        path::{Operation, Parameter, ParameterBuilder, ParameterIn},
        security::{Http, HttpAuthScheme, SecurityScheme},
        tag::TagBuilder,
    },
};

use crate::{cli::Cli, idempotency, oauth::FORM, problem, router};

/// The name of the scheme that protects what needs a login.
pub(crate) const BEARER: &str = "bearerAuth";

/// Parameters of a query that name something by its id, which may not be there.
const NAMES_A_THING: [&str; 4] = ["community", "device", "forecast", "statement"];

#[derive(OpenApi)]
#[openapi(components(schemas(problem::Body, problem::Fault)))]
struct Schemas;

/// What stands around the paths.
pub(crate) fn frame() -> utoipa::openapi::OpenApi {
    let mut components = Schemas::openapi().components.unwrap_or_default();
    components.add_security_scheme(
        BEARER,
        SecurityScheme::Http(
            Http::builder()
                .scheme(HttpAuthScheme::Bearer)
                .bearer_format("JWT")
                .description(Some("The `access_token` that `/api/v1/auth/login` answers."))
                .build(),
        ),
    );
    let tag = |name: &str, text: &str| TagBuilder::new().name(name).description(Some(text)).build();
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("GRID")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(
                    "Energy communities, from the meter to the bill. Energies are decimal strings in the unit of their \
                     key, instants RFC 3339 in UTC, zones IANA names, ids UUIDs. A slash at a path's end is optional. \
                     Every refusal is `application/problem+json`.",
                ))
                .build(),
        )
        .components(Some(components))
        .tags(Some([
            tag("auth", "Registering and logging in"),
            tag("administration", "Users of the whole server, and what was done"),
            tag("devices", "Devices and their readings"),
            tag("communities", "Communities: members, devices, sharing, balance"),
            tag("settlement", "From agreements to statements, and their proof"),
            tag("battery", "Battery recordings, and how full a battery is"),
            tag("forecasts", "Forecasts with their intervals and their evidence"),
            tag("charts", "Charts as SVG and PNG"),
            tag("compatibility", "Paths and field names of the system before this one"),
            tag("service", "Health, keys and this description"),
        ]))
        .build()
}

/// Adds what no handler writes down: the picture beside each chart's document, and to every operation the refusals
/// that it may answer, which the layers make.
pub(crate) fn complete(document: &mut utoipa::openapi::OpenApi) {
    add_pictures(document);
    examples::add(document);
    if let Some(components) = &mut document.components {
        for (_, status, title, text) in problem::CODES {
            components.responses.insert(title.replace(' ', ""), RefOr::T(refusal(text)));
            debug_assert!(status.as_u16() >= 400);
        }
    }
    for (path, item) in &mut document.paths.paths {
        describe_conditions(item);
        if let Some(operation) = item.post.as_mut().filter(|_| idempotency::takes_a_key(path)) {
            take_a_key(operation);
        }
        let reads = item.get.as_ref().and_then(|get| get.operation_id.clone());
        for operation in operations(item) {
            // Whoever changes something may send a body that a layer refuses, also where no handler wants one.
            let changes = operation.operation_id != reads;
            let secured = operation.security.as_ref().is_some_and(|needs| !needs.is_empty());
            let has = |place: ParameterIn| {
                operation.parameters.iter().flatten().any(
                    |parameter| matches!(parameter, RefOr::T(parameter) if parameter.parameter_in == place),
                )
            };
            let body = operation.request_body.is_some();
            let named_in_query = operation.parameters.iter().flatten().any(
                |parameter| matches!(parameter, RefOr::T(parameter) if NAMES_A_THING.contains(&parameter.name.as_str())),
            );
            let (in_path, in_query) = (has(ParameterIn::Path), has(ParameterIn::Query));
            for (_, status, title, _) in problem::CODES {
                let possible = match status.as_u16() {
                    400 | 408 | 415 => changes,
                    413 | 422 => body || in_query,
                    // A key or a token whose scope does not reach so far, and a caller with too many requests at once.
                    401 | 403 | 429 => secured,
                    404 => in_path || named_in_query,
                    500 | 503 | 504 => true,
                    _ => false,
                };
                if possible {
                    operation
                        .responses
                        .responses
                        .entry(status.as_u16().to_string())
                        .or_insert_with(|| RefOr::Ref(Ref::from_response_name(title.replace(' ', ""))));
                }
            }
            if takes_a_form(operation) {
                refuse_as_oauth(operation);
            }
        }
    }
}

/// Describes what a client is answered that has the answer already, or changes what it has not seen, and the headers by which
/// it says so: see [`conditional`].
///
/// [`conditional`]: crate::conditional
fn describe_conditions(item: &mut PathItem) {
    if let Some(operation) = &mut item.get {
        let known = "The answer is the one whose `ETag` stands in `If-None-Match`";
        let answers = &mut operation.responses.responses;
        if answers.contains_key("200") {
            let not_modified = ResponseBuilder::new().description(known).build();
            answers.entry("304".to_owned()).or_insert(RefOr::T(not_modified));
            let text = "The `ETag` of the answer that the client has, or several of them.";
            operation.parameters.get_or_insert_default().push(header("If-None-Match", text));
        }
    }
    let can_be_read = item.get.is_some();
    for operation in [&mut item.put, &mut item.patch, &mut item.delete].into_iter().flatten() {
        let stale = RefOr::Ref(Ref::from_response_name("Outofdate"));
        operation.responses.responses.entry("412".to_owned()).or_insert(stale);
        let text = "The `ETag` of what the client has seen under this path: what has changed since is left as it is.";
        // What cannot be looked at has no tag, and whoever names one is refused.
        if can_be_read {
            operation.parameters.get_or_insert_default().push(header("If-Match", text));
        }
    }
}

/// A header that a request may have.
fn header(name: &str, description: &str) -> RefOr<Parameter> {
    let text = ObjectBuilder::new().schema_type(Type::String).build();
    let parameter = ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(text))
        .build();
    RefOr::T(parameter)
}

/// Describes the key of a request that makes something, and how a repetition may be refused.
fn take_a_key(operation: &mut Operation) {
    let text = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(IdempotencyKey::LONGEST))
        .build();
    let parameter = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "Names the request, so that sending it again under the same key gives the first answer and does nothing twice; \
             a random UUID is a good one. Printable ASCII.",
        ))
        .schema(Some(text))
        .build();
    operation.parameters.get_or_insert_default().push(RefOr::T(parameter));
    for status in ["400", "409", "422"] {
        let Some((_, _, title, _)) = problem::CODES.iter().find(|(_, code, _, _)| code.as_str() == status)
        else {
            continue;
        };
        let refusal = || RefOr::Ref(Ref::from_response_name(title.replace(' ', "")));
        operation.responses.responses.entry(status.to_owned()).or_insert_with(refusal);
    }
}

/// Whether an operation is one of those of OAuth, whose body may be a form.
fn takes_a_form(operation: &Operation) -> bool {
    matches!(&operation.request_body, Some(RefOr::T(body)) if body.content.contains_key(FORM))
}

/// Describes every refusal also as `application/json`, which is what a form is answered (RFC 6749 section 5.2).
fn refuse_as_oauth(operation: &mut Operation) {
    for (_, status, _, text) in problem::CODES {
        let Some(response) = operation.responses.responses.get_mut(status.as_str()) else { continue };
        let mut described = match response {
            RefOr::T(own) => own.clone(),
            RefOr::Ref(_) => refusal(text),
        };
        if let Some(content) = described.content.get(problem::MEDIA_TYPE).cloned() {
            described.content.insert("application/json".to_owned(), content);
        }
        *response = RefOr::T(described);
    }
}

/// Describes `….png` beside each `….svg`: one handler draws both.
fn add_pictures(document: &mut utoipa::openapi::OpenApi) {
    for (path, mut item) in std::mem::take(&mut document.paths.paths) {
        let picture = path.strip_suffix(".svg").map(|stem| (format!("{stem}.png"), item.clone()));
        // What an SVG is not asked for.
        for operation in operations(&mut item).filter(|_| picture.is_some()) {
            if let Some(parameters) = &mut operation.parameters {
                parameters.retain(|one| !matches!(one, RefOr::T(one) if one.name == "scale"));
            }
        }
        document.paths.paths.insert(path, item);
        let Some((path, mut item)) = picture else { continue };
        for operation in operations(&mut item) {
            operation.operation_id = operation.operation_id.take().map(|id| format!("{id}_png"));
            operation.summary = operation
                .summary
                .take()
                .map(|text| format!("{} (PNG).", text.trim_end().trim_end_matches('.')));
            if let Some(RefOr::T(answer)) = operation.responses.responses.get_mut("200") {
                let pixels = ObjectBuilder::new()
                    .schema_type(Type::String)
                    .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
                    .build();
                answer.content.clear();
                let content = ContentBuilder::new().schema(Some(pixels)).build();
                answer.content.insert("image/png".to_owned(), RefOr::T(content));
            }
        }
        document.paths.paths.insert(path, item);
    }
}

fn refusal(text: &str) -> Response {
    ResponseBuilder::new()
        .description(text)
        .content(
            problem::MEDIA_TYPE,
            ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build(),
        )
        .build()
}

/// The operations of a path.
pub(crate) fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete].into_iter().flatten()
}

/// The description of the API as this program serves it.
///
/// # Errors
///
/// Where the defaults of the settings are broken, which a test excludes.
pub(crate) fn document() -> Result<utoipa::openapi::OpenApi, clap::Error> {
    // The description must not depend on the environment, so only defaults are used.
    let config = Cli::try_parse_from(["grid-server"])?.config;
    let mut document = router::described(&config).into_openapi();
    complete(&mut document);
    Ok(document)
}

/// The description as the file `openapi.json` has it.
pub(crate) fn text() -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    Ok(format!("{}\n", document()?.to_pretty_json()?))
}
