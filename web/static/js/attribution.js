// The rules under the save bar: saving shows them anew with an empty one below, trying shows what past orders would become.
// They are one list, saved whole: what goes along is the list that it takes the place of.
import { clearErrors, inWords, nest, showErrors, snapshot } from './fields.js';
import { send } from './api.js';
import { fetchFragment, inThisShop, parse, refresh } from './navigation.js';
import { watchForm } from './save_form.js';

export function mount(form) {
  const button = document.querySelector('[data-try]');
  const rules = () => nest(snapshot(form));
  let was = JSON.parse(form.dataset.stored);

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

  const watched = watchForm(form, {
    body: (values) => ({ ...nest(values), was }),
    onOvertaken: (answer) => makeRoom(form, (was = answer.rules).length),
    adopt: (values, now) => Object.fromEntries(Object.keys(snapshot(form)).map((name) => [name, String(now[name] ?? '')])),
    compare: (now, values) => sets(form).map((set) => ({ label: set.querySelector('legend').textContent, theirs: inOneLine(set, now), mine: inOneLine(set, values) }))
      .filter((row) => row.theirs !== row.mine),
    onSaved: (saved) => {
      was = saved.rules;
      setTimeout(refresh, 0, watched.isDirty);
    },
  });
  button.addEventListener('click', tryOut);
}

const sets = (form) => [...form.querySelectorAll('.rule')];
const fieldsOf = (set) => [...set.querySelectorAll('[name]')];
const inOneLine = (set, values) => fieldsOf(set)
  .map((field) => [field, values[field.getAttribute('name')]])
  .filter(([, value], at, [[, kind]]) => at === 0 || (kind && (value || at === 3)))
  .map((each) => inWords(...each)).join(' · ');

/** Somebody else's list may be longer. */
function makeRoom(form, count) {
  for (let all = sets(form); all.length < count; all = sets(form)) {
    const another = all.at(-1).cloneNode(true);
    for (const field of fieldsOf(another)) field.setAttribute('name', field.getAttribute('name').replace(/\d+/, all.length));
    all.at(-1).after(another);
  }
}
