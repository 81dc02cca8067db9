// Tells how far a bundle is, until it is written; then the page is loaded anew with what can be done with it.
"use strict";
(() => {
  const record = document.querySelector("[data-progress]");
  if (!record) return;
  const look = async () => {
    let told;
    try {
      const answer = await fetch(record.dataset.progress, { credentials: "same-origin" });
      if (!answer.ok) return;
      told = await answer.json();
    } catch {
      window.setTimeout(look, 5000);
      return;
    }
    document.getElementById("export-state").textContent = told.state;
    const bar = document.getElementById("export-bar");
    bar.max = told.total || 1;
    bar.value = told.done;
    document.getElementById("export-count").textContent = `${told.done} of ${told.total} mailboxes`;
    if (told.runs) window.setTimeout(look, 2000);
    else window.location.reload();
  };
  window.setTimeout(look, 2000);
})();
