"use strict";

const texts = {
  en: {
    other: "Español",
    differ: "The two passwords differ.",
    noToken: "Open the whole link, as the server printed it when it started.",
    done: "Done. You can log in now.",
    unreachable: "The server cannot be reached. Try again.",
    status: {},
  },
  es: {
    other: "English",
    differ: "Las dos contraseñas son distintas.",
    noToken: "Abra el enlace completo, tal como lo imprimió el servidor al arrancar.",
    done: "Hecho. Ya puede iniciar sesión.",
    unreachable: "No se puede contactar con el servidor. Inténtelo de nuevo.",
    status: {
      404: "Este enlace no sirve, o ya no sirve. Cada arranque de un servidor sin administrador imprime otro.",
      409: "Ese nombre o ese correo ya existe.",
      429: "Demasiados intentos. Espere un poco.",
      503: "El servidor está arrancando o está lleno. Inténtelo de nuevo.",
    },
  },
};

const translated = [...document.querySelectorAll("[data-es]")].map((element) => ({
  element,
  en: element.textContent,
  es: element.dataset.es,
}));
const form = document.getElementById("form");
const message = document.getElementById("message");
const switcher = document.getElementById("language");
let language = "en";

function speak(chosen) {
  language = chosen;
  document.documentElement.lang = chosen;
  for (const { element, en, es } of translated) element.textContent = chosen === "es" ? es : en;
  switcher.textContent = texts[chosen].other;
  switcher.lang = chosen === "es" ? "en" : "es";
  const isReady = form.hidden || location.hash.length > 1;
  tell(isReady ? "" : texts[chosen].noToken, true);
}

function tell(text, isBad = false) {
  message.textContent = text;
  message.className = isBad ? "bad" : "";
}

switcher.addEventListener("click", () => speak(language === "es" ? "en" : "es"));

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const say = texts[language];
  const token = location.hash.slice(1);
  if (!token) return tell(say.noToken, true);
  const field = (name) => document.getElementById(name).value;
  if (field("password") !== field("again")) return tell(say.differ, true);
  const button = form.querySelector("button");
  button.disabled = true;
  tell("");
  try {
    const answer = await fetch("/api/v1/auth/setup", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ token, username: field("username"), email: field("email"), password: field("password") }),
    });
    if (answer.ok) {
      // The token is used up; it need not stay in the history.
      history.replaceState(null, "", location.pathname);
      form.hidden = true;
      switcher.hidden = true;
      tell(say.done);
    } else {
      const problem = await answer.json();
      tell(say.status[answer.status] ?? problem.detail, true);
    }
  } catch {
    tell(say.unreachable, true);
  } finally {
    button.disabled = false;
  }
});

speak(navigator.language.startsWith("es") ? "es" : "en");
