"use strict";

const place = document.getElementById("api");
const sandbox = document.getElementById("sandbox");
// A token lives in this page's memory only: the browser keeps none, and a new visit begins without.
const ui = SwaggerUIBundle({
  url: place.dataset.document,
  domNode: place,
  deepLinking: true,
  persistAuthorization: false,
  displayRequestDuration: true,
  presets: [SwaggerUIBundle.presets.apis],
  // Before the document is there, nothing could be filled in.
  onComplete: () => sandbox?.querySelector("button").removeAttribute("disabled"),
});

if (sandbox) {
  sandbox.addEventListener("submit", async (event) => {
    event.preventDefault();
    const said = sandbox.querySelector("output");
    const button = sandbox.querySelector("button");
    button.disabled = true;
    try {
      const answer = await fetch(sandbox.action, { method: "POST", body: new FormData(sandbox) });
      const found = await answer.json();
      if (!answer.ok) throw new Error(found.message);
      ui.preauthorizeApiKey("bearer", found.token);
      said.textContent = `A sandbox token is filled in until ${new Date(found.expires_at).toLocaleTimeString()}. "Try it out" uses it.`;
    } catch (problem) {
      said.textContent = `No token was made: ${problem.message}`;
    }
    said.classList.toggle("failed", said.textContent.startsWith("No token"));
    button.disabled = false;
  });
}
