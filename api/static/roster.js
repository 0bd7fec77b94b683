"use strict";
// The roster looks again when somebody comes or goes, and keeps what is ticked or open; ticks all.

(() => {
  const rows = document.getElementById("rows");
  if (!rows) return;

  const boxes = () => [...rows.querySelectorAll("input[name=claim_ids]")];

  const dress = () => {
    const all = rows.querySelector("#tick-all");
    if (!all) return;
    all.closest("label").hidden = false;
    all.addEventListener("change", () => boxes().forEach((box) => { box.checked = all.checked; }));
  };

  const look = async () => {
    const at = document.activeElement;
    if (rows.querySelector("details[open]") || (at && rows.contains(at) && at.type !== "checkbox")) return;
    try {
      const answer = await fetch(rows.dataset.address, { headers: { "HX-Request": "true" }, cache: "no-store" });
      if (answer.status === 401) location.reload();
      if (!answer.ok) return;
      const ticked = new Set(boxes().filter((box) => box.checked).map((box) => box.value));
      const focused = at && rows.contains(at) ? at.value : null;
      rows.innerHTML = await answer.text();
      boxes().forEach((box) => {
        box.checked = ticked.has(box.value);
        if (box.value === focused) box.focus();
      });
      if (window.htmx) window.htmx.process(rows);
      dress();
    } catch {
      // without a network the roster stays as it is
    }
  };

  dress();
  window.creditbank.watch(rows.dataset.watch, look);
})();
