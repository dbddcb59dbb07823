// Buttons act on other elements by `commandFor` and `command`, and explain themselves by `interestFor` (a tooltip).

function elementById(invoker, name) {
  const id = invoker.getAttribute(name);
  return id ? invoker.getRootNode().getElementById?.(id) ?? document.getElementById(id) : null;
}

export function runCommand(invoker) {
  const target = elementById(invoker, 'commandFor');
  target?.obey?.(invoker.getAttribute('command') || '--auto', invoker);
}

export function watchInterest(invoker) {
  const tooltip = () => elementById(invoker, 'interestFor');
  for (const type of ['pointerenter', 'focusin']) invoker.addEventListener(type, () => tooltip()?.appearAt?.(invoker));
  for (const type of ['pointerleave', 'focusout']) invoker.addEventListener(type, () => tooltip()?.vanish?.());
}
