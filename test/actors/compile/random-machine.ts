import {
  and,
  assign,
  cancel,
  createMachine,
  emit,
  log as logAction,
  not,
  or,
  raise,
  sendTo,
  stateIn,
  type AnyStateMachine,
  type StateValue,
} from 'xstate'
import type { ActionSpec, CandidateSpec, GuardSpec, MachineSpec, OnSpec, StateSpec } from './machine-specs.ts'

type Given = {
  readonly context: { readonly n?: number; readonly budget?: number }
  readonly event: { readonly type: string; readonly by?: number; readonly depth?: number }
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
    on: build.on(spec.rootOn, []),
    states: build.states(spec.states, []),
    ...(spec.output !== 'none' && { output: spec.output === 'value' ? { fixed: true } : build.output('root output') }),
  }
  // The types of one machine do not fit a random one.
  return createMachine(config as never, build.implementations() as never)
}

/** Keys from the root, without it. */
type Path = readonly string[]

function pathsOf(states: readonly StateSpec[], around: Path): readonly Path[] {
  return states.flatMap((state, index) => {
    const path = [...around, `s${index}`]
    return [path, ...pathsOf(statesWithin(state), path)]
  })
}

function statesWithin({ isFinal, states }: StateSpec): readonly StateSpec[] {
  return isFinal ? [] : states
}

/** How often a machine follows up of itself: what it does without an event could go on for ever. */
const BUDGET = 5
const budgetOf = ({ context }: Given): number => context.budget ?? BUDGET
const spend = (): unknown => assignProperties({ budget: (given: Given) => budgetOf(given) - 1 })
const isOwn = ({ event }: Given): boolean => event.type.startsWith('xstate.done.')

/** How many events led to one another; those that were raised too far from outside are put off. */
const DEPTH_MAX = 2
function depthOf({ event }: Given): number {
  if (event.type === 'xstate.init') return 0
  return event.type.startsWith('xstate.') ? DEPTH_MAX : (event.depth ?? 0)
}
const RAISED = ['a', 'b', 'a.x', 'c', 'unknown']
function raised(tag: number): (given: Given) => { readonly type: string; readonly depth: number } {
  return (given) => ({ type: RAISED[tag % RAISED.length] ?? 'a', depth: depthOf(given) + 1 })
}
const nameOf = ({ tag }: Pick<ActionSpec, 'tag'>): string => `raised${tag % 3}`
const putOff = (given: Given): number | undefined => (depthOf(given) >= DEPTH_MAX ? 1_000 : undefined)

function hasFinal(states: readonly StateSpec[]): boolean {
  return states.some((state) => state.isFinal || hasFinal(state.states))
}

/** A target as one may write it in the state `from`: by id, from its siblings on, or from itself on. */
function spell(target: Path, from: Path, isById: boolean): string {
  const around = from.slice(0, -1)
  const isWithin = (path: Path): boolean => target.length > path.length && path.every((key, at) => target[at] === key)
  if (isById) return `#m.${target.join('.')}`
  if (isWithin(from)) return `.${target.slice(from.length).join('.')}`
  return isWithin(around) ? target.slice(around.length).join('.') : `#m.${target.join('.')}`
}

class Builder {
  readonly spec: MachineSpec
  readonly paths: readonly Path[]
  readonly hasInnerFinal: boolean
  readonly write: (name: string, given: Given, params?: unknown) => void

  constructor(spec: MachineSpec, write: (name: string, given: Given, params?: unknown) => void) {
    this.spec = spec
    this.paths = pathsOf(spec.states, [])
    this.hasInnerFinal = spec.states.some((state) => hasFinal(statesWithin(state)))
    this.write = write
  }

  states(specs: readonly StateSpec[], around: Path): object {
    return Object.fromEntries(specs.map((one, index) => [`s${index}`, this.state(one, [...around, `s${index}`])]))
  }

