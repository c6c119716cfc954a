// Comfort only: every page works without this file. Keys for the review page, and pieces of a page that come later.
"use strict";

for (const place of document.querySelectorAll("[data-fragment]")) {
  fetch(place.dataset.fragment, { headers: { Accept: "text/html" } })
    .then((answer) => (answer.ok && !answer.redirected ? answer.text() : Promise.reject(answer.status)))
    .then((text) => {
      const piece = new DOMParser().parseFromString(text, "text/html");
      place.replaceChildren(...piece.body.childNodes);
    })
    .catch(() => {
      const note = document.createElement("p");
      note.className = "notice";
      note.textContent = place.dataset.failed;
      place.prepend(note);
    });
}

const box = document.getElementById("shortcuts");
if (box) {
  // Single keys can be switched off (WCAG 2.1.4); the browser remembers it.
  box.parentElement.hidden = false;
  box.checked = localStorage.getItem("shortcuts") !== "off";
  box.addEventListener("change", () => localStorage.setItem("shortcuts", box.checked ? "on" : "off"));
}

document.addEventListener("keydown", (event) => {
  if (!box || !box.checked || event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return;
  if (/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) && event.target !== box) return;
  const button = document.querySelector(`button[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
  if (button) {
    event.preventDefault();
    button.click();
  }
});
