// The save bar in both its forms. <ui-save-bar> is shown and hidden by the app; a <form data-save-bar> is watched, and its
// bar goes as soon as the form is submitted, before the server has answered, which is how the genuine one behaves.
import { HiddenElement, defineHidden } from './hidden_element.js';

export function installSaveBar({ shopify, channel }) {
  const forms = watchForms(() => report());
  let open = null;

  function report() {
    open = barElement() ?? forms.bar();
    channel.tell('saveBar', open?.view ?? null);
  }

  function barElement() {
    const element = [...document.querySelectorAll('ui-save-bar')].findLast((bar) => bar.showing);
    return element ? describe(element) : null;
  }

  class SaveBar extends HiddenElement {
    showing = false;

    async show() { this.set(true); }
    async hide() { this.set(false); }
    async toggle() { this.set(!this.showing); }

    set(showing) {
      this.showing = showing;
      report();
      this.dispatchEvent(new Event(showing ? 'show' : 'hide'));
    }

    changed() { if (this.showing) report(); }

    removed() { if (this.showing) this.set(false); }
  }

  defineHidden('ui-save-bar', SaveBar);
  const find = (id) => {
    const element = document.getElementById(id);
    if (!element?.set) throw new Error(`SaveBar with ID ${id} not found`);
    return element;
  };
  shopify.saveBar = {
    show: async (id) => find(id).show(),
    hide: async (id) => find(id).hide(),
    toggle: async (id) => find(id).toggle(),
    leaveConfirmation: async () => { if (open) await channel.ask('leaveConfirmation'); },
  };
  channel.on('save', () => open?.save());
  channel.on('discard', () => open?.discard());
  window.addEventListener('beforeunload', (event) => { if (open) event.preventDefault(); });
  return { isOpen: () => open !== null };
}

function describe(element) {
  const save = element.querySelector('button[variant="primary"]');
  const discard = element.querySelector('button:not([variant="primary"])');
  const state = (button) => ({ disabled: Boolean(button?.disabled), loading: Boolean(button?.hasAttribute('loading')) });
  return {
    view: { confirm: element.hasAttribute('discardConfirmation'), save: state(save), discard: state(discard) },
    save: () => save?.click(),
    discard: () => discard?.click(),
  };
}

function watchForms(report) {
  const before = new WeakMap();
  const all = () => [...document.querySelectorAll('form[data-save-bar]')];
  const valueOf = (field) => ('checked' in field && /^(checkbox|radio)$/.test(field.type) ? field.checked : String(field.values ?? field.value));
  const watched = ({ target }) => (target.form?.hasAttribute?.('data-save-bar') ? target : null);
  const isDirty = (form) => [...form.elements].some((field) => before.has(field) && before.get(field) !== valueOf(field));
  const settle = ({ target }) => {
    if (!target.hasAttribute?.('data-save-bar')) return;
    queueMicrotask(() => { for (const field of target.elements) before.delete(field); report(); });
  };
  document.addEventListener('focusin', (event) => {
    const field = watched(event);
    if (field && !before.has(field)) before.set(field, valueOf(field));
  });
  for (const type of ['input', 'change']) document.addEventListener(type, (event) => { if (watched(event)) report(); });
  document.addEventListener('submit', settle);
  document.addEventListener('reset', settle);
  return {
    bar() {
      const dirty = all().filter(isDirty);
      if (!dirty.length) return null;
      const idle = { disabled: false, loading: false };
      return {
        view: { confirm: dirty.some((form) => form.hasAttribute('data-discard-confirmation')), save: idle, discard: idle },
        save: () => all().forEach((form) => form.requestSubmit()),
        discard: () => all().forEach((form) => form.reset()),
      };
    },
  };
}
