/**
 * What the pages can do besides, where there is JavaScript. They need none of it:
 * - the server's list of errors instead of the browser's bubbles, except for half a date, which a browser would not send;
 * - a second click while the first is under way does nothing;
 * - a page that comes back from the browser's memory is asked for again, so that what was typed is gone;
 * - secrets can be shown.
 */
export const SCRIPT = `
const form = document.forms[0];
form.noValidate = true;
form.addEventListener("submit", (event) => {
  const leaves = event.submitter && event.submitter.formNoValidate;
  const half = leaves ? undefined : [...form.elements].find((one) => one.validity && one.validity.badInput);
  if (half) half.reportValidity();
  if (half || form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
  setTimeout(() => delete form.dataset.sent, 5000);
});
addEventListener("pageshow", (event) => event.persisted && location.reload());
for (const secret of document.querySelectorAll("input[type=password]")) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "reveal" });
  const name = document.querySelector('label[for="' + secret.id + '"] .name').textContent;
  const show = (isShown) => {
    secret.type = isShown ? "text" : "password";
    button.textContent = isShown ? "Hide" : "Show";
    button.setAttribute("aria-label", button.textContent + " " + name);
  };
  button.addEventListener("click", () => show(secret.type === "password"));
  show(false);
  secret.parentElement.append(button);
}
`;
