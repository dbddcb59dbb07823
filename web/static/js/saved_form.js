// A form under the save bar that needs nothing more; the page is shown anew once it is saved, unless somebody writes on.
// With `data-stored` only what was changed is sent.
import { onlyChanges } from './changes.js';
import { watchForm } from './save_form.js';

export function mount(form) {
  watchForm(form, { ...(form.dataset.stored && onlyChanges(form)), renews: true });
}
