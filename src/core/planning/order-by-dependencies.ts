import type { SubTask } from './sub-task.ts'

/**
 * Steps in an order in which each comes after those it depends on, otherwise as given (the earliest ready one first);
 * `undefined` when there is a cycle or a dependency that is not among the steps.
 */
export function orderByDependencies(subTasks: readonly SubTask[]): readonly SubTask[] | undefined {
  const placed = new Set<string>()
  const ordered: SubTask[] = []
  let rest = subTasks
  while (rest.length > 0) {
    const next = rest.find((subTask) => subTask.depends_on.every((id) => placed.has(id)))
    if (next === undefined) return undefined
    placed.add(next.id)
    ordered.push(next)
    rest = rest.filter((subTask) => subTask !== next)
  }
  return ordered
}
