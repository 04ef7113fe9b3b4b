import { useState } from 'preact/hooks'
import { type JsonObject, numberOf, objectOf, rowsOf, textOf } from '../connection/json-value.ts'
import { type Form, FormDialog } from '../parts/form-dialog.tsx'
import { Empty, Loaded, PageHead } from '../parts/panel.tsx'
import { Meter } from '../parts/share-bar.tsx'
import { type Column, VirtualTable } from '../parts/virtual-table.tsx'
import { Words } from '../parts/words.tsx'
import { manage, useManaged, writtenOf } from '../state/administration.ts'
import { shownPart, shownUsd } from '../state/shown-numbers.ts'
import { useView } from '../state/use-view.ts'

const COLUMNS: readonly Column<JsonObject>[] = [
  { heading: 'of', width: 'minmax(8rem, 1.4fr)', cell: (row) => <Words text={textOf(row['scope'])} most={80} /> },
  { heading: 'window', width: '5rem', cell: (row) => <Words text={textOf(row['window'])} most={20} /> },
  {
    heading: 'used',
    width: 'minmax(7rem, 1.4fr)',
    cell: (row) => {
      const [limit, used] = [
        numberOf(row['limit_usd']) ?? 0,
        (numberOf(row['spent_usd']) ?? 0) + (numberOf(row['held_usd']) ?? 0),
      ]
      return (
        <span class="metered">
          <Meter label="used" part={used} whole={limit} tone={toneOf(used / limit)} />
          {shownPart(used, limit)}
        </span>
      )
    },
  },
  { heading: 'limit', width: '6rem', isNumber: true, cell: (row) => shownUsd(numberOf(row['limit_usd'])) },
  {
    heading: 'spent',
    width: '6rem',
    isNumber: true,
    isExtra: true,
    cell: (row) => shownUsd(numberOf(row['spent_usd'])),
  },
  { heading: 'held', width: '6rem', isNumber: true, isExtra: true, cell: (row) => shownUsd(numberOf(row['held_usd'])) },
  { heading: 'left', width: '6rem', isNumber: true, isExtra: true, cell: (row) => shownUsd(numberOf(row['left_usd'])) },
]

function toneOf(share: number): string {
  if (share >= 1) return 'bad'
  return share >= 0.8 ? 'warn' : 'accent'
}

/** Limits, and how much of each is used now; those that are not of the configuration are set from here. */
export function BudgetsPage() {
  const [form, setForm] = useState<Form>()
  const isManager = useManaged() !== undefined
  const view = useView('/v1/node/budgets', ['tasks', 'configuration', 'access', 'tick'])
  const columns = isManager ? [...COLUMNS, actColumn(setForm)] : COLUMNS
  return (
    <>
      <PageHead
        title="Budgets"
        lead="Limits in dollars, and what calls have spent and hold of them in the window that runs. Windows are of UTC."
      >
        {isManager && (
          <button type="button" class="primary" onClick={() => setForm(newBudgetForm())}>
            New budget
          </button>
        )}
      </PageHead>
      <Loaded view={view}>
        {(data) => (
          <section class="panel" aria-label="Budgets">
            <VirtualTable
              label="Budgets"
              columns={columns}
              rows={rowsOf(objectOf(data)['budgets'])}
              keyOf={(row) => `${textOf(row['scope'])} ${textOf(row['window'])}`}
              empty={
                <Empty title="No limit is set">
                  Set one here, or name it in <code>budgets</code> of the configuration: every call reserves its upper
                  bound there before it starts.
                </Empty>
              }
            />
          </section>
        )}
      </Loaded>
      {form !== undefined && <FormDialog form={form} onClose={() => setForm(undefined)} />}
    </>
  )
}

function actColumn(onForm: (form: Form) => void): Column<JsonObject> {
  return {
    heading: 'set',
    width: '9.5rem',
    cell: (row) => {
      const source = textOf(row['source'])
      if (source !== 'registry') return <Words text={source} most={20} />
      const name = `${textOf(row['scope'])} ${textOf(row['window'])}`
      return (
        <span class="row-acts">
          <button type="button" class="quiet" aria-label={`Change ${name}`} onClick={() => onForm(limitForm(row))}>
            Change
          </button>
          <button type="button" class="quiet" aria-label={`Remove ${name}`} onClick={() => onForm(removalForm(row))}>
            Remove
          </button>
        </span>
      )
    },
  }
}

function newBudgetForm(): Form {
  return {
    title: 'New budget',
    text: 'It counts what is admitted from now on.',
    act: 'Set the budget',
    fields: [
      {
        name: 'scope',
        label: 'Of',
        hint: 'node, tenant:NAME, team:TENANT/NAME, key:ID, agent:NAME',
        value: 'node',
        isRequired: true,
      },
      { name: 'window', label: 'Window', choices: ['hour', 'day', 'month', 'total'], value: 'day' },
      { name: 'limit_usd', label: 'Limit', hint: 'dollars', isRequired: true },
    ],
    run: async (values) => await manage('budgets', { method: 'POST', body: values }),
  }
}

function limitForm(row: JsonObject): Form {
  return {
    title: 'Change the budget',
    text: <NamedBudget of={row} says="has another limit from now on. What is under way is settled." />,
    act: 'Set',
    fields: [
      { name: 'limit_usd', label: 'Limit', hint: 'dollars', value: writtenOf(row['limit_usd']), isRequired: true },
    ],
    run: async (values) => await manage(pathOf(row), { method: 'PATCH', body: values }),
  }
}

function removalForm(row: JsonObject): Form {
  return {
    title: 'Remove the budget',
    text: <NamedBudget of={row} says="has no limit any more." />,
    act: 'Remove',
    isDangerous: true,
    fields: [],
    run: async () => await manage(pathOf(row), { method: 'DELETE' }),
  }
}

function NamedBudget({ of, says }: { readonly of: JsonObject; readonly says: string }) {
  return (
    <>
      <Words text={`${textOf(of['scope'])}, ${textOf(of['window'])},`} most={120} /> {says}
    </>
  )
}

function pathOf(row: JsonObject): string {
  return `budgets/${encodeURIComponent(`${textOf(row['scope'])}@${textOf(row['window'])}`)}`
}
