// What stands before a form's deed (`data-before="form id"`) makes room for what leads on from it (`data-after`).
// A dialog takes one main button only: of two, each is in that place (`data-place`) while it is shown, and nowhere else.

export function showOutcome(formId, done) {
  for (const each of document.querySelectorAll(`[data-before="${formId}"]`)) show(each, !done);
  for (const each of document.querySelectorAll(`[data-after="${formId}"]`)) show(each, done);
}

function show(element, shown) {
  element.hidden = !shown;
  const { place } = element.dataset;
  if (!place) return;
  if (shown) element.setAttribute('slot', place);
  else element.removeAttribute('slot');
}
