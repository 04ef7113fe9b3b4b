/** What every platform has for UTF-8, and no library of types of core names. */
declare const TextEncoder: new () => { encode(text: string): Uint8Array<ArrayBuffer> }
declare const TextDecoder: new (
  label: 'utf-8',
  options: { readonly fatal: boolean; readonly ignoreBOM: boolean },
) => { decode(bytes: Uint8Array): string }

const ENCODER = new TextEncoder()
/** Refuses what is no UTF-8, and keeps a byte order mark as the character that it is. */
const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** UTF-8 of a text by the platform: natively, and the same bytes as `core/text/encode-utf8.ts`. */
export function encodeText(text: string): Uint8Array<ArrayBuffer> {
  return ENCODER.encode(text)
}

/** The same text as `core/text/decode-utf8.ts` gives; `undefined` for what is no UTF-8. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return DECODER.decode(bytes)
  } catch {
    return undefined
  }
}
