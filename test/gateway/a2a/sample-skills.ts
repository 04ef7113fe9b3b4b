import type { AgentSkill } from '../../../src/node/a2a/agent-skill.ts'

const base = { name: 'Sample', description: 'For tests', tags: ['test'] }

/** Asks for more at once. */
export const WAITING: AgentSkill = {
  ...base,
  id: 'waiting',
  run: async () => await Promise.resolve({ state: 'input-required', text: 'More?' }),
}

/** Makes two artefacts. */
export const CHATTY: AgentSkill = {
  ...base,
  id: 'chatty',
  run: async ({ emit }) => {
    emit({ type: 'text', artifactId: 'a', text: 'one' })
    emit({ type: 'text', artifactId: 'b', text: 'two' })
    return await Promise.resolve({ state: 'completed' })
  },
}

/** Begins, and does not end by itself. */
export const ENDLESS: AgentSkill = {
  ...base,
  id: 'endless',
  run: async ({ signal, emit }) => {
    emit({ type: 'text', artifactId: 'a', text: 'begun' })
    return await new Promise((_resolve, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
    )
  },
}
