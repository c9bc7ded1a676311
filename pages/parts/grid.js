// Draws cells of { name, url, alt } as buttons. Texts go in as text, never as markup.
export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const root = parentElement.querySelector(".grid")
  root.style.setProperty("--cell", `${data.size}px`)
  root.style.gridTemplateColumns = data.across ? `repeat(${data.across}, 1fr)` : ""
  const wanted = JSON.stringify(data.cells.map((cell) => cell.url))
  if (root.dataset.shown !== wanted) {
    root.dataset.shown = wanted
    root.replaceChildren(
      ...data.cells.map((cell) => {
        const button = document.createElement("button")
        button.type = "button"
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
  data.cells.forEach((cell, i) => {
    const button = buttons[i]
    button.title = cell.alt
    button.firstChild.alt = cell.alt
    button.setAttribute("aria-pressed", String(cell.name === data.chosen))
    button.onclick = () => setTriggerValue("opened", cell.name)
    button.onkeydown = (event) => {
      const across = Math.max(1, Math.round(root.clientWidth / (buttons[0].offsetWidth + 6)))
      const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: across, ArrowUp: -across }[event.key]
      if (!step) return
      event.preventDefault()
      buttons[Math.min(buttons.length - 1, Math.max(0, i + step))].focus()
    }
  })
}
