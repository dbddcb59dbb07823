// A button that shows and hides the element named by `data-reveals`.

export function mount(button) {
  const target = document.getElementById(button.dataset.reveals);

  function show() {
    button.setAttribute('icon', target.hidden ? 'chevron-down' : 'chevron-up');
  }

  button.addEventListener('click', () => {
    target.hidden = !target.hidden;
    show();
  });
  show();
}
