// The step through the facts: moving it says which record it is, and letting go shows the page of that time. Without
// this script the button does.
(() => {
  "use strict";
  const form = document.querySelector("form[data-step]");
  if (!form) return;
  const range = form.querySelector("input[type=range]");
  const words = form.querySelector("#step-words");
  const options = new Map([...form.querySelectorAll("datalist option")].map((one) => [one.value, one.label]));
  range.addEventListener("input", () => {
    words.textContent = `${range.value}/${range.max} · ${options.get(range.value) || ""}`;
    range.setAttribute("aria-valuetext", words.textContent);
  });
  // With the keyboard one may want to go on: the page is left once the key has rested or another field is reached.
  let resting;
  range.addEventListener("change", () => {
    clearTimeout(resting);
    resting = setTimeout(() => form.requestSubmit(), 600);
  });
})();
