// A grid of pictures that keeps only the lines in view in the page, whatever the length of the list.
// The order is given as numbers (places in the gallery); the cells of those that come into view are asked for.
// Texts go in as text, never as markup. The grid is one tab stop: keys move the focus in it.

const TALLEST = 15e6 // pixels: browsers lay out no more than 17 million; a longer list is scrolled in larger steps

const memory = new Map() // what outlasts a grid's being drawn anew (in a column, or without one), by its key
const grids = new WeakMap()
let holding = "" // key of the grid that keeps the focus: opening and closing a picture may draw the grid anew

export default function (component) {
  const root = component.parentElement.querySelector(".grid")
  if (!grids.has(root)) grids.set(root, new Grid(root))
  const grid = grids.get(root)
  grid.show(component, unpack(component.data))
  return () => grid.leave()
}

class Grid {
  constructor(root) {
    this.root = root
    this.scroller = root.querySelector(".scroller")
    this.space = root.querySelector(".space")
    this.bar = root.querySelector(".bar")
    this.lines = new Map() // elements in the page, by line
    root.querySelector(".late").remove()
    this.scroller.onscroll = () => this.scrolled()
    this.space.onclick = (event) => this.clicked(event)
    this.space.addEventListener("focusin", (event) => this.activate(event.target.at))
    this.space.onkeydown = (event) => this.pressed(event)
    this.space.onkeyup = (event) => event.key === " " && event.preventDefault() // the press was it, no click follows
    this.bar.querySelector("button").onclick = () => this.select((selection) => selection.fill(0))
    this.escaping = (event) => this.escaped(event)
    document.addEventListener("keydown", this.escaping, true)
    this.sizes = new ResizeObserver(() => requestAnimationFrame(() => this.box !== this.measured && this.arrange()))
    this.sizes.observe(this.scroller)
  }

  show(component, { header, order }) {
    const { state, shape } = this
    this.component = component
    this.header = header
    this.order = order
    this.state = recalled(header, !state)
    if (this.state !== state) clearTimeout(this.sending)
    header.first.forEach((cell, at) => this.state.cells.known.set(this.placeOf(at), cell))
    this.root.classList.toggle("selectable", header.selectable)
    this.space.ariaMultiSelectable = String(header.selectable)
    this.shape = JSON.stringify([header.token, header.groups, header.size, header.across, header.height])
    if (this.shape === shape) this.draw()
    else this.arrange()
    if (header.chosen !== this.state.chosen) {
      this.state.chosen = header.chosen
      this.reveal(header.chosen)
      if (state) holding = "" // not drawn anew: the focus is where it was
    }
    if (!state && holding === header.key && isFree(document.activeElement)) {
      holding = ""
      this.focus(this.state.active)
    }
    this.say()
    if (this.state.selection.isUnsent) this.send()
  }

  leave() {
    document.removeEventListener("keydown", this.escaping, true)
    this.sizes.disconnect()
    this.scroller.onscroll = null // what leaves the page is scrolled to its top
    this.state.cells.stop()
    clearTimeout(this.sending)
    grids.delete(this.root)
  }

  placeOf(at) {
    return this.order ? this.order[at] : at
  }

  // --- The list in its window ---

  get box() {
    return `${this.scroller.offsetWidth} ${innerHeight}`
  }

  arrange() {
    const { header, scroller, space, state } = this
    this.measured = this.box
    if (!scroller.offsetWidth) return // in a closed tab; its opening is a resize
    scroller.style.maxHeight = header.height
    const most = parseFloat(getComputedStyle(scroller).maxHeight) - 8 || Infinity
    this.plan = new Plan(header, scroller.offsetWidth - 8)
    scroller.classList.toggle("long", this.plan.height > most)
    if (this.plan.height > most) this.plan = new Plan(header, space.clientWidth) // less the scrollbar
    this.view = Math.min(this.plan.height, most)
    this.scale = this.plan.height > TALLEST ? (this.plan.height - this.view) / (TALLEST - this.view) : 1
    space.style.height = `${Math.min(this.plan.height, TALLEST)}px`
    space.style.setProperty("--across", this.plan.across)
    space.style.setProperty("--side", `${this.plan.side}px`)
    space.ariaRowCount = this.plan.count
    space.ariaColCount = this.plan.across
    const hadFocus = this.focusedCell
    space.replaceChildren()
    this.lines.clear()
    this.scrollTo(this.plan.lineOf(state.at).top + state.below) // what was on top stays there
    this.settled = scroller.scrollTop
    this.draw()
    if (hadFocus) this.cellAt(state.active)?.focus({ preventScroll: true })
  }

  get top() {
    return this.scroller.scrollTop * this.scale
  }

  scrollTo(top) {
    this.scroller.scrollTop = top / this.scale
  }

