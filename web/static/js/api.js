// Talks JSON to the server. App Bridge adds the session token to every fetch, so nothing here knows about it.
import { WORDS } from './words.js';

const DEADLINE = 20_000; // milliseconds
const LINES = 'application/x-ndjson';

/**
 * Answers `{ok, data}` or `{ok: false, errors, sentence, outdated, data}`: errors belong to fields, the sentence to the
 * whole; *outdated* when what the page shows is no longer how things are. With *onStep* the server tells each step as it happens.
 */
export async function send(url, method, body, onStep) {
  let answer;
  try {
    const headers = { 'Content-Type': 'application/json', Accept: onStep ? LINES : 'application/json' };
    const response = await inTime(fetch(url, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) }));
    const inSteps = (response.headers.get('content-type') ?? '').startsWith(LINES);
    answer = inSteps ? await readSteps(response.body, onStep) : { status: response.status, body: await response.json().catch(() => ({})) };
  } catch {
    return refusal(WORDS.offline);
  }
  const { status, body: data } = answer;
  if (status < 300) return { ok: true, data };
  const errors = data.errors ?? {};
  const sentence = data.error ?? (Object.keys(errors).length ? '' : WORDS.serverFault);
  return { ok: false, errors, sentence, outdated: status === 409, data };
}

/** As if the server had said no. */
export const refusal = (sentence) => ({ ok: false, errors: {}, sentence, data: {} });

/** Where there is but one place for whatever was wrong. */
export const inOneLine = ({ errors, sentence }) => sentence || Object.values(errors).join(' ');

/** The last line, which is the answer; a connection that ends before it is a fault. */
async function readSteps(stream, onStep) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return { status: 500, body: {} };
    const lines = (rest + value).split('\n');
    rest = lines.pop();
    for (const step of lines.map((line) => JSON.parse(line))) {
      if (step.status) return step;
      onStep(step);
    }
  }
}

/** App Bridge waits for a token before it asks, for ever if the admin gives none: the app may have been uninstalled. */
export function inTime(answer) {
  const late = new Promise((_, reject) => { setTimeout(() => reject(new Error('no answer in time')), DEADLINE); });
  return Promise.race([answer, late]);
}
