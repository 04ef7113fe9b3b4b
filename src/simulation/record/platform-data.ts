import { StateMachine, StateNode } from 'xstate'

/** The name of the class that an object is an instance of. */
export function classNameOf(value: object): string {
  const { constructor } = value as { readonly constructor?: unknown }
  return typeof constructor === 'function' ? constructor.name : ''
}

/** Whether its members are for whoever wrote its class: it is none of the platform's, and no machine, which hangs together with all of its states. */
export function isOwnClass(value: object): boolean {
  if (value instanceof StateMachine || value instanceof StateNode) return false
  // All that platforms give, promises and signals for example, say so to `Object.prototype.toString`.
  return !(Symbol.toStringTag in value)
}

/** What an object of the platform holds, where it is data: bytes, a pattern, an address, a number in a box. `undefined`: it is none. */
export function platformData(value: object): unknown {
  if (ArrayBuffer.isView(value)) {
    return value instanceof DataView
      ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
      : Array.from(value as unknown as ArrayLike<number | bigint>)
  }
  switch (Object.prototype.toString.call(value)) {
    case '[object ArrayBuffer]':
    case '[object SharedArrayBuffer]':
      return new Uint8Array(value as ArrayBuffer)
    case '[object RegExp]':
      return [(value as RegExp).source, (value as RegExp).flags, (value as RegExp).lastIndex]
    case '[object URL]':
    case '[object URLSearchParams]':
      return (value as URL).toString()
    case '[object Number]':
    case '[object String]':
    case '[object Boolean]':
    case '[object BigInt]':
    case '[object Symbol]':
      return [(value as { valueOf(): unknown }).valueOf()]
    default:
      return undefined
  }
}
