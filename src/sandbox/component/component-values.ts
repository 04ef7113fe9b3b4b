/** A list is so long that its JSON would be longer than a value may be. */
export class ListTooLong extends RangeError {}

/**
 * What a component's function returned, in JSON: whole numbers of 64 bits are strings of digits, lists of numbers are arrays, no value is `null`, and so are numbers that JSON lacks.
 * Arguments come the same way, and 64-bit numbers may be strings or numbers there, unless they are members of a list.
 *
 * Throws a `TypeError` for a resource, which means nothing outside of its instance, and `ListTooLong`.
 */
export function jsonOfResult(result: unknown, lengthMax: number): string {
  return JSON.stringify(result === undefined ? null : result, (_name, value: unknown) => {
    if (typeof value === 'bigint') return value.toString()
    if (typeof value !== 'object' || value === null) return value
    if (ArrayBuffer.isView(value)) return listOf(value as unknown as ArrayLike<unknown>, lengthMax)
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === null || Array.isArray(value)) return value
    throw new TypeError('The component returned a resource, which cannot leave it.')
  })
}

/** Looked at before it is made: a list of bytes takes many times its room. */
function listOf(list: ArrayLike<unknown>, lengthMax: number): unknown[] {
  if (list.length > lengthMax) throw new ListTooLong(`A list of ${list.length}`)
  return Array.from(list)
}
