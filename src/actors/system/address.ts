import type { ActorAddress } from '../actor-ref.ts'
import { checkObject, shown } from '../misuse.ts'

/** The parts of `kernell://node/worker/path#incarnation`. */
export type AddressParts = {
  /** Name of the machine's node; `local` where no network is. */
  readonly node: string
  /** 0 is the thread that made the system. */
  readonly worker: number
  /** Id of the actor in its system, `/` between parent and child. */
  readonly path: string
  /** Tells two actors apart that had the same path one after the other. */
  readonly incarnation: number
}

const PATTERN = /^kernell:\/\/([A-Za-z0-9._:-]{1,128})\/(\d{1,6})\/([^#\s]{1,512})#(\d{1,16})$/

/**
 * `kernell://node/worker/path#incarnation`.
 *
 * @throws TypeError when a part is not there, or of another type.
 */
export function formatAddress(parts: AddressParts): ActorAddress {
  checkObject(parts, 'formatAddress takes')
  const { node, worker, path, incarnation } = parts
  if (typeof node !== 'string' || typeof path !== 'string' || !isCount(worker) || !isCount(incarnation)) {
    const given = `${shown(node)}, ${shown(worker)}, ${shown(path)} and ${shown(incarnation)}`
    throw new TypeError(`node and path of an address are strings, worker and incarnation whole numbers, not ${given}`)
  }
  return `kernell://${node}/${worker}/${path}#${incarnation}`
}

/**
 * `undefined` when `text` is not an address.
 *
 * @throws TypeError when it is no text.
 */
export function parseAddress(text: string): AddressParts | undefined {
  if (typeof text !== 'string') throw new TypeError(`parseAddress takes a string, not ${shown(text)}`)
  const match = PATTERN.exec(text)
  if (match === null) return undefined
  const [, node = '', worker = '', path = '', incarnation = ''] = match
  return { node, worker: Number(worker), path, incarnation: Number(incarnation) }
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0
}
