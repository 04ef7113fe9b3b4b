/** What callers are told who give something else than is asked for: which argument, what to give, and what it was. */

/** A value as it looks in a message: `5`, `'x'`, `null`, `an array`, `a function`, `an object`. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value.length > 64 ? `${value.slice(0, 64)}...` : value}'`
  if (typeof value === 'function') return 'a function'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object' && value !== null) return 'an object'
  return String(value)
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** @throws TypeError unless `value` is an object; `takes` begins the sentence, as in `spawn takes its options as`. */
export function checkObject(value: unknown, takes: string): void {
  if (!isObject(value)) throw new TypeError(`${takes} an object, not ${shown(value)}`)
}

/** @throws TypeError unless `value` is a function. */
export function checkFunction(value: unknown, takes: string): void {
  if (typeof value !== 'function') throw new TypeError(`${takes} a function, not ${shown(value)}`)
}

/** @throws TypeError unless `value` is an object whose members of these names are functions. */
export function checkFunctions(value: unknown, names: readonly string[], what: string): void {
  checkObject(value, `${what} is`)
  const given = value as Readonly<Record<string, unknown>>
  for (const name of names) checkFunction(given[name], `${what}.${name} is`)
}

/** @throws TypeError unless `value` is a function or an object with callbacks. */
export function checkObserver(value: unknown, takes: string): void {
  if (typeof value !== 'function' && !isObject(value))
    throw new TypeError(`${takes} a function, or an object with next, error or complete, not ${shown(value)}`)
}

/** @throws TypeError unless `value` can be told that an actor has ended: a function, or an actor. */
export function checkWatcher(value: unknown): void {
  if (typeof value === 'function' || (isObject(value) && 'send' in value && typeof value.send === 'function')) return
  throw new TypeError(`watch takes a function or an actor, not ${shown(value)}`)
}

/** @throws TypeError or RangeError for a placement that an actor of this thread cannot have. */
export function checkPlacedHere(placement: unknown): void {
  checkObject(placement, 'placement is')
  const { worker, node, cluster } = placement as { worker?: unknown; node?: unknown; cluster?: unknown }
  if (node !== undefined || cluster !== undefined)
    throw new RangeError('placement.node and placement.cluster are for a system that is part of a cluster')
  if (worker === undefined || worker === 0) return
  throw new RangeError(`placement.worker is 0 or absent for an actor of this thread, not ${shown(worker)}`)
}

/** What is wrong with the options of `deliver`; its caller hears of it by the promise. */
export function deliverMisuse(options: unknown): TypeError | undefined {
  if (!isObject(options)) return new TypeError(`deliver takes its options as an object, not ${shown(options)}`)
  if (!('key' in options) || options.key === undefined || typeof options.key === 'string') return undefined
  return new TypeError(`key of deliver is a string, not ${shown(options.key)}`)
}

/** @throws TypeError unless `value` is a number; RangeError unless it is finite and at least `min`. */
export function checkNumber(value: unknown, what: string, min: number): void {
  if (typeof value !== 'number') throw new TypeError(`${what} is a number, not ${shown(value)}`)
  if (!Number.isFinite(value) || value < min) throw new RangeError(`${what} is a finite number >= ${min}, not ${value}`)
}

/** @throws TypeError for a member that is not of `names`, with the name that was probably meant. */
export function checkMembers(given: object, names: readonly string[], where: string): void {
  for (const name of Object.keys(given)) {
    if (names.includes(name)) continue
    const near = nameNear(name, names)
    const hint = near === undefined ? `it takes ${names.join(', ')}` : `did you mean ${near}?`
    throw new TypeError(`${where} has no ${name}; ${hint}`)
  }
}

const BEGINNING_MIN = 3

/** The name with the longest beginning in common, of at least three letters; case does not count. */
function nameNear(typed: string, names: readonly string[]): string | undefined {
  let nearest: string | undefined
  let longest = BEGINNING_MIN - 1
  for (const name of names) {
    let length = 0
    while (length < name.length && name[length]?.toLowerCase() === typed[length]?.toLowerCase()) length += 1
    if (length > longest) {
      nearest = name
      longest = length
    }
  }
  return nearest
}
