// A form under the save bar that needs nothing more; the page is shown anew once it is saved, unless somebody writes on. With `data-stored` only what
// was changed is sent.
import { onlyChanges } from './changes.js';
import { refresh } from './navigation.js';
import { watchForm } from './save_form.js';

export function mount(form) {
  const options = form.dataset.stored ? onlyChanges(form) : {};
  const watched = watchForm(form, { ...options, onSaved: () => setTimeout(refresh, 0, watched.isDirty) });
}
