// What stands before a form's deed (`data-before="form id"`) makes room for what leads on from it (`data-after`).

export function showOutcome(formId, done) {
  for (const each of document.querySelectorAll(`[data-before="${formId}"]`)) each.hidden = done;
  for (const each of document.querySelectorAll(`[data-after="${formId}"]`)) each.hidden = !done;
}
