// The points of a map in an order drawn at random: the first ones are a fair sample, and no label covers another.
// Typed arrays only: a million objects would take a gigabyte and seconds.
class Points {
  constructor(flat) {
    const given = flat.length / 2
    const places = new Uint32Array(given)
    let count = 0
    for (let i = 0; i < given; i++) if (flat[2 * i] === flat[2 * i]) places[count++] = i // NaN has no place on the map
    let seed = 1
    for (let i = count - 1; i > 0; i--) {
      seed = (Math.imul(seed, 1664525) + 1013904223) | 0
      const j = Math.floor(((seed >>> 0) / 2 ** 32) * (i + 1))
      const other = places[j]
      places[j] = places[i]
      places[i] = other
    }
    this.given = given
    this.count = count
    this.places = places.subarray(0, count) // in the gallery
    this.x = new Float32Array(count)
    this.y = new Float32Array(count)
    this.wide = this.high = 0.02 // half of the picture's sides
    for (let i = 0; i < count; i++) {
      this.x[i] = flat[2 * places[i]]
      this.y[i] = flat[2 * places[i] + 1]
      this.wide = Math.max(this.wide, Math.abs(this.x[i]))
      this.high = Math.max(this.high, Math.abs(this.y[i]))
    }
    this.sort()
  }

  // What is said of places in the gallery, a byte each, in the order of the points.
  ordered(bytes) {
    const own = new Uint8Array(this.count)
    for (let i = 0; i < this.count; i++) own[i] = bytes[this.places[i]]
    return own
  }

  // Into square cells, for `nearest`.
  sort() {
    const side = (this.side = Math.min(512, Math.ceil(Math.sqrt(this.count / 2)) || 1))
    const cells = new Uint32Array(this.count)
    const starts = (this.starts = new Uint32Array(side * side + 1))
    for (let i = 0; i < this.count; i++) {
      cells[i] = this.cell(this.y[i]) * side + this.cell(this.x[i])
      starts[cells[i] + 1]++
    }
    for (let i = 0; i < side * side; i++) starts[i + 1] += starts[i]
    const next = starts.slice()
    this.sorted = new Uint32Array(this.count)
    for (let i = 0; i < this.count; i++) this.sorted[next[cells[i]]++] = i
  }

  cell(at) {
    return Math.min(this.side - 1, Math.max(0, Math.floor(((at + 1) / 2) * this.side)))
  }

  // Which point is nearest to a place on the map and within reach of it; -1 if none is.
  nearest(x, y, reach) {
    let [best, least] = [-1, reach * reach]
    for (let row = this.cell(y - reach); row <= this.cell(y + reach); row++) {
      const first = this.starts[row * this.side + this.cell(x - reach)]
      const last = this.starts[row * this.side + this.cell(x + reach) + 1]
      for (let k = first; k < last; k++) {
        const i = this.sorted[k]
        const away = (this.x[i] - x) ** 2 + (this.y[i] - y) ** 2
        if (away < least) [best, least] = [i, away]
      }
    }
    return best
  }

  static at(address) {
    if (!loads.has(address)) {
      const load = fetch(address).then(async (answer) => {
        if (!answer.ok) throw new Error(`The map's points: ${answer.status}`)
        return new Points(new Float32Array(await answer.arrayBuffer()))
      })
      load.catch(() => loads.delete(address))
      loads.set(address, load)
      if (loads.size > 2) loads.delete(loads.keys().next().value)
    }
    return loads.get(address)
  }
}

const loads = new Map() // points loaded last, by address: a map that is drawn anew in a column needs them again

