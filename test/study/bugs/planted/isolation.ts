import type { PlantedBug } from '../planted-bug.ts'

export const ISOLATION: readonly PlantedBug[] = [
  {
    name: 'tenant-not-in-key',
    class: 'isolation',
    file: 'src/router/cache/cache-request.ts',
    search: 'return `${tenant}\\n${modelClass}\\n${rest}`',
    replacement: "return `${tenant === undefined ? '' : modelClass}\\n${rest}`",
    what: 'what was answered to one tenant is answered to all',
  },
  {
    name: 'entry-without-partition',
    class: 'isolation',
    file: 'src/router/cache/cache-request.ts',
    search: 'const entryId = sha256Hex(`${partition}\\n${text}`).slice(0, ENTRY_ID_LENGTH)',
    replacement: 'const entryId = sha256Hex(text).slice(0, ENTRY_ID_LENGTH)',
    what: 'a stored answer is found by the question alone',
  },
  {
    name: 'records-of-all',
    class: 'isolation',
    file: 'src/telemetry/telemetry-store.ts',
    search: 'if (filter.tenant !== undefined && event.tenant !== filter.tenant) continue',
    replacement: 'if (filter.tenant !== undefined && event.tenant === null) continue',
    what: 'whoever lists the records of one tenant reads those of all',
  },
  {
    name: 'spends-of-another',
    class: 'isolation',
    file: 'src/router/budgets/budget-accounts.ts',
    search: 'accounts.push(`tenant:${caller.tenant}`)',
    replacement: "accounts.push(`tenant:${caller.tenant === 'bolt' ? 'acme' : caller.tenant}`)",
    what: 'one tenant pays for the calls of another',
  },
]
