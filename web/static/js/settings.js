// A section of the settings under the save bar; saved, it shows what others have saved meanwhile too. The times of the quiet hours rest while the quiet hours are off.
import { onlyChanges } from './changes.js';
import { watchForm } from './save_form.js';

export function mount(form) {
  const field = (name) => form.querySelector(`[name="${name}"]`);
  const enabled = field('quiet_hours.enabled');

  function showTimes() {
    for (const name of ['quiet_hours.start', 'quiet_hours.end']) field(name).disabled = !enabled.checked;
  }

  enabled?.addEventListener('change', showTimes);
  watchForm(form, { ...onlyChanges(form), onReset: enabled && showTimes, renews: true });
  if (enabled) showTimes();
}
