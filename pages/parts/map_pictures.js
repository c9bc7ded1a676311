// What is shown of the pictures behind points: few of them in view as thumbnails, the one pointed at on a card.
const KEPT = 800 // pictures known, with their thumbnails

class Pictures {
  // `changed` is called when more can be drawn.
  constructor(changed) {
    this.changed = changed
    this.cells = new Map() // by place in the gallery
    this.asked = new Set()
  }

  from(root, address) {
    this.root = root
    this.address = address
  }

  // The thumbnail of the picture at a place, once it is there.
  image(place) {
    const cell = this.cells.get(place)
    if (!cell) return null
    cell.image ??= Object.assign(new Image(), { src: this.root + cell.url, onload: this.changed })
    return cell.image.complete && cell.image.naturalWidth ? cell.image : null
  }

  // Ask about those of some places that nothing is known of; those asked about longest ago are forgotten.
  async ask(places) {
    const wanted = places.filter((place) => !this.cells.has(place) && !this.asked.has(place))
    if (!wanted.length) return
    wanted.forEach((place) => this.asked.add(place))
    const answer = await fetch(this.address, { method: "POST", body: JSON.stringify(wanted) }).catch(() => null)
    const cells = answer?.ok ? await answer.json() : []
    cells.forEach((cell, k) => this.cells.set(wanted[k], cell))
    if (cells.length) wanted.forEach((place) => this.asked.delete(place)) // else it would be asked for ever
    for (const place of this.cells.keys()) if (this.cells.size > KEPT) this.cells.delete(place)
    if (cells.length) this.changed()
  }
}

// The card beside the pointer.
class Card {
  constructor(box) {
    this.box = box
    this.image = box.querySelector("img")
  }

  hide() {
    this.box.hidden = true
  }

  // Beside (x, y) in a window of that width and height.
  place(x, y, width, height) {
    const [wide, high] = [this.box.offsetWidth || 240, this.box.offsetHeight || 200]
    this.box.style.left = `${x + 20 + wide > width ? Math.max(4, x - 20 - wide) : x + 20}px`
    this.box.style.top = `${Math.max(4, Math.min(y - high / 2, height - high - 4))}px`
  }

  fill(cell, url, value) {
    if (this.image.src !== url) this.image.src = url
    this.box.querySelector("strong").textContent = cell.name
    this.box.querySelector("span").textContent = value
    this.box.hidden = false
  }
}

