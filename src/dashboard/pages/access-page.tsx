import { useState } from 'preact/hooks'
import { type Json, type JsonObject, isTrue, objectOf, rowsOf, textOf } from '../connection/json-value.ts'
import { DataTable } from '../parts/data-table.tsx'
import { type Form, FormDialog, SecretDialog } from '../parts/form-dialog.tsx'
import { Icon } from '../parts/icon.tsx'
import { Badge, Empty, Facts, Loaded, PageHead, Panel, type Tone } from '../parts/panel.tsx'
import { type Column, VirtualTable } from '../parts/virtual-table.tsx'
import { Name, Words } from '../parts/words.tsx'
import { useManaged, writtenOf } from '../state/administration.ts'
import { access } from '../state/node-state.ts'
import { hrefOf } from '../state/route.ts'
import { shownCount, shownInstant } from '../state/shown-numbers.ts'
import { useView } from '../state/use-view.ts'
import { limitsForm, newKeyForm, newTenantForm, removeForm, revokeForm, rotateForm } from './key-forms.tsx'
import type { PageProps } from './page-props.ts'

/** Keys in one answer; of more, those of one tenant are asked for. */
const KEYS_MAX = 1_000
const TENANTS_MAX = 200
const CHANGES = ['access', 'snapshot']

const COLUMNS: readonly Column<JsonObject>[] = [
  {
    heading: 'key',
    width: 'minmax(8rem, 1.4fr)',
    cell: (row) => <Words text={textOf(row['label']) || textOf(row['id'])} most={60} />,
  },
  {
    heading: 'of',
    width: 'minmax(6rem, 1fr)',
    cell: (row) => <Words text={textOf(row['team']) || textOf(row['tenant'])} most={60} />,
  },
  { heading: 'role', width: '5.5rem', isExtra: true, cell: (row) => textOf(row['role']) },
  { heading: 'state', width: '6rem', cell: (row) => <State row={row} /> },
  {
    heading: 'begins with',
    width: '8rem',
    isExtra: true,
    cell: (row) => <Words text={textOf(row['prefix']) || '–'} most={20} />,
  },
  { heading: 'expires', width: '7rem', isExtra: true, cell: (row) => textOf(row['expires_at'], 'never').slice(0, 10) },
]

const TONES: Readonly<Record<string, Tone>> = { active: 'good', expired: 'warn', disabled: 'warn', revoked: 'bad' }

function State({ row }: { readonly row: JsonObject }) {
  const state = textOf(row['state'], 'unknown')
  return (
    <Badge tone={TONES[state] ?? 'plain'}>
      <Words text={state} most={20} />
    </Badge>
  )
}

/** Who may use the node: API keys and tenants, made, limited and taken back from here. */
export function AccessPage({ id }: PageProps) {
  const [form, setForm] = useState<Form>()
  const [secret, setSecret] = useState<string>()
  const [tenant, setTenant] = useState('')
  const isManager = useManaged() !== undefined
  const filter = tenant.trim() === '' ? '' : `&tenant=${encodeURIComponent(tenant.trim())}`
  const view = useView(`/v1/admin/keys?limit=${KEYS_MAX}${filter}`, CHANGES)
  const { value } = access
  const own = value.kind === 'in' ? value.tenant : ''
  return (
    <>
      <PageHead
        title="API keys"
        lead="Who may use the node, and how much. The secret of a key is shown once, when it is made."
      >
        <input
          type="search"
          placeholder="Tenant"
          aria-label="Keys of one tenant"
          maxLength={128}
          value={tenant}
          onInput={(event) => setTenant(event.currentTarget.value)}
        />
        {isManager && (
          <button type="button" class="primary" onClick={() => setForm(newKeyForm(own, setSecret))}>
            New key
          </button>
        )}
      </PageHead>
      <Loaded view={view}>
        {(data) => (
          <div class={id === undefined ? 'with-detail' : 'with-detail open'}>
            <section class="panel" aria-label="API keys">
              <VirtualTable
                label="API keys"
                columns={COLUMNS}
                rows={rowsOf(objectOf(data)['data'])}
                keyOf={(row) => textOf(row['id'])}
                hrefOf={(row) => hrefOf('access', textOf(row['id']))}
                isChosen={(row) => row['id'] === id}
                isCompact={id !== undefined}
                empty={<NoKey isFiltered={filter !== ''} />}
              />
              {isTrue(objectOf(data)['has_more']) && (
                <p class="table-foot">There are more than these {KEYS_MAX}; name a tenant to see its own.</p>
              )}
            </section>
            {id !== undefined && <KeyDetail key={id} id={id} onForm={setForm} onSecret={setSecret} />}
          </div>
        )}
      </Loaded>
      <Tenants onNew={() => setForm(newTenantForm())} />
      {form !== undefined && <FormDialog form={form} onClose={() => setForm(undefined)} />}
      {secret !== undefined && form === undefined && (
        <SecretDialog secret={secret} onClose={() => setSecret(undefined)} />
      )}
    </>
  )
}

function NoKey({ isFiltered }: { readonly isFiltered: boolean }) {
  if (isFiltered) return <Empty title="No key of this tenant">Names of tenants are matched whole.</Empty>
  return (
    <Empty title="There is no key">
      Without one everybody on this machine may send tasks. Make one here, or with{' '}
      <code>kernell access key create</code>.
    </Empty>
  )
}

