import type { AgentSkill, SkillCancellation, SkillWork } from '../../../src/node/a2a/agent-skill.ts'

/** A skill of one gateway whose turns end when a test says so. */
export class HeldSkill {
  readonly works: SkillWork[] = []
  readonly skill: AgentSkill
  readonly #ends = new Map<string, (how: 'completed' | 'input-required') => void>()
  /** Says whether a task can be cancelled; absent: the skill has no say. */
  cancellation: SkillCancellation | undefined

  constructor({ hasSay = false } = {}) {
    this.skill = {
      id: 'held',
      name: 'Held',
      description: 'For tests',
      tags: ['test'],
      run: async (work) => await this.#run(work),
      ...(hasSay && {
        cancel: async () => {
          if (this.cancellation === undefined) throw new Error('nobody said')
          return await Promise.resolve(this.cancellation)
        },
      }),
    }
  }

  /** Ends the turn of a task. */
  end(taskId: string, how: 'completed' | 'input-required' = 'completed'): void {
    const end = this.#ends.get(taskId)
    if (end === undefined) throw new Error(`Nobody works on ${taskId} here`)
    end(how)
  }

  async #run(work: SkillWork): Promise<{ state: 'completed' | 'input-required'; text: string }> {
    this.works.push(work)
    const how = await new Promise<'completed' | 'input-required'>((resolve, reject) => {
      this.#ends.set(work.taskId, resolve)
      work.signal.addEventListener('abort', () => reject(work.signal.reason as Error), { once: true })
    })
    work.emit({ type: 'text', artifactId: 'answer', text: `answer ${this.works.length}` })
    return { state: how, text: how === 'completed' ? 'Done.' : 'More?' }
  }
}
