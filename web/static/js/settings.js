// The settings form: the times of the quiet hours rest while the quiet hours are off. Only what was changed is sent, so
// that two people changing different things do not undo each other.
import { nest } from './fields.js';
import { watchForm } from './save_form.js';

export function mount(form) {
  const field = (name) => form.querySelector(`[name="${name}"]`);
  const enabled = field('quiet_hours.enabled');

  function showTimes() {
    for (const name of ['quiet_hours.start', 'quiet_hours.end']) field(name).disabled = !enabled.checked;
  }

  enabled.addEventListener('change', showTimes);
  watchForm(form, { body: changed, onReset: showTimes });
  showTimes();
}

function changed(values, saved) {
  const differs = ([name, value]) => JSON.stringify(value) !== JSON.stringify(saved[name]);
  return nest(Object.fromEntries(Object.entries(values).filter(differs)));
}
