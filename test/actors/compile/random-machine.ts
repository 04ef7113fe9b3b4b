import fc from 'fast-check'
import { and, assign, createMachine, not, or, stateIn, type AnyStateMachine } from 'xstate'

/** A machine as data, so that a failing one can be shrunk and read. */
export type MachineSpec = {
  readonly states: readonly StateSpec[]
  readonly rootOn: readonly OnSpec[]
  readonly rootEntry: readonly ActionSpec[]
  readonly rootExit: readonly ActionSpec[]
  readonly initialActions: readonly ActionSpec[]
  readonly context: 'none' | 'object' | 'function'
  readonly output: 'none' | 'value' | 'function'
}
type StateSpec = {
  readonly isFinal: boolean
  readonly hasOutput: boolean
  readonly hasTag: boolean
  readonly entry: readonly ActionSpec[]
  readonly exit: readonly ActionSpec[]
  readonly on: readonly OnSpec[]
}
type OnSpec = { readonly descriptor: string; readonly candidates: readonly CandidateSpec[] }
type CandidateSpec = {
  readonly target: number | undefined
  readonly isById: boolean
  readonly reenter: boolean | undefined
  readonly guard: GuardSpec | undefined
  readonly actions: readonly ActionSpec[]
  /** A bare target, or nothing at all, where the rest allows it. */
  readonly isShort: boolean
}
type GuardSpec =
  | {
      readonly kind: 'inline' | 'named' | 'params' | 'made-params' | 'alias' | 'throws' | 'in-state'
      readonly mod: number
    }
  | { readonly kind: 'missing' }
  | { readonly kind: 'and' | 'or' | 'not'; readonly parts: readonly GuardSpec[] }
type ActionSpec = {
  readonly kind:
    | 'inline'
    | 'anonymous'
    | 'named'
    | 'params'
    | 'made-params'
    | 'missing'
    | 'throws'
    | 'assign'
    | 'assign-object'
    | 'assign-named'
    | 'assign-params'
    | 'assign-nothing'
    | 'assign-throws'
  readonly tag: number
}

export const EVENT_TYPES = ['a', 'b', 'a.x', 'a.x.y', 'a.*.y', 'c', 'unknown'] as const
const DESCRIPTORS = ['a', 'b', 'a.x', 'c', 'a.*', 'a.x.*', 'a.x.y.*', '*']

const { guard } = fc.letrec<{ guard: GuardSpec }>((tie) => ({
  guard: fc.oneof(
    { maxDepth: 2 },
    {
      weight: 12,
      arbitrary: fc.record({
        kind: fc.constantFrom('inline', 'named', 'params', 'made-params', 'alias', 'in-state'),
        mod: fc.integer({ min: 1, max: 3 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('throws' as const), mod: fc.integer({ min: 4, max: 9 }) }) },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constantFrom('and', 'or'), parts: fc.array(tie('guard'), { maxLength: 2 }) }),
    },
    { weight: 2, arbitrary: tie('guard').map((part): GuardSpec => ({ kind: 'not', parts: [part] })) },
  ),
}))
const anyGuard = fc.oneof(
  { weight: 40, arbitrary: guard },
  { weight: 1, arbitrary: fc.constant<GuardSpec>({ kind: 'missing' }) },
)
const action: fc.Arbitrary<ActionSpec> = fc.record({
  kind: fc.oneof(
    {
      weight: 30,
      arbitrary: fc.constantFrom(
        'inline',
        'anonymous',
        'named',
        'params',
        'made-params',
        'missing',
        'assign',
        'assign-object',
        'assign-named',
        'assign-params',
        'assign-nothing',
      ),
    },
    { weight: 1, arbitrary: fc.constantFrom('throws', 'assign-throws') },
  ),
  tag: fc.nat({ max: 99 }),
})
const actions = fc.array(action, { maxLength: 3 })
const candidate: fc.Arbitrary<CandidateSpec> = fc.record({
  target: fc.option(fc.nat(), { nil: undefined, freq: 3 }),
  isById: fc.boolean(),
  reenter: fc.constantFrom(undefined, true, false),
  guard: fc.option(anyGuard, { nil: undefined, freq: 3 }),
  actions,
  isShort: fc.boolean(),
})
const on = fc.uniqueArray(
  fc.record({
    descriptor: fc.constantFrom(...DESCRIPTORS),
    candidates: fc.array(candidate, { minLength: 1, maxLength: 3 }),
  }),
  { maxLength: 5, selector: ({ descriptor }) => descriptor },
)
const state: fc.Arbitrary<StateSpec> = fc.record({
  isFinal: fc.nat({ max: 9 }).map((draw) => draw === 0),
  hasOutput: fc.boolean(),
  hasTag: fc.boolean(),
  entry: actions,
  exit: actions,
  on,
})

