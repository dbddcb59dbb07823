// Talks JSON to the server. App Bridge adds the session token to every fetch, so nothing here knows about it.
import { WORDS } from './words.js';

const DEADLINE = 20_000; // milliseconds

/**
 * Answers `{ok, data}` or `{ok: false, errors, sentence, outdated}`: errors belong to fields, the sentence to the whole;
 * *outdated* when what the page shows is no longer how things are.
 */
export async function send(url, method, body) {
  let response;
  try {
    const headers = { 'Content-Type': 'application/json', Accept: 'application/json' };
    response = await inTime(fetch(url, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) }));
  } catch {
    return { ok: false, errors: {}, sentence: WORDS.offline };
  }
  const data = await response.json().catch(() => ({}));
  if (response.ok) return { ok: true, data };
  const outdated = response.status === 409;
  const errors = data.errors ?? {};
  const sentence = data.error ?? (Object.keys(errors).length ? '' : WORDS.serverFault);
  return { ok: false, errors, sentence, outdated };
}

/** App Bridge waits for a token before it asks, for ever if the admin gives none: the app may have been uninstalled. */
export function inTime(answer) {
  const late = new Promise((_, reject) => { setTimeout(() => reject(new Error('no answer in time')), DEADLINE); });
  return Promise.race([answer, late]);
}
