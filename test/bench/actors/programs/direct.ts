import { FLAT, HIERARCHICAL, HOSTED } from './machines.ts'
import { measureRate, type Program } from './program.ts'
import { stepDirectly } from './steps.ts'

/** XState's pure step of the machine, `machine.transition(snapshot, event, scope)`, without any actor. */
export const programs: Readonly<Record<string, Program>> = {
  'statechart-step': (size) => measureRate(size, (steps) => stepDirectly(HIERARCHICAL, steps)),
  'hosted-step': (size) => measureRate(size, (steps) => stepDirectly(HOSTED, steps)),
  'compiled-step': (size) => measureRate(size, (steps) => stepDirectly(FLAT, steps)),
}
