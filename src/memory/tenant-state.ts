import {
  formatMemoryEvent,
  formatMemoryState,
  parseMemoryEvent,
  parseMemoryState,
} from '../core/memory/memory-codec.ts'
import type { MemoryEffect, MemoryEvent } from '../core/memory/memory-event.ts'
import { MEMORY_MACHINE } from '../core/memory/memory-machine.ts'
import { MEMORY_SETTINGS_DEFAULT } from '../core/memory/memory-state.ts'
import type { MemoryState } from '../core/memory/memory-state.ts'
import {
  formatThreadEvent,
  formatThreadState,
  parseThreadEvent,
  parseThreadState,
} from '../core/memory/thread-codec.ts'
import { THREAD_MACHINE } from '../core/memory/thread-machine.ts'
import type { ThreadEffect, ThreadEvent, ThreadState } from '../core/memory/thread-machine.ts'
import type { JsonValue } from '../base/canonical-json.ts'

/** All that is remembered for one tenant: two machines side by side, which know nothing of each other. */
export type TenantState = { readonly graph: MemoryState; readonly threads: ThreadState }

export type TenantChange =
  | { readonly machine: 'graph'; readonly event: MemoryEvent }
  | { readonly machine: 'threads'; readonly event: ThreadEvent }

export type TenantEffect = MemoryEffect | ThreadEffect

export type TenantStep = { readonly state: TenantState; readonly effects: readonly TenantEffect[] }

/** Before the first event, which sets the settings. */
export function emptyTenant(): TenantState {
  return {
    graph: MEMORY_MACHINE.initial({ settings: MEMORY_SETTINGS_DEFAULT }),
    threads: THREAD_MACHINE.initial(undefined),
  }
}

export function isEmptyTenant({ graph, threads }: TenantState): boolean {
  return graph.nodes.size === 0 && threads.threads.size === 0
}

export function stepTenant(state: TenantState, change: TenantChange): TenantStep {
  if (change.machine === 'graph') {
    const step = MEMORY_MACHINE.transition(state.graph, change.event)
    return { state: { ...state, graph: step.state }, effects: step.effects }
  }
  const step = THREAD_MACHINE.transition(state.threads, change.event)
  return { state: { ...state, threads: step.state }, effects: step.effects }
}

export function tenantViolations({ graph, threads }: TenantState): readonly string[] {
  return [...MEMORY_MACHINE.violations(graph), ...THREAD_MACHINE.violations(threads)]
}

export function formatTenantChange(change: TenantChange): JsonValue {
  const event = change.machine === 'graph' ? formatMemoryEvent(change.event) : formatThreadEvent(change.event)
  return { machine: change.machine, event }
}

export function parseTenantChange(machine: unknown, json: unknown): TenantChange | undefined {
  if (machine === 'graph') {
    const event = parseMemoryEvent(json)
    return event && { machine, event }
  }
  const event = machine === 'threads' ? parseThreadEvent(json) : undefined
  return event && { machine: 'threads', event }
}

export function formatTenantState({ graph, threads }: TenantState): { readonly [name: string]: JsonValue } {
  return { graph: formatMemoryState(graph), threads: formatThreadState(threads) }
}

/** Reads what `formatTenantState` wrote, and checks that it is sound; `undefined` for anything else. */
export function parseTenantState(graphJson: unknown, threadsJson: unknown): TenantState | undefined {
  const graph = parseMemoryState(graphJson)
  const threads = parseThreadState(threadsJson)
  if (graph === undefined || threads === undefined) return undefined
  const state: TenantState = { graph, threads }
  return tenantViolations(state).length === 0 ? state : undefined
}
