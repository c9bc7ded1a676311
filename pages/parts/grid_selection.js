// Which positions of a grid are selected, and what is sent of it: ranges, as one press may select 100,000.

class Selection {
  constructor(count, start) {
    this.marks = new Uint8Array(count)
    this.turn = 0 // counts changes: the later of two selections is in force
    this.isUnsent = false
    this.anchor(start)
  }

  // Where the next range begins.
  anchor(at) {
    this.from = at
    this.before = null // what was selected before that range
  }

  toggle(at) {
    this.change(() => (this.marks[at] ^= 1))
    this.anchor(at)
  }

  // From the anchor to here, and what was selected before; the next range begins at the same anchor.
  extend(to) {
    const before = this.before ?? this.marks.slice()
    this.change(() => {
      this.marks.set(before)
      this.marks.fill(1, Math.min(this.from, to), Math.max(this.from, to) + 1)
    })
    this.before = before
  }

  fill(mark) {
    this.change(() => this.marks.fill(mark))
  }

  change(make) {
    make()
    this.before = null
    this.turn += 1
    this.isUnsent = true
  }

  // What Python says was selected last, null where it knows of none. `isNew`: this grid has just been made.
  meet(said, isNew) {
    if (said?.turn > this.turn) {
      this.marks.fill(0)
      for (const [first, last] of said.ranges) this.marks.fill(1, first, last + 1)
      this.turn = said.turn
    } else if (isNew && (said?.turn ?? 0) < this.turn) this.isUnsent = true // Streamlit forgets what was not drawn
  }

  get isEmpty() {
    return !this.marks.includes(1)
  }

  get count() {
    return this.ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0)
  }

  // [first, last] of each run.
  get ranges() {
    const { marks } = this
    const ranges = []
    for (let first = marks.indexOf(1); first >= 0; ) {
      const end = marks.indexOf(0, first)
      ranges.push([first, (end < 0 ? marks.length : end) - 1])
      first = end < 0 ? -1 : marks.indexOf(1, end)
    }
    return ranges
  }
}

