// The editor of one text: a draft for each language under one save bar, a preview beside it, and hints below. A text of a
// connected account has no switch and no history.
import { inOneLine, send } from './api.js';
import { fillBubble, forgetCost, showCount, showHints } from './preview.js';
import { rememberCaret } from './caret.js';
import { echo } from './echo.js';
import { showDifference } from './difference.js';
import { orderPicker } from './orders.js';
import { askFor } from './permission.js';
import { countSegments } from './gsm.js';
import { watchForm } from './save_form.js';
import { sideBySide } from './side_by_side.js';
import { tell, WORDS } from './words.js';

const TYPING_PAUSE = 250; // milliseconds

export function mount(form) {
  const page = form.closest('s-page');
  const find = (selector) => page.querySelector(selector);
  const data = JSON.parse(find('[data-editor]').textContent);
  const [text, enabled] = [find('[data-text]'), find('[name=enabled]')];
  const languages = [...page.querySelectorAll('[data-language]')];
  const versions = { ...data.versions };
  const drafts = { ...data.texts };
  let { locale, preview } = data;
  let timer = 0;
  let latest = 0;

  const watched = watchForm(form, {
    read: () => ({ enabled: enabled?.checked, texts: { ...drafts } }),
    write: (values) => {
      Object.assign(drafts, values.texts);
      if (enabled) enabled.checked = values.enabled;
      text.value = drafts[locale];
    },
    body: (values, saved) => changes(values, saved, versions),
    allow: (values, saved) => (values.enabled && !saved.enabled ? askFor(data.scope) : ''),
    onSaved: (stored) => {
      data.scope = stored.scope;
      Object.assign(versions, stored.versions);
      forgetEmptied(watched.savedValues().texts);
      if (enabled) showSwitch(find('[data-enabled-badge]'), stored.enabled ?? enabled.checked);
    },
    onRefused: showRefusedLanguage,
    onOvertaken: (answer) => Object.assign(versions, answer.versions),
    adopt: (values, now) => ({ ...values, texts: { ...values.texts, ...byLanguage(now) } }),
    compare: (now, values) => Object.entries(byLanguage(now))
      .filter(([code, theirs]) => theirs !== values.texts[code])
      .map(([code, theirs]) => ({ label: labelOf(code), theirs, mine: values.texts[code] })),
    onReset: () => { previewSoon(); sides.askAll(); },
  });

  const labelOf = (code) => (code === locale ? text.label : textIn(languages.find((chip) => chip.dataset.language === code)));

  const values = () => orders.values() ?? data.samples;

  function edited() {
    drafts[locale] = text.value;
    watched.changed();
    previewSoon();
  }

  function write(value, place) {
    text.value = value;
    text.removeAttribute('error');
    edited();
    text.focus();
    if (place !== undefined) caret.put(place);
  }

  /** An emptied text, once saved, is the default again. */
  function forgetEmptied(texts) {
    for (const code of Object.keys(texts)) if (!texts[code].trim() && drafts[code] === texts[code]) texts[code] = drafts[code] = data.defaults[code];
    if (text.value === drafts[locale]) return;
    text.value = drafts[locale];
    previewSoon();
  }

  function previewSoon() {
    latest += 1; // what the server is about to say is of an older draft
    const draft = text.value;
    find('[data-reset]').disabled = draft === data.defaults[locale];
    const near = echo(draft, values(), data.plain);
    if (near !== null) {
      fillBubble(page, near);
      showCount(page, countSegments(near), null, data.price);
    }
    sides.echoOne(locale);
    clearTimeout(timer);
    timer = setTimeout(askServer, TYPING_PAUSE);
  }

  async function askServer() {
    latest += 1;
    const mine = latest;
    const answer = await send(`${form.dataset.action}/preview`, 'POST', { template: text.value, locale, ...orders.body() });
    if (mine !== latest) return;
    if (answer.ok) {
      preview = answer.data;
      showPreview();
    } else if (Object.keys(answer.errors).length) {
      text.setAttribute('error', inOneLine(answer));
      forgetCost(page);
    }
  }

  function showPreview() {
    text.removeAttribute('error');
    fillBubble(page, preview.text);
    sides.showOne(locale, preview.text);
    const { encoding, units, segments, units_left: unitsLeft } = preview.segments;
    showCount(page, { encoding, units, segments, unitsLeft }, preview.worst_case.segments, data.price, preview.dear_letter);
    showHints(page, preview, text.value);
  }

  function chooseLanguage(chosen) {
    locale = chosen;
    for (const chip of languages) {
      const current = chip.dataset.language === locale;
      chip.setAttribute('color', current ? 'strong' : 'base');
      if (current) text.label = textIn(chip);
    }
    const history = find('[data-history]');
    history?.setAttribute('href', history.getAttribute('href').replace(/language=[^&]*/, `language=${locale}`));
    text.value = drafts[locale];
    text.removeAttribute('error');
    caret.forget();
    previewSoon();
    askServer();
  }

  /** The error of a language stands at its text, so that text has to be the one that is shown. */
  function showRefusedLanguage(errors) {
    const refused = Object.keys(errors).map((name) => name.split('.')).filter(([group]) => group === 'templates').map(([, each]) => each);
    if (!languages.length || !refused.length || refused.includes(locale)) return;
    chooseLanguage(refused[0]);
  }

  function insert(name) {
    const written = `{{ ${name} }}`;
    const { value } = text;
    const [from, to] = caret.place(value);
    const gap = from > 0 && !/\s$/.test(value.slice(0, from)) ? ' ' : '';
    write(value.slice(0, from) + gap + written + value.slice(to), from + gap.length + written.length);
  }

  function usePlainCharacters() {
    const known = preview.segments.offenders.filter(({ replacement }) => replacement !== null);
    write(known.reduce((value, { char, replacement }) => value.replaceAll(char, replacement), text.value));
  }

  function click(event) {
    const target = event.target.closest('[data-variable], [data-plain], [data-reset], [data-reset-now], [data-language]');
    if (!target) return;
    if (target.dataset.variable) insert(target.dataset.variable);
    else if (target.dataset.language) chooseLanguage(target.dataset.language);
    else if ('plain' in target.dataset) usePlainCharacters();
    else if ('resetNow' in target.dataset) write(data.defaults[locale]);
    else showDifference(find('[data-difference]'), `${form.dataset.action}/difference`, { template: text.value, locale });
  }

  function addDraft(event) {
    Object.assign(event.detail, { template: text.value, locale, ...orders.body() });
  }

  const orders = orderPicker(find('[data-orders]'), form.dataset.action, () => locale, () => { previewSoon(); askServer(); sides.askAll(); });
  const sides = sideBySide(page, form.dataset.action, { draftOf: (code) => drafts[code], values, body: orders.body, plain: data.plain });
  const caret = rememberCaret(text);
  text.addEventListener('input', edited);
  page.addEventListener('click', click);
  page.addEventListener('collect', addDraft);
  showPreview();
  return () => clearTimeout(timer);
}

const textIn = (chip) => tell('textIn', { language: chip.textContent.trim() });

/** Only what differs from what was last saved, so that two people editing different languages do not undo each other. */
function changes(values, saved, versions) {
  const texts = Object.entries(values.texts).filter(([locale, text]) => text !== saved.texts[locale]);
  const body = {};
  if (values.enabled !== saved.enabled) body.enabled = values.enabled;
  if (texts.length) {
    body.templates = Object.fromEntries(texts);
    // What each of them was when this page opened, so that the server can refuse to undo somebody else's work.
    body.versions = Object.fromEntries(texts.map(([locale]) => [locale, versions[locale] ?? 0]));
  }
  return body;
}

function showSwitch(badge, on) {
  badge.textContent = on ? WORDS.on : WORDS.off;
  badge.setAttribute('tone', on ? 'success' : 'neutral');
}

/** `{"templates.de": text}` as `{de: text}`. */
const byLanguage = (now) => Object.fromEntries(Object.entries(now).map(([name, text]) => [name.replace('templates.', ''), text]));
