// A map of up to a million pictures, drawn in software: with as many of its points as the time allows while something
// moves, with all of them at rest. Texts go in as text, never as markup. A lasso goes back in the map's own coordinates.

const FRAME = 24 // milliseconds that drawing may take while something moves
const REST = 150 // milliseconds without movement until everything is drawn
const FEW = 250 // so many points in view are drawn as pictures
const NEAREST = 4000 // how many times larger the map can be seen
const CORNERS = 400 // of a lasso that is sent

const memory = new Map() // what outlasts a map's being drawn anew (in a column, or without one), by its key
const maps = new WeakMap()
let holding = "" // key of the map that keeps the focus: opening a picture may draw it anew

export default function (component) {
  const root = component.parentElement.querySelector(".map")
  if (!maps.has(root)) maps.set(root, new PictureMap(root))
  const map = maps.get(root)
  map.show(component, unpack(component.data))
  return () => map.leave()
}

class PictureMap {
  constructor(root) {
    this.root = root
    this.find = (what) => root.querySelector(what)
    this.canvas = this.find(".points")
    this.over = this.find(".marks")
    this.painter = new Painter()
    this.card = new Card(this.find(".card"))
    this.legend = new Legend(this.find(".legend"), () => this.draw())
    this.pictures = new Pictures(() => this.arrived())
    this.pace = 1e-4 // milliseconds a point
    this.hovered = -1
    this.canvas.onpointerdown = (event) => this.points && this.pressed(event)
    this.canvas.onpointermove = (event) => this.points && this.moved(event)
    this.canvas.onpointerup = (event) => this.points && this.released(event)
    this.canvas.onpointercancel = () => this.points && this.let()
    this.canvas.onpointerleave = () => this.points && this.hover(-1)
    this.canvas.onkeydown = (event) => this.points && this.typed(event)
    this.canvas.onwheel = (event) => this.points && this.wheeled(event)
    for (const button of root.querySelectorAll("[data-does]")) {
      button.onclick = () => this.points && this[button.dataset.does]()
    }
    this.sizes = new ResizeObserver(() => this.measure())
    this.sizes.observe(this.canvas)
  }

  show(component, { header, codes }) {
    const before = this.header
    Object.assign(this, { component, header, given: codes })
    this.state = memory.get(header.key) ?? {}
    memory.set(header.key, this.state)
    if (this.state.token !== header.token) Object.assign(this.state, { token: header.token, x: 0, y: 0, zoom: 1 })
    if (this.state.about !== header.about) Object.assign(this.state, { about: header.about, lit: -1 })
    this.pictures.from(header.root, header.pictures)
    this.root.style.setProperty("--height", header.height)
    this.canvas.ariaLabel = header.says
    this.dress()
    this.legend.show(header, this.state)
    if (before?.points === header.points) this.recolour()
    else this.load()
    if (!before && holding === header.key && document.activeElement === document.body) this.canvas.focus()
    if (!before) holding = ""
  }

  leave() {
    this.sizes.disconnect()
    clearTimeout(this.resting)
    cancelAnimationFrame(this.frame)
    maps.delete(this.root)
  }

  load() {
    const { points: address, count } = this.header
    const wait = this.find(".wait")
    this.points = null
    wait.textContent = `Loading ${count.toLocaleString("en")} points`
    Points.at(address).then(
      (points) => {
        if (address !== this.header.points) return
        wait.textContent = points.count ? "" : "No picture has a place on this map."
        this.points = points
        this.recolour()
      },
      () => (wait.textContent = "The points of this map could not be loaded. Reload the page.")
    )
  }

  recolour() {
    if (!this.points) return
    this.codes = this.points.ordered(this.given)
    this.chosen = this.header.chosen < 0 ? -1 : this.points.places.indexOf(this.header.chosen)
    this.draw()
  }

