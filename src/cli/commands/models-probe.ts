import { formatBytes, formatPercent } from '../../base/format.ts'
import { probeMachine, type MachineProbe } from '../../node/probe-machine.ts'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { choiceFlag } from '../flags.ts'
import { formatTable, type Column } from '../format-table.ts'

const POWER_LEVELS = ['minimal', 'balanced', 'powerful', 'maximum'] as const

const COLUMNS: readonly Column[] = [
  { heading: 'model', isFlexible: true },
  { heading: 'tier' },
  { heading: 'parameters', align: 'right' },
  { heading: 'memory', align: 'right' },
  { heading: 'fits alone' },
  { heading: 'chosen together' },
]

/** What this machine has, and which local models fit it together. */
export const modelsProbeCommand: Command = {
  name: 'models probe',
  summary: 'look at this machine and say which local models fit',
  synopsis: '',
  flags: {
    power: { value: 'LEVEL', describe: 'minimal, balanced, powerful or maximum, instead of the configured one' },
  },
  details: [
    'Models that fit alone need no more than the budget. Those chosen fit together: one of each size, the largest first. No model is loaded.',
  ],
  async run({ flags, terminal, isJson, loadConfig }) {
    const probe = await probeMachine(choiceFlag(flags, 'power', POWER_LEVELS) ?? loadConfig().powerLevel)
    if (isJson) terminal.printJson(probeDocument(probe))
    else terminal.print(formatProbe(probe, terminal.cutWidth))
    return EXIT_CODES.done
  },
}

function probeDocument(probe: MachineProbe): object {
  const { hardware, powerLevel, fit } = probe
  return {
    cpu: hardware.cpuModel,
    cores: hardware.cpuCores,
    memory_bytes: hardware.memoryBytes,
    gpus: hardware.gpus.map(({ name, memoryBytes }) => ({ name, memory_bytes: memoryBytes })),
    power_level: powerLevel,
    budget_bytes: fit.budgetBytes,
    used_bytes: fit.usedBytes,
    fitted: fit.fitted.map(({ id, quantisation, memoryBytes }) => ({ id, quantisation, memory_bytes: memoryBytes })),
    rejected: fit.rejected,
    models: probe.models.map(({ entry, memoryBytes, quantisation, fitsAlone, isChosen }) => {
      return { id: entry.id, memory_bytes: memoryBytes ?? null, quantisation, fits_alone: fitsAlone, chosen: isChosen }
    }),
  }
}

function formatProbe(probe: MachineProbe, width: number): string {
  const { hardware, powerLevel, fit } = probe
  const gpus =
    hardware.gpus.length === 0
      ? 'none'
      : hardware.gpus.map(({ name, memoryBytes }) => `${name} ${formatBytes(memoryBytes)}`).join(', ')
  const rows = probe.models.map(({ entry, memoryBytes, quantisation, fitsAlone, isChosen }) => [
    entry.id,
    entry.tier,
    entry.parametersBillions === undefined ? '-' : `${entry.parametersBillions} B`,
    memoryBytes === undefined ? '-' : `${formatBytes(memoryBytes)} (${quantisation})`,
    fitsAlone ? 'yes' : 'no',
    isChosen ? 'yes' : '-',
  ])
  const share = hardware.memoryBytes === 0 ? 0 : fit.budgetBytes / hardware.memoryBytes
  return [
    `processor  ${hardware.cpuModel}, ${hardware.cpuCores} cores`,
    `memory     ${formatBytes(hardware.memoryBytes)}`,
    `graphics   ${gpus}`,
    `budget     ${formatBytes(fit.budgetBytes)} for local models (${powerLevel}, ${formatPercent(share)} of the memory)`,
    '',
    formatTable(COLUMNS, rows, width),
  ].join('\n')
}
