// Reads and writes a form's fields, Polaris' and native ones alike, and puts errors where they belong.
// A dotted name ("quiet_hours.start") is a value inside an object.

import { WORDS } from './words.js';

const named = (form) => [...form.elements].filter((field) => field.getAttribute('name'));
const isSwitch = (field) => field.localName === 's-switch' || field.localName === 's-checkbox' || field.type === 'checkbox';

function valueOf(field) {
  if (isSwitch(field)) return field.checked;
  if (field.localName === 's-choice-list') return field.hasAttribute('multiple') ? [...field.values] : field.values[0] ?? '';
  if (field.dataset.type === 'lines') return field.value.split(/\s+/).filter(Boolean);
  if (field.dataset.type === 'number' && field.value.trim() !== '') return Number(field.value);
  return field.value;
}

/** A value as the field says it to people: the name of a choice, "On", "Off". */
export function inWords(field, value) {
  if (isSwitch(field)) return value ? WORDS.on : WORDS.off;
  const names = [value ?? ''].flat().map((each) => nameOfChoice(field, String(each)) ?? String(each));
  return names.join(', ') || WORDS.nothing;
}

function nameOfChoice(field, value) {
  const choice = [...field.querySelectorAll('s-option, s-choice')].find((each) => (each.getAttribute('value') ?? '') === value);
  const own = choice && [...choice.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE);
  return own?.map((node) => node.textContent).join('').trim();
}

function setValue(field, value) {
  if (isSwitch(field)) field.checked = Boolean(value);
  else if (field.localName === 's-choice-list') field.values = Array.isArray(value) ? value : [value];
  else field.value = Array.isArray(value) ? value.join('\n') : String(value);
}

/** Field name to value, flat. */
export const snapshot = (form) => Object.fromEntries(named(form).map((field) => [field.getAttribute('name'), valueOf(field)]));

export function restore(form, values) {
  for (const field of named(form)) setValue(field, values[field.getAttribute('name')]);
}

/** As a form of text fields is before anybody has typed. */
export function empty(form) {
  for (const field of named(form)) field.value = '';
}

/** `{"a.b": 1}` as `{a: {b: 1}}`. */
export function nest(flat) {
  const nested = {};
  for (const [name, value] of Object.entries(flat)) {
    const path = name.split('.');
    const last = path.pop();
    path.reduce((inner, part) => (inner[part] ??= {}), nested)[last] = value;
  }
  return nested;
}

export function clearErrors(form) {
  for (const field of named(form)) field.removeAttribute('error');
  showProblem(form, '');
}

/**
 * Of an answer of `send` that says no: its errors at their fields, and what belongs to none, with the sentence, above the
 * form. Focuses the first field. *outdated* adds a way to see how things are now.
 */
export function showErrors(form, { errors, sentence, outdated }) {
  const homeless = sentence ? [sentence] : [];
  const wrong = new Set();
  for (const [name, text] of Object.entries(errors)) {
    const field = findField(form, name);
    if (field) {
      field.setAttribute('error', text);
      wrong.add(field);
    } else {
      homeless.push(text);
    }
  }
  showProblem(form, homeless.join(' '), outdated);
  named(form).find((field) => wrong.has(field))?.focus();
}

/** The field of that name, or the nearest that stands for it: "countries.0" is said at "countries". */
export function findField(form, name) {
  const fields = named(form).filter((field) => !field.closest('[hidden]'));
  for (let path = name; path; path = path.includes('.') ? path.slice(0, path.lastIndexOf('.')) : '') {
    const found = fields.find((field) => field.getAttribute('name') === path || field.dataset.errorsOf === path);
    if (found) return found;
  }
  return null;
}

function showProblem(form, text, outdated) {
  const banner = form.querySelector('[data-problem]');
  if (!banner) return;
  banner.querySelector('[data-problem-text]').textContent = text;
  const reload = banner.querySelector('[data-problem-reload]');
  if (reload) {
    reload.hidden = !outdated;
    reload.onclick = () => location.reload();
  }
  banner.hidden = text === '';
  if (text) banner.scrollIntoView({ block: 'nearest' });
}
