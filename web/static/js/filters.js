// Search and filters of the log. They live in the address, so that a reload keeps them and a colleague can be sent them.
// Only the results are swapped, so that typing goes on undisturbed; their `data-summary` is told to who cannot see them.
import { rememberFocus } from './focus.js';
import { fetchPage, go, inThisShop } from './navigation.js';

const TYPING_PAUSE = 350; // milliseconds

export function mount(form) {
  const results = form.parentElement.querySelector('[data-results]');
  let timer = 0;
  let latest = 0;
  let asked = addressOf(form).href;

  async function apply() {
    clearTimeout(timer);
    const url = addressOf(form);
    if (url.href === asked) return; // leaving the field says what typing has said
    asked = url.href;
    latest += 1;
    const mine = latest;
    results.querySelector('s-table')?.setAttribute('loading', '');
    const fresh = await resultsAt(url);
    if (mine !== latest) return;
    if (!fresh) {
      go(url);
      return;
    }
    history.replaceState(history.state, '', url);
    showResults(fresh);
    fillInPeople(mine);
  }

  /** Where Shopify took its time to say whose name it is, the results are asked for again while the first are read. */
  async function fillInPeople(mine) {
    const note = results.querySelector('[data-people-late]');
    if (!note) return;
    const url = new URL(location.href);
    url.searchParams.set('people', 'late');
    const fresh = await resultsAt(url);
    if (mine !== latest) return;
    if (fresh) showResults(fresh);
    else note.remove();
  }

  function showResults(fresh) {
    const giveFocusBack = rememberFocus(results);
    Object.assign(results.dataset, fresh.dataset);
    results.replaceChildren(...fresh.childNodes);
    results.dispatchEvent(new Event('plan'));
    giveFocusBack(results);
    form.parentElement.querySelector('[data-said]').textContent = fresh.dataset.summary;
  }

  form.addEventListener('submit', (event) => { event.preventDefault(); apply(); });
  form.addEventListener('change', apply);
  form.addEventListener('input', (event) => {
    if (event.target.localName !== 's-search-field') return;
    clearTimeout(timer);
    timer = setTimeout(apply, TYPING_PAUSE);
  });
  fillInPeople(latest);
  return () => { clearTimeout(timer); latest += 1; };
}

const resultsAt = async (url) => (await fetchPage(url))?.querySelector('[data-results]');

/** Where the form leads with what is filled in. */
export function addressOf(form) {
  const url = new URL(form.getAttribute('action'), location.href);
  for (const field of form.elements) if (field.value) url.searchParams.set(field.getAttribute('name'), field.value);
  return inThisShop(url);
}
