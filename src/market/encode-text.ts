const ENCODER: { encode(text: string): Uint8Array } = new TextEncoder()

/** UTF-8 of a text by the platform: natively, and the same bytes as `core/text/encode-utf8.ts`. */
export function encodeText(text: string): Uint8Array {
  return ENCODER.encode(text)
}