  scrolled() {
    if (this.scroller.scrollTop !== this.settled) {
      this.settled = NaN
      const at = this.plan.linesBetween(this.top, this.top + GAP + 1)[0]?.first ?? 0
      Object.assign(this.state, { at, below: this.top - this.plan.lineOf(at).top })
    }
    this.draw()
  }

  draw() {
    if (!this.plan || !this.header.count) return
    const { scrollTop } = this.scroller // read once: after a change it would cost a layout
    const top = scrollTop * this.scale
    const margin = this.view / 2 // above and below: what is scrolled to next is there already
    const lines = this.plan.linesBetween(top - margin, top + this.view + margin)
    this.drawn = lines.filter((line) => line.row >= 0)
    const active = this.plan.lineOf(this.state.active) // stays in the page: it has the focus, or is the way to the grid
    if (!lines.some((line) => line.id === active.id)) {
      const after = lines.findIndex((line) => line.top > active.top)
      lines.splice(after < 0 ? lines.length : after, 0, active)
    }
    this.putLines(lines, top - scrollTop)
    this.load()
  }

  // The elements of these lines, in their order. Those that stay are not moved, as the focused one would lose the focus;
  // the others are used again where they are, if they can be: moving all of them at each step would cost a frame.
  putLines(lines, shift) {
    const { sections, across } = this.plan
    const wanted = new Set(lines.map((line) => line.id))
    const free = []
    for (const element of [...this.space.children]) {
      if (wanted.has(element.line)) continue
      this.lines.delete(element.line)
      if (element.cells) free.push(element)
      else element.remove()
    }
    let next = this.space.firstChild
    for (const line of lines) {
      let element = this.lines.get(line.id)
      if (!element) {
        element = line.row < 0 ? titleOf(sections[line.s], across) : free.shift() ?? rowOf(across)
        if (element !== next) this.space.insertBefore(element, next)
        Object.assign(element, { line: line.id, ariaRowIndex: line.index })
        this.lines.set(line.id, element)
      }
      next = element.nextSibling
      // Where the list is scrolled in larger steps, lines move against the page.
      element.style.top = `${line.top - shift}px`
      element.cells?.forEach((cell, i) => this.paint(cell, line.first + i, line.end))
    }
    free.forEach((element) => element.remove())
  }

  paint(button, at, end) {
    const { state, header } = this
    button.hidden = at >= end
    if (button.hidden) return
    const cell = state.cells.known.get(this.placeOf(at))
    if (button.at !== at || button.cell !== cell) {
      Object.assign(button, { at, cell })
      const image = button.firstChild
      const url = cell ? header.root + cell.url : ""
      if (image.dataset.url !== url) {
        image.dataset.url = url
        image.className = "" // grey until it is there, and never what this cell showed before
        image.removeAttribute("src")
        if (url) image.src = url
      }
      image.alt = cell?.alt ?? ""
      button.title = cell?.label && !cell.alt.includes(cell.label) ? `${cell.alt} · ${cell.label}` : image.alt
      button.ariaLabel = cell ? null : `Picture ${at + 1}, not loaded yet`
    }
    button.tabIndex = at === state.active ? 0 : -1
    button.ariaSelected = header.selectable ? String(state.selection.marks[at] === 1) : null
    button.ariaCurrent = at === header.chosen ? "true" : null
  }

  cellAt(at) {
    const line = this.plan.lineOf(at)
    return this.lines.get(line.id)?.cells[at - line.first]
  }

  load() {
    const [low, high] = [this.drawn[0]?.first ?? 0, (this.drawn.at(-1)?.end ?? 0) - 1]
    const reach = high - low + 1
    const within = (from, to) =>
      span(Math.max(0, from), Math.min(to, this.header.count - 1)).map((at) => this.placeOf(at))
    const soon = Math.ceil(reach / 2)
    const later = [...within(high + 1, high + 2 * reach), ...within(low - 2 * reach, low - 1)]
    this.state.cells.load(within(low - soon, high + soon), later, () => this.draw())
  }

  // --- Focus, keys and clicks ---

  get focusedCell() {
    const { activeElement } = this.space.getRootNode()
    return activeElement?.at === undefined ? null : activeElement
  }

  activate(at) {
    if (at === undefined || at === this.state.active) return
    this.state.active = at
    this.draw()
  }

  reveal(at) {
    if (at < 0 || !this.plan || !this.header.count) return
    const { top, row, s } = this.plan.lineOf(at)
    const head = row === 0 ? this.plan.sections[s].head : 0
    if (top - head < this.top) this.scrollTo(top - head)
    else if (top + this.plan.side > this.top + this.view) this.scrollTo(top + this.plan.side - this.view)
    this.draw()
  }

  focus(at) {
    this.state.active = at
    this.reveal(at)
    this.cellAt(at)?.focus({ preventScroll: true })
    this.cellAt(at)?.scrollIntoView({ block: "nearest" }) // the page around the grid, where that is needed
  }

