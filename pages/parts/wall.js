// A wall of pictures under maps of what is typical in them. M shows or hides all maps, Space that of one picture.
// Texts go in as text, never as markup. The wall is one tab stop: keys move the focus in it.

const memory = new Map() // what outlasts a wall's being drawn anew, by its key
const walls = new WeakMap()

export default function (component) {
  const root = component.parentElement.querySelector(".wall")
  if (!walls.has(root)) walls.set(root, new Wall(root))
  const wall = walls.get(root)
  wall.show(component, unpack(component.data))
  return () => wall.leave()
}

class Wall {
  constructor(root) {
    this.root = root
    this.space = root.querySelector(".pictures")
    root.querySelector(".late").remove()
    root.querySelector(".all").onclick = () => this.turnAll()
    this.space.onclick = (event) => this.clicked(event)
    this.space.onkeydown = (event) => this.pressed(event)
    this.space.onkeyup = (event) => event.key === " " && event.preventDefault() // the press was it, no click follows
    this.space.addEventListener("focusin", (event) => this.activate(event.target))
    this.listening = (event) => this.heard(event)
    document.addEventListener("keydown", this.listening, true)
  }

  show(component, { header: { key, token, cells, opacity, side, chosen } }) {
    this.component = component
    this.state = memory.get(key) ?? { areShown: true, turned: new Set(), active: 0, holding: false }
    memory.set(key, this.state)
    if (this.state.token !== token) Object.assign(this.state, { token, active: Math.max(0, chosen) })
    this.chosen = chosen
    this.root.style.setProperty("--opacity", opacity)
    this.root.style.setProperty("--side", `${side}px`)
    const told = JSON.stringify(cells)
    if (told !== this.told) {
      this.told = told
      const hadFocus = this.space.contains(this.focused)
      this.space.replaceChildren(...cells.map(figureOf))
      this.figures = [...this.space.children]
      if (hadFocus) this.focus(this.state.active)
    }
    this.paint()
    if (this.state.holding && isFree(document.activeElement)) this.focus(this.state.active)
    this.state.holding = false
  }

  leave() {
    document.removeEventListener("keydown", this.listening, true)
    walls.delete(this.root)
  }

  get focused() {
    return this.root.getRootNode().activeElement
  }

  isBare(figure) {
    const { areShown, turned } = this.state
    return turned.has(figure.name) === areShown
  }

  paint() {
    const { areShown, active } = this.state
    this.root.querySelector(".all").ariaPressed = String(areShown)
    this.figures.forEach((figure, at) => {
      const [picture, one] = figure.children
      const isBare = this.isBare(figure)
      figure.classList.toggle("bare", isBare)
      picture.tabIndex = at === active ? 0 : -1
      picture.ariaCurrent = at === this.chosen ? "true" : null
      picture.firstChild.alt = `${figure.alt}, ${isBare ? "map hidden" : "under its map"}`
      one.ariaPressed = String(!isBare)
    })
  }

  say(text) {
    this.root.querySelector(".status").textContent = text
  }

  turnAll() {
    const { state } = this
    state.areShown = !state.areShown
    state.turned.clear() // all, also those that were turned by themselves
    this.paint()
    this.say(state.areShown ? "Maps shown" : "Maps hidden")
  }

  turn(figure) {
    const { turned } = this.state
    if (!turned.delete(figure.name)) turned.add(figure.name)
    this.paint()
    this.say(this.isBare(figure) ? "Map hidden" : "Map shown")
  }

  activate(target) {
    const at = this.figures.indexOf(target.closest("figure"))
    if (at < 0 || at === this.state.active) return
    this.state.active = at
    this.paint()
  }

  focus(at) {
    this.state.active = at
    this.paint()
    this.figures[at]?.firstChild.focus()
  }

  // Where a key leads from here: what lies above and below is as far as a line is long.
  target(key, at) {
    const end = this.figures.length - 1
    const across = this.figures.filter((figure) => figure.offsetTop === this.figures[0].offsetTop).length
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, ArrowUp: at - across, ArrowDown: at + across, Home: 0, End: end }[key]
    return to === undefined ? to : to < 0 || to > end ? at : to
  }

  pressed(event) {
    const at = this.figures.indexOf(event.target.closest("figure"))
    if (at < 0 || event.ctrlKey || event.metaKey || event.altKey || event.target.className !== "picture") return
    const to = this.target(event.key, at)
    if (to !== undefined) this.focus(to)
    else if (event.key === " ") this.turn(this.figures[at])
    else return
    event.preventDefault()
  }

  clicked(event) {
    const figure = event.target.closest("figure")
    if (!figure) return
    if (event.target.className === "one") this.turn(figure)
    else {
      const at = this.figures.indexOf(figure)
      Object.assign(this.state, { active: at, holding: true }) // opening it may draw the wall anew
      this.component.setTriggerValue("opened", { token: this.state.token, at })
    }
  }

  // Wherever the focus is, but for fields and what is open over the page.
  heard(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || isBusy(event.target) || event.target.isContentEditable) return
    if (event.key === "m" || event.key === "M") this.turnAll()
    else if (event.key === "Escape" && this.chosen >= 0) {
      Object.assign(this.state, { active: this.chosen, holding: true })
      this.component.setTriggerValue("closed", true)
    } else return
    event.stopImmediatePropagation()
  }
}

function figureOf({ name, url, map, alt, caption, unsure, told }) {
  const figure = Object.assign(made("figure", { title: name }), { name, alt })
  const picture = made("button", { type: "button", className: "picture" })
  picture.append(made("img", { src: url, decoding: "async" }))
  if (map) picture.append(made("img", { src: map, className: "map", alt: "" }))
  const one = made("button", { type: "button", className: "one", textContent: "map", tabIndex: -1 })
  one.ariaLabel = `Map of ${name}`
  const words = made("figcaption", {})
  words.append(made("b", { textContent: caption[0] }), " ", made("span", { textContent: caption[1] }))
  if (unsure) words.append(made("small", { textContent: "unsure" }))
  if (told) words.append(made("small", { textContent: told }))
  figure.append(picture, one, words)
  return figure
}