    // The theme's colours, and those of the codes in it.
  dress() {
    const style = getComputedStyle(this.root)
    const brush = document.createElement("canvas").getContext("2d")
    const hex = (name) => ((brush.fillStyle = style.getPropertyValue(name).trim()), brush.fillStyle)
    this.ground = hex("--st-background-color")
    this.accent = hex("--st-primary-color")
    this.ink = hex("--st-text-color")
    const back = channels(this.ground)
    const isDark = back.reduce((sum, value) => sum + value) < 384
    this.legend.dress(this.header.hues[isDark ? "dark" : "light"])
    this.table = Int32Array.from(this.legend.hues, pixel)
    this.faint = Int32Array.from(this.legend.hues, (hue) => pixel(mix(hue, back, 0.86)))
  }

  // --- Drawing ---

  measure() {
    const { clientWidth: width, clientHeight: height } = this.canvas
    const dense = Math.min(2, devicePixelRatio)
    if (!width || !height) return
    Object.assign(this, { width, height, dense })
    for (const canvas of [this.canvas, this.over]) {
      canvas.width = Math.round(width * dense)
      canvas.height = Math.round(height * dense)
    }
    this.painter.resize(this.canvas.width, this.canvas.height)
    this.draw()
  }

  // Pixels a unit of the map, and where its (0, 0) is in the window.
  get view() {
    const { x, y, zoom } = this.state
    const margin = this.points.count <= FEW ? 50 : 20 // pictures are larger than points
    const [halfWidth, halfHeight] = [this.width / 2 - margin, this.height / 2 - margin]
    const scale = zoom * Math.min(halfWidth / this.points.wide, halfHeight / this.points.high)
    return { scale, left: this.width / 2 - x * scale, top: this.height / 2 + y * scale }
  }

  // Draw soon what the time allows, and all of it when nothing has moved for a while.
  move() {
    clearTimeout(this.resting)
    this.resting = setTimeout(() => this.draw(), REST)
    this.frame ||= requestAnimationFrame(() => this.draw(FRAME))
  }

  // More is known of pictures: draw them some at a time.
  arrived() {
    this.introduce()
    this.resting ||= setTimeout(() => this.draw(), REST)
  }

  draw(time = Infinity) {
    cancelAnimationFrame(this.frame)
    this.frame = 0
    if (time === Infinity) this.resting = clearTimeout(this.resting)
    if (!this.codes || !this.width) return
    const began = performance.now()
    const { points, painter } = this
    const limit = Math.min(points.count, Math.ceil(time / this.pace))
    const context = this.canvas.getContext("2d", { alpha: false })
    painter.clear(pixel(channels(this.ground)))
    const drawn = this.paint(limit)
    this.pace = (performance.now() - began) / (limit || 1)
    painter.show(context)
    this.few = limit === points.count && drawn.drawn <= FEW ? drawn.seen : null
    if (this.few) this.drawPictures(context)
    this.mark()
    if (time < Infinity) return
    this.inView = drawn.count
    this.say()
    performance.measure("map drawn", { start: began })
  }

  // Discs: large where points are few, see-through where they crowd. Those the legend leaves out are faint and below.
  paint(limit) {
    const { points, codes, painter, dense } = this
    const { scale, left, top } = this.view
    const { zoom } = this.state
    const apart = Math.sqrt((this.width * this.height) / (points.count || 1))
    this.radius = Math.min(7, Math.min(5, Math.max(0.7, 0.3 * apart)) * Math.sqrt(zoom))
    const crowd = (Math.PI * this.radius ** 2) / (apart * zoom) ** 2
    const how = { radius: this.radius * dense, alpha: Math.max(0.35, 0.92 / (1 + 0.3 * crowd)), limit, most: FEW }
    const at = { scale: scale * dense, left: left * dense, top: top * dense }
    const { lit } = this.legend
    const none = { count: 0, drawn: 0 }
    const faint = { ...how, table: this.faint, wanted: lit.map((one) => 1 - one) }
    const below = lit.includes(0) ? painter.draw(points, codes, at, faint) : none
    const { count, drawn, seen } = painter.draw(points, codes, at, { ...how, table: this.table, wanted: lit })
    return { count: count + below.count, drawn: drawn + below.drawn, seen }
  }

