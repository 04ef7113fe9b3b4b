import type { CommandEntry } from '../command.ts'

/** Commands that manage who may use a node. */
export const ACCESS_COMMANDS: readonly CommandEntry[] = [
  {
    name: 'access organisation create',
    summary: 'make an organisation, with its budgets and rates',
    load: async () => (await import('../commands/access-entries.ts')).ENTRY_COMMANDS.organisation.create,
  },
  {
    name: 'access organisation list',
    summary: 'list the organisations of this node, those of the configuration too',
    load: async () => (await import('../commands/access-entries.ts')).ENTRY_COMMANDS.organisation.list,
  },
  {
    name: 'access organisation show',
    summary: 'show one organisation, with its budgets and what is left of them',
    load: async () => (await import('../commands/access-entries.ts')).ENTRY_COMMANDS.organisation.show,
  },
  {
    name: 'access organisation update',
    summary: 'change what an organisation may do; it holds from the next request on',
    load: async () => (await import('../commands/access-entries.ts')).ENTRY_COMMANDS.organisation.update,
  },
  {
    name: 'access organisation remove',
    summary: 'forget an organisation that nothing is in',
    load: async () => (await import('../commands/access-entries.ts')).ENTRY_COMMANDS.organisation.remove,
  },
  {
    name: 'access tenant create',
    summary: 'make a tenant, with its budgets and rates',
    load: async () => (await import('../commands/access-entries.ts')).ENTRY_COMMANDS.tenant.create,
  },
  {
    name: 'access tenant list',
    summary: 'list the tenants of this node, those of the configuration too',
    load: async () => (await import('../commands/access-entries.ts')).ENTRY_COMMANDS.tenant.list,
  },
  {
    name: 'access tenant show',
    summary: 'show one tenant, with its budgets and what is left of them',
    load: async () => (await import('../commands/access-entries.ts')).ENTRY_COMMANDS.tenant.show,
  },
  {
    name: 'access tenant update',
    summary: 'change what a tenant may do; it holds from the next request on',
    load: async () => (await import('../commands/access-entries.ts')).ENTRY_COMMANDS.tenant.update,
  },
  {
    name: 'access tenant remove',
    summary: 'forget a tenant that nothing is in',
    load: async () => (await import('../commands/access-entries.ts')).ENTRY_COMMANDS.tenant.remove,
  },
  {
    name: 'access team create',
    summary: 'make a team, with its budgets and rates',
    load: async () => (await import('../commands/access-entries.ts')).ENTRY_COMMANDS.team.create,
  },
  {
    name: 'access team list',
    summary: 'list the teams of this node, those of the configuration too',
    load: async () => (await import('../commands/access-entries.ts')).ENTRY_COMMANDS.team.list,
  },
  {
    name: 'access team show',
    summary: 'show one team, with its budgets and what is left of them',
    load: async () => (await import('../commands/access-entries.ts')).ENTRY_COMMANDS.team.show,
  },
  {
    name: 'access team update',
    summary: 'change what a team may do; it holds from the next request on',
    load: async () => (await import('../commands/access-entries.ts')).ENTRY_COMMANDS.team.update,
  },
  {
    name: 'access team remove',
    summary: 'forget a team that nothing is in',
    load: async () => (await import('../commands/access-entries.ts')).ENTRY_COMMANDS.team.remove,
  },
  {
    name: 'access key create',
    summary: 'make an API key, which is shown this once',
    load: async () => (await import('../commands/access-entries.ts')).ENTRY_COMMANDS.key.create,
  },
  {
    name: 'access key list',
    summary: 'list the keys of this node, those of the configuration too',
    load: async () => (await import('../commands/access-entries.ts')).ENTRY_COMMANDS.key.list,
  },
  {
    name: 'access key show',
    summary: 'show one key, with its budgets and what is left of them',
    load: async () => (await import('../commands/access-entries.ts')).ENTRY_COMMANDS.key.show,
  },
  {
    name: 'access key update',
    summary: 'change what a key may do; it holds from the next request on',
    load: async () => (await import('../commands/access-entries.ts')).ENTRY_COMMANDS.key.update,
  },
  {
    name: 'access key remove',
    summary: 'forget a key; it is taken no more',
    load: async () => (await import('../commands/access-entries.ts')).ENTRY_COMMANDS.key.remove,
  },
  {
    name: 'access key rotate',
    summary: 'give a key a new secret; the one before is taken for a while longer',
    load: async () => (await import('../commands/access-entries.ts')).keyRotateCommand,
  },
  {
    name: 'access key revoke',
    summary: 'take a key back for good: it is refused from the next request on',
    load: async () => (await import('../commands/access-entries.ts')).keyRevokeCommand,
  },
  {
    name: 'access budget list',
    summary: 'list the budgets of this node, and what is left of them',
    load: async () => (await import('../commands/access-budgets.ts')).budgetListCommand,
  },
  {
    name: 'access budget show',
    summary: 'show one budget, and what is left of it',
    load: async () => (await import('../commands/access-budgets.ts')).budgetShowCommand,
  },
  {
    name: 'access budget create',
    summary: 'limit what may be spent in a window, from now on',
    load: async () => (await import('../commands/access-budgets.ts')).budgetCreateCommand,
  },
  {
    name: 'access budget update',
    summary: 'raise or lower a limit; nothing more is admitted beyond a lower one',
    load: async () => (await import('../commands/access-budgets.ts')).budgetUpdateCommand,
  },
  {
    name: 'access budget remove',
    summary: 'take a limit away',
    load: async () => (await import('../commands/access-budgets.ts')).budgetRemoveCommand,
  },
]
