// Shopify's words for SMS consent, as people read them.
import { element } from '../dom.js';

export const CONSENT = {
  SUBSCRIBED: { label: 'Subscribed', tone: 'good' },
  UNSUBSCRIBED: { label: 'Unsubscribed', tone: 'bad' },
  NEVER_SUBSCRIBED: { label: 'Never subscribed', tone: '' },
  PENDING: { label: 'Pending', tone: 'wait' },
};

export function consentPill(state) {
  const { label, tone } = CONSENT[state] ?? { label: state, tone: '' };
  return element('span', { class: `pill ${tone}` }, label);
}
