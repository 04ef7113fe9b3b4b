import { isTrue, type JsonObject, numberOf, objectOf, textOf } from '../connection/json-value.ts'
import { Empty, Facts, Loaded, PageHead, Panel, Stat } from '../parts/panel.tsx'
import { Meter, ShareBar } from '../parts/share-bar.tsx'
import { Words } from '../parts/words.tsx'
import { shownBytes, shownCount, shownPart, shownSpan } from '../state/shown-numbers.ts'
import { useView } from '../state/use-view.ts'

type FiguresProps = { readonly figures: JsonObject }

/** What the cache holds, and how often it answered. */
export function CachePage() {
  const view = useView('/v1/node/cache', ['tasks', 'configuration'])
  return (
    <>
      <PageHead title="Cache" lead="Answers that were accepted once, for questions that are the same." />
      <Loaded view={view}>
        {(data) => {
          const cache = objectOf(data)
          const { statistics } = cache
          if (statistics === null || statistics === undefined)
            return (
              <Empty title="The cache is switched off">
                Set <code>cache.enabled</code> to true in the configuration, and start the node again.
              </Empty>
            )
          return (
            <>
              <Figures figures={objectOf(statistics)} />
              <Panels cache={cache} figures={objectOf(statistics)} />
            </>
          )
        }}
      </Loaded>
    </>
  )
}

function Figures({ figures }: FiguresProps) {
  const figure = (name: string): number => numberOf(figures[name]) ?? 0
  const asked = figure('exact_hits') + figure('similar_hits') + figure('misses')
  return (
    <dl class="stats">
      <Stat
        label="Answered"
        tone="good"
        value={shownPart(figure('exact_hits') + figure('similar_hits'), asked)}
        hint={`of ${shownCount(asked)} questions`}
      />
      <Stat label="Exact" value={shownCount(figure('exact_hits'))} />
      <Stat
        label="Similar"
        value={isTrue(figures['is_similarity_on']) ? shownCount(figure('similar_hits')) : 'off'}
        hint={isTrue(figures['is_similarity_on']) ? undefined : 'no calibration'}
      />
      <Stat
        label="Entries"
        value={shownCount(figure('entries'))}
        hint={`${shownCount(figure('stored'))} stored since the start`}
      />
    </dl>
  )
}

function Panels({ cache, figures }: FiguresProps & { readonly cache: JsonObject }) {
  const figure = (name: string): number => numberOf(figures[name]) ?? 0
  return (
    <div class="panels">
      <Panel title="What was asked" size="third">
        <ShareBar
          label="Questions to the cache"
          shares={[
            { name: 'exact', value: figure('exact_hits'), tone: 'good' },
            { name: 'similar', value: figure('similar_hits'), tone: 'tier-cheap' },
            { name: 'not there', value: figure('misses'), tone: 'series-none' },
          ]}
        />
      </Panel>
      <Panel title="Room">
        <p>
          {shownCount(figure('entries'))} of {shownCount(numberOf(cache['entries_max']))} entries
        </p>
        <Meter label="Entries" part={figure('entries')} whole={numberOf(cache['entries_max']) ?? 0} />
        <p>
          {shownBytes(figure('bytes'))} of {shownBytes(numberOf(cache['bytes_max']))}
        </p>
        <Meter label="Memory" part={figure('bytes')} whole={numberOf(cache['bytes_max']) ?? 0} />
      </Panel>
      <Panel title="In force">
        <Facts
          rows={[
            ['an answer lasts', shownSpan((numberOf(cache['ttl_ms']) ?? 0) / 1_000)],
            ['embedder', <Words key="embedder" text={textOf(cache['embedder'])} most={80} />],
            ['made room', shownCount(figure('evicted'))],
            ['expired', shownCount(figure('expired'))],
            ['could not be read', shownCount(figure('corrupted'))],
          ]}
        />
      </Panel>
    </div>
  )
}
