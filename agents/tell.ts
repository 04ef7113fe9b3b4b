import type { ActorSystem } from 'kernell-os/actors'

/**
 * Tells whoever asked, or listens. What that throws is a fault of its own: it must not end an agent that works for others,
 * and it is not lost, the system is told.
 */
export function tell<Event extends { readonly type: string }>(
  target: { send(event: Event): unknown } | undefined,
  event: Event,
  system: object,
): void {
  try {
    target?.send(event)
  } catch (error: unknown) {
    const { environment } = system as Partial<Pick<ActorSystem, 'environment'>>
    // XState's own system has none; it treats this as it treats the errors of any action.
    if (environment === undefined) throw error
    environment.reportError(error)
  }
}
