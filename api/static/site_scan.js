"use strict";
// The site's code, scanned: its digits go into the form, which is sent at once.

(() => {
  const box = document.querySelector("[data-scanner]");
  const form = document.getElementById("site-scan");
  if (!box || !form || !window.creditbank.scanBox) return;
  window.creditbank.scanBox(box, (digits) => {
    form.elements.code.value = digits;
    form.requestSubmit();
  });
})();
