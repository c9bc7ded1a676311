// What is known of the pictures of one grid: { name, url, alt, label } by place in the gallery; asks for what is missing.

const PAUSE = 60 // milliseconds between two requests, so that a dragged scrollbar does not ask for all it passes
const MOST = 1000 // cells a request
const KEEP = 5000 // cells

class Cells {
  constructor(url) {
    this.url = url // empty where all are given
    this.known = new Map()
    this.asking = null
    this.next = this.failures = 0
  }

  // `wanted`: places in view and about it. `around`: others worth knowing soon, as slow scrolling then asks seldom and
  // in time. `then` is called whenever it is time to draw, or to ask again.
  load(wanted, around, then) {
    const missing = wanted.filter((place) => !this.known.has(place))
    if (!this.url || !missing.length) return
    if (this.asking && missing.some((place) => this.asking.places.has(place))) return
    this.stop() // for what was passed over
    const wait = this.next - performance.now()
    if (wait > 0) {
      this.waiting = setTimeout(then, wait)
      return
    }
    this.next = performance.now() + PAUSE
    const more = around.filter((place) => !this.known.has(place))
    this.ask([...new Set([...missing, ...more])].slice(0, MOST), new Set(wanted), then)
  }

  async ask(places, wanted, then) {
    const { signal } = (this.asking = Object.assign(new AbortController(), { places: new Set(places) }))
    try {
      const said = await fetch(this.url, { method: "POST", body: JSON.stringify(places), signal })
      if (!said.ok) throw new Error(await said.text())
      const found = await said.json()
      places.forEach((place, i) => this.known.set(place, found[i]))
      this.failures = 0
    } catch {
      if (signal.aborted) return
      this.next = performance.now() + Math.min(60_000, 1000 * 2 ** this.failures++)
    }
    this.asking = null
    if (this.known.size > KEEP) this.forget(wanted)
    then()
  }

  // Those known longest go, but for what is wanted.
  forget(wanted) {
    for (const place of this.known.keys()) {
      if (this.known.size > KEEP / 2 && !wanted.has(place)) this.known.delete(place)
    }
  }

  stop() {
    clearTimeout(this.waiting)
    this.asking?.abort()
    this.asking = null
  }
}