  drawPictures(context) {
    const { points, codes, dense, few } = this
    const { scale, left, top } = this.view
    const places = Array.from(few, (i) => points.places[i])
    const side = Math.min(84, Math.max(26, 0.55 * Math.sqrt((this.width * this.height) / (few.length || 1))))
    this.radius = side / 2
    context.save()
    context.scale(dense, dense)
    few.forEach((i, k) => {
      const image = this.pictures.image(places[k])
      if (!image) return
      const shrink = side / Math.max(image.naturalWidth, image.naturalHeight)
      const [wide, high] = [image.naturalWidth * shrink, image.naturalHeight * shrink]
      const [x, y] = [left + points.x[i] * scale - wide / 2, top - points.y[i] * scale - high / 2]
      context.fillStyle = css(this.legend.hues[codes[i]])
      context.fillRect(x - 2.5, y - 2.5, wide + 5, high + 5)
      context.drawImage(image, x, y, wide, high)
    })
    context.restore()
    this.pictures.ask(places)
  }

  // What lies over the points: the lasso and a veil on what it leaves out, the open picture, the one pointed at.
  mark() {
    const { scale, left, top } = this.view
    const context = this.over.getContext("2d")
    context.setTransform(this.dense, 0, 0, this.dense, 0, 0)
    context.clearRect(0, 0, this.width, this.height)
    const polygon = this.drawing ?? this.header.lasso
    if (polygon) {
      const path = new Path2D()
      for (const [x, y] of polygon) path.lineTo(left + x * scale, top - y * scale)
      path.closePath()
      const outside = new Path2D(path)
      outside.rect(0, 0, this.width, this.height)
      context.fillStyle = this.ground + "a0"
      if (!this.drawing) context.fill(outside, "evenodd")
      context.strokeStyle = this.ink
      context.lineWidth = 2
      context.setLineDash([6, 4])
      context.stroke(path)
      context.setLineDash([])
    }
    for (const [i, colour, width] of [[this.chosen, this.accent, 5], [this.hovered, this.ink, 2]]) {
      if (i < 0) continue
      context.beginPath()
      context.arc(left + this.points.x[i] * scale, top - this.points.y[i] * scale, this.radius + 5, 0, 7)
      context.strokeStyle = colour
      context.lineWidth = width
      context.stroke()
    }
  }

  say() {
    const { count, selected, lasso } = this.header
    const told = (number, what) => `${number.toLocaleString("en")} ${what}`
    const missing = this.points.given - this.points.count
    this.find(".says").textContent = [
      told(count, count === 1 ? "picture" : "pictures"),
      ...(missing ? [told(missing, "without a place on the map")] : []),
      told(this.inView, "in view"),
      ...(lasso ? [selected === null ? "selecting" : told(selected, "selected")] : []),
    ].join(" · ")
    this.find('[data-does="clear"]').hidden = !lasso
  }

  // --- The pointer ---

  // A place in the window as one on the map.
  onMap(px, py) {
    const { scale, left, top } = this.view
    return { px, py, x: (px - left) / scale, y: (top - py) / scale }
  }

  whereIs(event) {
    const box = this.canvas.getBoundingClientRect()
    return this.onMap(event.clientX - box.left, event.clientY - box.top)
  }

  pressed(event) {
    if (event.button) return
    this.canvas.setPointerCapture(event.pointerId)
    const lasso = this.lassoes || event.shiftKey
    this.press = { from: this.whereIs(event), x: this.state.x, y: this.state.y, isClick: true, lasso }
    this.hover(-1)
  }

  moved(event) {
    const here = this.whereIs(event)
    const { press } = this
    if (!press) return this.hover(this.under(here), here)
    const [dx, dy] = [here.px - press.from.px, here.py - press.from.py]
    if (Math.hypot(dx, dy) > 4) press.isClick = false
    if (press.isClick) return
    if (!press.lasso) return this.look(press.x - dx / this.view.scale, press.y + dy / this.view.scale)
    this.drawing ??= [[press.from.x, press.from.y]]
    for (const one of [...event.getCoalescedEvents(), event]) this.trace(this.whereIs(one))
    this.mark()
  }

  trace({ x, y }) {
    const [lastX, lastY] = this.drawing.at(-1)
    if (Math.hypot(x - lastX, y - lastY) * this.view.scale >= 2) this.drawing.push([x, y])
  }

