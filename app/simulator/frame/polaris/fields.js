// The text-like fields. They are form-associated as Polaris' are: `form.elements` and FormData see them, the `value`
// attribute is the default, and nothing validates by itself (`required` only speaks to assistive technology).
import { PolarisElement, define, h } from './element.js';
import { icon } from './icons.js';

export const FIELD_CSS = `
  :host { display: block; min-width: 0; }
  label, legend { display: block; margin: 0 0 4px; padding: 0; }
  .required { color: var(--sim-critical); margin-inline-start: 2px; }
  .details { color: var(--sim-text-subdued); margin-block-start: 4px; }
  .error { display: flex; gap: 6px; align-items: flex-start; color: var(--sim-critical); margin-block-start: 4px; }
  .error svg { margin-block-start: 2px; }`;

const TEXT_CSS = `${FIELD_CSS}
  .frame { position: relative; display: flex; align-items: stretch; min-block-size: 32px; background: var(--sim-surface);
    border: 1px solid var(--sim-field-line); border-radius: var(--sim-radius-small); transition: background .12s, border-color .12s; }
  .frame:hover { background: var(--sim-field-hover); }
  .frame:focus-within { outline: 2px solid var(--sim-focus); outline-offset: 1px; background: var(--sim-surface); }
  .control { flex: 1; inline-size: 100%; min-inline-size: 0; margin: 0; padding: 5px 12px; border: 0; outline: 0; background: none; border-radius: inherit; }
  .control::placeholder { color: #747479; opacity: 1; }
  textarea.control { display: block; padding: 6px 12px; line-height: 20px; resize: vertical; }
  .affix { display: flex; align-items: center; flex: none; color: var(--sim-text-subdued); white-space: nowrap; }
  .before { padding-inline-start: 10px; } .before:not([hidden]) ~ .control { padding-inline-start: 6px; }
  .after { padding-inline-end: 12px; }
  ::slotted([slot=accessory]) { align-self: center; margin-inline-end: 4px; }
  input[type=search]::-webkit-search-cancel-button { cursor: pointer; }
  .invalid .frame { border-color: var(--sim-critical); background: var(--sim-critical-fill); }
  .disabled .frame { background: #f1f1f3; border-color: #e1e1e4; } .disabled .control { color: #77777c; }
  @media (pointer: coarse) { .control { font-size: 16px; } .frame { min-block-size: 40px; } }`;

const LENGTHS = ['maxLength', 'minLength'];
const NATIVE = ['placeholder', 'autocomplete', 'maxlength', 'minlength', 'min', 'max', 'step', 'inputmode', 'rows'];

/** Label, details and error of a field: the same for every kind. */
export class Field extends PolarisElement {
  static css = FIELD_CSS;
  static formAssociated = true;
  static focusable = true;
  static strings = ['label', 'details', 'error', 'name', 'labelAccessibilityVisibility'];
  static flags = ['disabled', 'required'];
  static slots = ['error', 'details'];

  constructor() {
    super();
    this.internals = this.attachInternals();
  }

  get form() { return this.internals.form; }

  labelNode() {
    return this.part('label, legend');
  }

  /** Not every field takes elements where it takes an attribute of the same name. */
  ownSlot(name) {
    return this.constructor.slots.includes(name) ? h('slot', { name }) : null;
  }

  messages() {
    return [
      h('div', { class: 'error', id: 'error', hidden: true }, icon('alert-circle', 16), h('span')),
      this.ownSlot('error'),
      h('div', { class: 'details', id: 'details', hidden: true }),
      this.ownSlot('details'),
    ];
  }

  update() {
    const label = this.labelNode();
    label.textContent = this.text('label');
    if (this.flag('required')) label.append(h('span', { class: 'required', 'aria-hidden': 'true' }, '*'));
    label.classList.toggle('visually-hidden', this.text('labelAccessibilityVisibility') === 'exclusive');
    this.part('.error').hidden = !this.text('error');
    this.part('.error span').textContent = this.text('error');
    this.part('.details').hidden = !this.text('details');
    this.part('.details').textContent = this.text('details');
    this.part('.field')?.classList.toggle('invalid', Boolean(this.text('error')));
    this.part('.field')?.classList.toggle('disabled', this.flag('disabled'));
  }

  /** Ties the messages to a native control for assistive technology. */
  describe(control) {
    const described = [this.text('error') && 'error', this.text('details') && 'details'].filter(Boolean).join(' ');
    for (const [name, value] of [
      ['aria-describedby', described],
      ['aria-invalid', this.text('error') ? 'true' : ''],
      ['aria-required', this.flag('required') ? 'true' : ''],
    ]) {
      if (value) control.setAttribute(name, value);
      else control.removeAttribute(name);
    }
    control.disabled = this.flag('disabled');
  }

