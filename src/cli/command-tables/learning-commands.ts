import type { CommandEntry } from '../command.ts'

/** Commands of records and policies. */
export const LEARNING_COMMANDS: readonly CommandEntry[] = [
  {
    name: 'data build',
    summary: 'label records of finished tasks into a dataset',
    load: async () => (await import('../commands/data-build.ts')).dataBuildCommand,
  },
  {
    name: 'data audit',
    summary: 'sum up a dataset and draw rows to review',
    load: async () => (await import('../commands/data-audit.ts')).dataAuditCommand,
  },
  {
    name: 'data split',
    summary: 'divide rows by task into parts for training and testing',
    load: async () => (await import('../commands/data-split.ts')).dataSplitCommand,
  },
  {
    name: 'data sft',
    summary: 'write examples to train a small deciding model with, and a plan that does it',
    load: async () => (await import('../commands/data-sft.ts')).dataSftCommand,
  },
  {
    name: 'data inspect',
    summary: 'show the records of finished tasks that this node keeps',
    load: async () => (await import('../commands/data-inspect.ts')).dataInspectCommand,
  },
  {
    name: 'data export',
    summary: 'write the records to a file of JSON Lines',
    load: async () => (await import('../commands/data-export.ts')).dataExportCommand,
  },
  {
    name: 'agent export',
    summary: 'write a durable agent to a file',
    load: async () => (await import('../commands/agent-export.ts')).agentExportCommand,
  },
  {
    name: 'agent import',
    summary: 'bring in a durable agent that was exported',
    load: async () => (await import('../commands/agent-import.ts')).agentImportCommand,
  },
  {
    name: 'agent stored',
    summary: 'show the durable agents that are stored in the data directory',
    load: async () => (await import('../commands/agent-stored.ts')).agentStoredCommand,
  },
  {
    name: 'agent remove',
    summary: 'remove a durable agent with all that is stored of it',
    load: async () => (await import('../commands/agent-remove.ts')).agentRemoveCommand,
  },
  {
    name: 'data savings',
    summary: 'estimate what routing saved against always-premium, always-cheap, a random mix and the priors',
    load: async () => (await import('../commands/data-savings.ts')).dataSavingsCommand,
  },
  {
    name: 'data drift',
    summary: 'compare recent tasks with those before, or with a reference: what changed, and how many are unlike any',
    load: async () => (await import('../commands/data-drift.ts')).dataDriftCommand,
  },
  {
    name: 'data purge',
    summary: 'delete records for good',
    load: async () => (await import('../commands/data-purge.ts')).dataPurgeCommand,
  },
  {
    name: 'policy train',
    summary: 'train a policy on a dataset, on this machine',
    load: async () => (await import('../commands/policy-train.ts')).policyTrainCommand,
  },
  {
    name: 'policy learn',
    summary: 'learn a policy from the outcomes so far, however few, with how sure it is of them',
    load: async () => (await import('../commands/policy-learn.ts')).policyLearnCommand,
  },
  {
    name: 'policy evaluate',
    summary: 'judge a policy beside another on rows with known outcomes; --gate decides whether it may take over',
    load: async () => (await import('../commands/policy-evaluate.ts')).policyEvaluateCommand,
  },
  {
    name: 'policy register',
    summary: 'keep the file of a trained policy in the registry, as a version',
    load: async () => (await import('../commands/policy-register.ts')).policyRegisterCommand,
  },
  {
    name: 'policy list',
    summary: 'show the trained policies of this node, and which of them serves',
    load: async () => (await import('../commands/policy-list.ts')).policyListCommand,
  },
  {
    name: 'policy show',
    summary: 'show where a policy came from, what was measured, and what its gates said',
    load: async () => (await import('../commands/policy-show.ts')).policyShowCommand,
  },
  {
    name: 'policy promote',
    summary: 'take a policy a step up: to the shadow, to some of the conversations, to all',
    load: async () => (await import('../commands/policy-promote.ts')).policyPromoteCommand,
  },
  {
    name: 'policy pause',
    summary: 'keep the candidate where it is: it goes no step further by itself',
    load: async () => (await import('../commands/policy-pause.ts')).policyPauseCommand,
  },
  {
    name: 'policy resume',
    summary: 'let a paused candidate go on by itself',
    load: async () => (await import('../commands/policy-pause.ts')).policyResumeCommand,
  },
  {
    name: 'policy rollback',
    summary: 'take the candidate back at once; without one, go back to the policy before',
    load: async () => (await import('../commands/policy-rollback.ts')).policyRollbackCommand,
  },
  {
    name: 'policy status',
    summary: 'show which policy serves, which is being tried, and how it does',
    load: async () => (await import('../commands/policy-status.ts')).policyStatusCommand,
  },
  {
    name: 'policy remove',
    summary: 'delete a policy that neither serves nor is what a rollback goes back to',
    load: async () => (await import('../commands/policy-remove.ts')).policyRemoveCommand,
  },
]
