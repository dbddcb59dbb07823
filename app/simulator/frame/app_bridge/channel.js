// The conversation with the admin: questions with an answer (`ask`), statements (`tell`), and what the admin says (`on`).
const MARK = 'simulated-admin';

export function openChannel() {
  const waiting = new Map();
  const listeners = new Map();
  let lastId = 0;

  window.addEventListener('message', ({ source, data }) => {
    if (source !== window.parent || data?.mark !== MARK) return;
    if (data.reply) settle(waiting, data);
    else for (const listener of listeners.get(data.event) ?? []) listener(data.detail);
  });

  // Nothing secret travels upward, and the admin's origin is not known here, hence the open target.
  const post = (message) => window.parent.postMessage({ mark: MARK, ...message }, '*');

  return {
    tell: (method, detail) => post({ method, detail }),
    ask: (method, detail) => new Promise((resolve, reject) => {
      lastId += 1;
      waiting.set(lastId, { resolve, reject });
      post({ method, detail, id: lastId });
    }),
    on: (event, listener) => listeners.set(event, [...(listeners.get(event) ?? []), listener]),
  };
}

function settle(waiting, { reply, result, error }) {
  const promise = waiting.get(reply);
  waiting.delete(reply);
  if (error) promise?.reject(new Error(error));
  else promise?.resolve(result);
}
