// What every page of an account does with scripts; each works without them, too.

// A part of a page that could not be brought up to date is shown as the whole page it is:
// signed out, out of date or out of order, somebody reads a sentence and not half a page.
document.addEventListener("htmx:before:response", event => {
  const {response, request} = event.detail.ctx;
  const isWhole = response.status >= 400 || response.raw.redirected;
  if (!isWhole || request.method !== "GET") return;
  event.preventDefault();
  location.assign(response.raw.redirected ? response.raw.url : request.action);
});

// Menus close when somebody clicks beside them or presses Escape.
const menus = "details.menu[open]";
document.addEventListener("click", event => {
  document.querySelectorAll(menus).forEach(menu => {
    if (!menu.contains(event.target)) menu.open = false;
  });
});
document.addEventListener("keydown", event => {
  if (event.key !== "Escape") return;
  document.querySelectorAll(menus).forEach(menu => {
    menu.open = false;
    menu.querySelector("summary").focus();
  });
});
