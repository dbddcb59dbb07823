// A form under the save bar that needs nothing more; the page is shown anew once it is saved.
import { refresh } from './navigation.js';
import { watchForm } from './save_form.js';

export function mount(form) {
  watchForm(form, { onSaved: () => setTimeout(refresh) });
}
