// Pictures and what they became, one over the other: a slider on each moves the edge between the two, one above all of
// them. Texts go in as text, never as markup. What is shown already stays as it is when more pictures come.

const walls = new WeakMap()

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".pairs")
  if (!walls.has(root)) walls.set(root, new Wall(root))
  walls.get(root).show(data)
}

class Wall {
  constructor(root) {
    this.wall = root.querySelector(".wall")
    this.all = root.querySelector(".all")
    this.figures = new Map() // by the address of what a picture became
    this.all.querySelector("input").oninput = (event) => {
      for (const figure of this.figures.values()) move(figure, event.target.value)
    }
  }

  show({ pairs, side, words }) {
    this.wall.style.setProperty("--side", `${side}px`)
    this.all.querySelector("span").textContent = words
    this.all.hidden = pairs.length < 2
    const before = this.figures
    this.figures = new Map(pairs.map((pair) => [pair.after, before.get(pair.after) ?? drawn(pair)]))
    this.wall.replaceChildren(...this.figures.values())
  }
}

function drawn({ before, after, ratio, name, left, right, lines }) {
  const was = made("div", "was", picture(before, name), written("span", "", left))
  const is = made("div", "is", picture(after, `${name}, ${right}`), written("span", "", right))
  const frame = made("div", "frame", was, is)
  frame.style.aspectRatio = ratio
  const slider = made("input", "")
  Object.assign(slider, { type: "range", min: 0, max: 100, step: 1, ariaLabel: `${name}: ${left} to ${right}` })
  frame.append(slider)
  const words = [name, ...lines].map((line) => written("div", "", line))
  const figure = made("figure", "", frame, made("figcaption", "", ...words))
  figure.name = { left, right }
  slider.oninput = () => move(figure, slider.value)
  move(figure, 50)
  return figure
}

// So many hundredths of the picture, from the left, are as it was.
function move(figure, at) {
  const slider = figure.querySelector("input")
  const { left, right } = figure.name
  slider.value = at
  slider.ariaValueText = `${at} % ${left}, ${100 - at} % ${right}`
  figure.querySelector(".frame").style.setProperty("--at", `${at}%`)
}

function picture(url, alt) {
  return Object.assign(made("img", ""), { src: url, alt, draggable: false, loading: "lazy" })
}

function written(tag, kind, text) {
  return Object.assign(made(tag, kind), { textContent: text, title: text })
}

function made(tag, kind, ...inside) {
  const element = Object.assign(document.createElement(tag), { className: kind })
  element.append(...inside)
  return element
}
