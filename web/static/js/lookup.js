// A form that only leads somewhere: what is filled in becomes part of the address.
import { addressOf } from './filters.js';
import { go } from './navigation.js';

export function mount(form) {
  form.addEventListener('submit', (event) => { event.preventDefault(); go(addressOf(form)); });
}
