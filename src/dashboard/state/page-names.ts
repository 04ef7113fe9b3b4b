/** What the address may name. */
export const PAGES = [
  'overview',
  'run',
  'decisions',
  'costs',
  'cache',
  'policies',
  'agents',
  'peers',
  'market',
  'escrows',
  'ledger',
  'budgets',
  'access',
  'simulations',
] as const
export type PageName = (typeof PAGES)[number]
