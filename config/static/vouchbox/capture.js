"use strict";

// The page works without this: here the back of a document is asked for where it has one, a chosen picture is shown, and nothing is sent twice.
for (const form of document.querySelectorAll("form.upload")) {
  const back = form.querySelector("[data-back]");
  const type = form.elements.namedItem("type");
  const country = form.elements.namedItem("country");
  const ask = () => {
    if (!back) return;
    const chosen = type.selectedOptions ? type.selectedOptions[0] : type;
    const sides = JSON.parse(chosen.dataset.sides);
    const number = sides[country.value] ?? sides["*"] ?? 1;
    const input = back.querySelector("input");
    back.hidden = number < 2;
    input.required = number === 2;
    if (number < 2) input.value = "";
    back.firstChild.textContent = "Back ";
  };
  type.addEventListener("change", ask);
  country.addEventListener("change", ask);
  ask();
  for (const input of form.querySelectorAll("input[type=file]")) {
    input.addEventListener("change", () => {
      input.parentElement.querySelector("img")?.remove();
      const file = input.files[0];
      if (!file || !file.type.startsWith("image/")) return;
      const reader = new FileReader();
      reader.addEventListener("load", () => {
        const image = document.createElement("img");
        image.className = "chosen";
        image.alt = "The picture that you chose";
        image.src = reader.result;
        image.addEventListener("error", () => image.remove());
        input.after(image);
      });
      reader.readAsDataURL(file);
    });
  }
}
for (const form of document.querySelectorAll("form")) {
  form.addEventListener("submit", () => {
    for (const button of form.querySelectorAll("button")) button.disabled = true;
  });
}
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
for (const time of document.querySelectorAll("time")) {
  time.textContent = new Date(time.dateTime).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}
const wrong = document.querySelector("[role=alert]");
if (wrong) {
  wrong.tabIndex = -1;
  wrong.focus();
}
