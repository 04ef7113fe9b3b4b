/** What the suite looks at byte for byte: a red point, and silence of no length. */
export const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=='
export const WAV = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA='

export const text = (value: string): { type: 'text'; text: string } => ({ type: 'text', text: value })
export const image = { type: 'image', data: PNG, mimeType: 'image/png' } as const

type Embedded = { type: 'resource'; resource: { uri: string; mimeType: string; text: string } }

export const embedded = (uri: string, mimeType: string, value: string): Embedded => ({
  type: 'resource',
  resource: { uri, mimeType, text: value },
})
