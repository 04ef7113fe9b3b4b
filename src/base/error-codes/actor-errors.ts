import type { ErrorCodeEntry } from './error-code-entry.ts'

/** Codes of actors. */
export const ACTOR_ERRORS = {
  ACTOR_PLATFORM_LACKS: {
    cause:
      'An actor system was asked for threads, a data directory or a cluster where there are none, such as in a page.',
    remedy: 'Leave `threads`, `dataDir` and `cluster` out, or run the system in Node.',
    httpStatus: 501,
    isRetryable: false,
  },
  ACTOR_FAILED: {
    cause:
      'The actor that was asked failed while it handled the question, or the durable turn that asked came to nothing.',
    remedy: 'Read the cause, which is what its logic threw; the actor itself may have been restarted.',
    httpStatus: 500,
    isRetryable: false,
  },
  ACTOR_STOPPED: {
    cause: 'The actor that was asked, or that a message was to be delivered to, has ended.',
    remedy: 'Spawn it again, or watch it to learn of its end.',
    httpStatus: 410,
    isRetryable: false,
  },
  ACTOR_ASK_TIMEOUT: {
    cause: 'An actor did not answer within the time of the ask.',
    remedy: 'Give the ask more time, or see in its snapshot what the actor is doing; it may still handle the message.',
    httpStatus: 504,
    isRetryable: true,
  },
  ACTOR_MAILBOX_FULL: {
    cause: 'The mailbox of the actor is full, and its policy refuses.',
    remedy: 'Send more slowly, raise `mailbox.bound`, or choose the policy `credit`, which makes senders wait.',
    httpStatus: 503,
    isRetryable: true,
  },
  ACTOR_RESTART_INTENSITY: {
    cause: 'An actor failed more often than its supervisor restarts within its period.',
    remedy: 'Read the cause, which is the last failure; raise the intensity only where failing so often is normal.',
    httpStatus: 500,
    isRetryable: false,
  },
  ACTOR_STASH_FULL: {
    cause: 'An actor put more messages aside than its mailbox is bounded to.',
    remedy: 'Take them back with `unstashAll` sooner, or refuse messages that cannot be handled.',
    httpStatus: 503,
    isRetryable: true,
  },
  ACTOR_SYSTEM_STOPPED: {
    cause: 'An actor was spawned in a system, or below a parent, that has been stopped.',
    remedy: 'Make a new system; a stopped one does not come back.',
    httpStatus: 503,
    isRetryable: false,
  },
  ACTOR_ID_TAKEN: {
    cause: 'An actor was spawned with the id of one that lives.',
    remedy: 'Choose another id, or take the actor that is there with `system.get(id)`.',
    httpStatus: 409,
    isRetryable: false,
  },
  ACTOR_START_FAILED: {
    cause: 'The logic of an actor threw while it made its first state: mostly the input does not fit.',
    remedy: 'Read the cause and correct the input; nothing was started.',
    httpStatus: 400,
    isRetryable: false,
  },
  ACTOR_STATE_NOT_STORABLE: {
    cause: 'A durable actor was given state or an event that cannot be written down; the message names the path.',
    remedy: 'Keep plain values there: no functions, no cycles, no instances of classes.',
    httpStatus: 500,
    isRetryable: false,
  },
  ACTOR_VERSION_UNKNOWN: {
    cause: 'A durable actor has a snapshot, an event or a timer of a version that its definition does not know.',
    remedy: 'Start it with the definition that wrote it, or with one that migrates from it; its inbox is kept.',
    httpStatus: 500,
    isRetryable: false,
  },
  ACTOR_MIGRATION_FAILED: {
    cause: 'The definition of a durable actor could not carry its stored snapshot or event to the new version.',
    remedy: 'Correct `migrate` and start the actor again; its state and its inbox are kept as they were.',
    httpStatus: 500,
    isRetryable: false,
  },
  ACTOR_FENCED: {
    cause: 'A durable actor was activated again elsewhere, and the earlier activation tried to write.',
    remedy: 'Nothing is lost: the new activation goes on. Report it if it happens without a restart.',
    httpStatus: 409,
    isRetryable: true,
  },
  ACTOR_NOT_STORED: {
    cause: 'No durable actor of this id is stored here, or it holds no approval of this id.',
    remedy: 'See what is stored with `kernell agent stored` or `durableActors(system).list()`, and correct the id.',
    httpStatus: 404,
    isRetryable: false,
  },
  ACTOR_ALREADY_STORED: {
    cause: 'A durable actor of this id is stored here already.',
    remedy:
      'Choose another id, or remove the stored actor first: `kernell agent remove ID --yes`, or `durableActors(system).remove(id)`.',
    httpStatus: 409,
    isRetryable: false,
  },
  ACTOR_EFFECT_REFUSED: {
    cause: 'An effect needed an approval that was rejected, or not given in time; it did not run.',
    remedy: 'Request the effect again when somebody may approve it.',
    httpStatus: 403,
    isRetryable: false,
  },
  ACTOR_EXPORT_INVALID: {
    cause: 'The lines of an exported actor are damaged, incomplete or of an unknown format.',
    remedy: 'Export the actor again, with a version of this package that is not newer than the importing one.',
    httpStatus: 400,
    isRetryable: false,
  },
  ACTOR_EVENT_NOT_CLONEABLE: {
    cause: 'An event for an actor on another thread holds something that cannot be copied there, such as a function.',
    remedy: 'Send data, or take the field that the message names out of the event.',
    httpStatus: 500,
    isRetryable: false,
  },
  ACTOR_STUCK: {
    cause: 'An actor kept its worker thread from doing anything else for longer than is allowed.',
    remedy: 'Break long computations into several messages, or raise `threads.stuckAfterMs` of `createActorSystem`.',
    httpStatus: 500,
    isRetryable: false,
  },
  ACTOR_WORKER_LOST: {
    cause: 'The worker thread of an actor ended: the process ran out of memory there, or code on it failed or left.',
    remedy: 'Send it again once the actor is restored, unless doing it twice would do harm.',
    httpStatus: 503,
    isRetryable: true,
  },
  ACTOR_NODE_LOST: {
    cause:
      'The machine of the cluster that the actor ran on was lost, or the connection to it, after the message was sent.',
    remedy: 'Send it again once the actor is placed anew, unless doing it twice would do harm.',
    httpStatus: 503,
    isRetryable: true,
  },
  ACTOR_NODE_UNKNOWN: {
    cause: 'An actor was to be placed on a machine that is not one of the cluster.',
    remedy: 'Name one of the `peers` of `cluster`, or leave the choice with `placement: { cluster: true }`.',
    httpStatus: 404,
    isRetryable: false,
  },
  ACTOR_EVENT_TOO_LARGE: {
    cause: 'An event for an actor on another machine is larger than one message between machines may be.',
    remedy: 'Send large things in pieces, or send where they are.',
    httpStatus: 413,
    isRetryable: false,
  },
  ACTOR_CLUSTER_SECRET_INVALID: {
    cause: 'The secret of a cluster is too short to keep others out, or its file cannot be read.',
    remedy: 'Make one with `openssl rand -hex 32`, in a file that only its owner may read, the same on every machine.',
    httpStatus: 500,
    isRetryable: false,
  },
  ACTOR_MODULE_INVALID: {
    cause: 'A worker cannot load the agent: its definition names no module, or the module does not export it.',
    remedy: 'Give `defineAgent` the `module` with the URL and the name under which the definition is exported.',
    httpStatus: 500,
    isRetryable: false,
  },
  ACTOR_DEFINITION_UNKNOWN: {
    cause: 'A stored actor is to come into memory, and nobody has named its definition since the process started.',
    remedy: 'Spawn it, or name its definition with `durableActors(system).define(definition)`; it is kept meanwhile.',
    httpStatus: 500,
    isRetryable: false,
  },
  ACTOR_NOT_MOVABLE: {
    cause:
      'The actor cannot move to another worker: it has children, waits for a restart, or holds what cannot be copied.',
    remedy: 'Stop its children first, or leave it where it is.',
    httpStatus: 409,
    isRetryable: false,
  },
} as const satisfies Record<string, ErrorCodeEntry>
