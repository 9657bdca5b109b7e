// Asks again for what changes by itself, and puts it in place. Without it the page stays as it is.
"use strict";

const BUSY = 2000;
const QUIET = 15000;

async function refresh(place) {
  const answer = await fetch(place.dataset.live, { redirect: "error" });
  if (!answer.ok) throw new Error(String(answer.status));
  const text = await answer.text();
  const fresh = new DOMParser().parseFromString(text, "text/html").getElementById(place.id);
  if (!fresh) throw new Error("no such place");
  place.dataset.busy = fresh.dataset.busy;
  if (place.innerHTML !== fresh.innerHTML) place.replaceChildren(...fresh.childNodes);
}

function watch(place) {
  let failures = 0;
  const look = async () => {
    if (document.visibilityState === "visible") {
      try {
        await refresh(place);
        failures = 0;
      } catch {
        failures += 1;
      }
    }
    if (failures < 5) setTimeout(look, place.dataset.busy === "yes" ? BUSY : QUIET);
  };
  setTimeout(look, place.dataset.busy === "yes" ? BUSY : QUIET);
}

document.querySelectorAll("[data-live]").forEach(watch);
