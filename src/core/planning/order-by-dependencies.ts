/** What a plan has to know of its steps. */
export type PlannedTask = {
  /** Unique in its plan; 1 to 256 characters, none of them `/`. */
  readonly id: string
  /** Ids of steps that come before this one; no repeats. */
  readonly depends_on: readonly string[]
}

/**
 * Steps in an order in which each comes after those it depends on, otherwise as given (the earliest ready one first);
 * `undefined` when there is a cycle or a dependency that is not among the steps. Linear where the steps come in order.
 */
export function orderByDependencies<Task extends PlannedTask>(subTasks: readonly Task[]): readonly Task[] | undefined {
  if (subTasks.every(({ depends_on }) => depends_on.length === 0)) return subTasks
  const placed = new Set<string>()
  const isPlaceable = (subTask: Task): boolean => subTask.depends_on.every((id) => placed.has(id))
  const ordered: Task[] = []
  for (const subTask of subTasks) {
    if (!isPlaceable(subTask)) break
    placed.add(subTask.id)
    ordered.push(subTask)
  }
  if (ordered.length === subTasks.length) return subTasks
  let rest = subTasks.slice(ordered.length)
  while (rest.length > 0) {
    const next = rest.find(isPlaceable)
    if (next === undefined) return undefined
    placed.add(next.id)
    ordered.push(next)
    rest = rest.filter((subTask) => subTask !== next)
  }
  return ordered
}
