/** Many strings of bytes as one, with their lengths: one parameter of a statement instead of an array, which the library would write as text. */
export type PackedBytes = { readonly data: Buffer; readonly lengths: readonly number[] }

export function packBytes(parts: readonly Uint8Array[]): PackedBytes {
  return { data: Buffer.concat(parts), lengths: parts.map(({ byteLength }) => byteLength) }
}
