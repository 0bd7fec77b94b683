"use strict";
// The secret of an invitation stands after the # of its link, which browsers tell no server.

(() => {
  const secret = window.location.hash.slice(1);
  if (!secret.startsWith("inv_")) return;
  document.getElementById("f-invitation").value = secret;
  window.history.replaceState(null, "", window.location.pathname);
})();
