// The frame's own endpoints on the server that served this page.
const ROOT = `/frame/${encodeURIComponent(document.body.dataset.store)}`;

/** The server's refusal, with its sentence for each field. */
export class Refusal extends Error {
  constructor(body) {
    super(body.error ?? Object.values(body.errors ?? {}).join(' '));
    this.errors = body.errors ?? {};
  }
}

async function call(path, options = {}) {
  const response = await fetch(`${ROOT}/${path}`, options);
  if (response.ok) return response.json();
  const isJson = response.headers.get('content-type')?.startsWith('application/json');
  throw new Refusal(isJson ? await response.json() : { error: `The simulator answered ${response.status}.` });
}

function send(method, path, body = {}) {
  return call(path, { method, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
}

export const get = (path) => call(path);
export const post = (path, body) => send('POST', path, body);
export const put = (path, body) => send('PUT', path, body);