  state(one: StateSpec, path: Path): object {
    const states = statesWithin(one)
    const name = path.join('.')
    const initial = { target: `s${one.initial % states.length}`, actions: this.actions(one.initialActions) }
    return {
      ...(one.isFinal && { type: 'final', ...(one.hasOutput && { output: this.output(`output of ${name}`) }) }),
      ...(states.length > 0 && { initial, states: this.states(states, path) }),
      ...(one.hasTag && { tags: [`tag${path.length}${path.at(-1)}`] }),
      meta: { name },
      entry: this.actions(one.entry),
      exit: this.actions(one.exit),
      on: this.on(one.on, path),
      ...(one.always.length > 0 && { always: one.always.map((candidate) => this.bounded(candidate, path)) }),
      ...(one.after && { after: { [500 * (1 + path.length)]: this.candidate(one.after, path) } }),
      ...(one.onDone && states.length > 0 && { onDone: this.bounded(one.onDone, path) }),
    }
  }

  on(specs: readonly OnSpec[], from: Path): object {
    return Object.fromEntries(
      specs.map(({ descriptor, candidates }) => {
        const isForOwn = descriptor === '*' && this.hasInnerFinal
        const built = candidates.map((one) => (isForOwn ? this.bounded(one, from, isOwn) : this.candidate(one, from)))
        return [descriptor, built.length === 1 ? built[0] : built]
      }),
    )
  }

  /** A transition that the machine may take of itself, where `isBounded`: as long as the budget lasts. */
  bounded(one: CandidateSpec, from: Path, isBounded: (given: Given) => boolean = () => true): object {
    const { guard } = one
    const budget = (given: Given): boolean => !isBounded(given) || budgetOf(given) > 0
    const built = this.candidate({ ...one, isShort: false }, from) as { readonly actions?: readonly unknown[] }
    return {
      ...built,
      guard: guard === undefined ? budget : and([budget, this.guard(guard)] as never),
      actions: [spend(), ...(built.actions ?? [])],
    }
  }

  candidate(one: CandidateSpec, from: Path): unknown {
    const path = one.target === undefined ? undefined : this.paths[one.target % this.paths.length]
    const target = path && spell(path, from, one.isById)
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
    if (kind === 'in-state') return stateIn(this.stateValue(mod))
    if (kind === 'named') return mod === 1 ? { type: 'isEven' } : 'isEven'
    if (kind === 'alias') return 'alias'
    const params = kind === 'params' ? { mod } : (given: Given) => (this.write('guard params', given), { mod })
    return { type: 'isMultiple', params }
  }

  stateValue(mod: number): StateValue {
    const path = this.paths[mod % this.paths.length] ?? []
    if (mod % 3 === 0) return `#m.${path.join('.')}`
    return mod % 3 === 1 || path.length < 2 ? `s${mod}` : { [path[0] ?? '']: path[1] ?? '' }
  }

  actions(specs: readonly ActionSpec[]): readonly unknown[] {
    return specs.flatMap((spec) => {
      const action = this.action(spec)
      // Two delayed events under one name at once: in XState the second can no longer be cancelled once the first has come.
      return spec.kind === 'raise' || spec.kind === 'raise-later' ? [cancel(nameOf(spec)), action] : [action]
    })
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
      case 'raise':
        return raise(raised(tag) as never, { delay: putOff, id: nameOf({ tag }) } as never)
      case 'raise-later':
        return raise(raised(tag) as never, { delay: tag % 2 === 0 ? 700 : 'named', id: nameOf({ tag }) } as never)
      case 'cancel':
        return cancel(nameOf({ tag }))
      case 'send-self':
        return sendTo((({ self }: Given) => self) as never, raised(tag) as never, { delay: putOff } as never)
      case 'send-nobody':
        return sendTo('nobody', { type: 'a' })
      case 'emit':
        return emit(({ context }: Given) => ({ type: 'emitted', n: context.n }))
      case 'log':
        return logAction(({ event }: Given) => event.type, `label ${tag}`)
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
      delays: { named: ({ context }: Given) => 300 + (context.n ?? 0) },
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
