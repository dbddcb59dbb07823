// The admin's end of the conversation with App Bridge in the framed app. Only messages of the app's own window and origin
// are heard, and answers, which carry session tokens, go to that origin alone.
const MARK = 'simulated-admin';

export function openBridge(frame, origin) {
  const handlers = {};
  // Before its first word the frame still holds an empty document of this page's own origin.
  let hasSpoken = false;
  const post = (message) => frame.contentWindow.postMessage({ mark: MARK, ...message }, origin);

  window.addEventListener('message', async (event) => {
    const { data } = event;
    if (event.source !== frame.contentWindow || event.origin !== origin || data?.mark !== MARK || !data.method) return;
    hasSpoken = true;
    try {
      const result = await handlers[data.method]?.(data.detail);
      if (data.id) post({ reply: data.id, result });
    } catch (error) {
      if (data.id) post({ reply: data.id, error: error.message });
      else throw error;
    }
  });

  return {
    answer: (added) => Object.assign(handlers, added),
    say: (event, detail) => { if (hasSpoken) post({ event, detail }); },
  };
}
