/**
 * What a component's function returned, in JSON: whole numbers of 64 bits are strings of digits, lists of numbers are arrays, no value is `null`, and so are numbers that JSON lacks.
 * Arguments come the same way, and 64-bit numbers may be strings or numbers there. Throws a `TypeError` for a resource, which means nothing outside of its instance.
 */
export function jsonOfResult(result: unknown): string {
  return JSON.stringify(result === undefined ? null : result, (_name, value: unknown) => {
    if (typeof value === 'bigint') return value.toString()
    if (typeof value !== 'object' || value === null) return value
    if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<unknown>)
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === null || Array.isArray(value)) return value
    throw new TypeError('The component returned a resource, which cannot leave it.')
  })
}
