import type { CommandEntry } from '../command.ts'

/** Commands that serve a node, run tasks, agents and programs, and look after the data directory. */
export const SERVING_COMMANDS: readonly CommandEntry[] = [
  {
    name: 'serve',
    summary: 'answer over HTTP, as an OpenAI-compatible server',
    load: async () => (await import('../commands/serve.ts')).serveCommand,
  },
  {
    name: 'node',
    summary: 'take part in the market: hold keys, buy, sell, or keep the ledger as a notary',
    load: async () => (await import('../commands/node.ts')).nodeCommand,
  },
  {
    name: 'dashboard',
    summary: 'print a link that opens the dashboard of the node that serves from the data directory',
    load: async () => (await import('../commands/dashboard.ts')).dashboardCommand,
  },
  {
    name: 'mcp',
    summary: 'be a server of the Model Context Protocol for the client that starts this command',
    load: async () => (await import('../commands/mcp.ts')).mcpCommand,
  },
  {
    name: 'mcp servers',
    summary: 'show the servers whose tools agents may call, and whether they answer',
    load: async () => (await import('../commands/mcp-servers.ts')).mcpServersCommand,
  },
  {
    name: 'stop-all',
    summary: 'cancel all work of the node and refuse more, until it is released',
    load: async () => (await import('../commands/stop-all.ts')).stopAllCommand,
  },
  {
    name: 'audit list',
    summary: 'show what was allowed, refused and stopped on this node',
    load: async () => (await import('../commands/audit.ts')).auditListCommand,
  },
  {
    name: 'audit verify',
    summary: 'check that no entry of the audit journal was changed, left out or added',
    load: async () => (await import('../commands/audit.ts')).auditVerifyCommand,
  },
  {
    name: 'route',
    summary: 'run one task, or a file of tasks, through the whole pipeline',
    load: async () => (await import('../commands/route.ts')).routeCommand,
  },
  {
    name: 'estimate',
    summary: 'say what a task would cost and how it would be run, without running it',
    load: async () => (await import('../commands/estimate.ts')).estimateCommand,
  },
  {
    name: 'models list',
    summary: 'show the models that are known, their prices, and which can be called',
    load: async () => (await import('../commands/models-list.ts')).modelsListCommand,
  },
  {
    name: 'models import',
    summary: 'read prices and capabilities from a public price list',
    load: async () => (await import('../commands/models-import.ts')).modelsImportCommand,
  },
  {
    name: 'models probe',
    summary: 'look at this machine and say which local models fit',
    load: async () => (await import('../commands/models-probe.ts')).modelsProbeCommand,
  },
  {
    name: 'models pull',
    summary: 'download a GGUF model',
    load: async () => (await import('../commands/models-pull.ts')).modelsPullCommand,
  },
  {
    name: 'agent list',
    summary: 'show the agents that can be run, and what they take',
    load: async () => (await import('../commands/agent-list.ts')).agentListCommand,
  },
  {
    name: 'agent run',
    summary: 'run one of the agents on an input, and print what it answers',
    load: async () => (await import('../commands/agent-run.ts')).agentRunCommand,
  },
  {
    name: 'sandbox prepare',
    summary: 'make what containers and machines of sandboxes start from, and try them out',
    load: async () => (await import('../commands/sandbox-prepare.ts')).sandboxPrepareCommand,
  },
  {
    name: 'sandbox run',
    summary: 'run a program that you do not trust, and say what it used',
    load: async () => (await import('../commands/sandbox-run.ts')).sandboxRunCommand,
  },
  {
    name: 'grant issue',
    summary: 'let another key have programs run on this machine, within limits',
    load: async () => (await import('../commands/grant-acts.ts')).grantIssueCommand,
  },
  {
    name: 'grant attenuate',
    summary: 'pass on what a chain grants to this key, or less of it',
    load: async () => (await import('../commands/grant-acts.ts')).grantAttenuateCommand,
  },
  {
    name: 'grant order',
    summary: 'order one run of one program, by what a chain grants to this key',
    load: async () => (await import('../commands/grant-acts.ts')).grantOrderCommand,
  },
  {
    name: 'grant show',
    summary: 'show which programs a chain lets run, with what, and whether it holds now',
    load: async () => (await import('../commands/grant-views.ts')).grantShowCommand,
  },
  {
    name: 'grant list',
    summary: 'show the DID of this key, and what it gave that is not over',
    load: async () => (await import('../commands/grant-views.ts')).grantListCommand,
  },
  {
    name: 'grant revoke',
    summary: 'take a grant back: no program is run by it any more',
    load: async () => (await import('../commands/grant-views.ts')).grantRevokeCommand,
  },
  {
    name: 'firewall check',
    summary: 'say whether a plan may be carried out, and which rules it breaks',
    load: async () => (await import('../commands/firewall.ts')).firewallCheckCommand,
  },
  {
    name: 'firewall approve',
    summary: 'let a plan pass that you have read, once: prints the token that goes with it',
    load: async () => (await import('../commands/firewall.ts')).firewallApproveCommand,
  },
  {
    name: 'firewall run',
    summary: 'carry a plan out, each of its steps through the firewall',
    load: async () => (await import('../commands/firewall.ts')).firewallRunCommand,
  },
  {
    name: 'firewall label',
    summary: 'show what is known of what plans have stored at a place, and where it came from',
    load: async () => (await import('../commands/firewall.ts')).firewallLabelCommand,
  },
  {
    name: 'doctor',
    summary: 'check what works, and say how to repair what does not',
    load: async () => (await import('../commands/doctor.ts')).doctorCommand,
  },
  {
    name: 'init',
    summary: 'write a commented configuration file',
    load: async () => (await import('../commands/init.ts')).initCommand,
  },
  {
    name: 'backup create',
    summary: 'copy the data directory to an encrypted file, also while a node serves from it',
    load: async () => (await import('../commands/backup-create.ts')).backupCreateCommand,
  },
  {
    name: 'backup verify',
    summary: 'read a backup to its end and say what it holds',
    load: async () => (await import('../commands/backup-verify.ts')).backupVerifyCommand,
  },
  {
    name: 'backup restore',
    summary: 'make a data directory out of a backup',
    load: async () => (await import('../commands/backup-restore.ts')).backupRestoreCommand,
  },
  {
    name: 'migrate',
    summary: 'bring the data directory to the layout of this version, and keep the old one',
    load: async () => (await import('../commands/migrate.ts')).migrateCommand,
  },
]
