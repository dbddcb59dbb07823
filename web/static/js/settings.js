// The settings form: the times of the quiet hours rest while the quiet hours are off. Only what was changed is sent, so
// that two people changing different things do not undo each other; with it goes what it was, so that two people
// changing the same thing do not either.
import { nest, snapshot } from './fields.js';
import { watchForm } from './save_form.js';

export function mount(form) {
  const field = (name) => form.querySelector(`[name="${name}"]`);
  const enabled = field('quiet_hours.enabled');
  const known = {}; // what this page knows to be stored, by dotted name
  let names = [];

  function showTimes() {
    for (const name of ['quiet_hours.start', 'quiet_hours.end']) field(name).disabled = !enabled.checked;
  }

  function learn(stored, of) {
    for (const name of of) known[name] = name.split('.').reduce((inner, part) => inner[part], stored);
  }

  function changed(values, saved) {
    names = Object.keys(values).filter((name) => JSON.stringify(values[name]) !== JSON.stringify(saved[name]));
    const pick = (from) => Object.fromEntries(names.map((name) => [name, from[name]]));
    return { ...nest(pick(values)), was: pick(known) };
  }

  learn(JSON.parse(form.dataset.stored), Object.keys(snapshot(form)));
  enabled.addEventListener('change', showTimes);
  watchForm(form, { body: changed, onReset: showTimes, onSaved: (stored) => learn(stored, names) });
  showTimes();
}
