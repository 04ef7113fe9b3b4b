import { cornersOf, MARKER_RADIUS, type Drawing, type Shape, type ShapeRole } from './drawing.ts'

/** Colours that stay apart for colour-blind readers (after Okabe and Ito, 2008), one row for light ground and one for dark. */
export const SERIES_COLOURS: readonly { readonly light: string; readonly dark: string }[] = [
  { light: '#0067a5', dark: '#56b4e9' },
  { light: '#c44e00', dark: '#ff8f3f' },
  { light: '#007a5a', dark: '#2fd6a5' },
  { light: '#b0417f', dark: '#e79bc4' },
  { light: '#8a6d00', dark: '#f0d442' },
  { light: '#555555', dark: '#bbbbbb' },
]

export const PLAIN_COLOURS = {
  ground: { light: '#ffffff', dark: '#16181d' },
  ink: { light: '#1b1d22', dark: '#e8e8ea' },
  faint: { light: '#5c6069', dark: '#a6abb5' },
  grid: { light: '#e3e5e9', dark: '#343841' },
} as const

const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', Arial, sans-serif"
/** How much of the ground a band covers. */
export const BAND_OPACITY = 0.18

/**
 * A drawing as an SVG document. Colours for light ground are attributes, which every reader of SVG understands; the style sheet only
 * overrules them where dark ground is preferred.
 */
export function formatSvg({ width, height, title, shapes }: Drawing): string {
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="${FONT}">`,
    `<title>${escapeXml(title)}</title>`,
    `<style>@media (prefers-color-scheme: dark) {${darkRules()}}</style>`,
    `<rect class="ground" width="${width}" height="${height}" fill="${PLAIN_COLOURS.ground.light}"/>`,
    ...shapes.map(formatShape),
    '</svg>',
  ]
  return `${lines.join('\n')}\n`
}

/** Classes: `f-` paints the inside, `s-` the stroke. */
function darkRules(): string {
  const both = (name: string, colour: string): string => `.f-${name}{fill:${colour}}.s-${name}{stroke:${colour}}`
  return [
    `.ground{fill:${PLAIN_COLOURS.ground.dark}}`,
    both('ink', PLAIN_COLOURS.ink.dark),
    both('faint', PLAIN_COLOURS.faint.dark),
    both('grid', PLAIN_COLOURS.grid.dark),
    ...SERIES_COLOURS.map(({ dark }, place) => both(`${place}`, dark)),
  ].join('')
}

function formatShape(shape: Shape): string {
  const { name, colour } = paintOf(shape.role)
  switch (shape.kind) {
    case 'line': {
      const dash = shape.dash.length === 0 ? '' : ` stroke-dasharray="${shape.dash.join(' ')}"`
      return `<polyline class="s-${name}" points="${pointsOf(shape.points)}" fill="none" stroke="${colour}" stroke-width="${shape.width}" stroke-linejoin="round"${dash}/>`
    }
    case 'area':
      return `<polygon class="f-${name}" points="${pointsOf(shape.points)}" fill="${colour}" fill-opacity="${BAND_OPACITY}"/>`
    case 'marker':
      return shape.form === 'circle'
        ? `<circle class="f-${name}" cx="${unit(shape.x)}" cy="${unit(shape.y)}" r="${MARKER_RADIUS}" fill="${colour}"/>`
        : `<polygon class="f-${name}" points="${pointsOf(cornersOf(shape.form, shape.x, shape.y))}" fill="${colour}"/>`
    case 'text': {
      const [x, y] = [unit(shape.x), unit(shape.y)]
      const turn = shape.isUpright === true ? ` transform="rotate(-90 ${x} ${y})"` : ''
      const weight = shape.isBold === true ? ' font-weight="600"' : ''
      return `<text class="f-${name}" x="${x}" y="${y}" font-size="${shape.size}" text-anchor="${shape.anchor}" fill="${colour}"${weight}${turn}>${escapeXml(shape.text)}</text>`
    }
  }
}

function paintOf(role: ShapeRole): { readonly name: string; readonly colour: string } {
  if (typeof role !== 'number') return { name: role, colour: PLAIN_COLOURS[role].light }
  const place = role % SERIES_COLOURS.length
  return { name: `${place}`, colour: SERIES_COLOURS[place]?.light ?? PLAIN_COLOURS.ink.light }
}

function pointsOf(points: readonly (readonly [number, number])[]): string {
  return points.map(([x, y]) => `${unit(x)},${unit(y)}`).join(' ')
}

/** Hundredths of a unit are finer than any screen. */
function unit(value: number): string {
  return `${Math.round(value * 100) / 100}`
}

/** Text of names and labels, which may come from data: nothing of it is markup. Characters that XML 1.0 forbids become a replacement character. */
function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '\u{FFFD}')
}
