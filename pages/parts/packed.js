// Bytes that pack() in packed.py made: { header, one typed array a name }.
function unpack(bytes) {
  const kinds = { uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, int32: Int32Array, float32: Float32Array }
  const own = bytes.slice() // in the message they begin anywhere, typed arrays only at multiples of their size
  const even = (length) => Math.ceil(length / 8) * 8
  const length = new DataView(own.buffer).getUint32(0, true)
  const said = JSON.parse(new TextDecoder().decode(own.subarray(8, 8 + length)))
  const found = { header: said.header }
  let at = 8 + even(length)
  for (const [name, kind, count] of said.arrays) {
    found[name] = new kinds[kind](own.buffer, at, count)
    at += even(found[name].byteLength)
  }
  return found
}

