import { registerHooks } from 'node:module'

/** What code of a translated component may name: the language, and what its translation calls. */
const KEPT = new Set(
  [
    'Object Function Array Number Boolean String Symbol BigInt Math JSON Reflect parseFloat parseInt isNaN',
    'isFinite Infinity NaN undefined globalThis Proxy Date Error AggregateError EvalError RangeError',
    'ReferenceError SyntaxError TypeError URIError Promise Map Set WeakMap WeakSet WeakRef',
    'FinalizationRegistry Iterator RegExp ArrayBuffer SharedArrayBuffer Atomics DataView Int8Array Uint8Array',
    'Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array Float32Array Float64Array BigInt64Array',
    'BigUint64Array TextEncoder TextDecoder WebAssembly performance console queueMicrotask',
  ].flatMap((line) => line.split(' ')),
)

/**
 * Takes away from this thread, for good, what leads out of it: globals of Node, and modules. No component is supposed to reach JavaScript at all; this is for the day when one makes
 * the translator write what it wants.
 *
 * @param lastUrl  The one module that may still be loaded.
 */
export function closeThread(lastUrl: string): void {
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier !== lastUrl) throw new TypeError('There are no modules here.')
      return next(specifier, context)
    },
  })
  for (const name of Object.getOwnPropertyNames(globalThis))
    if (!KEPT.has(name)) Reflect.deleteProperty(globalThis, name)
}