  formResetCallback() { this.resetToDefault?.(); }
}

/** A field with one string as its value. */
export class ValueField extends Field {
  static css = TEXT_CSS;
  static strings = [...Field.strings, 'placeholder', 'autocomplete', 'value'];
  static flags = [...Field.flags, 'readOnly'];
  static kind = 'text';

  #edited = null;

  get type() { return this.constructor.kind; }
  get defaultValue() { return this.text('value'); }
  set defaultValue(value) { this.setAttribute('value', value); }
  get value() { return this.#edited ?? this.defaultValue; }
  set value(value) { this.setValue(value === null || value === undefined ? '' : String(value)); }

  setValue(value) {
    this.#edited = value;
    this.showValue();
  }

  resetToDefault() {
    this.#edited = null;
    this.showValue();
  }

  showValue() {
    if (this.control && this.control.value !== this.value) this.control.value = this.value;
    this.internals.setFormValue(this.value);
  }

  makeControl() {
    return h('input', { class: 'control', id: 'control', type: this.constructor.kind });
  }

  build() {
    this.control = this.makeControl();
    this.control.addEventListener('input', (event) => this.relay(event, 'input', InputEvent));
    this.control.addEventListener('change', (event) => this.relay(event, 'change', Event));
    this.control.addEventListener('keydown', (event) => this.submitOnEnter(event));
    const frame = h('div', { class: 'frame' }, ...this.affixes(), this.ownSlot('accessory') ?? '');
    this.root.append(h('div', { class: 'field' }, h('label', { for: 'control' }), frame, ...this.messages()));
  }

  affixes() {
    return [h('span', { class: 'affix before', id: 'icon' }), h('span', { class: 'affix before', id: 'prefix' }), this.control, h('span', { class: 'affix after', id: 'suffix' })];
  }

  iconName() { return this.text('icon'); }
  prefixText() { return this.text('prefix'); }

  update(name) {
    super.update(name);
    for (const attribute of NATIVE) {
      const value = this.getAttribute(attribute);
      if (value === null) this.control.removeAttribute(attribute);
      else this.control.setAttribute(attribute, value);
    }
    this.control.toggleAttribute('readonly', this.flag('readOnly'));
    this.describe(this.control);
    fillAffix(this.part('#icon'), this.iconName() ? icon(this.iconName()) : null);
    fillAffix(this.part('#prefix'), this.prefixText());
    fillAffix(this.part('#suffix'), this.text('suffix'));
    this.showValue();
  }

  relay(event, type, EventType) {
    event.stopPropagation();
    this.setValue(this.control.value);
    this.announce(type, EventType);
  }

  submitOnEnter(event) {
    if (event.key === 'Enter' && this.control.localName === 'input') this.form?.requestSubmit();
  }
}

function fillAffix(node, content) {
  if (!node) return;
  node.hidden = !content;
  node.replaceChildren(...(content ? [content] : []));
}

class TextArea extends ValueField {
  static kind = 'textarea';
  static strings = [...ValueField.strings, ...LENGTHS, 'rows'];

  makeControl() {
    return h('textarea', { class: 'control', id: 'control', rows: 2 });
  }
}

class SearchField extends ValueField {
  static kind = 'search';
  static strings = [...ValueField.strings, ...LENGTHS];

  iconName() { return 'search'; }
}

class NumberField extends ValueField {
  static kind = 'number';
  static strings = [...ValueField.strings, 'inputMode', 'min', 'max', 'step', 'prefix', 'suffix'];
}

class MoneyField extends ValueField {
  static kind = 'number';
  static strings = [...ValueField.strings, 'min', 'max', 'currencyCode'];

  prefixText() {
    const currency = this.text('currencyCode') || 'USD';
    const parts = new Intl.NumberFormat('en', { style: 'currency', currency }).formatToParts(0);
    return parts.find((part) => part.type === 'currency').value;
  }
}

class TextField extends ValueField {
  static strings = [...ValueField.strings, ...LENGTHS, 'icon', 'prefix', 'suffix'];
  static slots = [...ValueField.slots, 'accessory'];
}

const field = (kind, strings) => class extends ValueField {
  static kind = kind;
  static strings = [...ValueField.strings, ...strings];
};

export function defineFields() {
  define('s-text-field', TextField);
  define('s-email-field', field('email', LENGTHS));
  define('s-password-field', field('password', LENGTHS));
  define('s-url-field', field('url', LENGTHS));
  define('s-date-field', field('date', []));
  define('s-text-area', TextArea);
  define('s-search-field', SearchField);
  define('s-number-field', NumberField);
  define('s-money-field', MoneyField);
}
