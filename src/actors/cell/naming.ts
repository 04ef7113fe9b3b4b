import type { Cell, CellHost } from './cell.ts'

/** The live children of `parent` by name: names are unique among siblings. */
export function namesBelow(parent: Cell): Map<string, Cell> {
  if (parent.isRoot) return parent.system.registry
  const extras = parent.more()
  extras.named ??= new Map()
  return extras.named as Map<string, Cell>
}

/** Forgets a cell that has ended. */
export function forgetName(cell: Cell): void {
  const { name, parent, system } = cell
  if (name === undefined) {
    if (system.hasNumbered) system.registry.delete(`$${cell.number}`)
  } else if (parent !== undefined && cell.isSupervised) {
    if (parent.isRoot) system.registry.delete(name)
    else parent.extras?.named?.delete(name)
  }
}

/** The live cell of an id. Costs a look-up per part of it. */
export function findCell(system: CellHost, id: string): Cell | undefined {
  const top = system.registry.get(id)
  if (top !== undefined || !id.includes('/')) return top
  const [first = '', ...rest] = id.split('/')
  let cell = system.registry.get(first)
  for (const name of rest) cell = cell?.extras?.named?.get(name) as Cell | undefined
  return cell
}
