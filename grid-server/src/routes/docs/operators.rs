//! What a page of a refusal says to whoever runs the server: what it usually comes from, and where to read on. In English
//! and Spanish; the paths are those of the repository, whose pages are served.

/// Code, then in each language the cause and what to do, then the pages that say more.
pub(super) const OPERATORS: [(&str, &str, &str, &str); 18] = [
    (
        "unavailable",
        "The database cannot be reached, is too slow, is full, only reads, or has no connection left; or this server is \
         starting or stopping. `/readyz` says whether it is reached, `grid-server doctor` looks for the cause step by step, and \
         the log has the database's own words: of one that is full or only reads, it alone tells. Nothing has to be started again: the server answers by itself once the database does.",
        "No se llega a la base de datos, es demasiado lenta, está llena, solo permite leer o no le quedan conexiones; o el \
         servidor está arrancando o parando. `/readyz` dice si se llega a ella, `grid-server doctor` busca la causa paso a paso y el \
         registro tiene las palabras de la base: si está llena o solo permite leer, solo él lo dice. No hay que reiniciar nada: el servidor responde solo en cuanto la base vuelve.",
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
        "Se sabe quién pregunta, y le falta un papel o un alcance. En el sistema anterior también se respondía así cuando \
         faltaba el token; aquí eso es 401.",
        "`docs/access.md`, `docs/known-errors.md#deployment`",
    ),
    (
        "invalid",
        "Usually a file: a decimal comma, a word where a number belongs, a row that is cut short. `errors` names line and column.",
        "Casi siempre es un archivo: una coma decimal, una palabra donde va un número, una fila cortada. `errors` dice la \
         línea y la columna.",
        "`docs/files.md`, `docs/known-errors.md#energy`",
    ),
    (
        "conflict",
        "A reading overlaps another of the same channel with other ends. The same reading again is no conflict, and one \
         with another value is a correction. Also what is past a limit of one user or one community \
         (`GRID_USER_...`, `GRID_COMMUNITY_...`), and a key of idempotency whose first request is still running, or whose \
         outcome is not known.",
        "Una lectura se solapa con otra del mismo canal que empieza o acaba en otro momento. Repetir la misma no es un \
         conflicto, y con otro valor es una corrección. También lo que pasa de un límite por usuario o por \
         comunidad (`GRID_USER_...`, `GRID_COMMUNITY_...`) y una clave de idempotencia cuya primera petición sigue en marcha, o \
         cuyo final no se sabe.",
        "`docs/known-errors.md#energy`, `docs/deploy/settings.md`",
    ),
    (
        "limited",
        "Too many wrong logins for one account or from one address; or one user has too many uploads, analyses or listeners \
         under way (`GRID_USER_UPLOADS`), which `detail` says. Behind a proxy that `GRID_PROXIES` does not count, \
         everybody comes from the address of the proxy.",
        "Demasiados inicios de sesión fallidos de una cuenta o desde una dirección; o un usuario tiene en marcha demasiadas \
         subidas, análisis o escuchas (`GRID_USER_UPLOADS`), y `detail` lo dice. Detrás de un proxy que `GRID_PROXIES` \
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
        "`docs/deploy/scale.md`, `docs/known-errors.md#forecasts`",
    ),
    (
        "timeout",
        "A client sent its body too slowly, or stopped in the middle: 30 seconds without a byte, or longer than an upload may \
         take, which is ten times `GRID_REQUEST_SECONDS` (less for somebody who is not logged in). A proxy that holds \
         uploads back looks the same.",
        "Un cliente envió el cuerpo demasiado despacio, o se detuvo a medias: 30 segundos sin un byte, o más de lo que puede \
         durar una subida, que es diez veces `GRID_REQUEST_SECONDS` (menos sin haber iniciado sesión). Un proxy que retiene \
         las subidas se ve igual.",
        "`docs/http-api.md`, `docs/deploy/README.md`",
    ),
    (
        "too-large",
        "A file past `GRID_MAX_UPLOAD_MB` or with more readings than `GRID_MAX_UPLOAD_ROWS`, another body past `GRID_MAX_BODY_MB`, or \
         an answer of more than may be asked for at once. A platform may be stricter: Cloud Run takes 32 MiB over HTTP/1, and answers for itself. `detail` says which \
         limit it was; send in parts, or raise it.",
        "Un archivo mayor que `GRID_MAX_UPLOAD_MB` o con más lecturas que `GRID_MAX_UPLOAD_ROWS`, otro cuerpo mayor que `GRID_MAX_BODY_MB`, o una respuesta con más de lo que se \
         puede pedir de una vez. La plataforma puede ser más estricta: Cloud Run acepta 32 MiB por HTTP/1, y responde ella. \
         `detail` dice qué límite fue; envíe por partes, o súbalo.",
        "`docs/files.md`, `docs/deploy/cloud-run.md`",
    ),
    (
        "headers-too-large",
        "Usually a cookie or a token of something else on the same host, or a proxy that adds to what it passes on. Look at \
         what a browser sends, and keep cookies of other programs off this host.",
        "Casi siempre es una cookie o un token de otra cosa en el mismo host, o un proxy que añade cabeceras. Mire qué envía el \
         navegador, y deje las cookies de otros programas fuera de este host.",
        "`docs/deploy/README.md`",
    ),
    (
        "stale",
        "Two people changed the same thing; the second had an older copy (`If-Match`). Nothing was lost and nothing stored: \
         read again, and send the change on top. All the time, with one user, it is a proxy that changes `ETag`.",
        "Dos personas cambiaron lo mismo; la segunda tenía una copia anterior (`If-Match`). Ni se perdió ni se guardó nada: lea \
         otra vez y envíe el cambio sobre eso. Si pasa siempre y con un solo usuario, un proxy cambia `ETag`.",
        "`docs/http-api.md`",
    ),
    (
        "malformed",
        "A program that builds JSON by hand, a path with an id that is none, or a proxy that changed the body. `errors` says \
         where.",
        "Un programa que compone el JSON a mano, una ruta con un identificador que no lo es, o un proxy que cambió el cuerpo. \
         `errors` dice dónde.",
        "`docs/http-api.md`, `docs/known-errors.md#answers`",
    ),
    (
        "not-found",
        "With a path that should be there: a proxy that cuts off or adds a part of it. With an id: it is somebody else's, which \
         is answered the same so that nobody can try ids; another database than yesterday's looks so too, and the start \
         says which is used.",
        "Si la ruta debería existir: un proxy quita o añade una parte. Si es un identificador: es de otra persona, y se responde \
         igual para que nadie pruebe identificadores; también se ve así otra base de datos que la de ayer, y el arranque \
         dice cuál se usa.",
        "`docs/http-api.md`, `docs/deploy/database.md#the-address`",
    ),
    (
        "second-factor",
        "The account has a second factor, and the login came without its code. A phone whose clock is wrong gives codes that \
         do not fit; a recovery code works once.",
        "La cuenta tiene un segundo factor y el inicio de sesión llegó sin su código. Un teléfono con la hora mal da códigos que \
         no valen; un código de recuperación vale una vez.",
        "`docs/access.md`",
    ),
    (
        "method-not-allowed",
        "A client that sends another method than the path has, or a proxy or redirect that made a GET of a POST. `Allow` lists \
         those that there are.",
        "Un cliente que usa un método que la ruta no tiene, o un proxy o una redirección que convirtió un POST en un GET. `Allow` \
         enumera los que hay.",
        "`docs/http-api.md`",
    ),
    (
        "not-acceptable",
        "A client that asks (`Accept`) for a form that this answer does not have.",
        "Un cliente que pide (`Accept`) una forma que esta respuesta no tiene.",
        "`docs/http-api.md`",
    ),
    (
        "unsupported-media-type",
        "A script without `Content-Type`, or curl, which says `application/x-www-form-urlencoded` where nothing is said. `hint` \
         has the header that belongs there.",
        "Un script sin `Content-Type`, o curl, que dice `application/x-www-form-urlencoded` si no se le indica nada. `hint` tiene \
         la cabecera que corresponde.",
        "`docs/files.md`",
    ),
];
