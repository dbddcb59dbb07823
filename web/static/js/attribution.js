// The rules under the save bar: saving shows them anew with an empty one below, trying shows what past orders would become.
import { clearErrors, nest, showErrors, snapshot } from './fields.js';
import { send } from './api.js';
import { fetchFragment, inThisShop, parse, refresh } from './navigation.js';
import { watchForm } from './save_form.js';

export function mount(form) {
  const button = document.querySelector('[data-try]');
  const rules = () => nest(snapshot(form));

  async function tryOut() {
    clearErrors(form);
    button.loading = true;
    const checked = await send(form.dataset.check, 'POST', rules());
    const url = inThisShop('/connect/attribution');
    url.searchParams.set('try', JSON.stringify(rules()));
    const html = checked.ok ? await fetchFragment(url).catch(() => null) : null;
    button.loading = false;
    if (!checked.ok) showErrors(form, checked.errors, checked.sentence);
    const fresh = html && parse(html).querySelector('[data-results]');
    if (fresh) document.querySelector('[data-results]').replaceChildren(...fresh.childNodes);
  }

  const watched = watchForm(form, { onSaved: () => setTimeout(refresh, 0, watched.isDirty) });
  button.addEventListener('click', tryOut);
}
