// Of a form only what was changed is sent, so that two people changing different things do not undo each other. With it
// goes what it was (`was`), so that two people changing the same thing do not either: the server refuses the second.
import { nest, snapshot } from './fields.js';

/** Options for `watchForm`. The form's `data-stored` holds the record as it was when the page was made. */
export function onlyChanges(form) {
  const known = {}; // what this page knows to be stored, by dotted name
  let names = [];

  const at = (stored, name) => name.split('.').reduce((inner, part) => inner[part], stored);

  function learn(stored, of) {
    for (const name of of) known[name] = at(stored, name);
  }

  /** What was just saved, and what the page shows anyway: the server may have stored more than was sent. */
  function learnSaved(stored) {
    const shown = snapshot(form);
    learn(stored, Object.keys(shown).filter((name) => names.includes(name) || String(at(stored, name)) === String(shown[name])));
  }

  function body(values, saved) {
    names = Object.keys(values).filter((name) => JSON.stringify(values[name]) !== JSON.stringify(saved[name]));
    const pick = (from) => Object.fromEntries(names.map((name) => [name, from[name]]));
    return { ...nest(pick(values)), was: pick(known) };
  }

  learn(JSON.parse(form.dataset.stored), Object.keys(snapshot(form)));
  return { body, onSaved: learnSaved, onOvertaken: ({ now }) => Object.assign(known, now) };
}
