// Some texts need a permission that the app does not ask for at its installation. Shopify asks the merchant itself.
import { WORDS } from './words.js';

/** Whether *scope* is granted by now; nothing is asked when there is none to ask for. Answers a sentence when it is not. */
export async function askFor(scope) {
  if (!scope) return '';
  try {
    const { result } = await window.shopify.scopes.request([scope]);
    return result === 'granted-all' ? '' : WORDS.declined;
  } catch {
    return WORDS.declined;
  }
}
