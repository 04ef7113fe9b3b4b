/** What something can be about that changes on a node. */
export const CHANGE_TOPICS = [
  'tasks',
  'policies',
  'rights',
  'market',
  'supervision',
  'configuration',
  'access',
] as const
export type ChangeTopic = (typeof CHANGE_TOPICS)[number]

/** Tells that something has changed, and not what: whoever hears it looks again. Counts per topic, so that nothing waits for anybody. */
export class ChangeLog {
  private readonly counts = new Map<ChangeTopic, number>()
  private readonly listeners = new Set<() => void>()

  /** How often something of the topic has changed. */
  countOf(topic: ChangeTopic): number {
    return this.counts.get(topic) ?? 0
  }

  note(topic: ChangeTopic): void {
    this.counts.set(topic, this.countOf(topic) + 1)
    for (const listener of this.listeners) listener()
  }

  /** `listener` must not throw; it is told at once, so it had better only remember it. @returns Ends it. */
  listen(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => void this.listeners.delete(listener)
  }
}
