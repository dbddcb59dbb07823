// The rules under the save bar: saving shows them anew with an empty one below, trying shows what past orders would become.
// They are one list, saved whole: what goes along is the list that it takes the place of.
import { clearErrors, inWords, nest, restore, showErrors, snapshot } from './fields.js';
import { send } from './api.js';
import { fetchPage, inThisShop } from './navigation.js';
import { watchForm } from './save_form.js';
import { whileLoading } from './submit.js';

export function mount(form) {
  const button = document.querySelector('[data-try]');
  let was = JSON.parse(form.dataset.stored);

  async function tryOut() {
    const rules = nest(read(form));
    const checked = await send(form.dataset.check, 'POST', rules);
    if (!checked.ok) {
      showErrors(form, checked);
      return;
    }
    const url = inThisShop('/connect/attribution');
    url.searchParams.set('try', JSON.stringify(rules));
    const tried = (await fetchPage(url))?.querySelector('[data-results]');
    if (tried) document.querySelector('[data-results]').replaceChildren(...tried.childNodes);
  }

  watchForm(form, {
    renews: true,
    read: () => read(form),
    write: (values) => { restore(form, values); arrange(form); },
    body: (values) => ({ ...nest(values), was }),
    onOvertaken: (answer) => makeRoom(form, (was = answer.rules).length),
    adopt: (values, now) => Object.fromEntries(Object.keys(snapshot(form)).map((name) => [name, String(now[name] ?? '')])),
    compare: (now, values) => sets(form).map((set) => ({ label: set.querySelector('legend').textContent, theirs: inOneLine(set, now), mine: inOneLine(set, values) }))
      .filter((row) => row.theirs !== row.mine),
    onSaved: (saved) => { was = saved.rules; },
  });
  form.addEventListener('change', () => arrange(form));
  button.addEventListener('click', () => {
    clearErrors(form);
    whileLoading([button], tryOut);
  });
}

const sets = (form) => [...form.querySelectorAll('.rule')];
const fieldsOf = (set) => [...set.querySelectorAll('[name]')];
const inOneLine = (set, values) => fieldsOf(set)
  .map((field) => [field, values[field.getAttribute('name')]])
  .filter(([, value], at, [[, kind]]) => at === 0 || (kind && (value || at === 3)))
  .map((each) => inWords(...each)).join(' · ');

/** The values of the fields, nothing where a rule has no use for one. */
const read = (form) => ({ ...snapshot(form), ...Object.fromEntries(sets(form).flatMap(fieldsOf).filter(({ hidden }) => hidden).map((field) => [field.getAttribute('name'), ''])) });

/** What a rule has no use for stays away: all but its first choice while there is none, a name where that needs none. */
function arrange(form) {
  for (const set of sets(form)) {
    const [kind, name, ...rest] = fieldsOf(set);
    name.hidden = !form.dataset.named.split(' ').includes(kind.value);
    for (const field of rest) field.hidden = !kind.value;
  }
}

/** Somebody else's list may be longer. */
function makeRoom(form, count) {
  for (let all = sets(form); all.length < count; all = sets(form)) {
    const another = all.at(-1).cloneNode(true);
    for (const field of fieldsOf(another)) field.setAttribute('name', field.getAttribute('name').replace(/\d+/, all.length));
    all.at(-1).after(another);
  }
  arrange(form);
}
