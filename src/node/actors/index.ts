/**
 * Agents as supervised actors: cells with mailboxes, supervisors and timers, whose behaviour is any XState v5 logic. It is
 * not a scheduler of operating-system work and not a message broker: an actor's message is handled on one thread, one at a
 * time.
 *
 * ```ts
 * import { createActorSystem, defineAgent } from 'kernell-os/actors'
 * import { fromTransition } from 'xstate'
 *
 * const echo = defineAgent({
 *   name: 'echo',
 *   logic: fromTransition((heard: number, event: { type: 'say'; replyTo?: { send(event: object): unknown } }) => {
 *     event.replyTo?.send({ type: 'heard', count: heard + 1 })
 *     return heard + 1
 *   }, 0),
 * })
 * const system = createActorSystem()
 * const ref = system.spawn(echo, { id: 'echo' })
 * console.log(await ref.ask({ type: 'say' })) // { type: 'heard', count: 1 }
 * await system.stop()
 * ```
 */
export { createActor } from '../../actors/create-actor.ts'
export { clusterMembers, createActorSystem, moveActor } from './create-actor-system.ts'
export { clusterDidOf } from './open-cluster.ts'
export type { ClusterInit, SecretSource } from '../../actors/cluster/cluster-init.ts'
export type { ClusterMember, ClusterPeerAddress } from '../../actors/cluster/cluster-extension-init.ts'
export type { CreateActorSystemInit, ThreadsInit, WorkerLimits } from '../../actors/create-actor-system.ts'
export { defineAgent } from '../../actors/define-agent.ts'
export {
  fromMachine,
  type FromMachineOptions,
  type MachineContext,
  type MachineStep,
} from '../../actors/hosting/from-machine.ts'
export { linkActors, spawnChildOf, stash, unstashAll } from '../../actors/inside.ts'
export type { ActorSystem } from '../../actors/system/actor-system.ts'
export type { StopOptions, SuperviseOptions } from '../../actors/system/actor-system-options.ts'
export type {
  ActorAddress,
  ActorRef,
  AskOptions,
  DeliverOptions,
  ReplyTarget,
  SnapshotObserver,
  Terminated,
  TerminationReason,
} from '../../actors/actor-ref.ts'
export type {
  AgentDefinition,
  AgentInit,
  ClusterPlacement,
  DurableInit,
  MailboxInit,
  MailboxPolicy,
  RestartInit,
  SpawnOptions,
} from '../../actors/agent-definition.ts'
export type { ActorEnvironment } from '../../actors/environment.ts'
export type { DeadLetter, DeadLetterReason, DeadLetters } from '../../actors/delivery/dead-letters.ts'
export type { SupervisionEvent } from '../../actors/supervision/supervision-event.ts'
export { formatAddress, parseAddress, type AddressParts } from '../../actors/system/address.ts'
export { createSystemEnvironment } from '../../actors/system/system-environment.ts'
export {
  durableActions,
  durableActors,
  type DurableActors,
  type StoredActor,
} from '../../actors/durable/durable-actors.ts'
export type { DurableActions } from '../../actors/durable/turn/durable-turn.ts'
export type { DecidedApproval, DecisionInit, PendingApproval } from '../../actors/durable/consequences/approval-desk.ts'
export {
  effectDoneBefore,
  type EffectCall,
  type EffectHandler,
  type EffectHandlerInit,
} from '../../actors/durable/consequences/effect-runner.ts'
export type { PendingEffect } from '../../actors/durable/consequences/consequences.ts'