export const machineSpecs: fc.Arbitrary<MachineSpec> = fc.record({
  states: fc.array(state, { minLength: 1, maxLength: 5 }),
  rootOn: on,
  rootEntry: actions,
  rootExit: actions,
  initialActions: actions,
  context: fc.constantFrom('none', 'object', 'function'),
  output: fc.constantFrom('none', 'value', 'function'),
})

type Given = {
  readonly context: { readonly n?: number }
  readonly event: { readonly type: string; readonly by?: number }
  readonly self?: { readonly id: string }
  readonly system?: { get(id: string): unknown }
}

/** The machine of a spec. Everything that its functions see goes to `log`. */
export function buildMachine(spec: MachineSpec, log: string[]): AnyStateMachine {
  const write = (name: string, given: Given, params?: unknown): void => {
    const { context, event, self, system } = given
    const seen = { context, event, params, self: self?.id, hasSystem: typeof system?.get === 'function' }
    log.push(`${name} ${JSON.stringify(seen)}`)
  }
  const build = new Builder(spec, write)
  const states = Object.fromEntries(spec.states.map((one, index) => [`s${index}`, build.state(one, index)]))
  const config = {
    id: 'm',
    ...(spec.context === 'object' && { context: { n: 1, text: 'begin' } }),
    ...(spec.context === 'function' && {
      context: ({ input, self }: { input: unknown; self: { id: string } }) => {
        log.push(`context ${JSON.stringify(input)} ${self.id}`)
        return { n: 2, input }
      },
    }),
    initial: { target: 's0', actions: build.actions(spec.initialActions) },
    entry: build.actions(spec.rootEntry),
    exit: build.actions(spec.rootExit),
    on: build.on(spec.rootOn, true),
    states,
    ...(spec.output !== 'none' && { output: spec.output === 'value' ? { fixed: true } : build.output('root output') }),
  }
  // The types of one machine do not fit a random one.
  return createMachine(config as never, build.implementations() as never)
}

class Builder {
  readonly spec: MachineSpec
  readonly write: (name: string, given: Given, params?: unknown) => void

  constructor(spec: MachineSpec, write: (name: string, given: Given, params?: unknown) => void) {
    this.spec = spec
    this.write = write
  }

  state(one: StateSpec, index: number): object {
    return {
      ...(one.isFinal && { type: 'final', ...(one.hasOutput && { output: this.output(`output of s${index}`) }) }),
      ...(one.hasTag && { tags: [`tag${index % 2}`] }),
      meta: { index },
      entry: this.actions(one.entry),
      exit: this.actions(one.exit),
      on: this.on(one.on, false),
    }
  }

  on(specs: readonly OnSpec[], isRoot: boolean): object {
    return Object.fromEntries(
      specs.map(({ descriptor, candidates }) => {
        const built = candidates.map((one) => this.candidate(one, isRoot))
        return [descriptor, built.length === 1 ? built[0] : built]
      }),
    )
  }

  candidate(one: CandidateSpec, isRoot: boolean): unknown {
    const key = one.target === undefined ? undefined : `s${one.target % this.spec.states.length}`
    let target = key
    if (key !== undefined && one.isById) target = `#m.${key}`
    else if (key !== undefined && isRoot) target = `.${key}`
    if (one.isShort && one.guard === undefined && one.actions.length === 0 && one.reenter === undefined) return target
    return {
      ...(target !== undefined && { target }),
      ...(one.reenter !== undefined && { reenter: one.reenter }),
      ...(one.guard !== undefined && { guard: this.guard(one.guard) }),
      ...(one.actions.length > 0 && { actions: this.actions(one.actions) }),
    }
  }

