// s-select, s-checkbox, s-switch and s-choice-list: fields that choose among given values.
import { PolarisElement, define, h } from './element.js';
import { FIELD_CSS, Field, ValueField } from './fields.js';
import { icon } from './icons.js';

class Select extends ValueField {
  static kind = 'select-one';
  static strings = [...Field.strings, 'placeholder', 'icon', 'value'];
  static flags = Field.flags;
  static css = `${ValueField.css}
    select.control { appearance: none; padding-inline-end: 32px; cursor: pointer; text-overflow: ellipsis; }
    .arrow { position: absolute; inset-block: 0; inset-inline-end: 8px; display: flex; align-items: center; pointer-events: none; color: var(--sim-text-subdued); }`;

  get defaultValue() {
    if (this.hasAttribute('value')) return this.getAttribute('value');
    const chosen = this.querySelector('s-option[selected]') ?? (this.text('placeholder') ? null : this.querySelector('s-option'));
    return chosen ? optionValue(chosen) : '';
  }

  makeControl() {
    return h('select', { class: 'control', id: 'control' });
  }

  affixes() {
    return [...super.affixes().slice(0, 1), this.control, h('span', { class: 'arrow' }, icon('chevron-down'))];
  }

  build() {
    super.build();
    this.fillOptions();
    new MutationObserver(() => { this.fillOptions(); this.showValue(); })
      .observe(this, { childList: true, subtree: true, characterData: true, attributes: true, attributeFilter: ['value', 'disabled', 'label'] });
  }

  fillOptions() {
    const options = [...this.children].map((child) => nativeOption(child)).filter(Boolean);
    const placeholder = this.text('placeholder') ? [h('option', { value: '', disabled: true }, this.text('placeholder'))] : [];
    this.control.replaceChildren(...placeholder, ...options);
  }

  update(name) {
    super.update(name);
    this.control.removeAttribute('placeholder');
  }
}

function optionValue(option) {
  return option.getAttribute('value') ?? option.textContent.trim();
}

function nativeOption(child) {
  if (child.localName === 's-option') {
    return h('option', { value: optionValue(child), disabled: child.hasAttribute('disabled') }, child.textContent.trim());
  }
  if (child.localName === 's-option-group') {
    return h('optgroup', { label: child.getAttribute('label') ?? '' }, ...[...child.children].map(nativeOption).filter(Boolean));
  }
  return null;
}

class Checkbox extends Field {
  static css = `${FIELD_CSS}
    label { display: flex; gap: 8px; align-items: flex-start; margin: 0; cursor: pointer; inline-size: fit-content; }
    input { flex: none; inline-size: 16px; block-size: 16px; margin: 2px 0 0; accent-color: var(--sim-primary); cursor: inherit; }
    .error, .details { margin-inline-start: 24px; margin-block-start: 2px; }
    .disabled label { color: var(--sim-text-disabled); cursor: default; }
    @media (pointer: coarse) { label { padding-block: 6px; } }`;
  static strings = [...Field.strings, 'accessibilityLabel', 'value'];
  static flags = [...Field.flags, 'checked', 'indeterminate'];
  static role = null;

  #chosen = null;

  get type() { return 'checkbox'; }
  get value() { return this.getAttribute('value') ?? 'on'; }
  set value(value) { this.setAttribute('value', value); }
  get defaultChecked() { return this.flag('checked'); }
  set defaultChecked(value) { this.toggleAttribute('checked', Boolean(value)); }
  get checked() { return this.#chosen ?? this.defaultChecked; }
  set checked(value) {
    this.#chosen = Boolean(value);
    this.showState();
  }

  resetToDefault() {
    this.#chosen = null;
    this.showState();
  }

  showState() {
    if (this.control) {
      this.control.checked = this.checked;
      this.control.indeterminate = this.flag('indeterminate');
    }
    this.internals.setFormValue(this.checked ? this.value : null);
  }

  labelNode() { return this.part('.label'); }

  build() {
    this.control = h('input', { type: 'checkbox', id: 'control', role: this.constructor.role });
    this.control.addEventListener('input', (event) => event.stopPropagation());
    this.control.addEventListener('change', (event) => this.relay(event));
    const label = h('label', { for: 'control' }, this.control, h('span', { class: 'label' }));
    this.root.append(h('div', { class: 'field' }, label, ...this.messages()));
  }

  update(name) {
    super.update(name);
    this.describe(this.control);
    if (this.text('accessibilityLabel')) this.control.setAttribute('aria-label', this.text('accessibilityLabel'));
    else this.control.removeAttribute('aria-label');
    this.showState();
  }

  relay(event) {
    event.stopPropagation();
    this.checked = this.control.checked;
    this.announce('input', InputEvent);
    this.announce('change');
  }
}

class Switch extends Checkbox {
  static role = 'switch';
  static flags = [...Field.flags, 'checked'];
  static slots = [];
  static css = `${Checkbox.css}
    label { flex-direction: row-reverse; justify-content: space-between; inline-size: 100%; gap: 16px; }
    .error, .details { margin-inline-start: 0; }
    .details { max-inline-size: calc(100% - 48px); }
    input { appearance: none; position: relative; inline-size: 34px; block-size: 20px; margin: 0; border-radius: 10px; background: #86868c; transition: background .15s; }
    input::after { content: ""; position: absolute; inset-block-start: 2px; inset-inline-start: 2px; inline-size: 16px; block-size: 16px;
      border-radius: 8px; background: #fff; box-shadow: 0 1px 2px rgb(0 0 0 / 30%); transition: inset-inline-start .15s; }
    input:checked { background: var(--sim-primary); } input:checked::after { inset-inline-start: 16px; } input:disabled { opacity: .5; }`;
}

class ChoiceList extends Field {
  static css = `${FIELD_CSS}
    fieldset { min-inline-size: 0; margin: 0; padding: 0; border: 0; }
    .choices { display: grid; gap: 6px; }
    .choice { display: grid; grid-template-columns: 16px minmax(0, 1fr); column-gap: 8px; }
    .choice input { inline-size: 16px; block-size: 16px; margin: 2px 0 0; accent-color: var(--sim-primary); cursor: pointer; }
    .choice label { margin: 0; cursor: pointer; } .choice small { grid-column: 2; font-size: inherit; color: var(--sim-text-subdued); }
    .choice ::slotted(*) { grid-column: 2; }
    @media (pointer: coarse) { .choices { gap: 12px; } }`;
  static focusable = false;
  static strings = [...Field.strings, 'values'];
  static flags = ['disabled', 'multiple'];
  static slots = [];

