//! What a page of a refusal says to whoever runs the server: what it usually comes from, and where to read on. In English
//! and Spanish; the paths are those of the repository.

/// Code, then in each language the cause and what to do, then the pages that say more.
pub(super) const OPERATORS: [(&str, &str, &str, &str); 8] = [
    (
        "unavailable",
        "The database cannot be reached, is full, only reads, or has no connection left; or this server is starting or \
         stopping. `/readyz` says which, `grid-server doctor` looks for the cause step by step, and the log has the \
         database's own words. Nothing has to be started again: the server answers by itself once the database does.",
        "No se llega a la base de datos, está llena, solo permite leer o no le quedan conexiones; o el servidor está \
         arrancando o parando. `/readyz` dice qué pasa, `grid-server doctor` busca la causa paso a paso y el registro tiene \
         las palabras de la base. No hay que reiniciar nada: el servidor responde solo en cuanto la base vuelve.",
        "`docs/deploy/database.md#when-it-cannot-be-reached`, `docs/deploy/scale.md#connections`, `docs/known-errors.md#deployment`",
    ),
    (
        "unauthenticated",
        "No token arrived, or one that is none: `undefined`, cut short, of another server, expired. A proxy or a redirect \
         may have dropped the header. `grid-server token inspect` says which check a token fails.",
        "No llegó ningún token, o lo que llegó no lo es: `undefined`, cortado, de otro servidor o caducado. Un proxy o una \
         redirección pudo perder la cabecera. `grid-server token inspect` dice qué comprobación falla.",
        "`docs/known-errors.md#deployment`, `docs/access.md`",
    ),
    (
        "forbidden",
        "Whoever asks is known and lacks a role or a scope. In the system before, a missing token was answered so too; \
         here that is 401.",
        "Se sabe quién pregunta, y le falta un papel o un permiso. En el sistema anterior también se respondía así cuando \
         faltaba el token; aquí eso es 401.",
        "`docs/access.md`, `docs/known-errors.md#deployment`",
    ),
    (
        "invalid",
        "Usually a file: a decimal comma, a word where a number belongs, a row that is cut short. `errors` names line and column.",
        "Casi siempre es un fichero: una coma decimal, una palabra donde va un número, una fila cortada. `errors` dice la \
         línea y la columna.",
        "`docs/files.md`, `docs/known-errors.md#energy`",
    ),
    (
        "conflict",
        "A reading overlaps another of the same channel with other ends. The same reading again is no conflict, and one \
         with another value is a correction.",
        "Una lectura se solapa con otra del mismo canal que empieza o acaba en otro momento. Repetir la misma no es un \
         conflicto, y con otro valor es una corrección.",
        "`docs/known-errors.md#energy`",
    ),
    (
        "limited",
        "Too many wrong logins for one account or from one address. Behind a proxy that `GRID_PROXIES` does not count, \
         everybody comes from the address of the proxy.",
        "Demasiados inicios de sesión fallidos de una cuenta o desde una dirección. Detrás de un proxy que `GRID_PROXIES` \
         no cuenta, todos vienen de la dirección del proxy.",
        "`docs/deploy/README.md#before-others-may-come`",
    ),
    (
        "internal",
        "A fault of this program. The log has its text under the id of the request; please report it with both.",
        "Un fallo de este programa. El registro tiene el texto bajo el identificador de la petición; comuníquelo con ambos.",
        "`docs/known-errors.md`",
    ),
    (
        "too-slow",
        "The answer was given up after `GRID_REQUEST_SECONDS`. Ask for a shorter period, or look at `/metrics` for what is slow.",
        "Se dejó de esperar la respuesta tras `GRID_REQUEST_SECONDS`. Pida un periodo más corto, o mire en `/metrics` qué va lento.",
        "`docs/deploy/scale.md`",
    ),
];
