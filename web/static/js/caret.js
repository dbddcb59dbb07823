// Where the caret stands in a Polaris text area. Polaris gives no access to it, so the inner control is asked where it can
// be reached; elsewhere things are put at the end.

const inner = (field) => field.shadowRoot?.querySelector('textarea') ?? null;

export function rememberCaret(field) {
  let known = null;
  const remember = () => {
    const control = inner(field);
    if (control) known = [control.selectionStart, control.selectionEnd];
  };
  for (const type of ['keyup', 'pointerup', 'input', 'focusout']) field.addEventListener(type, remember);
  return {
    forget: () => { known = null; },
    place: (value) => (known && known[1] <= value.length ? known : [value.length, value.length]),
    put: (at) => inner(field)?.setSelectionRange(at, at),
  };
}
