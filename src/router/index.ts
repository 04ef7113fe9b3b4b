/**
 * The router as a service over ports: bring a model catalog, a policy, budgets, a cache and a clock, and it runs tasks. `createNode` of `kernell-os`
 * brings all of these; use this door to run the router where there is no disk and no Node, in a browser or in a simulation. It opens nothing by itself.
 *
 * ```ts
 * import { createRouter, type RouterComponents } from 'kernell-os/router'
 * import type { Router } from 'kernell-os/ports'
 *
 * export const routerOver = (components: RouterComponents): Router =>
 *   createRouter(components, { decompose: 'auto', contextTokensMax: 3000 })
 * ```
 */
export {
  createBudgetOwner,
  type BudgetLimit,
  type BudgetOwner,
  type BudgetOwnerComponents,
  type BudgetOwnerInit,
} from './budget-owner.ts'
export { createAnswerCheck, type CheckAnswerInit } from './check-answer.ts'
export { createRouter, type RouterComponents, type RouterInit } from './router-service.ts'
export type { SemanticCache } from './semantic-cache.ts'
