// Where each picture of a grid lies: numbers only. Pixels are from the top of the whole list; positions count in the
// order shown. A line is a section's title (row -1) or one of its rows of pictures.

const GAP = 6
const TITLE = 38 // height of a section's title

class Plan {
  // `groups`: [title, count] of each section, null where there are none. `across`: 0 for as many as fit.
  constructor({ count, groups, size, across }, width) {
    this.across = across || Math.max(2, Math.floor((width + GAP) / (size + GAP)))
    this.side = Math.floor((width - GAP * (this.across - 1)) / this.across)
    this.step = this.side + GAP
    this.sections = []
    let [first, top, line] = [0, 0, 1]
    for (const [title, n] of groups ?? [["", count]]) {
      const [head, rows] = [groups ? TITLE : 0, Math.ceil(n / this.across)]
      this.sections.push({ title, count: n, first, end: first + n, top, head, rows, line })
      first += n
      top += head + rows * this.step
      line += (head ? 1 : 0) + rows
    }
    this.height = Math.max(0, top - GAP)
    this.count = line - 1 // of lines
  }

  line(s, row) {
    const { first, end, top, head, line } = this.sections[s]
    const from = first + Math.max(0, row) * this.across
    return {
      id: `${s} ${row}`,
      s,
      row,
      top: row < 0 ? top : top + head + row * this.step,
      first: from, // positions, the last one not included
      end: Math.min(end, from + this.across),
      index: line + row + (head ? 1 : 0), // of the line among all, from 1
    }
  }

  lineOf(at) {
    const s = last(this.sections, (section) => section.first <= at)
    return this.line(s, Math.floor((at - this.sections[s].first) / this.across))
  }

  linesBetween(from, to) {
    const lines = []
    for (let s = last(this.sections, (section) => section.top <= from); s < this.sections.length; s++) {
      const { top, head, rows } = this.sections[s]
      if (top >= to) break
      if (head && top + head > from) lines.push(this.line(s, -1))
      const low = Math.max(0, Math.floor((from - top - head) / this.step))
      const high = Math.min(rows, Math.ceil((to - top - head) / this.step))
      for (let row = low; row < high; row++) lines.push(this.line(s, row))
    }
    return lines
  }

  // The position in the same column some rows on; a section's last row is followed by the next one's first.
  vertically(at, steps) {
    let { s, row, first } = this.lineOf(at)
    const by = Math.sign(steps)
    for (let i = 0; i < Math.abs(steps); i++) {
      let [toS, toRow] = [s, row + by]
      while (this.sections[toS] && (toRow < 0 || toRow >= this.sections[toS].rows)) {
        toS += by
        toRow = by > 0 ? 0 : this.sections[toS]?.rows - 1
      }
      if (!this.sections[toS]) break
      ;[s, row] = [toS, toRow]
    }
    return Math.min(this.sections[s].end - 1, this.line(s, row).first + at - first)
  }
}

// The last of a sorted list's items that `is` true of, as it is of all before; 0 where there is none.
function last(items, is) {
  let [low, high] = [0, items.length - 1]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (is(items[middle])) low = middle
    else high = middle - 1
  }
  return low
}

function span(first, last) {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i)
}

