import fc from 'fast-check'

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
export type StateSpec = {
  readonly isFinal: boolean
  readonly hasOutput: boolean
  readonly hasTag: boolean
  readonly entry: readonly ActionSpec[]
  readonly exit: readonly ActionSpec[]
  readonly on: readonly OnSpec[]
  readonly always: readonly CandidateSpec[]
  readonly after: CandidateSpec | undefined
  readonly onDone: CandidateSpec | undefined
  /** States within it, unless it is final. The first is not always the initial one. */
  readonly states: readonly StateSpec[]
  readonly initial: number
  readonly initialActions: readonly ActionSpec[]
}
export type OnSpec = { readonly descriptor: string; readonly candidates: readonly CandidateSpec[] }
export type CandidateSpec = {
  /** A state of any depth: its number, counted round. */
  readonly target: number | undefined
  readonly isById: boolean
  readonly reenter: boolean | undefined
  readonly guard: GuardSpec | undefined
  readonly actions: readonly ActionSpec[]
  /** A bare target, or nothing at all, where the rest allows it. */
  readonly isShort: boolean
}
export type GuardSpec =
  | {
      readonly kind: 'inline' | 'named' | 'params' | 'made-params' | 'alias' | 'throws' | 'in-state'
      readonly mod: number
    }
  | { readonly kind: 'missing' }
  | { readonly kind: 'and' | 'or' | 'not'; readonly parts: readonly GuardSpec[] }
export type ActionSpec = {
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
    | 'raise'
    | 'raise-later'
    | 'cancel'
    | 'send-self'
    | 'send-nobody'
    | 'emit'
    | 'log'
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
        mod: fc.integer({ min: 1, max: 6 }),
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
        'raise',
        'raise-later',
        'cancel',
        'send-self',
        'emit',
        'log',
      ),
    },
    { weight: 1, arbitrary: fc.constantFrom('throws', 'assign-throws', 'send-nobody') },
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
/** States down to `depth` further levels. */
function statesTo(depth: number): fc.Arbitrary<StateSpec> {
  const states = depth === 0 ? fc.constant([]) : fc.array(statesTo(depth - 1), { maxLength: 3 })
  return fc.record({
    isFinal: fc.nat({ max: 9 }).map((draw) => draw === 0),
    hasOutput: fc.boolean(),
    hasTag: fc.boolean(),
    entry: actions,
    exit: actions,
    on,
    always: fc.oneof(
      { weight: 3, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(candidate, { maxLength: 2 }) },
    ),
    after: fc.option(candidate, { nil: undefined, freq: 2 }),
    onDone: fc.option(candidate, { nil: undefined, freq: 2 }),
    states: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: states }),
    initial: fc.nat(),
    initialActions: actions,
  })
}

export const machineSpecs: fc.Arbitrary<MachineSpec> = fc.record({
  states: fc.array(statesTo(2), { minLength: 1, maxLength: 5 }),
  rootOn: on,
  rootEntry: actions,
  rootExit: actions,
  initialActions: actions,
  context: fc.constantFrom('none', 'object', 'function'),
  output: fc.constantFrom('none', 'value', 'function'),
})
