// Draws points as discs into a picture's pixels, without WebGL: that needs a graphics card where there are many.
// A pixel is one number of four bytes, alpha first; red with blue and green are blended as two pairs of bytes.
const EDGE = 16 // pixels around what is seen, so that discs on the border need no clipping

class Painter {
  resize(width, height) {
    this.width = width + 2 * EDGE
    this.image = new ImageData(this.width, height + 2 * EDGE)
    this.pixels = new Int32Array(this.image.data.buffer) // signed: unsigned ones would be counted with as floats
  }

  // Begin with an empty picture of one colour.
  clear(colour) {
    this.pixels.fill(colour)
  }

  // Discs of `radius` pixels at the points that `wanted` takes, by code. How many of these are in view, and which were
  // drawn, also at the border: at most `most` of them.
  draw(points, codes, { scale, left, top }, { radius, alpha, table, wanted, limit, most }) {
    const { pixels, width } = this
    const { x, y } = points
    const { offsets, alphas, reach } = stamp(radius, alpha, width)
    const [right, bottom] = [width - reach, this.image.height - reach]
    const seen = new Uint32Array(most)
    const [endX, endY] = [width - EDGE, this.image.height - EDGE]
    let count = 0
    let drawn = 0
    for (let i = 0; i < limit; i++) {
      const px = (x[i] * scale + left + EDGE) | 0
      const py = (top - y[i] * scale + EDGE) | 0
      if (px < reach || py < reach || px >= right || py >= bottom || !wanted[codes[i]]) continue
      if (drawn < most) seen[drawn] = i
      drawn++
      if (px >= EDGE && py >= EDGE && px < endX && py < endY) count++
      const colour = table[codes[i]]
      const redBlue = colour & 0xff00ff
      const green = (colour >>> 8) & 0xff
      const at = py * width + px
      for (let k = 0; k < offsets.length; k++) {
        const under = pixels[at + offsets[k]]
        const a = alphas[k]
        const rb = under & 0xff00ff
        const g = (under >>> 8) & 0xff
        const mixed = (rb + (Math.imul(redBlue - rb, a) >> 8)) & 0xff00ff
        pixels[at + offsets[k]] = 0xff000000 | mixed | (((g + (((green - g) * a) >> 8)) & 0xff) << 8)
      }
    }
    return { count, drawn, seen: seen.subarray(0, drawn) }
  }

  show(context) {
    context.putImageData(this.image, -EDGE, -EDGE)
  }
}

// A disc as places around its centre and how much of each pixel it covers, of 256.
function stamp(radius, alpha, width) {
  const reach = radius <= 0.75 ? 0 : Math.ceil(radius - 0.5)
  const [offsets, alphas] = [[], []]
  for (let dy = -reach; dy <= reach; dy++) {
    for (let dx = -reach; dx <= reach; dx++) {
      const covered = Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(dx, dy)))
      if (covered === 0) continue
      offsets.push(dy * width + dx)
      alphas.push(Math.round(256 * covered * alpha))
    }
  }
  return { offsets: Int32Array.from(offsets), alphas: Int32Array.from(alphas), reach }
}

