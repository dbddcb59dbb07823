// What App Bridge offers beside the pages: measured speed for the app's own metrics, the admin's button for help, reviews.
import { go } from './navigation.js';

export function listenToAdmin() {
  window.shopify.webVitals?.onReport?.(passOn);
  // What keeps texts from leaving is what people ask for help about, and Diagnostics says it.
  window.shopify.support?.registerHandler?.(() => go('/settings/diagnostics'));
}

/** Some are told as the page is left, hence `keepalive`. A measurement that gets lost all the same concerns nobody. */
async function passOn({ metrics }) {
  const body = JSON.stringify({ metrics: metrics.map(({ name, value }) => ({ name, value })) });
  const headers = { 'Content-Type': 'application/json' };
  try {
    const answer = await fetch('/api/admin/vitals', { method: 'POST', keepalive: true, headers, body });
    await answer.text(); // an answer that nobody reads stays open
  } catch (fault) {
    console.info('not measured:', fault);
  }
}

/** Shopify decides whether the merchant is really asked. */
export async function askForReview() {
  const answer = await window.shopify.reviews?.request?.().catch((fault) => ({ code: fault.message }));
  console.info('asked for a review:', answer?.code);
}
