// What components of our own have in common: making elements, and leaving keys to whoever has them.

function made(kind, properties) {
  return Object.assign(document.createElement(kind), properties)
}

function isFree(element) {
  return element === document.body || Boolean(element.shadowRoot)
}

// Whether Escape belongs to something else: a field being typed in, an open menu, list, dialog or picture in full.
function isBusy(target) {
  const open = '[aria-haspopup][aria-expanded="true"], [role="dialog"], [role="listbox"], [title="Close fullscreen"]'
  return target.matches("input, textarea") || document.querySelector(open) !== null
}
