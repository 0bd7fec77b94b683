"use strict";
// The site's code: asked for anew when it changes, and whenever somebody comes or goes.

(() => {
  const site = document.getElementById("site");
  if (!site) return;
  let timer = 0;

  const next = () => {
    clearTimeout(timer);
    const now = site.querySelector("[data-wait]");
    timer = setTimeout(look, Math.max(500, Number(now && now.dataset.wait) || 3000));
  };

  async function look() {
    try {
      const answer = await fetch(site.dataset.address, { headers: { "HX-Request": "true" }, cache: "no-store" });
      if (answer.status === 401 || answer.redirected) return location.reload();
      if (answer.ok) site.innerHTML = await answer.text();
      next();
    } catch {
      clearTimeout(timer);
      timer = setTimeout(look, 2000);
    }
  }

  const whole = document.getElementById("whole-screen");
  if (whole && site.requestFullscreen) {
    whole.hidden = false;
    whole.addEventListener("click", () => site.requestFullscreen().catch(() => {}));
  }

  // A projected page must not go to sleep.
  const wake = () => navigator.wakeLock && navigator.wakeLock.request("screen").catch(() => {});
  wake();
  document.addEventListener("visibilitychange", () => { if (!document.hidden) wake(); });

  next();
  window.creditbank.watch(site.dataset.watch, look);
})();
