import type { ActorAddress } from '../actor-ref.ts'

type Subject = { readonly id: string; readonly address: ActorAddress }

/** What supervisors saw and did; `system.supervision` tells it to whoever subscribes. */
export type SupervisionEvent =
  | (Subject & { readonly type: 'actor-failed'; readonly error: unknown })
  /** `error`: what ended the worker thread that it ran on; absent where its own failure, told before, was the reason. */
  | (Subject & { readonly type: 'actor-restarted'; readonly error?: unknown })
  /** Its supervisor fails with the same error; a child of the system's own supervisor is ended. */
  | (Subject & { readonly type: 'restart-intensity-exceeded'; readonly error: unknown })
  /** It ended for good by a failure that no observer, watcher or parent was there to hear of. */
  | (Subject & { readonly type: 'actor-lost'; readonly error: unknown })
