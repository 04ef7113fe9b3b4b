import type { AgentTaskName, AgentTaskPhase, AgentTaskStore } from '../../ports/agent-task-store.ts'
import type { TelemetryPurge } from '../../telemetry/telemetry-purge.ts'
import { ownContextOf } from './call-context.ts'
import { FleetTasks } from './fleet/fleet-tasks.ts'
import { openKeptTasks } from './kept-task-store.ts'
import type { A2aParts } from './a2a-parts.ts'
import { PushConfigs } from './push-configs.ts'
import type { PushSender } from './push-sender.ts'
import type { PushWays } from './push-ways.ts'
import type { SkillExecutor } from './skill-executor.ts'
import { StoredTasks } from './stored-tasks.ts'
import type { TaskHandler } from './task-handler.ts'

/** What of the work there is only once the tasks are there. */
export type TasksAttachment = {
  readonly handler: TaskHandler
  readonly executor: SkillExecutor
  readonly sender: PushSender
}

export type OpenedTasks = {
  readonly tasks: StoredTasks
  readonly configs: PushConfigs
  /** Absent where there is one gateway. */
  readonly fleet: FleetTasks | undefined
  /** Deletes tasks, also those that this gateway kept before it joined a fleet. @returns How many. */
  readonly erase: (what: TelemetryPurge) => Promise<number>
  /** Fails what was worked on by who is dead, and heeds other gateways from now on. Throws as the store. */
  readonly attach: (attachment: TasksAttachment) => Promise<void>
}

export type OpenTasksParts = Pick<A2aParts, 'store' | 'openShared' | 'clock' | 'random' | 'timers' | 'onError'> & {
  readonly config: Pick<A2aParts['config'], 'tasksMax' | 'keepMs'>
}

/** Tasks whose configurations of notifications a gateway of a fleet remembers. */
const REMEMBERED_MAX = 1_024

/** Opens the tasks of the fleet where there is one, else those of this node. Throws as the store. */
export async function openTasks(parts: OpenTasksParts, ways: Pick<PushWays, 'admit'>): Promise<OpenedTasks> {
  const { clock, timers, random, onError } = parts
  const shared = parts.openShared?.()
  const kept = await openKeptTasks(parts.store)
  const store: AgentTaskStore = shared ?? kept
  const rememberedMax = shared === undefined ? 0 : REMEMBERED_MAX
  const configs = new PushConfigs({ store, random, admit: ways.admit, rememberedMax })
  const attached: { attachment?: TasksAttachment } = {}
  const { tasksMax, keepMs } = parts.config
  const tasks = new StoredTasks(
    { store, clock },
    {
      tasksMax,
      keepMs,
      interrupted: shared === undefined ? RESTARTED : LOST,
      onErased(name) {
        attached.attachment?.handler.forget(name)
        configs.forget(name)
        fleet?.erased(name)
      },
      onUnstored(name, error) {
        attached.attachment?.executor.abort(name.id, error)
        fleet?.wake(name)
      },
      onStored: (name: AgentTaskName, phase: AgentTaskPhase) => fleet?.note(name, phase),
      ...(shared !== undefined && {
        // Whoever was to be told by the gateway that is dead.
        onInterrupted: (owner, task) => {
          const { id: taskId, contextId, status, metadata } = task
          const value = { taskId, contextId, status, metadata }
          attached.attachment?.sender
            .send({ payload: { $case: 'statusUpdate', value } }, ownContextOf(owner))
            .catch(onError)
        },
      }),
    },
  )
  const fleet =
    shared &&
    new FleetTasks(
      { store: shared, tasks, configs, timers, clock, onError },
      {
        cancel: async (name) => await attached.attachment?.handler.cancelFor(name),
        abort: (taskId, reason) => attached.attachment?.executor.abort(taskId, reason),
        forget: (name) => attached.attachment?.handler.forget(name),
      },
    )
  return {
    tasks,
    configs,
    fleet,
    async erase(purge) {
      const what: TelemetryPurge =
        purge.kind === 'before' ? { kind: 'before', before: new Date(purge.before).toISOString() } : purge
      const before = shared === undefined ? [] : await kept.erase(what)
      return before.length + (await tasks.erase(what))
    },
    async attach(attachment) {
      attached.attachment = attachment
      fleet?.start()
      await tasks.open()
    },
  }
}

const RESTARTED = 'The node was restarted while this task was being worked on.'
const LOST = 'The gateway that worked on this task ended, or was not heard of for too long.'