  released(event) {
    const { press, drawing } = this
    this.let()
    if (press?.isClick) this.open(this.under(this.whereIs(event)))
    else if (drawing?.length > 2) this.select(drawing)
  }

  let() {
    this.press = this.drawing = null
    this.mark()
  }

  wheeled(event) {
    if (event.deltaY > 0 && this.state.zoom === 1) return // the whole map is in view: the page is scrolled
    event.preventDefault()
    const pixels = event.deltaY * (event.deltaMode ? 16 : 1)
    this.hover(-1)
    this.zoomBy(Math.exp(-0.0018 * pixels), this.whereIs(event))
  }

  // Which point is under a place; -1 for none.
  under({ x, y }) {
    return this.points.nearest(x, y, Math.max(8, this.radius + 3) / this.view.scale)
  }

  hover(i, { px = 0, py = 0 } = {}) {
    this.canvas.style.cursor = this.lassoes ? "crosshair" : i < 0 ? "" : "pointer"
    if (i >= 0) this.card.place(px, py, this.width, this.height)
    if (i === this.hovered) return
    this.hovered = i
    this.mark()
    this.introduce()
    clearTimeout(this.wondering)
    if (i >= 0) this.wondering = setTimeout(() => this.pictures.ask([this.points.places[i]]), 40) // not in passing
  }

  // Fill the card with what is known of the picture pointed at.
  introduce() {
    const cell = this.hovered < 0 ? null : this.pictures.cells.get(this.points.places[this.hovered])
    if (!cell) return this.card.hide()
    const value = this.legend.value(this.codes[this.hovered])
    this.card.fill(cell, this.header.root + cell.url, `${this.header.about}: ${value}`)
  }

  // --- Moving and choosing ---

  typed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const { x, y } = this.state
    const step = 60 / this.view.scale
    const keys = {
      ArrowLeft: () => this.look(x - step, y),
      ArrowRight: () => this.look(x + step, y),
      ArrowUp: () => this.look(x, y + step),
      ArrowDown: () => this.look(x, y - step),
      "+": () => this.closer(),
      "=": () => this.closer(),
      "-": () => this.farther(),
      0: () => this.whole(),
      Enter: () => this.take(),
      Escape: this.drawing || this.header.lasso ? () => this.clear() : null,
    }
    if (!keys[event.key]) return
    event.preventDefault()
    event.stopPropagation()
    keys[event.key]()
  }

  look(x, y, zoom = this.state.zoom) {
    const { wide, high } = this.points
    this.state.x = Math.min(wide, Math.max(-wide, x))
    this.state.y = Math.min(high, Math.max(-high, y))
    this.state.zoom = zoom
    this.move()
  }

  // What is at `here` stays where it is.
  zoomBy(factor, here = this.onMap(this.width / 2, this.height / 2)) {
    const zoom = Math.min(NEAREST, Math.max(1, this.state.zoom * factor))
    const part = this.state.zoom / zoom
    this.look(here.x + (this.state.x - here.x) * part, here.y + (this.state.y - here.y) * part, zoom)
  }

  closer() {
    this.zoomBy(1.5)
  }

  farther() {
    this.zoomBy(1 / 1.5)
  }

  whole() {
    this.look(0, 0, 1)
  }

  lasso() {
    this.lassoes = !this.lassoes
    this.find('[data-does="lasso"]').ariaPressed = String(this.lassoes)
    this.hover(-1)
  }

  clear() {
    this.let()
    this.select(null)
  }

  // What is in view becomes the selection: the way without a pointer.
  take() {
    const { x: left, y: top } = this.onMap(0, 0)
    const { x: right, y: bottom } = this.onMap(this.width, this.height)
    this.select([[left, bottom], [right, bottom], [right, top], [left, top]])
  }

  select(polygon) {
    let sent = polygon
    while (sent?.length > CORNERS) sent = sent.filter((_, i) => i % 2 === 0)
    Object.assign(this.header, { lasso: sent, selected: null })
    this.mark()
    this.say()
    this.component.setStateValue("lasso", sent && { token: this.header.token, polygon: sent })
  }

  open(i) {
    if (i < 0) return
    holding = this.header.key
    this.component.setTriggerValue("opened", { token: this.header.token, place: this.points.places[i] })
  }
}
