import { createMachine, fromTransition } from 'xstate'
import { afterAll, describe, expect, test } from 'vitest'
import type { ActorRef } from '../../src/actors/actor-ref.ts'
import { createActorSystem as createBareSystem } from '../../src/actors/create-actor-system.ts'
import { durableActors } from '../../src/actors/durable/durable-actors.ts'
import { defineAgent as defineTyped } from '../../src/actors/define-agent.ts'
import { spawnChildOf, stash, unstashAll } from '../../src/actors/inside.ts'
import { createSystemEnvironment } from '../../src/actors/system/system-environment.ts'
import { formatAddress, parseAddress } from '../../src/actors/system/address.ts'
import { createActorSystem as createTyped, moveActor } from '../../src/node/actors/create-actor-system.ts'

const logic = fromTransition((count: number) => count + 1, 0)
const agent = defineTyped({ name: 'counter', logic })
const system = createTyped()
const ref = system.spawn(agent, { id: 'ref' })
afterAll(() => system.stop())

// What a program in JavaScript may give.
const wrong = (value: unknown): never => value as never
const defineAgent = (init: object): unknown => defineTyped(wrong({ name: 'a', logic, ...init }))
const createActorSystem = (init: unknown): unknown => createTyped(wrong(init))

type Case = [what: string, call: () => unknown, error: typeof TypeError | typeof RangeError, text: RegExp]

async function failureOf(call: () => unknown): Promise<unknown> {
  try {
    await call()
  } catch (error: unknown) {
    return error
  }
  return 'no error'
}

async function expectMisuse(...[, call, error, text]: Case): Promise<void> {
  const failure = await failureOf(call)
  expect(failure).toBeInstanceOf(error)
  expect(failure).not.toHaveProperty('code')
  expect((failure as Error).message).toMatch(text)
}

describe('defineAgent refuses', () => {
  test.each<Case>([
    ['no name', () => defineAgent({ name: undefined }), TypeError, /^name of an agent is a string, not undefined/],
    ['a number as name', () => defineAgent({ name: 5 }), TypeError, /^name of an agent is a string, not 5/],
    ['a name with a space', () => defineAgent({ name: 'a b' }), RangeError, /name.*'a b'/],
    ['no mailbox', () => defineAgent({ mailbox: null }), TypeError, /^mailbox of agent a is an object, not null/],
    ['a number as mailbox', () => defineAgent({ mailbox: 5 }), TypeError, /^mailbox of agent a is an object, not 5/],
    ['no restart', () => defineAgent({ restart: null }), TypeError, /^restart of agent a is one of .* not null/],
    ['a number as restart', () => defineAgent({ restart: 5 }), TypeError, /^restart of agent a .* not 5/],
    ['no back-off', () => defineAgent({ restart: { backOff: null } }), TypeError, /^backOff of agent a/],
    [
      'a word as durable',
      () => defineAgent({ durable: 'yes' }),
      TypeError,
      /^durable of agent a is true, false.*'yes'/,
    ],
    ['nothing as durable', () => defineAgent({ durable: null }), TypeError, /^durable of agent a .* not null/],
    [
      'no time',
      () => defineAgent({ durable: { passivateAfterMs: Number.NaN } }),
      RangeError,
      /^passivateAfterMs .*NaN/,
    ],
    ['a time before', () => defineAgent({ durable: { passivateAfterMs: -5 } }), RangeError, /^passivateAfterMs .*-5/],
    ['a word as time', () => defineAgent({ durable: { passivateAfterMs: '5' } }), TypeError, /^passivateAfterMs .*'5'/],
    ['a number as migrate', () => defineAgent({ migrate: 5 }), TypeError, /^migrate of agent a is a function, not 5/],
    ['a word as module', () => defineAgent({ module: 'x' }), TypeError, /^module of agent a is an object, not 'x'/],
    ['a module without url', () => defineAgent({ module: {} }), TypeError, /^module\.url of agent a/],
    ['a module without name', () => defineAgent({ module: { url: 'x' } }), TypeError, /^module\.exportName of agent a/],
  ])('%s', expectMisuse)
})

