// Draws cells of { name, url, alt } as buttons. Texts go in as text, never as markup.
// The grid is one tab stop: arrows move the focus in it, Enter and space open a picture, Escape closes the open one.

let held = "" // the picture that keeps the focus: opening and closing one draw the grid anew, in a column or without

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const root = parentElement.querySelector(".grid")
  root.style.setProperty("--cell", `${data.size}px`)
  root.style.gridTemplateColumns = data.across ? `repeat(${data.across}, 1fr)` : ""
  const wanted = JSON.stringify(data.cells.map((cell) => cell.url))
  const isNew = !root.dataset.shown
  if (root.dataset.shown !== wanted) {
    root.dataset.shown = wanted
    root.replaceChildren(
      ...data.cells.map((cell) => {
        const button = document.createElement("button")
        button.type = "button"
        button.tabIndex = -1
        const image = document.createElement("img")
        image.loading = "lazy"
        image.decoding = "async"
        image.src = cell.url
        button.append(image)
        return button
      })
    )
  }
  const buttons = [...root.children]
  const stopAt = (stop) => buttons.forEach((button) => (button.tabIndex = button === stop ? 0 : -1))
  const named = (name) => buttons[data.cells.findIndex((cell) => cell.name === name)]
  data.cells.forEach((cell, i) => {
    const button = buttons[i]
    button.title = cell.alt
    button.firstChild.alt = cell.alt
    button.setAttribute("aria-pressed", String(cell.name === data.chosen))
    button.onfocus = () => stopAt(button)
    button.onclick = () => {
      held = cell.name
      setTriggerValue("opened", cell.name)
    }
    button.onkeydown = (event) => {
      const across = getComputedStyle(root).gridTemplateColumns.split(" ").length
      const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: across, ArrowUp: -across }[event.key]
      if (!step) return
      event.preventDefault()
      buttons[Math.min(buttons.length - 1, Math.max(0, i + step))].focus()
    }
  })
  if (!buttons.some((button) => button.tabIndex === 0)) stopAt(named(data.chosen) ?? buttons[0])
  const active = document.activeElement
  if (isNew && named(held) && (active === document.body || active.shadowRoot)) {
    named(held).focus({ preventScroll: true })
    held = ""
  }

  document.removeEventListener("keydown", root.closing, true)
  root.closing = (event) => {
    if (event.key !== "Escape" || isBusy(event.target)) return
    held = data.chosen
    setTriggerValue("closed", true)
  }
  if (data.chosen) document.addEventListener("keydown", root.closing, true)
  return () => document.removeEventListener("keydown", root.closing, true)
}

// Whether Escape belongs to something else: a field being typed in, an open menu, list, dialog or picture in full.
function isBusy(target) {
  const open = '[aria-haspopup][aria-expanded="true"], [role="dialog"], [role="listbox"], [title="Close fullscreen"]'
  return target.matches("input, textarea") || document.querySelector(open) !== null
}