type KeyDetailProps = {
  readonly id: string
  readonly onForm: (form: Form) => void
  readonly onSecret: (secret: string) => void
}

function KeyDetail({ id, onForm, onSecret }: KeyDetailProps) {
  const view = useView(`/v1/admin/keys/${encodeURIComponent(id)}`, [...CHANGES, 'tasks'])
  return (
    <Panel
      title="Key"
      aside={
        <a class="icon-button" href={hrefOf('access')} aria-label="Close">
          <Icon name="close" />
        </a>
      }
    >
      <Loaded view={view}>
        {(data) => {
          const key = objectOf(data)
          return (
            <>
              <KeyFacts of={key} />
              <KeyBudgets of={key} />
              {textOf(key['source']) === 'configuration' ? (
                <p class="none">It stands in the configuration, and is changed there.</p>
              ) : (
                <KeyActs of={key} onForm={onForm} onSecret={onSecret} />
              )}
            </>
          )
        }}
      </Loaded>
    </Panel>
  )
}

function KeyFacts({ of: key }: { readonly of: JsonObject }) {
  const rates = Object.entries(objectOf(key['rate_limits'])).flatMap(([name, rate]) =>
    typeof rate === 'number' ? [`${shownCount(rate)} ${name.replaceAll('_', ' ')}`] : [],
  )
  const listOf = (name: string): string => {
    const names = key[name]
    return Array.isArray(names) ? names.map((each: Json) => textOf(each)).join(', ') : 'all'
  }
  return (
    <Facts
      rows={[
        ['id', <Name key="id" text={textOf(key['id'])} most={28} />],
        ['label', <Words key="label" text={textOf(key['label'], '–')} most={130} />],
        ['tenant', <Words key="tenant" text={textOf(key['tenant'])} most={130} />],
        ['team', <Words key="team" text={textOf(key['team'], '–')} most={130} />],
        ['role', textOf(key['role'])],
        ['state', <State key="state" row={key} />],
        ['expires', shownDate(key['expires_at'], 'never')],
        ['tiers', <Words key="tiers" text={listOf('tiers')} />],
        ['models', <Words key="models" text={listOf('models')} />],
        ['rates', rates.length === 0 ? 'no limit' : rates.join(', ')],
        [
          'secrets',
          rowsOf(key['secrets'])
            .map((each) => secretText(each))
            .join(', ') || '–',
        ],
      ]}
    />
  )
}

function secretText(secret: JsonObject): string {
  const until = textOf(secret['valid_until'])
  return `${textOf(secret['prefix'])}…${until === '' ? '' : ` until ${shownDate(until, '')}`}`
}

function shownDate(value: JsonObject[string], otherwise: string): string {
  const text = textOf(value)
  return text === '' ? otherwise : shownInstant(Date.parse(text))
}

function KeyBudgets({ of: key }: { readonly of: JsonObject }) {
  return (
    <DataTable
      caption="Budgets of the key"
      rows={rowsOf(key['budgets'])}
      empty={<p class="none">No budget of its own.</p>}
      columns={[
        { heading: 'window', cell: (row) => textOf(row['window']) },
        { heading: 'limit', isNumber: true, cell: (row) => `$${writtenOf(row['limit_usd']) || '–'}` },
        { heading: 'spent', isNumber: true, cell: (row) => `$${writtenOf(row['spent_usd'])}` },
      ]}
    />
  )
}

function KeyActs({ of: key, onForm, onSecret }: { readonly of: JsonObject } & Omit<KeyDetailProps, 'id'>) {
  const isRevoked = textOf(key['revoked_at']) !== ''
  return (
    <div class="acts">
      {!isRevoked && (
        <>
          <button type="button" onClick={() => onForm(limitsForm(key))}>
            Set limits
          </button>
          <button type="button" onClick={() => onForm(rotateForm(key, onSecret))}>
            New secret
          </button>
          <button type="button" class="danger" onClick={() => onForm(revokeForm(key))}>
            Revoke
          </button>
        </>
      )}
      {isRevoked && (
        <button type="button" class="danger" onClick={() => onForm(removeForm(key))}>
          Delete
        </button>
      )}
    </div>
  )
}

function Tenants({ onNew }: { readonly onNew: () => void }) {
  const view = useView(`/v1/admin/tenants?limit=${TENANTS_MAX}`, CHANGES)
  const isNodeManager = useManaged() === 'node'
  return (
    <div class="panels">
      <Panel
        title="Tenants"
        size="full"
        aside={
          isNodeManager && (
            <button type="button" onClick={onNew}>
              New tenant
            </button>
          )
        }
      >
        <Loaded view={view}>
          {(data) => (
            <DataTable
              caption="Tenants"
              rows={rowsOf(objectOf(data)['data'])}
              columns={[
                { heading: 'tenant', cell: (row) => <Words text={textOf(row['id'])} most={80} /> },
                { heading: 'organisation', cell: (row) => <Words text={textOf(row['organisation'], '–')} most={80} /> },
                { heading: 'state', cell: (row) => (isTrue(row['is_disabled']) ? 'disabled' : 'enabled') },
                { heading: 'from', cell: (row) => textOf(row['source']) },
              ]}
            />
          )}
        </Loaded>
      </Panel>
    </div>
  )
}