  #chosen = null;

  get type() { return 'choice-list'; }
  get defaultValues() {
    return this.choices().filter((choice) => choice.hasAttribute('selected')).map(choiceValue);
  }

  get values() { return this.#chosen ?? this.defaultValues; }
  set values(values) {
    this.#chosen = [...values];
    this.showState();
  }

  choices() { return [...this.querySelectorAll('s-choice')]; }
  inputs() { return [...this.root.querySelectorAll('input')]; }

  resetToDefault() {
    this.#chosen = null;
    this.showState();
  }

  showState() {
    const values = this.values;
    for (const input of this.inputs()) input.checked = values.includes(input.value);
    const data = new FormData();
    if (this.text('name')) for (const value of values) data.append(this.text('name'), value);
    this.internals.setFormValue(data);
  }

  build() {
    const rows = h('div', { class: 'choices', onchange: (event) => this.relay(event), oninput: (event) => event.stopPropagation() });
    this.root.append(h('fieldset', { class: 'field' }, h('legend'), rows, ...this.messages()));
    new MutationObserver(() => this.update()).observe(this, { childList: true, subtree: true, characterData: true });
  }

  update(name) {
    super.update(name);
    const rows = this.choices().map((choice, index) => this.row(choice, index));
    this.part('.choices').replaceChildren(...rows);
    this.describe(this.part('fieldset'));
    this.part('fieldset').removeAttribute('aria-invalid');
    this.part('fieldset').removeAttribute('aria-required');
    this.showState();
  }

  row(choice, index) {
    const details = choice.querySelector('[slot=details]')?.textContent.trim();
    const input = h('input', {
      type: this.flag('multiple') ? 'checkbox' : 'radio', name: 'choice', id: `choice-${index}`, value: choiceValue(choice),
      disabled: this.flag('disabled') || choice.hasAttribute('disabled'),
      'aria-label': choice.getAttribute('accessibilitylabel'), 'aria-describedby': details ? `details-${index}` : null,
    });
    const label = h('label', { for: `choice-${index}` }, choiceLabel(choice));
    return h('div', { class: 'choice' }, input, label, details ? h('small', { id: `details-${index}` }, details) : null);
  }

  relay(event) {
    event.stopPropagation();
    this.values = this.inputs().filter((input) => input.checked).map((input) => input.value);
    this.announce('input', InputEvent);
    this.announce('change');
  }

  focus(options) { (this.inputs().find((input) => input.checked) ?? this.inputs()[0])?.focus(options); }
}

function choiceValue(choice) {
  return choice.getAttribute('value') ?? choiceLabel(choice);
}

function choiceLabel(choice) {
  return [...choice.childNodes].filter((node) => !node.slot).map((node) => node.textContent).join('').trim();
}

export function defineChoices() {
  define('s-select', Select);
  define('s-checkbox', Checkbox);
  define('s-switch', Switch);
  define('s-choice-list', ChoiceList);
  define('s-option', class extends PolarisElement { static strings = ['value']; static flags = ['disabled', 'selected']; });
  define('s-option-group', class extends PolarisElement { static strings = ['label']; static flags = ['disabled']; });
  define('s-choice', class extends PolarisElement { static strings = ['value', 'accessibilityLabel']; static flags = ['disabled', 'selected']; });
}
