// One text of a connected account, all its languages side by side: each with what a customer would read and what it costs.
import { echo } from './echo.js';
import { nest } from './fields.js';
import { countSegments } from './gsm.js';
import { watchForm } from './save_form.js';
import { segmentsInWords } from './words.js';

export function mount(form) {
  const { shared, versions, samples, plain } = JSON.parse(form.querySelector('[data-editor]').textContent);
  const languages = [...form.querySelectorAll('[data-language]')];

  const changed = watchForm(form, {
    renews: true,
    body: (values, saved) => changes(values, saved, versions),
    onSaved: learn,
    onOvertaken: learn,
    onReset: () => languages.forEach(show),
  });

  function learn(stored) {
    Object.assign(versions, stored.versions);
  }

  function show(language) {
    const draft = language.querySelector('s-text-area').value;
    const words = draft.trim() || shared[language.dataset.language];
    const read = echo(words, samples, plain);
    language.querySelector('[data-bubble]').textContent = read ?? words;
    language.querySelector('[data-note]').textContent = read === null ? '' : segmentsInWords(countSegments(read).segments);
    language.querySelector('[data-default]').disabled = words === shared[language.dataset.language];
  }

  for (const language of languages) {
    const text = language.querySelector('s-text-area');
    text.addEventListener('input', () => show(language));
    language.querySelector('[data-default]').addEventListener('click', () => {
      text.value = shared[language.dataset.language];
      text.removeAttribute('error');
      show(language);
      changed();
    });
    show(language);
  }
}

/** Only the languages that were changed, and what each was when the page opened. */
function changes(values, saved, versions) {
  const { templates } = nest(Object.fromEntries(Object.entries(values).filter(([name, text]) => text !== saved[name])));
  return { templates, versions: Object.fromEntries(Object.keys(templates).map((locale) => [locale, versions[locale]])) };
}
