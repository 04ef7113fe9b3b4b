import type { AnyActorLogic } from 'xstate'
import type { AgentDefinition, AgentInit, RestartInit } from './agent-definition.ts'
import { checkFunction, checkNumber, checkObject, isObject, shown } from './misuse.ts'

export const MAILBOX_BOUND_DEFAULT = 65_536
export const MAILBOX_BOUND_MAX = 2 ** 24
const SHUTDOWN_MS_DEFAULT = 5_000
const SNAPSHOT_EVERY_DEFAULT = 256
const NAME = /^[A-Za-z0-9._:-]{1,128}$/
const POLICIES = ['refuse', 'drop-newest', 'drop-oldest', 'credit']
const KINDS = ['permanent', 'transient', 'temporary']

/**
 * Describes a kind of agent: which logic, under which name, and what happens when its mailbox is full or it fails.
 *
 * ```ts
 * import { createActorSystem, defineAgent } from 'kernell-os/actors'
 * import { fromTransition } from 'xstate'
 *
 * const counter = defineAgent({
 *   name: 'counter',
 *   logic: fromTransition((count: number, event: { type: 'add' }) => (event.type === 'add' ? count + 1 : count), 0),
 * })
 * const system = createActorSystem()
 * const ref = system.spawn(counter, { id: 'counter-1' })
 * ref.send({ type: 'add' })
 * await system.stop()
 * ```
 *
 * @throws RangeError or TypeError when a field is out of its range.
 */
export function defineAgent<Logic extends AnyActorLogic>(init: AgentInit<Logic>): AgentDefinition<Logic> {
  if (typeof init !== 'object' || init === null)
    throw new TypeError('defineAgent takes an object with a name and logic')
  const { name, version = 1, logic, migrate } = init
  if (typeof name !== 'string') throw new TypeError(`name of an agent is a string, not ${shown(name)}`)
  if (!NAME.test(name)) throw new RangeError(`An agent's name has 1 to 128 of A-Z a-z 0-9 . _ : -, not '${name}'`)
  if (!Number.isSafeInteger(version) || version < 1)
    throw new RangeError(`version ${version} is not a whole number >= 1`)
  if (typeof logic?.transition !== 'function') throw new TypeError(`Agent ${name} has no XState logic`)
  if (migrate !== undefined) checkFunction(migrate, `migrate of agent ${name} is`)
  return Object.freeze({
    name,
    version,
    logic,
    migrate,
    mailbox: Object.freeze(mailboxOf(init)),
    restart: Object.freeze(restartOf(init)),
    durable: durableOf(init),
    module: moduleOf(init),
  })
}

function mailboxOf({ name, mailbox = {} }: AgentInit<AnyActorLogic>): AgentDefinition['mailbox'] {
  checkObject(mailbox, `mailbox of agent ${name} is`)
  const { bound = MAILBOX_BOUND_DEFAULT, atBound = 'refuse' } = mailbox
  if (!Number.isInteger(bound) || bound < 1 || bound > MAILBOX_BOUND_MAX) {
    throw new RangeError(
      `The mailbox bound of agent ${name} is a whole number from 1 to ${MAILBOX_BOUND_MAX}, not ${bound}`,
    )
  }
  if (!POLICIES.includes(atBound)) throw new RangeError(`atBound of agent ${name} is one of ${POLICIES.join(', ')}`)
  return { bound, atBound }
}

function restartOf({ name, restart = {} }: AgentInit<AnyActorLogic>): AgentDefinition['restart'] {
  if (typeof restart !== 'string' && !isObject(restart))
    throw new TypeError(`restart of agent ${name} is one of ${KINDS.join(', ')}, or an object, not ${shown(restart)}`)
  const init: RestartInit = typeof restart === 'string' ? { kind: restart } : restart
  const { kind = 'transient', redeliveries = 0, backOff, shutdownMs = SHUTDOWN_MS_DEFAULT } = init
  if (!KINDS.includes(kind)) throw new RangeError(`The restart kind of agent ${name} is one of ${KINDS.join(', ')}`)
  if (!Number.isInteger(redeliveries) || redeliveries < 0 || redeliveries > 1_000) {
    throw new RangeError(`redeliveries of agent ${name} is a whole number from 0 to 1,000`)
  }
  if (backOff !== undefined) checkObject(backOff, `backOff of agent ${name} is`)
  const isWait = (ms: number): boolean => Number.isFinite(ms) && ms >= 0
  if (
    backOff !== undefined &&
    !(isWait(backOff.firstMs) && isWait(backOff.maxMs) && backOff.firstMs <= backOff.maxMs)
  ) {
    throw new RangeError(`The back-off of agent ${name} needs 0 <= firstMs <= maxMs`)
  }
  if (!isWait(shutdownMs)) throw new RangeError(`shutdownMs of agent ${name} is a finite number >= 0`)
  return { kind, redeliveries, backOff, shutdownMs }
}

function durableOf({ name, durable = false }: AgentInit<AnyActorLogic>): AgentDefinition['durable'] {
  if (durable === false) return undefined
  const init = durable === true ? {} : durable
  if (!isObject(init)) throw new TypeError(`durable of agent ${name} is true, false or an object, not ${shown(init)}`)
  const { snapshotEvery = SNAPSHOT_EVERY_DEFAULT, passivateAfterMs } = init
  if (!Number.isInteger(snapshotEvery) || snapshotEvery < 1) {
    throw new RangeError(`snapshotEvery of agent ${name} is a whole number >= 1`)
  }
  if (passivateAfterMs !== undefined) checkNumber(passivateAfterMs, `passivateAfterMs of agent ${name}`, 0)
  return { ...init, snapshotEvery }
}

function moduleOf({ name, module }: AgentInit<AnyActorLogic>): AgentDefinition['module'] {
  if (module === undefined) return undefined
  checkObject(module, `module of agent ${name} is`)
  for (const member of ['url', 'exportName'] as const) {
    const text: unknown = module[member]
    if (typeof text !== 'string' || text === '')
      throw new TypeError(`module.${member} of agent ${name} is a string that is not empty, not ${shown(text)}`)
  }
  return module
}