describe('createActorSystem refuses', () => {
  test.each<Case>([
    ['a word', () => createActorSystem('x'), TypeError, /^createActorSystem takes an object, not 'x'/],
    ['nothing', () => createActorSystem(null), TypeError, /^createActorSystem takes an object, not null/],
    [
      'what it does not know, with what is near',
      () => createActorSystem({ thread: 4 }),
      TypeError,
      /no thread; did you mean threads\?/,
    ],
    [
      'what nothing is near',
      () => createActorSystem({ q: 4 }),
      TypeError,
      /no q; it takes threads, dataDir, environment/,
    ],
    [
      'threads in words',
      () => createActorSystem({ threads: '2' }),
      TypeError,
      /^threads is a number or an object with count.*'2'/,
    ],
    ['too many threads', () => createActorSystem({ threads: 1e6 }), RangeError, /threads 1000000/],
    ['threads without their number', () => createActorSystem({ threads: {} }), TypeError, /^threads\.count/],
    [
      'threads with more',
      () => createActorSystem({ threads: { count: 1, stuckAfter: 1 } }),
      TypeError,
      /did you mean stuckAfterMs/,
    ],
    [
      'a time too short',
      () => createActorSystem({ threads: { count: 1, stuckAfterMs: 1 } }),
      RangeError,
      /^stuckAfterMs 1 /,
    ],
    [
      'a time too long',
      () => createActorSystem({ threads: { count: 1, stuckAfterMs: 1e9 } }),
      RangeError,
      /^stuckAfterMs 1000000000 /,
    ],
    [
      'a time in words',
      () => createActorSystem({ threads: { count: 1, stuckAfterMs: 'x' } }),
      RangeError,
      /^stuckAfterMs x /,
    ],
    [
      'no intensity of actors',
      () => createActorSystem({ threads: { count: 1, actorIntensity: null } }),
      TypeError,
      /actorIntensity/,
    ],
    [
      'no intensity of workers',
      () => createActorSystem({ threads: { count: 1, workerIntensity: {} } }),
      RangeError,
      /restarts undefined/,
    ],
    [
      'limits below 1',
      () => createActorSystem({ threads: { count: 1, resourceLimits: { stackSizeMb: 0 } } }),
      RangeError,
      /stackSizeMb/,
    ],
    ['a number as folder', () => createActorSystem({ dataDir: 5 }), TypeError, /^dataDir is the path of a folder.* 5/],
    ['an empty folder', () => createActorSystem({ dataDir: '' }), RangeError, /^dataDir .*not empty/],
    [
      'an environment with nothing in it',
      () => createActorSystem({ environment: {} }),
      TypeError,
      /^environment\.soon is a function/,
    ],
    [
      'an environment without time',
      () => createActorSystem({ environment: { ...createSystemEnvironment(), clock: {} } }),
      TypeError,
      /^environment\.clock\.now is a function/,
    ],
    ['a number as logger', () => createActorSystem({ logger: 5 }), TypeError, /^logger is a function, not 5/],
    ['a number as tracer', () => createActorSystem({ tracer: 5 }), TypeError, /^tracer is an object, not 5/],
    [
      'a tracer that starts no spans',
      () => createActorSystem({ tracer: {} }),
      TypeError,
      /^tracer\.startSpan is a function/,
    ],
    ['the same without Node', () => createBareSystem(wrong({ tracers: {} })), TypeError, /did you mean tracer\?/],
  ])('%s', expectMisuse)
})

describe('a system refuses', () => {
  test.each<Case>([
    [
      'to spawn nothing',
      () => system.spawn(wrong(undefined)),
      TypeError,
      /what defineAgent returned, not of undefined/,
    ],
    ['to spawn bare logic', () => system.spawn(wrong(logic)), TypeError, /what defineAgent returned/],
    [
      'a definition made by hand',
      () => system.spawn(wrong({ logic }), { id: 'hand' }),
      TypeError,
      /what defineAgent returned/,
    ],
    [
      'half a definition',
      () => system.spawn(wrong({ logic, restart: {}, name: 'h' }), { id: 'hand' }),
      TypeError,
      /what defineAgent returned/,
    ],
    [
      'an id instead of options',
      () => system.spawn(agent, wrong('hand')),
      TypeError,
      /^spawn takes its options as an object, not 'hand'/,
    ],
    [
      'no options',
      () => system.spawn(agent, wrong(null)),
      TypeError,
      /^spawn takes its options as an object, not null/,
    ],
    [
      'a worker that is not there',
      () => system.spawn(agent, { id: 'hand', placement: { worker: 99 } }),
      RangeError,
      /^placement\.worker .*99/,
    ],
    [
      'a number as placement',
      () => system.spawn(agent, { id: 'hand', placement: wrong(5) }),
      TypeError,
      /^placement is an object, not 5/,
    ],
    [
      'to supervise nothing',
      () => system.supervise(wrong(undefined)),
      TypeError,
      /^supervise takes an object, not undefined/,
    ],
    [
      'no intensity',
      () => system.supervise({ strategy: 'one-for-one', intensity: wrong(null) }),
      TypeError,
      /^intensity of a supervisor/,
    ],
    ['a number as id', () => system.get(wrong(5)), TypeError, /^get takes the id of an actor, a string, not 5/],
    [
      'a number as listener of dead letters',
      () => system.deadLetters.subscribe(wrong(5)),
      TypeError,
      /^deadLetters.subscribe takes a function, not 5/,
    ],
    [
      'nothing as a system',
      () => durableActors(wrong(undefined)),
      TypeError,
      /^durableActors takes an object, not undefined/,
    ],
    ['a number as listener', () => system.onSupervision(wrong(5)), TypeError, /^onSupervision takes a function, not 5/],
    [
      'nothing as inspector',
      () => system.inspect(wrong(undefined)),
      TypeError,
      /^inspect takes a function, or an object/,
    ],
    ['to drain for no time', () => system.stop({ drainMs: Number.NaN }), RangeError, /^drainMs .*NaN/],
    ['to drain until before', () => system.stop({ drainMs: -1 }), RangeError, /^drainMs .*-1/],
    ['to drain for a word', () => system.stop({ drainMs: wrong('1') }), TypeError, /^drainMs is a number, not '1'/],
    ['to move an actor of no system', () => moveActor(wrong(ref), ref, 1), TypeError, /^moveActor takes a system/],
  ])('%s, and goes on as before', async (...given) => {
    await expectMisuse(...given)
    expect(system.get('hand')).toBeUndefined()
    expect(await counted(system.spawn(agent))).toBe(1)
  })
})

