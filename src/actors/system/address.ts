import type { ActorAddress } from '../actor-ref.ts'

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

/** `kernell://node/worker/path#incarnation`. */
export function formatAddress({ node, worker, path, incarnation }: AddressParts): ActorAddress {
  return `kernell://${node}/${worker}/${path}#${incarnation}`
}

/** `undefined` when `text` is not an address. */
export function parseAddress(text: string): AddressParts | undefined {
  const match = PATTERN.exec(text)
  if (match === null) return undefined
  const [, node = '', worker = '', path = '', incarnation = ''] = match
  return { node, worker: Number(worker), path, incarnation: Number(incarnation) }
}
