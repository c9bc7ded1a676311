// The colours of a map: a line a value, as text beside a swatch; a press shows the points of one line alone.

class Legend {
  // `changed` is called when a line is chosen, or none any more.
  constructor(box, changed) {
    this.box = box
    this.changed = changed
  }

  // A colour for each of 256 codes: 255 says nothing; the rest lie on a ramp, or are of the palette, and then `other`.
  dress({ ramp, palette, other, none }) {
    this.hues = Array.from({ length: 256 }, (_, code) => {
      if (code === 255) return channels(none)
      if (!ramp) return channels(palette[code] ?? other)
      const at = (code / 254) * (ramp.length - 1)
      const step = Math.min(Math.floor(at), ramp.length - 2)
      return mix(channels(ramp[step]), channels(ramp[step + 1]), at - step)
    })
  }

  show({ scale, entries, about, names }, state) {
    Object.assign(this, { scale, entries, about, names, state })
    const lines = entries.map((entry, i) => {
      const button = make("button", "")
      const swatch = make("i", "")
      swatch.style.background = css(this.hues[entry.first])
      button.append(swatch, make("span", entry.name), make("small", entry.count.toLocaleString("en")))
      button.type = "button"
      button.title = entry.name
      button.ariaPressed = String(i === state.lit)
      button.onclick = () => this.light(i)
      return button
    })
    this.box.ariaLabel = `Colours: ${about}`
    this.box.replaceChildren(make("h4", about), ...(scale ? this.ramp() : []), ...lines)
  }

  ramp() {
    const [bar, ends] = [make("div", ""), make("p", "")]
    const stops = this.hues.slice(0, 255).filter((_, code) => code % 8 === 0 || code === 254)
    bar.className = "ramp"
    bar.style.background = `linear-gradient(to right, ${stops.map(css)})`
    ends.append(make("span", this.scale[0]), make("span", this.scale[1]))
    return [bar, ends]
  }

  light(i) {
    this.state.lit = this.state.lit === i ? -1 : i
    this.box.querySelectorAll("button").forEach((one, k) => (one.ariaPressed = String(k === this.state.lit)))
    this.changed()
  }

  // For each code whether its points are to be seen, 1 or 0.
  get lit() {
    const entry = this.entries[this.state.lit]
    return Uint8Array.from({ length: 256 }, (_, code) => !entry || (code >= entry.first && code <= entry.last))
  }

  // What a code says of a picture.
  value(code) {
    if (code === 255) return "nothing said"
    if (!this.scale) return this.names[code] ?? "one of the others"
    const [low, high] = this.scale.slice(2)
    return `about ${Number((low + ((high - low) * code) / 254).toPrecision(3)).toLocaleString("en")}`
  }
}

// A colour as red, green and blue, from "#rrggbb"; as the number of its pixel; as CSS; and between two of them.
const channels = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16))
const pixel = ([red, green, blue]) => 0xff000000 | (blue << 16) | (green << 8) | red
const css = (colour) => `rgb(${colour.join()})`
const mix = (one, other, part) => one.map((value, i) => Math.round(value + (other[i] - value) * part))

function make(kind, text) {
  return Object.assign(document.createElement(kind), { textContent: text })
}