async function counted(actor: ActorRef): Promise<unknown> {
  const context = Promise.withResolvers<unknown>()
  actor.subscribe((snapshot) => context.resolve((snapshot as unknown as { readonly context: unknown }).context))
  actor.send({ type: 'count' })
  return await context.promise
}

describe('an actor refuses', () => {
  const machine = defineTyped({ name: 'machine', logic: createMachine({}) })

  test.each<Case>([
    [
      'to be sent nothing',
      () => system.spawn(agent).send(wrong(undefined)),
      TypeError,
      /^An event is an object with a type/,
    ],
    ['to be sent null', () => system.spawn(machine).send(wrong(null)), TypeError, /^An event is an object with a type/],
    [
      'a word as options of ask',
      () => ref.ask({ type: 'x' }, wrong('x')),
      TypeError,
      /^ask takes its options as an object/,
    ],
    [
      'a number as key',
      () => ref.deliver({ type: 'x' }, { key: wrong(5) }),
      TypeError,
      /^key of deliver is a string, not 5/,
    ],
    [
      'an object as key',
      () => ref.deliver({ type: 'x' }, { key: wrong({}) }),
      TypeError,
      /^key of deliver .* an object/,
    ],
    [
      'no options of deliver',
      () => ref.deliver({ type: 'x' }, wrong(null)),
      TypeError,
      /^deliver takes its options as/,
    ],
    [
      'to be watched by nobody',
      () => ref.watch(wrong(undefined)),
      TypeError,
      /^watch takes a function or an actor, not undef/,
    ],
    ['to be watched by a number', () => ref.watch(wrong(5)), TypeError, /^watch takes a function or an actor, not 5/],
    ['to be watched by an object', () => ref.watch(wrong({})), TypeError, /^watch takes .* an object/],
    ['a number as observer', () => ref.subscribe(wrong(5)), TypeError, /^subscribe takes a function, or an object.* 5/],
    ['a number as handler', () => ref.on('x', wrong(5)), TypeError, /^on takes a type and a function, not 5/],
    [
      'an id instead of options',
      () => spawnChildOf(ref, agent, wrong('hand')),
      TypeError,
      /^spawn takes its options as/,
    ],
    ['bare logic as child', () => spawnChildOf(ref, wrong(logic)), TypeError, /what defineAgent returned/],
    ['to put a word aside', () => stash(ref, wrong('x')), TypeError, /^An event is an object.*send \{ type: 'x' \}/],
  ])('%s', expectMisuse)

  test('and has kept nothing of it', () => {
    expect(unstashAll(ref)).toBe(0)
    expect(ref).toMatchObject({ extras: undefined, firstChild: undefined })
  })
})

describe('an address', () => {
  test.each<Case>([
    ['is not read from a number', () => parseAddress(wrong(5)), TypeError, /^parseAddress takes a string, not 5/],
    ['is not made of nothing', () => formatAddress(wrong(undefined)), TypeError, /^formatAddress takes an object/],
    [
      'is not made of half',
      () => formatAddress(wrong({ node: 'a', path: 'b' })),
      TypeError,
      /worker and incarnation whole/,
    ],
  ])('%s', expectMisuse)
})
