/** Entries behind a snapshot that are kept all the same: whoever asks again whether his entry was kept finds it. */
export const ENTRIES_KEPT = 256

/** Journals that several processes write, each entry by a writer who has read everything before it. */
export function JOURNAL_TABLES(schema: string, channel: string): string {
  return `
CREATE TABLE ${schema}.journal (
  name text COLLATE "C" PRIMARY KEY,
  next_index bigint NOT NULL DEFAULT 0,
  size_bytes bigint NOT NULL DEFAULT 0,
  snapshot_index bigint NOT NULL DEFAULT 0,
  snapshot bytea
);
CREATE TABLE ${schema}.journal_entry (
  journal text COLLATE "C" NOT NULL REFERENCES ${schema}.journal (name) ON DELETE CASCADE,
  index bigint NOT NULL,
  -- Tells a writer's entry from everybody else's when he asks again.
  id bytea NOT NULL,
  payload bytea NOT NULL,
  PRIMARY KEY (journal, index)
);

-- True where the entry is at its place, also when it was kept before and the answer was lost; false where another one is.
CREATE FUNCTION ${schema}.write_journal(journal_name text, first bigint, entry_id bytea, data bytea, limits jsonb, by_whom text) RETURNS boolean LANGUAGE plpgsql
  AS $$
  DECLARE
    found_index bigint;
    l jsonb;
  BEGIN
    INSERT INTO ${schema}.journal (name) VALUES (journal_name) ON CONFLICT DO NOTHING;
    SELECT next_index INTO found_index FROM ${schema}.journal WHERE name = journal_name FOR UPDATE;
    IF found_index <> first THEN
      RETURN EXISTS (SELECT FROM ${schema}.journal_entry WHERE journal = journal_name AND index = first AND id = entry_id);
    END IF;
    INSERT INTO ${schema}.journal_entry (journal, index, id, payload) VALUES (journal_name, first, entry_id, data);
    UPDATE ${schema}.journal SET next_index = first + 1, size_bytes = size_bytes + length(data) WHERE name = journal_name;
    FOR l IN SELECT e FROM jsonb_array_elements(limits) AS e LOOP
      PERFORM ${schema}.set_limit(l ->> 'scope', l ->> 'span', (l ->> 'nanos')::numeric, false, by_whom);
    END LOOP;
    INSERT INTO ${schema}.change (origin, key) VALUES (by_whom, convert_to(journal_name || '/' || first, 'UTF8'));
    PERFORM pg_notify('${channel}', by_whom);
    RETURN true;
  END $$;

CREATE FUNCTION ${schema}.compact_journal(journal_name text, before bigint, data bytea) RETURNS void LANGUAGE plpgsql
  AS $$
  BEGIN
    UPDATE ${schema}.journal SET snapshot_index = before, snapshot = data,
      size_bytes = (SELECT coalesce(sum(length(payload)), 0) FROM ${schema}.journal_entry WHERE journal = journal_name AND index >= before)
      WHERE name = journal_name AND snapshot_index < before AND next_index >= before;
    IF FOUND THEN DELETE FROM ${schema}.journal_entry WHERE journal = journal_name AND index < before - ${ENTRIES_KEPT}; END IF;
  END $$;
`
}