  guard(spec: GuardSpec): unknown {
    if (spec.kind === 'missing') return 'missing'
    if ('parts' in spec) {
      const parts = spec.parts.map((part) => this.guard(part))
      if (spec.kind === 'not') return not(parts[0] as never)
      return (spec.kind === 'and' ? and : or)(parts as never)
    }
    const { kind, mod } = spec
    const numberIn = (given: Given): number => (given.context.n ?? 0) + (given.event.by ?? 0)
    if (kind === 'inline')
      return (given: Given, params: unknown) => (this.write('guard', given, params), numberIn(given) % mod === 0)
    if (kind === 'throws') {
      return (given: Given) => {
        if (numberIn(given) % mod === 0) throw new Error(`guard of ${mod}`)
        return numberIn(given) % 2
      }
    }
    if (kind === 'in-state') return stateIn(mod % 2 === 0 ? `s${mod}` : `#m.s${mod % this.spec.states.length}`)
    if (kind === 'named') return mod === 1 ? { type: 'isEven' } : 'isEven'
    if (kind === 'alias') return 'alias'
    const params = kind === 'params' ? { mod } : (given: Given) => (this.write('guard params', given), { mod })
    return { type: 'isMultiple', params }
  }

  actions(specs: readonly ActionSpec[]): readonly unknown[] {
    return specs.map((spec) => this.action(spec))
  }

  action({ kind, tag }: ActionSpec): unknown {
    const madeParams = (given: Given): unknown => (this.write('params', given), { tag, n: given.context.n })
    const next = ({ context }: Given): number => ((context.n ?? 0) * 3 + tag) % 1_000
    switch (kind) {
      case 'inline':
        return this.logged(tag)
      case 'anonymous':
        return [(given: Given, params: unknown) => this.write(`anonymous ${tag}`, given, params)][0]
      case 'named':
        return tag % 2 === 0 ? 'write' : { type: 'write' }
      case 'params':
        return { type: 'write', params: { tag } }
      case 'made-params':
        return { type: 'write', params: madeParams }
      case 'missing':
        return tag % 2 === 0 ? 'missing' : { type: 'missing', params: madeParams }
      case 'throws':
        return () => {
          throw new Error(`action ${tag}`)
        }
      case 'assign':
        return assign((given: Given, params: unknown) => (this.write('assign', given, params), { n: next(given) }))
      case 'assign-object':
        return assignProperties({
          n: (given: Given, params: unknown) => (this.write('assign n', given, params), next(given)),
          fixed: tag,
          [`late${tag % 3}`]: (given: Given) => `${given.event.type} ${given.context.n}`,
        })
      case 'assign-named':
        return 'raiseBy'
      case 'assign-params':
        return { type: tag % 2 === 0 ? 'raiseBy' : 'setBoth', params: tag % 3 === 0 ? { tag } : madeParams }
      case 'assign-nothing':
        return assign(() => [undefined, null, {}][tag % 3] as never)
      case 'assign-throws':
        return assign(() => {
          throw new Error(`assign ${tag}`)
        })
    }
  }

  logged(tag: number): unknown {
    const write = this.write
    return function named(given: Given, params: unknown): void {
      write(`named ${tag}`, given, params)
    }
  }

  output(name: string): unknown {
    return (given: Given) => (this.write(name, given), { from: name, n: given.context.n })
  }

  implementations(): object {
    return {
      actions: {
        write: (given: Given, params: unknown) => this.write('write', given, params),
        raiseBy: assign((given: Given, params: unknown) => {
          this.write('raiseBy', given, params)
          return { n: ((given.context.n ?? 0) + 1) % 1_000 }
        }),
        setBoth: assignProperties({
          n: (given: Given) => (given.context.n ?? 0) + 2,
          by: (_given: Given, params: unknown) => params,
        }),
      },
      guards: {
        isEven: (given: Given, params: unknown) => (
          this.write('isEven', given, params),
          (given.context.n ?? 0) % 2 === 0
        ),
        isMultiple: (given: Given, params: { readonly mod: number }) => {
          this.write('isMultiple', given, params)
          return (given.context.n ?? 0) % params.mod === 0
        },
        alias: { type: 'isMultiple', params: { mod: 2 } },
      },
    }
  }
}

/** `assign` with properties that no type of a context names. */
function assignProperties(properties: Record<string, unknown>): unknown {
  return assign(properties)
}