  target(key, at) {
    const end = this.header.count - 1
    const page = Math.max(1, Math.floor(this.view / this.plan.step) - 1)
    const rows = { ArrowUp: -1, ArrowDown: 1, PageUp: -page, PageDown: page }[key]
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: end }[key]
    return rows ? this.plan.vertically(at, rows) : to === undefined ? to : Math.min(end, Math.max(0, to))
  }

  pressed(event) {
    const { at } = event.target
    const { key, shiftKey, altKey } = event
    if (at === undefined || altKey) return
    const { selectable } = this.header
    const isCtrl = event.ctrlKey || event.metaKey
    const to = this.target(key, at)
    if (to !== undefined) {
      this.focus(to)
      if (shiftKey && selectable) this.select((selection) => selection.extend(to))
      else this.state.selection.anchor(to)
    } else if (selectable && ((key === " " && isCtrl) || (key === "x" && !isCtrl))) {
      this.select((selection) => selection.toggle(at))
    } else if (selectable && key === "a" && isCtrl) this.select((selection) => selection.fill(1))
    else if ((key === "Enter" || key === " ") && !isCtrl) this.open(at)
    else return
    event.preventDefault()
  }

  clicked(event) {
    const button = event.target.closest(".cell")
    if (!button) return
    const { at } = button
    const isToggling = event.ctrlKey || event.metaKey || event.target.className === "mark"
    button.focus({ preventScroll: true })
    if (this.header.selectable && event.shiftKey) this.select((selection) => selection.extend(at))
    else if (this.header.selectable && isToggling) this.select((selection) => selection.toggle(at))
    else this.open(at)
  }

  open(at) {
    const { header, component } = this
    this.state.selection.anchor(at)
    if (this.state.selection.isUnsent) this.send()
    holding = header.key
    component.setTriggerValue("opened", { token: header.token, at })
  }

  escaped(event) {
    if (event.key !== "Escape" || isBusy(event.target)) return
    if (!this.state.selection.isEmpty) this.select((selection) => selection.fill(0))
    else if (this.header.chosen >= 0) {
      holding = this.header.key
      if (this.focusedCell) this.focus(this.header.chosen) // what closes gives the focus back to where it was opened
      this.state.active = this.header.chosen
      this.component.setTriggerValue("closed", true)
    } else return
    event.stopImmediatePropagation() // one press, one thing: another grid may have a selection, too
  }

  // --- Selection ---

  select(change) {
    change(this.state.selection)
    this.draw()
    this.say()
    clearTimeout(this.sending)
    this.sending = setTimeout(() => this.send(), 150) // a held key changes it many times a second
  }

  send() {
    const { token, selection } = this.state
    const { turn, ranges } = selection
    clearTimeout(this.sending)
    selection.isUnsent = false
    this.component.setStateValue("selection", { token, turn, ranges })
  }

  say() {
    const status = this.bar.querySelector("span")
    const { count } = this.state.selection
    const some = `${count.toLocaleString("en")} of ${this.header.count.toLocaleString("en")} selected`
    const said = count ? some : status.textContent && "Nothing selected"
    this.bar.classList.toggle("quiet", !count)
    if (status.textContent !== said) status.textContent = said // the same again would be read out again
  }
}

// What is remembered of a grid; another order begins anew.
function recalled(header, isNew) {
  const { key, token, source, captions, count, chosen } = header
  const start = Math.max(0, chosen)
  const below = start ? 0 : -Infinity // from the very top: a section's title lies above its first picture
  const before = memory.get(key)
  const state =
    before?.token === token
      ? before
      : { token, selection: new Selection(count, start), active: start, at: start, below, chosen: -1 }
  const url = source && header.root + source + (captions && `&captions=${captions}`)
  if (url && before?.cells.url === url) state.cells = before.cells
  else {
    before?.cells.stop()
    state.cells = new Cells(url)
  }
  state.selection.meet(header.selection, isNew)
  memory.set(key, state)
  return state
}

function rowOf(across) {
  const row = made("div", { className: "line", role: "row" })
  row.cells = span(1, across).map((ariaColIndex) => {
    const image = made("img", { decoding: "async" })
    image.onload = image.onerror = () => (image.className = "there")
    const mark = made("span", { className: "mark", ariaHidden: "true" })
    const button = made("button", { type: "button", className: "cell", role: "gridcell", ariaColIndex })
    button.append(image, mark)
    return button
  })
  row.append(...row.cells)
  return row
}

function titleOf({ title, count }, across) {
  const row = made("div", { className: "line title", role: "row" })
  const cell = made("div", { role: "gridcell", ariaColSpan: across })
  cell.append(
    made("span", { textContent: title, title }),
    made("small", { textContent: count.toLocaleString("en") })
  )
  row.append(cell)
  return row
}
