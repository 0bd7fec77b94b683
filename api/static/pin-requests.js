"use strict";
// What waits for a PIN comes and goes by itself; what is being typed stays.

(() => {
  const asked = document.getElementById("asked");
  const ids = (part) => [...part.querySelectorAll("h2[id]")].map((one) => one.id).join(" ");
  const look = async () => {
    try {
      const got = await fetch(asked.dataset.now, { headers: { "HX-Request": "true" } });
      if (got.status === 401) location.reload();
      if (!got.ok) return;
      const made = document.createElement("template");
      made.innerHTML = await got.text();
      if (ids(made.content) === ids(asked)) return;
      asked.replaceChildren(made.content);
      window.htmx.process(asked);
      const first = asked.querySelector("h2");
      const none = document.getElementById("none");
      if (none) none.hidden = Boolean(first);
      if (first) { window.creditbank.sound(true); window.creditbank.speak(first.textContent); }
    } catch { /* the next look will tell */ }
  };
  window.creditbank.watch(asked.dataset.live, look);
})();
