/**
 * Letters as pen strokes, so that a picture needs no font of the machine that draws it. Each glyph is `WIDTH STROKE...`; a point is two
 * hexadecimal digits, x then y, with capitals from y = 0 to the baseline at y = c, small letters from 4, descenders to f. `~` before a
 * stroke rounds its corners, `o` also closes it.
 */
const GLYPHS: Readonly<Record<string, string>> = {
  ' ': '5',
  '!': '3 1018 1b1c',
  '"': '5 0003 3033',
  '#': '9 301c 705c 0494 0888',
  $: '9 ~8260200204266688 ~888a6c2c0a 404c',
  '%': 'b o1030414334140301 a01c o7898a9ab9c7c6b69',
  '&': '9 ~9c2421305061641709 ~17090b2c5c98',
  "'": '3 1013',
  '(': '4 ~3013193c',
  ')': '4 ~1033391c',
  '*': '6 3137 0256 5216',
  '+': '9 434b 0787',
  ',': '3 2b2c1e',
  '-': '6 0757',
  '.': '3 1b1c',
  '/': '6 500c',
  '0': '9 o2060828a6c2c0a02',
  '1': '9 13404c',
  '2': '9 ~0320608285580c 0c8c',
  '3': '9 ~0220608284663636 ~3666888a6c2c0a',
  '4': '9 6c600888',
  '5': '9 801006 ~063464868a6c2c0a',
  '6': '9 ~725030030a2c6c8a87652507',
  '7': '9 00803c',
  '8': '9 o2060717466261411 o2666888a6c2c0a08',
  '9': '9 ~1a3c5c898260200205276785',
  ':': '3 1516 1b1c',
  ';': '3 1516 2b2c1e',
  '<': '9 73077b',
  '=': '9 0585 0989',
  '>': '9 03770b',
  '?': '8 ~0210507274463839 3b3c',
  '@': 'd o3090c3c99c3c0903 o5484959889594845',
  A: 'b 0c50ac 2888',
  B: '9 0c00 0050 ~50717456 5606 ~56787a5c 5c0c',
  C: '9 ~82603003093c6c8a',
  D: '9 000c 0040 ~4083894c 4c0c',
  E: '8 70000c7c 0656',
  F: '8 70000c 0656',
  G: '9 ~82603003093c6c8a87 8757',
  H: '9 000c 808c 0686',
  I: '3 101c',
  J: '6 ~50593c1c0a',
  K: '9 000c 8007 348c',
  L: '8 000c7c',
  M: 'b 0c0058a0ac',
  N: '9 0c008c80',
  O: 'a o306093996c3c0903',
  P: '9 0c00 0050 ~50818557 5707',
  Q: 'a o306093996c3c0903 699d',
  R: '9 0c00 0050 ~50818557 5707 478c',
  S: '9 ~82602002042666888a6c2c0a',
  T: '9 0080 404c',
  U: '9 ~00092c6c8980',
  V: '9 004c80',
  W: 'd 003c629cc0',
  X: '9 008c 800c',
  Y: '9 004680 464c',
  Z: '9 00800c8c',
  '[': '4 30101c3c',
  '\\': '6 005c',
  ']': '4 10303c1c',
  '^': '9 044084',
  _: '9 0e8e',
  '`': '4 1032',
  a: '8 o2444666a4c2c0a06 646c',
  b: '8 000c o2444666a4c2c0a06',
  c: '7 ~654424060a2c4c6b',
  d: '8 606c o2444666a4c2c0a06',
  e: '7 0868 ~68664424060a2c4c6b',
  f: '5 ~50302224 242c 0444',
  g: '8 o2444666a4c2c0a06 ~646d4f2f0e',
  h: '8 000c ~07244466 666c',
  i: '3 141c 1112',
  j: '4 ~242d1f0f 2122',
  k: '7 000c 6409 276c',
  l: '3 101c',
  m: 'a 040c ~06143446 464c ~46647486 868c',
  n: '8 040c ~07244466 666c',
  o: '7 o2444666a4c2c0a06',
  p: '8 040f o2444666a4c2c0a06',
  q: '8 646f o2444666a4c2c0a06',
  r: '5 040c ~072444',
  s: '7 ~55341405071848595b4c1c0b',
  t: '5 212a ~2a3c4c 0444',
  u: '8 0409 ~092c4c69 646c',
  v: '7 043c64',
  w: 'b 042c558ca4',
  x: '7 046c 640c',
  y: '7 043c 641f',
  z: '7 04640c6c',
  '{': '5 ~40222517292c4c',
  '|': '3 101e',
  '}': '5 ~10333547393b1c',
  '~': '9 ~08264886',
  '…': '9 0b0c 3b3c 6b6c',
  '–': '9 0787',
  '—': 'd 07c7',
}

/** A character that has no glyph here. */
const UNKNOWN = '9 10707c1c10'

/** Units of the grid per unit of size: capitals are 0.72 of the size high. */
const UNITS_PER_SIZE = 12 / 0.72
const BASELINE = 12
/** Free room between letters, in units. */
const GAP = 2

export type Stroke = readonly (readonly [x: number, y: number])[]

/** Strokes of a text whose first letter begins at 0 and whose baseline is y = 0, and how wide it is. */
export function strokeText(
  text: string,
  size: number,
): { readonly strokes: readonly Stroke[]; readonly width: number } {
  const scale = size / UNITS_PER_SIZE
  const strokes: Stroke[] = []
  let at = 0
  for (const letter of text) {
    const [width = '9', ...parts] = (GLYPHS[letter] ?? UNKNOWN).split(' ')
    for (const part of parts)
      strokes.push(strokeOf(part).map(([x, y]) => [(at + x) * scale, (y - BASELINE) * scale] as const))
    at += Number.parseInt(width, 16) + GAP
  }
  return { strokes, width: Math.max(0, at - GAP) * scale }
}

function strokeOf(part: string): Stroke {
  const isRound = part.startsWith('~') || part.startsWith('o')
  const points = (isRound ? part.slice(1) : part).match(/../g) ?? []
  const corners = points.map((point): readonly [number, number] => [
    Number.parseInt(point.charAt(0), 16),
    Number.parseInt(point.charAt(1), 16),
  ])
  if (!isRound) return corners
  return part.startsWith('o') ? roundClosed(corners) : roundOpen(roundOpen(corners))
}

/** Cuts every corner but the ends (Chaikin, 1974). */
function roundOpen(corners: Stroke): Stroke {
  const [first, last] = [corners[0], corners.at(-1)]
  if (first === undefined || last === undefined) return corners
  return [first, ...cutsOf(corners), last]
}

function roundClosed(corners: Stroke): Stroke {
  const [first] = corners
  if (first === undefined) return corners
  const once = cutsOf([...corners, first])
  const twice = cutsOf([...once, ...once.slice(0, 1)])
  return [...twice, ...twice.slice(0, 1)]
}

function cutsOf(corners: Stroke): Stroke {
  return corners.slice(1).flatMap(([x, y], at) => {
    const [fromX, fromY] = corners[at] ?? [x, y]
    return [
      [fromX + (x - fromX) / 4, fromY + (y - fromY) / 4],
      [fromX + ((x - fromX) * 3) / 4, fromY + ((y - fromY) * 3) / 4],
    ] as const
  })
}
