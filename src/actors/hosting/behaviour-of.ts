import type { AnyActorLogic } from 'xstate'
import type { AgentDefinition } from '../agent-definition.ts'
import type { Behaviour } from '../cell/cell.ts'
import { isObject, shown } from '../misuse.ts'
import { compileMachine } from '../compile/compile-machine.ts'
import type { CompiledMachine } from '../compile/compiled-machine.ts'
import { CompiledBehaviour } from './compiled-behaviour.ts'
import { LogicBehaviour } from './logic-behaviour.ts'
import { ReducerBehaviour, reducerOf } from './reducer-behaviour.ts'

const BEHAVIOURS = new WeakMap<AgentDefinition, Behaviour>()

/** The way to run a definition's logic: bare reducers and compiled tables where that is the same, hosted logic otherwise. */
export function behaviourOf(definition: AgentDefinition): Behaviour {
  const known = BEHAVIOURS.get(definition)
  if (known !== undefined) return known
  checkDefinition(definition)
  const behaviour = createBehaviour(definition)
  BEHAVIOURS.set(definition, behaviour)
  return behaviour
}

/**
 * Looks at the members and not at who made it: a worker's modules may come from another copy of this package.
 *
 * @throws TypeError for what `defineAgent` did not make.
 */
export function checkDefinition(definition: AgentDefinition): void {
  const isMade =
    isObject(definition) &&
    typeof definition.name === 'string' &&
    isObject(definition.mailbox) &&
    isObject(definition.restart) &&
    typeof definition.logic?.transition === 'function'
  if (isMade) return
  const what = isObject(definition) ? 'an object that it did not make' : shown(definition)
  throw new TypeError(`An actor is spawned of what defineAgent returned, not of ${what}`)
}

function createBehaviour(definition: AgentDefinition): Behaviour {
  const reducer = reducerOf(definition.logic)
  if (reducer !== undefined) return new ReducerBehaviour(definition, reducer)
  const compiled = compileOrNot(definition.logic)
  return compiled === undefined ? new LogicBehaviour(definition) : new CompiledBehaviour(definition, compiled)
}

/** A machine that cannot even be looked through is wrong, and XState says so when an actor of it begins. */
function compileOrNot(logic: AnyActorLogic): CompiledMachine | undefined {
  try {
    return compileMachine(logic)
  } catch {
    return undefined
  }
}
