// The site is whole without this file: it keeps the year in the footer current.
for (const element of document.querySelectorAll('[data-year]')) {
  element.textContent = String(new Date().getFullYear())
}
